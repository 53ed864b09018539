namespace TokenStream.LoadGenerator.Enforcement;

/// <summary>One tenant that overspends with a single event. Times are milliseconds since the Unix epoch; 0 is not yet.</summary>
internal sealed class Probe(string tenant)
{
    public string Tenant { get; } = tenant;

    /// <summary>The broker's timestamp of the event.</summary>
    public long ArrivedMs;

    /// <summary>The broker's timestamp of the command that kills the tenant.</summary>
    public long CommandedMs;

    /// <summary>When a gateway first refused the tenant.</summary>
    public long EnforcedMs;
}
