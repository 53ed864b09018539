namespace TokenStream.Mapping.Otlp;

/// <summary>Where those who instrument put who and what for, tool by tool; those that a tool fills by itself come first.</summary>
internal static class OtlpPlaces
{
    private const string OfResource = "resource:";
    private const string Requester = "metadata.requester_metadata#";
    private const string SpendLogs = "metadata.spend_logs_metadata#";
    private const string LiteLlmTags = "metadata.requester_custom_headers#x-litellm-tags";
    private const string Vercel = "ai.telemetry.metadata.";
    private const string Langfuse = "langfuse.trace.metadata.";

    public static AttributionPaths Default { get; } = new()
    {
        Tenant = ["metadata.user_api_key_team_id", .. Everywhere("tenant", "tenant.id", "tenant_id", "resource:tenant.id")],
        App = ["app.name", $"{Langfuse}app", $"{Vercel}app", $"{Requester}app", $"{LiteLlmTags}[app]", "resource:service.name"],
        Feature = [.. Everywhere("feature", "app.feature", "feature"), "ai.telemetry.functionId"],
        Environment =
        [
            "deployment.environment.name", "deployment.environment", "langfuse.environment", $"{Vercel}environment",
            $"{SpendLogs}environment", $"{Requester}environment", $"{LiteLlmTags}[environment]", $"{LiteLlmTags}[env]", "tag.tags[env]",
            "tag.tags[environment]", "metadata#environment", "resource:langfuse.environment", "resource:deployment.environment.name",
            "resource:deployment.environment",
        ],
        User =
        [
            "metadata.user_api_key_user_id", "user.id", "enduser.id", "traceloop.association.properties.user_id", "langfuse.user.id",
            $"{Vercel}userId", $"{Vercel}user", "metadata.user_api_key_end_user_id", "metadata#user_id",
        ],
        Session =
        [
            "session.id", "traceloop.association.properties.session_id", "langfuse.session.id", $"{Vercel}sessionId", $"{Vercel}session",
            $"{SpendLogs}session_id", $"{Requester}session_id", $"{LiteLlmTags}[session_id]", "metadata#session_id",
            "gen_ai.conversation.id",
        ],
    };

    /// <summary>
    /// An attribute of its own, a property of Traceloop's, metadata of Langfuse, Vercel or LiteLLM, a member of OpenInference's metadata or
    /// a tag.
    /// </summary>
    private static string[] Everywhere(string name, params string[] first) =>
    [
        .. first.Where(path => !path.StartsWith(OfResource, StringComparison.Ordinal)),
        .. Named("traceloop.association.properties.", name), .. Named(Langfuse, name), .. Named(Vercel, name), .. Named(SpendLogs, name),
        .. Named(Requester, name), $"{LiteLlmTags}[{name}]", .. Named("metadata#", name), $"tag.tags[{name}]",
        $"langfuse.trace.tags[{name}]", .. first.Where(path => path.StartsWith(OfResource, StringComparison.Ordinal)),
    ];

    private static string[] Named(string prefix, string name) => [prefix + name, $"{prefix}{name}_id"];
}
