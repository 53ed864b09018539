using Microsoft.Extensions.Logging;
using TokenStream.ClickHouse;
using TokenStream.Scopes;
using TokenStream.Service.Node;
using TokenStream.Storage;
using TokenStream.Windowing;

namespace TokenStream.Service.Governing;

/// <summary>
/// Fills budgets that are new in the middle of their period: what a scope had spent before its spend was published, from the stored rollups
/// that were computed under older rules. So nothing counts twice and nothing is left out. It is taken when every partition decides under the
/// newer rules and two readings half a minute apart agree; until then, and without a store, such budgets only observe.
/// </summary>
internal sealed class OpeningBalances(ClickHouseClient client, TimeProvider clock, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly Dictionary<(Scope Scope, long StartMs), SpendMeasures> _seen = [];

    /// <summary>Looks after the scopes that wait, until cancelled.</summary>
    /// <param name="waiting">The scopes that wait, with the start of their period.</param>
    /// <param name="rules">Every version of the rules, oldest first.</param>
    /// <param name="give">Takes a balance.</param>
    public async Task FollowAsync(
        Func<IReadOnlyCollection<(Scope Scope, long StartMs)>> waiting,
        Func<IReadOnlyCollection<RulesRecord>> rules,
        Action<Scope, long, SpendMeasures> give,
        CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, clock, cancellation);
                foreach (var (scope, startMs, measures) in await ReadAsync(waiting(), rules(), cancellation))
                {
                    give(scope, startMs, measures);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    /// <summary>The balances that are certain now.</summary>
    internal async Task<IReadOnlyList<(Scope Scope, long StartMs, SpendMeasures Measures)>> ReadAsync(
        IReadOnlyCollection<(Scope Scope, long StartMs)> waiting, IReadOnlyCollection<RulesRecord> rules, CancellationToken cancellation)
    {
        var given = new List<(Scope, long, SpendMeasures)>();
        try
        {
            var versions = waiting.Count > 0 ? rules.Select(VersionPatterns.Of).ToList() : [];
            foreach (var group in waiting.GroupBy(entry => (entry.StartMs, Version: FirstVersion(entry.Scope, versions))).Where(group => group.Key.Version > 0))
            {
                var latest = rules.Last().ToRules();
                var usage = new StoredUsage(client, latest.Prices, latest.UnpricedBound);
                if (!await usage.IsPastAsync(group.Key.Version, cancellation))
                {
                    continue;
                }

                var balances = Sum(await usage.ReadBeforeAsync(group.Key.StartMs, group.Key.Version, cancellation), [.. group.Select(entry => entry.Scope)], latest.Scopes);
                given.AddRange(group.Where(entry => IsSettled(entry, balances[entry.Scope])).Select(entry => (entry.Scope, entry.StartMs, balances[entry.Scope])));
            }

            if (given.Count > 0)
            {
                NodeLog.BalancesFilled(logger, given.Count);
            }
        }
        catch (Exception failure) when (failure is StoreUnavailableException or ClickHouseException or FormatException)
        {
            NodeLog.BalancesUnreadable(logger, failure.Message);
        }

        return given;
    }

    /// <summary>The first of the versions that publish the scope's spend without a gap up to the latest; 0 where the latest does not.</summary>
    internal static long FirstVersion(Scope scope, IReadOnlyList<VersionPatterns> versions)
    {
        var first = 0L;
        foreach (var version in versions)
        {
            first = version.Covers(scope) ? first > 0 ? first : version.Version : 0;
        }

        return first;
    }

    /// <summary>What the rows come to for each of some scopes.</summary>
    internal static Dictionary<Scope, SpendMeasures> Sum(IReadOnlyList<StoredRow> rows, HashSet<Scope> scopes, ScopeIndex index)
    {
        var sums = scopes.ToDictionary(scope => scope, _ => default(SpendMeasures));
        foreach (var (timeMs, usage) in rows)
        {
            var values = usage.Values;
            values[(int)ScopeDimension.Organisation] = index.Directory.At(values[(int)ScopeDimension.Tenant], timeMs)?.Organisation ?? "";
            foreach (var scope in index.Find(values, withUser: false).Select(found => found.Scope).Distinct().Where(scopes.Contains))
            {
                sums[scope] += usage.Measures;
            }
        }

        return sums;
    }

    private bool IsSettled((Scope Scope, long StartMs) entry, in SpendMeasures measures)
    {
        if (_seen.TryGetValue(entry, out var before) && before == measures)
        {
            _seen.Remove(entry);
            return true;
        }

        _seen[entry] = measures;
        return false;
    }
}

/// <summary>The scopes that one version of the rules publishes the spend of.</summary>
internal sealed class VersionPatterns
{
    private readonly HashSet<string> _exact;
    private readonly List<ScopePattern> _each;

    private VersionPatterns(long version, HashSet<string> exact, List<ScopePattern> each) => (Version, _exact, _each) = (version, exact, each);

    public long Version { get; }

    public static VersionPatterns Of(RulesRecord record)
    {
        var each = new List<ScopePattern>();
        foreach (var text in record.Scopes.Patterns)
        {
            if (ScopePattern.TryParse(text, out var pattern, out _) && pattern.HasEach)
            {
                each.Add(pattern);
            }
        }

        return new VersionPatterns(record.Version, record.Scopes.Patterns.ToHashSet(StringComparer.Ordinal), each);
    }

    public bool Covers(Scope scope) => _exact.Contains(scope.Text) || _each.Exists(pattern => pattern.Covers(scope));
}
