namespace TokenStream.Mapping.ProviderUsage;

/// <summary>What is read of the providers' answers, by its path; one tree for all of them.</summary>
internal sealed class ProviderPaths
{
    public ProviderPaths()
    {
        var names = Names;
        (Object, Type, Status, Role) = (names.Add("object"), names.Add("type"), names.Add("status"), names.Add("role"));
        (Choices, Data, Candidates) = (names.Add("choices"), names.Add("data"), names.Add("candidates"));
        (Message, Response, ResponseStatus) = (names.Add("message"), names.Add("response"), names.Add("response.status"));
        (StopReason, Metrics, Latency) = (names.Add("stopReason"), names.Add("metrics"), names.Add("metrics.latencyMs"));
        GeminiModel = names.Add("modelVersion");
        EndReason = names.AddAll(["choices[0].finish_reason", "candidates[0].finishReason", "delta.stop_reason"]);
        (Error, ErrorMessage, ErrorType) = (names.Add("error"), names.Add("error.message"), names.Add("error.type"));
        (ErrorCode, ErrorStatus) = (names.Add("error.code"), names.Add("error.status"));
        Id = names.AddAll(["id", "message.id", "response.id", "responseId"]);
        Model = names.AddAll(["model", "message.model", "response.model", "modelVersion"]);
        Tier = names.AddAll(
            ["service_tier", "response.service_tier", "usage.service_tier", "message.usage.service_tier", "usageMetadata.serviceTier",
             "usageMetadata.trafficType", "serviceTier.type"]);
        Region = names.AddAll(["usage.inference_geo", "message.usage.inference_geo"]);
        Usages = [new UsagePaths(names, "usage"), new UsagePaths(names, "response.usage"), new UsagePaths(names, "message.usage")];
        (Usage, BedrockInput, CacheDetails) = (names.Add("usage"), names.Add("usage.inputTokens"), names.Add("usage.cacheDetails"));
        GeminiUsage = names.Add("usageMetadata");
        Gemini = UsagePaths.OfGemini(names);
    }

    public JsonPaths Names { get; } = new();

    public int Object { get; }

    public int Type { get; }

    public int Status { get; }

    public int Role { get; }

    public int Choices { get; }

    public int Data { get; }

    public int Candidates { get; }

    public int Message { get; }

    public int Response { get; }

    public int ResponseStatus { get; }

    public int StopReason { get; }

    public int Metrics { get; }

    public int Latency { get; }

    public int GeminiModel { get; }

    /// <summary>Why the model stopped, which the last piece but usage says.</summary>
    public int[] EndReason { get; }

    public int Error { get; }

    public int ErrorMessage { get; }

    public int ErrorType { get; }

    public int ErrorCode { get; }

    public int ErrorStatus { get; }

    public int[] Id { get; }

    public int[] Model { get; }

    public int[] Tier { get; }

    public int[] Region { get; }

    /// <summary>
    /// Where usage stands: in a whole answer, in a piece of the responses API, and at the beginning of Anthropic's stream.
    /// </summary>
    public UsagePaths[] Usages { get; }

    public int Usage { get; }

    public int BedrockInput { get; }

    public int CacheDetails { get; }

    public int GeminiUsage { get; }

    public UsagePaths Gemini { get; }
}

/// <summary>
/// The names of the counts below one usage object: of each count those of all providers, whose objects share no name for two counts.
/// </summary>
internal sealed class UsagePaths
{
    /// <param name="usage">The path of the usage object.</param>
    public UsagePaths(JsonPaths names, string usage)
    {
        int[] Add(params string[] counts) => names.AddAll(counts.Select(count => $"{usage}.{count}"));
        Input = Add("prompt_tokens", "input_tokens", "inputTokens");
        Output = Add("completion_tokens", "output_tokens", "outputTokens");
        Total = Add("total_tokens", "totalTokens");
        CacheRead = Add(
            "prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens", "cache_read_input_tokens", "cacheReadInputTokens",
            "prompt_cache_hit_tokens");
        CacheWrite = Add(
            "prompt_tokens_details.cache_write_tokens", "input_tokens_details.cache_write_tokens", "cache_creation_input_tokens",
            "cacheWriteInputTokens");
        CacheWrite5m = Add("cache_creation.ephemeral_5m_input_tokens");
        CacheWrite1h = Add("cache_creation.ephemeral_1h_input_tokens");
        Reasoning = Add(
            "completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens",
            "output_tokens_details.thinking_tokens");
        ToolInput = [];
        Searches = Add("server_tool_use.web_search_requests");
    }

    private UsagePaths()
    {
    }

    public int[] Input { get; init; } = [];

    public int[] Output { get; init; } = [];

    public int[] Total { get; init; } = [];

    public int[] CacheRead { get; init; } = [];

    public int[] CacheWrite { get; init; } = [];

    public int[] CacheWrite5m { get; init; } = [];

    public int[] CacheWrite1h { get; init; } = [];

    public int[] Reasoning { get; init; } = [];

    public int[] ToolInput { get; init; } = [];

    public int[] Searches { get; init; } = [];

    /// <summary>The counts of Gemini's usage object, as the API writes it and as its Python client prints it.</summary>
    public static UsagePaths OfGemini(JsonPaths names, string usage = "usageMetadata")
    {
        int[] Add(params string[] counts) => names.AddAll(counts.Select(count => $"{usage}.{count}"));
        return new UsagePaths
        {
            Input = Add("promptTokenCount", "prompt_token_count"),
            Output = Add("candidatesTokenCount", "responseTokenCount", "candidates_token_count", "response_token_count"),
            Total = Add("totalTokenCount", "total_token_count"),
            CacheRead = Add("cachedContentTokenCount", "cached_content_token_count"),
            Reasoning = Add("thoughtsTokenCount", "thoughts_token_count"),
            ToolInput = Add("toolUsePromptTokenCount", "tool_use_prompt_token_count"),
        };
    }

    /// <summary>Counts of which each stands at one of the paths given.</summary>
    public static UsagePaths Of(
        JsonPaths names, string[] input, string[] output, string[] total, string[] cacheRead, string[] cacheWrite, string[] reasoning) =>
        new()
        {
            Input = names.AddAll(input),
            Output = names.AddAll(output),
            Total = names.AddAll(total),
            CacheRead = names.AddAll(cacheRead),
            CacheWrite = names.AddAll(cacheWrite),
            Reasoning = names.AddAll(reasoning),
        };
}
