using TokenStream.Mapping.ProviderUsage;

namespace TokenStream.Mapping.Kong;

/// <summary>What is read of Kong's log entries, by its path.</summary>
internal sealed class KongPaths
{
    public KongPaths(AttributionPaths attribution)
    {
        var names = Names;
        (StartedAt, Ai, Response) = (names.Add("started_at"), names.Add("ai"), names.Add("response"));
        (Latency, Request) = (names.AddAll(["latencies.request"]), names.Add("request"));
        RequestId = names.AddAll(
            ["request.id", "correlation_id", "response.headers.x-kong-request-id", "request.headers.x-kong-request-id",
             "request.headers.x-request-id"]);
        Status = names.AddAll(["response.status"]);
        Source = names.Add("source");

        // The proxy first: its call is the client's request. The plugins beside it make calls of their own.
        Calls = [.. CallNames.Select(call => new KongCall(names, call.Name, call.IsRequest))];
        Attribution = new Attribution(names, attribution);
    }

    private static readonly (string Name, bool IsRequest)[] CallNames =
    [
        ("proxy", true), ("ai-proxy", true), ("ai-proxy-advanced", true), ("ai-request-transformer", false),
        ("ai-response-transformer", false), ("request-transformer", false), ("response-transformer", false),
    ];

    public JsonPaths Names { get; } = new();

    public Attribution Attribution { get; }

    public int StartedAt { get; }

    /// <summary>What an entry has where a model was asked.</summary>
    public int Ai { get; }

    public int Request { get; }

    public int Response { get; }

    public int[] Latency { get; }

    public int[] RequestId { get; }

    public int[] Status { get; }

    /// <summary>Who answered: Kong itself, or who stands behind it.</summary>
    public int Source { get; }

    public KongCall[] Calls { get; }

    /// <summary>
    /// Who authenticated is a consumer of Kong's; what for, callers send as headers, and what the route and the service are called is the
    /// last resort.
    /// </summary>
    public static AttributionPaths DefaultAttribution { get; } = new()
    {
        Tenant = ["request.headers.x-tenant-id", "consumer.custom_id", "consumer.username", "consumer.id"],
        App = ["request.headers.x-app", "service.name"],
        Feature = ["request.headers.x-feature", "route.name"],
        Environment = ["request.headers.x-environment"],
        User = ["request.headers.x-user-id"],
        Session = ["request.headers.x-session-id"],
    };
}

/// <summary>What one plugin tells of the model it asked.</summary>
internal sealed class KongCall
{
    /// <param name="isRequest">Whether this is the client's request, and not one that a plugin made beside it.</param>
    public KongCall(JsonPaths names, string plugin, bool isRequest)
    {
        IsRequest = isRequest;
        var call = $"ai.{plugin}";
        Suffix = System.Text.Encoding.UTF8.GetBytes(isRequest ? "" : $"~{plugin}");
        Node = names.Add(call);
        string[] Usages(params string[] counts) => [.. counts.Select(count => $"{call}.usage.{count}")];
        int[] Metas(params string[] fields) => names.AddAll(fields.Select(field => $"{call}.meta.{field}"));
        Usage = UsagePaths.Of(
            names,
            input: Usages("prompt_tokens", "input_tokens", "prompt_token"),
            output: Usages("completion_tokens", "output_tokens", "completion_token"),
            total: Usages("total_tokens"),
            cacheRead: Usages(
                "prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens", "cache_read_input_tokens"),
            cacheWrite: Usages("prompt_tokens_details.cache_write_tokens", "cache_creation_input_tokens"),
            reasoning: Usages("completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens"));
        FirstToken = names.AddAll(Usages("time_to_first_token"));
        (Provider, Latency) = (Metas("provider_name"), Metas("llm_latency"));
        (Model, ModelRequested) = (Metas("response_model", "request_model"), Metas("request_model"));
        CacheStatus = names.Add($"{call}.cache.cache_status");
        Embeddings = names.AddAll([$"{call}.cache.embeddings_model", $"{call}.cache.embeddings_provider"]);
    }

    public bool IsRequest { get; }

    /// <summary>What tells its event apart from the request's.</summary>
    public byte[] Suffix { get; }

    public int Node { get; }

    public UsagePaths Usage { get; }

    public int[] Provider { get; }

    public int[] Model { get; }

    public int[] ModelRequested { get; }

    public int[] Latency { get; }

    public int[] FirstToken { get; }

    public int CacheStatus { get; }

    /// <summary>Which model compared prompts by their meaning: there is one where the cache is a semantic one.</summary>
    public int[] Embeddings { get; }
}
