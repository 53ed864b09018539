using TokenStream.Detection;
using TokenStream.Scopes;

namespace TokenStream.Governing.Anomalies;

/// <summary>Places of anomalies against scopes.</summary>
internal static class AnomalyScope
{
    /// <summary>The scope of a place. A value that events do not name cannot be bound, and is left out.</summary>
    public static Scope Of(SeriesPath path)
    {
        List<(ScopeDimension, ScopeTerm)> terms = [];
        foreach (var dimension in AnomalySilence.Dimensions)
        {
            if (Value(path, dimension) is { Length: > 0 } value)
            {
                terms.Add((dimension, ScopeTerm.Exact(value)));
            }
        }

        return Scope.Of([.. terms]);
    }

    /// <summary>Whether a scope holds everything of a place.</summary>
    /// <param name="scope">A command's, or a budget's.</param>
    /// <param name="tenants">The tenants of its organisation, where it names one.</param>
    /// <param name="path">The place.</param>
    public static bool Covers(Scope scope, IReadOnlyList<string> tenants, SeriesPath path) =>
        Compares(scope, tenants, path, whereSummed: false, whereUnknown: false);

    /// <summary>Whether a scope and a place may have requests in common.</summary>
    public static bool Meets(Scope scope, IReadOnlyList<string> tenants, SeriesPath path) =>
        Compares(scope, tenants, path, whereSummed: true, whereUnknown: true);

    private static bool Compares(Scope scope, IReadOnlyList<string> tenants, SeriesPath path, bool whereSummed, bool whereUnknown)
    {
        foreach (var dimension in Enum.GetValues<ScopeDimension>())
        {
            var term = scope[dimension];
            if (term.Kind == ScopeTermKind.Any)
            {
                continue;
            }

            if (dimension == ScopeDimension.Organisation)
            {
                if (path.Tenant is null ? !whereSummed : !tenants.Contains(path.Tenant, StringComparer.Ordinal))
                {
                    return false;
                }
            }
            else if (!AnomalySilence.Dimensions.Contains(dimension))
            {
                if (!whereUnknown)
                {
                    return false;
                }
            }
            else if (Value(path, dimension) is { } value ? !term.Matches(value) : !whereSummed)
            {
                return false;
            }
        }

        return true;
    }

    private static string? Value(SeriesPath path, ScopeDimension dimension) => dimension switch
    {
        ScopeDimension.Environment => path.Environment,
        ScopeDimension.Tenant => path.Tenant,
        ScopeDimension.Feature => path.Feature,
        ScopeDimension.Provider => path.Provider,
        ScopeDimension.Model => path.Model,
        _ => null,
    };
}
