using TokenStream.Mapping.ProviderUsage;

namespace TokenStream.Mapping.CloudEvents;

/// <summary>
/// What is read of CloudEvents, by its path. What stands in the data is up to their users: the usual names are looked for.
/// </summary>
internal sealed class CloudEventPaths
{
    public CloudEventPaths(AttributionPaths attribution)
    {
        var names = Names;
        int[] Data(params string[] fields) => names.AddAll(fields.Select(field => $"data.{field}"));
        (SpecVersion, Id, Source, Type) = (names.Add("specversion"), names.Add("id"), names.Add("source"), names.Add("type"));
        (Time, DataNode, DataBase64) = (names.Add("time"), names.Add("data"), names.Add("data_base64"));
        Provider = Data("provider", "provider_name", "system", @"gen_ai\.provider\.name", @"gen_ai\.system");
        Model = Data(
            "model", "model_name", "response_model", "response.model", "modelVersion", "modelId", @"gen_ai\.response\.model",
            @"gen_ai\.request\.model");
        ModelRequested = Data("model_requested", "request_model", "model_group", @"gen_ai\.request\.model");
        (Tokens, TokenClass) = (Data("tokens", "token_count", "quantity", "value"), Data("type", "token_type", "tokenType"));
        Usage = new UsagePaths(names, "data.usage");
        (UsageNode, OfOpenAi) = (names.Add("data.usage"), Data("usage.prompt_tokens", "usage.completion_tokens"));
        OfResponses = Data("usage.input_tokens_details", "usage.output_tokens_details.reasoning_tokens");
        OfAnthropic = Data("usage.cache_read_input_tokens", "usage.cache_creation_input_tokens", "usage.cache_creation");
        OfBedrock = Data("usage.inputTokens", "usage.outputTokens");
        Gemini = [
            UsagePaths.OfGemini(names, "data.usageMetadata"), UsagePaths.OfGemini(names, "data.usage_metadata"),
            UsagePaths.OfGemini(names, "data.usage"),
        ];
        Totals = UsagePaths.Of(
            names,
            input: ["data.prompt_tokens", "data.input_tokens"],
            output: ["data.completion_tokens", "data.output_tokens"],
            total: ["data.total_tokens"],
            cacheRead: ["data.cached_tokens", "data.cache_read_tokens", "data.cache_read_input_tokens", "data.cached_input_tokens"],
            cacheWrite: ["data.cache_creation_input_tokens", "data.cache_write_tokens", "data.cache_creation_tokens"],
            reasoning: ["data.reasoning_tokens"]);
        Tier = Data("service_tier", "usage.service_tier", "usageMetadata.serviceTier", "usageMetadata.trafficType");
        Region = Data("region", "usage.inference_geo");
        RequestId = Data("request_id", "response_id");
        Latency = Data("latency_ms", "duration_ms", "latencyMs", "durationMs");
        FirstToken = Data("ttft_ms", "time_to_first_token_ms");
        (Status, HttpStatus) = (Data("status", "result", "result_type", "outcome"), Data("status_code", "http_status", "status"));
        (Error, ErrorType) = (names.Add("data.error"), Data("error_type", "error.type", "error_code", "error.code"));
        (EventId, EventTime, EventTenant) = (names.Add("data.event_id"), names.Add("data.time"), names.Add("data.tenant_id"));
        Attribution = new Attribution(names, attribution);
    }

    public JsonPaths Names { get; } = new();

    public Attribution Attribution { get; }

    public int SpecVersion { get; }

    public int Id { get; }

    public int Source { get; }

    public int Type { get; }

    public int Time { get; }

    public int DataNode { get; }

    public int DataBase64 { get; }

    public int[] Provider { get; }

    public int[] Model { get; }

    public int[] ModelRequested { get; }

    /// <summary>How many tokens of one class, where there is an event for each.</summary>
    public int[] Tokens { get; }

    public int[] TokenClass { get; }

    /// <summary>A provider's own usage object, of any provider but Gemini.</summary>
    public UsagePaths Usage { get; }

    public int UsageNode { get; }

    public int[] OfOpenAi { get; }

    /// <summary>What only OpenAI's responses API has, which names its totals like Anthropic.</summary>
    public int[] OfResponses { get; }

    public int[] OfAnthropic { get; }

    public int[] OfBedrock { get; }

    public UsagePaths[] Gemini { get; }

    /// <summary>Totals beside the rest of the data, which their users wrote.</summary>
    public UsagePaths Totals { get; }

    public int[] Tier { get; }

    public int[] Region { get; }

    public int[] RequestId { get; }

    public int[] Latency { get; }

    public int[] FirstToken { get; }

    public int[] Status { get; }

    public int[] HttpStatus { get; }

    public int Error { get; }

    public int[] ErrorType { get; }

    /// <summary>Of data that are a native event.</summary>
    public int EventId { get; }

    public int EventTime { get; }

    public int EventTenant { get; }

    /// <summary>
    /// Extension attributes that name a tenant win over the data, and both over the subject, which some use for a user; the key of a
    /// partition is the last resort.
    /// </summary>
    public static AttributionPaths DefaultAttribution { get; } = new()
    {
        Tenant = ["tenantid", "tenant", "data.tenant_id", "data.tenant", "subject", "partitionkey"],
        App = ["data.app", "data.application", "app"],
        Feature = ["data.feature", "feature"],
        Environment = ["data.environment", "data.env", "environment", "env"],
        User = ["data.user_id", "data.user", "userid", "user"],
        Session = ["data.session_id", "data.session", "sessionid", "session"],
    };
}
