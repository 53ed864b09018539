using TokenStream.Mapping.ProviderUsage;

namespace TokenStream.Mapping.Envoy;

/// <summary>
/// What is read of Envoy's access log, by its path. Operators name the fields: those of the documentation's two generations, and what the
/// metadata are called that they are filled from.
/// </summary>
internal sealed class EnvoyPaths
{
    public EnvoyPaths(AttributionPaths attribution)
    {
        var names = Names;
        (StartTime, Duration) = (names.Add("start_time"), names.AddAll(["duration", "duration_ms"]));
        (Status, Flags) = (names.AddAll(["response_code", "status"]), names.AddAll(["response_flags"]));
        RequestId = names.AddAll(["x-request-id", "request_id", "x_request_id"]);
        Model = names.AddAll(
            [@"gen_ai\.response\.model", "response_model", @"gen_ai\.request\.model_override", "genai_model_name_override",
             "model_name_override", "served_model", @"gen_ai\.request\.model", "genai_model_name", "request_model", "model"]);
        ModelRequested = names.AddAll([@"gen_ai\.request\.model", "genai_model_name", @"gen_ai\.original\.model", "request_model"]);
        Backend = names.AddAll([@"gen_ai\.provider\.name", "genai_backend_name", "backend_name", "ai_service_backend_name"]);
        Usage = UsagePaths.Of(
            names,
            input: [@"gen_ai\.usage\.input_tokens", "genai_tokens_input", "llm_input_token", "input_tokens"],
            output: [@"gen_ai\.usage\.output_tokens", "genai_tokens_output", "llm_output_token", "output_tokens"],
            total: [@"gen_ai\.usage\.total_tokens", "genai_tokens_total", "llm_total_token", "total_tokens"],
            cacheRead: [
                @"gen_ai\.usage\.cached_input_tokens", @"gen_ai\.usage\.cache_read\.input_tokens", @"gen_ai\.usage\.cached_tokens",
                "genai_tokens_cached", "genai_tokens_cached_input", "llm_cached_input_token", "cached_input_tokens",
            ],
            cacheWrite: [
                @"gen_ai\.usage\.cache_creation_input_tokens", @"gen_ai\.usage\.cache_creation\.input_tokens",
                "genai_tokens_cache_creation", "genai_tokens_cache_creation_input", "llm_cache_creation_input_token",
                "cache_creation_input_tokens",
            ],
            reasoning: [
                @"gen_ai\.usage\.reasoning_tokens", @"gen_ai\.usage\.reasoning\.output_tokens", "genai_tokens_reasoning",
                "llm_reasoning_token", "reasoning_tokens",
            ]);
        FirstToken = names.AddAll([@"gen_ai\.server\.time_to_first_token_ms", "time_to_first_token_ms"]);
        ErrorType = names.AddAll(["llm_error_type", @"error\.type", "response_code_details"]);
        Attribution = new Attribution(names, attribution);
    }

    public JsonPaths Names { get; } = new();

    public Attribution Attribution { get; }

    public int StartTime { get; }

    public int[] Duration { get; }

    public int[] Status { get; }

    public int[] Flags { get; }

    public int[] RequestId { get; }

    public int[] Model { get; }

    public int[] ModelRequested { get; }

    /// <summary>Which backend was chosen, as its operator calls it, with its route and rule.</summary>
    public int[] Backend { get; }

    public UsagePaths Usage { get; }

    public int[] FirstToken { get; }

    public int[] ErrorType { get; }

    /// <summary>Headers of the request that operators write to the log, by their own names.</summary>
    public static AttributionPaths DefaultAttribution { get; } = new()
    {
        Tenant = ["x-tenant-id", @"tenant\.id", "tenant_id", "tenant", "caller"],
        App = ["x-app", "app"],
        Feature = ["x-feature", @"app\.feature", "feature"],
        Environment = ["x-environment", "environment"],
        User = ["x-user-id", @"user\.id", "user_id", "user"],
        Session = ["x-session-id", @"session\.id", "session_id"],
    };
}
