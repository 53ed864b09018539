using TokenStream.Scopes;

namespace TokenStream.Governing.Breakers;

/// <summary>
/// The tenants of organisations, which gateways do not know: what a command says of them is true when it is issued, and it is issued again when
/// that changes. The same list is given as long as nothing does.
/// </summary>
internal sealed class OrganisationMembers(TenantDirectory directory)
{
    private readonly Dictionary<ScopeTerm, IReadOnlyList<string>> _members = [];
    private long _untilMs = long.MinValue;

    /// <summary>The tenants of the scope's organisation, sorted; empty where it names none.</summary>
    public IReadOnlyList<string> Of(Scope scope, long nowMs)
    {
        var term = scope[ScopeDimension.Organisation];
        if (term.Kind == ScopeTermKind.Any)
        {
            return [];
        }

        if (nowMs >= _untilMs)
        {
            _members.Clear();
            _untilMs = directory.Entries.Select(entry => entry.FromMs).Where(from => from > nowMs).DefaultIfEmpty(long.MaxValue).Min();
        }

        if (!_members.TryGetValue(term, out var members))
        {
            var tenants = directory.Entries.Select(entry => entry.Tenant).Distinct(StringComparer.Ordinal);
            members = [.. tenants.Where(tenant => directory.At(tenant, nowMs)?.Organisation is { Length: > 0 } organisation && term.Matches(organisation))];
            _members.Add(term, members);
        }

        return members;
    }
}
