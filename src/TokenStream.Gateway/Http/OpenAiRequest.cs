using System.Text.Json;
using System.Text.Json.Nodes;

namespace TokenStream.Gateway.Http;

/// <summary>What a body turned out to be.</summary>
internal enum OpenAiBody
{
    /// <summary>It asks a model for something.</summary>
    Request,

    /// <summary>It names no model: nothing that is governed.</summary>
    NoModel,

    /// <summary>It is no JSON, or could be read in two ways: whoever lets it pass does not know what it asks for.</summary>
    Unreadable,
}

/// <summary>An OpenAI-shaped request body: what decisions need of it, and what they change in it.</summary>
internal sealed class OpenAiRequest
{
    /// <summary>Limits of output tokens: of the responses interface, of chat completions today and formerly.</summary>
    private static readonly string[] LimitNames = ["max_output_tokens", "max_completion_tokens", "max_tokens"];

    /// <summary>A member named twice would be one model to us and another to the provider. Schemas of tools nest deeply.</summary>
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 256 };

    private readonly JsonObject _body;

    private OpenAiRequest(JsonObject body, string model) => (_body, Model) = (body, model);

    public string Model { get; private set; }

    public bool IsStream => Flag(_body["stream"]);

    public long MaxTokens => LimitNames.Select(name => Whole(_body[name])).FirstOrDefault(limit => limit > 0);

    /// <summary>Answers that are asked for at once; each may have the most tokens, and all are billed.</summary>
    public int Answers => (int)Math.Clamp(Math.Max(Whole(_body["n"]), Whole(_body["best_of"])), 1, int.MaxValue);

    public string? ServiceTier => Text(_body["service_tier"]);

    public static OpenAiBody Read(ReadOnlySpan<byte> bytes, out OpenAiRequest? request)
    {
        request = null;
        if (bytes.IsEmpty)
        {
            return OpenAiBody.NoModel;
        }

        try
        {
            if (JsonNode.Parse(bytes, null, Strict) is not JsonObject body)
            {
                return OpenAiBody.Unreadable;
            }

            if (body["model"] is not { } named)
            {
                return OpenAiBody.NoModel;
            }

            if (Text(named) is { Length: > 0 } model)
            {
                request = new OpenAiRequest(body, model);
                return OpenAiBody.Request;
            }
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // What is wrong in it is the caller's to find out. The latter says that a name is no UTF-8, or half a surrogate pair.
        }

        return OpenAiBody.Unreadable;
    }

    /// <summary>The body with the decision's limit and model, asking for a stream's usage; null where nothing changes.</summary>
    public byte[]? Rewrite(in GatewayDecision decision, bool isChat)
    {
        var changed = false;
        if (decision.MaxOutputTokens is { } limit && limit != MaxTokens)
        {
            var name = LimitNames.FirstOrDefault(_body.ContainsKey) ?? (isChat ? "max_completion_tokens" : "max_output_tokens");
            _body[name] = limit;
            changed = true;
        }

        if (decision.RouteModel is { } model)
        {
            _body["model"] = Model = model;
            changed = true;
        }

        if (isChat && IsStream && !Flag((_body["stream_options"] as JsonObject)?["include_usage"]))
        {
            var options = _body["stream_options"] as JsonObject;
            if (options is null)
            {
                _body["stream_options"] = options = [];
            }

            options["include_usage"] = true;
            changed = true;
        }

        return changed ? JsonSerializer.SerializeToUtf8Bytes(_body, OpenAiJson.Default.JsonObject) : null;
    }

    private static bool Flag(JsonNode? node) => node is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    private static string? Text(JsonNode? node)
    {
        try
        {
            return node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
        }
        catch (InvalidOperationException)
        {
            // It is no UTF-8, or half a surrogate pair.
            return null;
        }
    }

    private static long Whole(JsonNode? node) => node is JsonValue value && value.TryGetValue<long>(out var whole) ? whole : 0;
}

[System.Text.Json.Serialization.JsonSerializable(typeof(JsonObject))]
internal sealed partial class OpenAiJson : System.Text.Json.Serialization.JsonSerializerContext;
