namespace TokenStream.Detection;

/// <summary>
/// Where in the tree of environment, tenant, feature and model a series stands. A feature or model that is null is summed over; an empty one
/// is that of the events that name none. The tenant is null only for groups of anomalies over several tenants.
/// </summary>
public sealed record SeriesPath(string Environment, string? Tenant, string? Feature, string? Model)
{
    /// <summary>Of a group over the tenants of one provider, all of whose models are concerned; null for series.</summary>
    public string? Provider { get; init; }

    /// <summary>Of a source of events, whose tenant is null; null for series.</summary>
    public string? Gateway { get; init; }

    /// <summary>Whether the other one is a part of this sum, or the same.</summary>
    public bool Holds(SeriesPath other) =>
        Environment == other.Environment && (Tenant is null || Tenant == other.Tenant) && (Feature is null || Feature == other.Feature) &&
        (Model is null || Model == other.Model);
}
