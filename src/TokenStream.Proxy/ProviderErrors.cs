using System.Text.Json;
using TokenStream.Gateway;
using TokenStream.Gateway.Http;

namespace TokenStream.Proxy;

/// <summary>What callers are told in place of an answer: an error as their provider's own look, so that its SDK understands it.</summary>
internal static class ProviderErrors
{
    /// <summary>Of a refused request.</summary>
    public static byte[] Body(string family, in GatewayDecision decision)
    {
        if (family == "openai")
        {
            return RefusalResponse.Body(in decision);
        }

        var told = decision;
        return Body(family, decision.Status, decision.ErrorCode, decision.Reason, json =>
        {
            json.WriteString("code"u8, told.ErrorCode);
            if (told.RefusedBy is { } command)
            {
                json.WriteString("command_id"u8, command.Id);
                json.WriteString("scope"u8, command.Scope.Text);
                json.WriteString("source"u8, command.Source);
            }
        });
    }

    /// <summary>Of what the proxy itself cannot do.</summary>
    public static byte[] Body(string family, int status, string code, string message) => Body(family, status, code, message, null);

    /// <summary>An error within a stream of server-sent events; empty where the provider has none.</summary>
    public static byte[] Event(string family, string code, string message) => family switch
    {
        "openai" => [.. "data: "u8, .. Body(family, 403, code, message), .. "\n\n"u8],
        "anthropic" => [.. "event: error\ndata: "u8, .. Body(family, 403, code, message), .. "\n\n"u8],
        _ => [],
    };

    private static byte[] Body(string family, int status, string code, string message, Action<Utf8JsonWriter>? more)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            switch (family)
            {
                case "anthropic":
                    json.WriteString("type"u8, "error"u8);
                    json.WriteStartObject("error"u8);
                    json.WriteString("type"u8, OfAnthropic(status));
                    json.WriteString("message"u8, message);
                    more?.Invoke(json);
                    json.WriteEndObject();
                    break;
                case "gemini":
                    json.WriteStartObject("error"u8);
                    json.WriteNumber("code"u8, status);
                    json.WriteString("message"u8, message);
                    json.WriteString("status"u8, OfGemini(status));
                    json.WriteEndObject();
                    break;
                case "bedrock":
                    json.WriteString("message"u8, message);
                    json.WriteString("__type"u8, OfBedrock(status));
                    break;
                default:
                    json.WriteStartObject("error"u8);
                    json.WriteString("message"u8, message);
                    json.WriteString("type"u8, OfOpenAi(status));
                    json.WriteNull("param"u8);
                    json.WriteString("code"u8, code);
                    json.WriteEndObject();
                    break;
            }

            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    /// <summary>The type by which Amazon's SDKs tell errors apart; it goes into a header, too.</summary>
    public static string OfBedrock(int status) => status switch
    {
        429 => "ThrottlingException",
        401 or 403 => "AccessDeniedException",
        >= 500 => "ServiceUnavailableException",
        _ => "ValidationException",
    };

    private static string OfOpenAi(int status) => status switch
    {
        429 => "insufficient_quota",
        403 => "permission_error",
        401 => "authentication_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    private static string OfAnthropic(int status) => status switch
    {
        429 => "rate_limit_error",
        403 => "permission_error",
        401 => "authentication_error",
        413 => "request_too_large",
        503 => "overloaded_error",
        >= 500 => "api_error",
        _ => "invalid_request_error",
    };

    private static string OfGemini(int status) => status switch
    {
        429 => "RESOURCE_EXHAUSTED",
        403 => "PERMISSION_DENIED",
        401 => "UNAUTHENTICATED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        >= 500 => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    };
}
