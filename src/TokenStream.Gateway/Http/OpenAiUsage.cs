using System.Text.Json;

namespace TokenStream.Gateway.Http;

/// <summary>
/// The usage in an OpenAI-shaped answer, or in an event of a stream: of chat completions (<c>prompt_tokens</c>) and of the responses
/// interface (<c>input_tokens</c>, in an event below <c>response</c>). The model that it names is left alone: budgets and prices go by the
/// name that was asked for, and providers answer with a dated one.
/// </summary>
internal static class OpenAiUsage
{
    /// <summary>False where there is none.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> json, out GatewayUsage usage)
    {
        usage = default;
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("response"u8, out var response))
            {
                root = response;
            }

            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("usage"u8, out var found) ||
                found.ValueKind != JsonValueKind.Object)
            {
                return false;
            }

            usage = new GatewayUsage
            {
                TokensIn = Count(found, "prompt_tokens"u8) ?? Count(found, "input_tokens"u8),
                TokensOut = Count(found, "completion_tokens"u8) ?? Count(found, "output_tokens"u8),
                TokensCached = Part(found, "prompt_tokens_details"u8, "input_tokens_details"u8, "cached_tokens"u8),
                TokensReasoning = Part(found, "completion_tokens_details"u8, "output_tokens_details"u8, "reasoning_tokens"u8),
                ServiceTier = Text(root, "service_tier"u8) is { } tier && tier != "default" ? tier : null,
            };
            return usage.TokensIn is not null || usage.TokensOut is not null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // An answer that is no JSON, or whose texts are no UTF-8, has no usage to read.
            return false;
        }
    }

    private static long? Part(JsonElement usage, ReadOnlySpan<byte> chat, ReadOnlySpan<byte> responses, ReadOnlySpan<byte> name) =>
        usage.TryGetProperty(chat, out var details) || usage.TryGetProperty(responses, out details)
            ? details.ValueKind == JsonValueKind.Object ? Count(details, name) : null
            : null;

    private static long? Count(JsonElement element, ReadOnlySpan<byte> name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var count) &&
            count >= 0
            ? count
            : null;

    private static string? Text(JsonElement element, ReadOnlySpan<byte> name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
