using System.Runtime.CompilerServices;
using TokenStream.Scopes;

namespace TokenStream.Commands;

/// <summary>
/// What scopes ask of a request; an absent value is empty. The organisation is not among it: gateways know tenants only, and a command for
/// an organisation names its tenants.
/// </summary>
public readonly struct RequestDimensions
{
    private readonly DimensionValues _values;
    private readonly string? _servedProvider;
    private readonly string? _servedModel;

    /// <param name="provider">Of the model that was asked for.</param>
    /// <param name="model">The model that was asked for.</param>
    /// <param name="servedProvider">Who is going to serve it, where that is another one: a fallback's provider.</param>
    /// <param name="servedModel">The model that is going to serve it, where that is another one.</param>
    public RequestDimensions(
        string environment,
        string tenant,
        string app,
        string feature,
        string provider,
        string model,
        string user,
        string? servedProvider = null,
        string? servedModel = null)
    {
        _values[(int)ScopeDimension.Organisation] = "";
        _values[(int)ScopeDimension.Environment] = environment;
        _values[(int)ScopeDimension.Tenant] = tenant;
        _values[(int)ScopeDimension.App] = app;
        _values[(int)ScopeDimension.Feature] = feature;
        _values[(int)ScopeDimension.Provider] = provider;
        _values[(int)ScopeDimension.Model] = model;
        _values[(int)ScopeDimension.User] = user;
        _servedProvider = servedProvider;
        _servedModel = servedModel;
    }

    public string this[ScopeDimension dimension] => _values[(int)dimension] ?? "";

    /// <summary>Whether something else serves the request than was asked for: a fallback, or a route already taken.</summary>
    public bool IsServedElsewhere =>
        (_servedModel is not null && _servedModel != this[ScopeDimension.Model]) ||
        (_servedProvider is not null && _servedProvider != this[ScopeDimension.Provider]);

    /// <summary>The request as if what serves it had been asked for.</summary>
    public RequestDimensions AsServed() => new(
        this[ScopeDimension.Environment],
        this[ScopeDimension.Tenant],
        this[ScopeDimension.App],
        this[ScopeDimension.Feature],
        _servedProvider ?? this[ScopeDimension.Provider],
        _servedModel ?? this[ScopeDimension.Model],
        this[ScopeDimension.User]);

    /// <summary>The same request, served by another model.</summary>
    public RequestDimensions ServedBy(string? provider, string model) => new(
        this[ScopeDimension.Environment],
        this[ScopeDimension.Tenant],
        this[ScopeDimension.App],
        this[ScopeDimension.Feature],
        this[ScopeDimension.Provider],
        this[ScopeDimension.Model],
        this[ScopeDimension.User],
        provider,
        model);

    [InlineArray(Scope.Dimensions)]
    private struct DimensionValues
    {
        private string? _first;
    }
}
