using TokenStream.Mapping;

namespace TokenStream.Receiver.Intake;

/// <summary>
/// What a configuration says of where a source's payloads name who and what for; what it leaves out stays the source's own.
/// </summary>
public sealed record AttributionOverride
{
    public IReadOnlyList<string>? Tenant { get; init; }

    public IReadOnlyList<string>? App { get; init; }

    public IReadOnlyList<string>? Feature { get; init; }

    public IReadOnlyList<string>? Environment { get; init; }

    public IReadOnlyList<string>? User { get; init; }

    public IReadOnlyList<string>? Session { get; init; }

    /// <summary>The tenant of payloads that name none.</summary>
    public string? DefaultTenant { get; init; }

    /// <summary>The source's own paths, with these in their place.</summary>
    public AttributionPaths Over(AttributionPaths own) => own with
    {
        Tenant = Tenant ?? own.Tenant,
        App = App ?? own.App,
        Feature = Feature ?? own.Feature,
        Environment = Environment ?? own.Environment,
        User = User ?? own.User,
        Session = Session ?? own.Session,
        DefaultTenant = DefaultTenant ?? own.DefaultTenant,
    };
}
