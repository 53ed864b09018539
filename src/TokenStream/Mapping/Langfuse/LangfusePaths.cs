namespace TokenStream.Mapping.Langfuse;

/// <summary>
/// What is read of Langfuse's ingestion batches: of the batch itself, and of each of its events. Attribution paths begin at an
/// observation's body; <c>trace.</c> before one begins at the body of its trace.
/// </summary>
internal sealed class LangfusePaths
{
    private const string Trace = "trace.";

    private readonly List<int> _kept = [];

    public LangfusePaths(AttributionPaths attribution)
    {
        Batch = BatchNames.Add("batch");
        (SdkName, SdkVersion) = (BatchNames.Add("metadata.sdk_name"), BatchNames.Add("metadata.sdk_version"));
        var names = Names;
        (EventId, Type, Timestamp, Body) = (names.Add("id"), names.Add("type"), names.Add("timestamp"), names.Add("body"));
        (Id, TraceId, ObservationType) = (names.Add("body.id"), names.Add("body.traceId"), names.Add("body.type"));
        (Start, End, FirstToken) = (names.Add("body.startTime"), names.Add("body.endTime"), names.Add("body.completionStartTime"));
        (Level, StatusMessage) = (names.Add("body.level"), names.Add("body.statusMessage"));
        (Usage, UsageDetails, Unit) = (names.Add("body.usage"), names.Add("body.usageDetails"), names.Add("body.usage.unit"));
        MaxTokens = names.AddAll(
            ["body.modelParameters.max_tokens", "body.modelParameters.max_completion_tokens", "body.modelParameters.max_output_tokens"]);
        Model = names.Add("body.model");
        Tier = [Keep(names.Add("body.metadata.service_tier")), Keep(names.Add("body.modelParameters.service_tier"))];
        Tenant = [.. attribution.Tenant.Select(Add)];
        App = [.. attribution.App.Select(Add)];
        Feature = [.. attribution.Feature.Select(Add)];
        Environment = [.. attribution.Environment.Select(Add)];
        User = [.. attribution.User.Select(Add)];
        Session = [.. attribution.Session.Select(Add)];
    }

    /// <summary>
    /// Where users of Langfuse put who and what for: on the trace, which an SDK's wrapper of a provider copies to the observation.
    /// </summary>
    public static AttributionPaths DefaultAttribution { get; } = new()
    {
        Tenant = Everywhere("tenant", "tenant_id"),
        App = Everywhere("app"),
        Feature = Everywhere("feature"),
        Environment = ["environment", "trace.environment", .. Everywhere("environment", "env")],
        User = ["trace.userId", "user_id", .. Everywhere("user", "user_id")],
        Session = ["trace.sessionId", "session_id", .. Everywhere("session_id")],
    };

    public JsonPaths BatchNames { get; } = new();

    public JsonPaths Names { get; } = new();

    public int Batch { get; }

    public int SdkName { get; }

    public int SdkVersion { get; }

    public int EventId { get; }

    public int Type { get; }

    public int Timestamp { get; }

    public int Body { get; }

    public int Id { get; }

    public int TraceId { get; }

    public int ObservationType { get; }

    public int Start { get; }

    public int End { get; }

    public int FirstToken { get; }

    public int Level { get; }

    public int StatusMessage { get; }

    public int Usage { get; }

    public int UsageDetails { get; }

    public int Unit { get; }

    public int Model { get; }

    public int[] MaxTokens { get; }

    public LangfusePlace[] Tier { get; }

    public LangfusePlace[] Tenant { get; }

    public LangfusePlace[] App { get; }

    public LangfusePlace[] Feature { get; }

    public LangfusePlace[] Environment { get; }

    public LangfusePlace[] User { get; }

    public LangfusePlace[] Session { get; }

    /// <summary>The paths whose texts are remembered of each observation and trace, in the order of their slots.</summary>
    public IReadOnlyList<int> Kept => _kept;

    /// <summary>Number of slots of an entry.</summary>
    public int Slots => LangfuseEntry.FirstFree + _kept.Count;

    private static string[] Everywhere(params string[] names) =>
    [
        .. names.Select(name => $"metadata.{name}"), .. names.Select(name => $"trace.metadata.{name}"),
        .. names.Select(name => $"tags[{name}]"), .. names.Select(name => $"trace.tags[{name}]"),
    ];

    private LangfusePlace Add(string path)
    {
        var isOfTrace = path.StartsWith(Trace, StringComparison.Ordinal);
        var place = Keep(Names.Add("body." + (isOfTrace ? path[Trace.Length..] : path)));
        return place with { IsOfTrace = isOfTrace, Path = path };
    }

    private LangfusePlace Keep(int node)
    {
        if (!_kept.Contains(node))
        {
            _kept.Add(node);
        }

        return new LangfusePlace(LangfuseEntry.FirstFree + _kept.IndexOf(node), IsOfTrace: false, Names.Path(node));
    }
}

/// <summary>A place that a text is looked for at.</summary>
/// <param name="Slot">The number of its path among those whose texts are remembered.</param>
/// <param name="IsOfTrace">Whether it is the trace's text, not the observation's.</param>
internal readonly record struct LangfusePlace(int Slot, bool IsOfTrace, string Path);
