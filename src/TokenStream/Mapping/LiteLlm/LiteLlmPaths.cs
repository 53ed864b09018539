namespace TokenStream.Mapping.LiteLlm;

/// <summary>What is read of LiteLLM's StandardLoggingPayload, by its path.</summary>
internal sealed class LiteLlmPaths
{
    private const string Usage = "metadata.usage_object.";
    private const string InputDetails = Usage + "prompt_tokens_details";
    private const string ResponsesDetails = Usage + "input_tokens_details";
    private const string Headers = "hidden_params.additional_headers";

    public LiteLlmPaths(AttributionPaths attribution)
    {
        var names = Names;
        (Id, CallId, CallType, Status) = (names.Add("id"), names.Add("litellm_call_id"), names.Add("call_type"), names.Add("status"));
        (Start, End, FirstToken) = (names.Add("startTime"), names.Add("endTime"), names.Add("completionStartTime"));
        (Stream, CacheHit) = (names.Add("stream"), names.Add("cache_hit"));
        (Provider, Model, ModelGroup) = (names.Add("custom_llm_provider"), names.Add("model"), names.Add("model_group"));
        (ResponseModel, MaxTokens) = (names.Add("response.model"), names.Add("model_parameters.max_tokens"));
        Tier = [
            names.Add("response.service_tier"), names.Add(Usage + "service_tier"), names.Add("cost_breakdown.service_tier"),
            names.Add("model_parameters.service_tier"),
        ];
        Region = names.Add(Usage + "inference_geo");
        ApiKey = names.Add("metadata.user_api_key_hash");
        ErrorCode = names.Add("error_information.error_code");
        ErrorClass = names.Add("error_information.error_class");
        ErrorLimit = names.Add("error_information.error_rate_limit_type");
        ErrorText = names.Add("error_str");
        Guardrail = names.Add("status_fields.guardrail_status");
        (ApiBase, ProviderHeaders) = (names.Add("api_base"), names.Add(Headers));
        Overhead = names.Add("hidden_params.litellm_overhead_time_ms");
        (Retries, Fallbacks) = (names.Add(Headers + ".x-litellm-attempted-retries"), names.Add(Headers + ".x-litellm-attempted-fallbacks"));

        Input = [names.Add(Usage + "prompt_tokens"), names.Add("prompt_tokens")];
        Output = [names.Add(Usage + "completion_tokens"), names.Add("completion_tokens")];
        Total = [names.Add(Usage + "total_tokens"), names.Add("total_tokens")];
        (ProviderUsage, Details) = (names.Add("metadata.usage_object"), names.Add(InputDetails));
        CacheRead = [
            names.Add(InputDetails + ".cached_tokens"), names.Add(Usage + "cache_read_input_tokens"),
            names.Add(Usage + "prompt_cache_hit_tokens"), names.Add(ResponsesDetails + ".cached_tokens"),
        ];
        CacheWrite = [
            names.Add(Usage + "cache_creation_input_tokens"), names.Add(InputDetails + ".cache_creation_tokens"),
            names.Add(InputDetails + ".cache_write_tokens"),
        ];
        CacheWrite5m = [names.Add(InputDetails + ".cache_creation_token_details.ephemeral_5m_input_tokens")];
        CacheWrite1h = [names.Add(InputDetails + ".cache_creation_token_details.ephemeral_1h_input_tokens")];
        Reasoning = [
            names.Add(Usage + "completion_tokens_details.reasoning_tokens"), names.Add(Usage + "output_tokens_details.reasoning_tokens"),
        ];
        InputDetailsOfResponses = names.Add(ResponsesDetails);
        InputOfResponses = [names.Add(Usage + "input_tokens")];
        OutputOfResponses = [names.Add(Usage + "output_tokens")];
        Searches = [names.Add(Usage + "server_tool_use.web_search_requests")];
        Attribution = new Attribution(names, attribution);
    }

    public JsonPaths Names { get; } = new();

    public Attribution Attribution { get; }

    public int Id { get; }

    public int CallId { get; }

    public int CallType { get; }

    public int Status { get; }

    public int Start { get; }

    public int End { get; }

    public int FirstToken { get; }

    public int Stream { get; }

    public int CacheHit { get; }

    public int Provider { get; }

    public int Model { get; }

    public int ModelGroup { get; }

    public int ResponseModel { get; }

    public int MaxTokens { get; }

    public int[] Tier { get; }

    public int Region { get; }

    public int ApiKey { get; }

    public int ErrorCode { get; }

    public int ErrorClass { get; }

    public int ErrorLimit { get; }

    public int ErrorText { get; }

    public int Guardrail { get; }

    public int ApiBase { get; }

    /// <summary>What the provider's answer had in its headers.</summary>
    public int ProviderHeaders { get; }

    public int Overhead { get; }

    public int Retries { get; }

    public int Fallbacks { get; }

    public int[] Input { get; }

    public int[] Output { get; }

    public int[] Total { get; }

    /// <summary>What the provider told, in OpenAI's shape.</summary>
    public int ProviderUsage { get; }

    /// <summary>The parts of the input, null where the provider told none.</summary>
    public int Details { get; }

    /// <summary>The parts of the input where OpenAI's object of responses, or of images, was passed on as it is.</summary>
    public int InputDetailsOfResponses { get; }

    public int[] InputOfResponses { get; }

    public int[] OutputOfResponses { get; }

    public int[] CacheRead { get; }

    public int[] CacheWrite { get; }

    public int[] CacheWrite5m { get; }

    public int[] CacheWrite1h { get; }

    public int[] Reasoning { get; }

    public int[] Searches { get; }

    /// <summary>
    /// The proxy's virtual keys know team and user; callers send the rest as metadata or tags, which the SDK carries as the caller set
    /// them. Neither the organisation (several teams) nor <c>trace_id</c> (a session or a request, nobody can tell) is taken for something.
    /// </summary>
    public static AttributionPaths DefaultAttribution { get; } = new()
    {
        Tenant = Everywhere("metadata.user_api_key_team_id", "tenant", "tenant_id"),
        App = Everywhere(null, "app"),
        Feature = Everywhere(null, "feature"),
        Environment = Everywhere(null, "environment", "env"),
        User = [.. Everywhere("metadata.user_api_key_user_id", "user"), "metadata.user_api_key_end_user_id", "end_user"],
        Session = Everywhere("session_id", "session_id"),
    };

    /// <summary>The places where callers of LiteLLM put a name of their own.</summary>
    private static string[] Everywhere(string? first, params string[] names) =>
    [
        .. first is null ? [] : new[] { first },
        .. names.Select(name => $"metadata.spend_logs_metadata.{name}"),
        .. names.Select(name => $"metadata.requester_metadata.{name}"),
        .. names.Select(name => $"request_tags[{name}]"),
        .. names.Select(name => $"metadata.requester_custom_headers.x-litellm-tags[{name}]"),
    ];
}
