namespace TokenStream.Mapping.Otlp;

/// <summary>
/// The attributes of the semantic conventions: for each thing the names it has had, and those that instrumentations have for it; the first
/// that has a value counts.
/// </summary>
internal sealed class OtlpConventionKeys(OtlpKeys keys)
{
    /// <summary>
    /// What Google's Agent Development Kit called reasoning before the conventions had a name, and left out of the output.
    /// </summary>
    public const string FormerReasoningOfAdk = Usage + "experimental.reasoning_tokens";

    private const string Usage = "gen_ai.usage.";

    /// <summary>Operations that are made of requests, or of none: their counts are sums.</summary>
    public static readonly byte[][] ContextOperations =
    [
        .. new[]
        {
            "create_agent", "invoke_agent", "execute_tool", "invoke_workflow", "plan", "retrieval", "search_memory", "create_memory",
            "update_memory", "delete_memory", "create_memory_store", "delete_memory_store", "upsert_memory",
            "orchestrate_tools", "framework",
        }.Select(System.Text.Encoding.UTF8.GetBytes),
    ];

    /// <summary>Operations that are one request each, whether it was answered or not.</summary>
    public static readonly byte[][] RequestOperations =
    [
        .. new[]
        {
            "chat", "text_completion", "generate_content", "embeddings", "completion", "chat.completions", "text.completions", "embedding",
            "messages", "responses", "rerank", "image_generation",
        }.Select(System.Text.Encoding.UTF8.GetBytes),
    ];

    public int Operation { get; } = keys.Add("gen_ai.operation.name");

    /// <summary>What OpenLLMetry told before there were operations: <c>chat</c>, <c>completion</c>, <c>embedding</c>.</summary>
    public int RequestType { get; } = keys.Add("llm.request.type");

    /// <summary>Logfire announces spans that have only begun as spans of their own.</summary>
    public int LogfireType { get; } = keys.Add("logfire.span_type");

    public int[] Provider { get; } = keys.AddAll("gen_ai.provider.name", "gen_ai.system");

    public int[] RequestModel { get; } = keys.AddAll("gen_ai.request.model", "llm.request.model");

    public int[] ResponseModel { get; } = keys.AddAll("gen_ai.response.model", "llm.response.model");

    public int ResponseId { get; } = keys.Add("gen_ai.response.id");

    public int[] FinishReasons { get; } =
        keys.AddAll("gen_ai.response.finish_reasons", "gen_ai.response.finish_reason", "anthropic.message.stop_reason");

    public int[] Stream { get; } =
        keys.AddAll("gen_ai.request.stream", "gen_ai.is_streaming", "gen_ai.request.is_stream", "llm.is_streaming");

    /// <summary>What was served, then what was asked for.</summary>
    public int[] Tier { get; } = keys.AddAll(
        "openai.response.service_tier", "gen_ai.openai.response.service_tier", "anthropic.response.service_tier",
        "gen_ai.response.service_tier", "openai.request.service_tier", "gen_ai.openai.request.service_tier",
        "gen_ai.request.service_tier");

    public int[] Region { get; } = keys.AddAll("anthropic.usage.inference_geo", "cloud.region");

    public int MaxTokens { get; } = keys.Add("gen_ai.request.max_tokens");

    /// <summary>Seconds until the first piece of a stream.</summary>
    public int[] FirstChunk { get; } = keys.AddAll(
        "gen_ai.response.time_to_first_chunk", "gen_ai.client.operation.time_to_first_chunk", "gen_ai.server.time_to_first_token");

    public int[] Input { get; } = keys.AddAll(
        Usage + "input_tokens", Usage + "prompt_tokens", "llm.usage.prompt_tokens", "gen_ai.response.prompt_tokens",
        "gen_ai.response.input_tokens");

    public int[] Output { get; } = keys.AddAll(
        Usage + "output_tokens", Usage + "completion_tokens", "llm.usage.completion_tokens", "gen_ai.response.completion_tokens",
        "gen_ai.response.output_tokens");

    public int[] Total { get; } = keys.AddAll(Usage + "total_tokens", "llm.usage.total_tokens");

    public int[] CacheRead { get; } = keys.AddAll(
        Usage + "cache_read.input_tokens", Usage + "cache_read_input_tokens", Usage + "cache_read_tokens", Usage + "input_tokens.cached",
        Usage + "input_cached_tokens", Usage + "cached_input_tokens", Usage + "cached_tokens", Usage + "details.cache_read_tokens",
        Usage + "details.cache_read_input_tokens", Usage + "prompt_tokens_details.cache_read",
        Usage + "prompt_tokens_details.cached_tokens", Usage + "input_tokens_details.cached_tokens");

    public int[] CacheWrite { get; } = keys.AddAll(
        Usage + "cache_creation.input_tokens", Usage + "cache_write.input_tokens", Usage + "cache_creation_input_tokens",
        Usage + "cache_write_input_tokens", Usage + "cache_write_tokens", Usage + "input_tokens.cache_write",
        Usage + "details.cache_write_tokens", Usage + "details.cache_creation_input_tokens", Usage + "prompt_tokens_details.cache_write");

    public int[] CacheWrite5m { get; } = keys.AddAll(
        "anthropic.usage.cache_creation.ephemeral_5m_input_tokens", Usage + "details.ephemeral_5m_input_tokens");

    public int[] CacheWrite1h { get; } = keys.AddAll(
        "anthropic.usage.cache_creation.ephemeral_1h_input_tokens", Usage + "details.ephemeral_1h_input_tokens");

    public int[] Reasoning { get; } = keys.AddAll(
        Usage + "reasoning.output_tokens", Usage + "reasoning_tokens", Usage + "output_tokens.reasoning", Usage + "thinking_tokens",
        Usage + "details.reasoning_tokens", Usage + "details.thinking_tokens", Usage + "details.thoughts_tokens",
        Usage + "completion_tokens_details.reasoning", Usage + "completion_tokens_details.reasoning_tokens",
        Usage + "output_tokens_details.reasoning_tokens", FormerReasoningOfAdk);

    public int[] ToolInput { get; } = keys.AddAll(Usage + "details.tool_use_prompt_tokens", Usage + "tool_use_prompt_tokens");

    public int[] Searches { get; } = keys.AddAll(
        "anthropic.usage.server_tool_use.web_search_requests", Usage + "details.web_search_requests");
}
