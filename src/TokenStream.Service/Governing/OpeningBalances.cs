using Microsoft.Extensions.Logging;
using TokenStream.ClickHouse;
using TokenStream.Governing.Ledger;
using TokenStream.Scopes;
using TokenStream.Service.Node;
using TokenStream.Storage;
using TokenStream.Windowing;

namespace TokenStream.Service.Governing;

/// <summary>
/// Fills patterns that are new in the middle of a budget's period: what each of their scopes had spent before its spend was published, from the
/// stored rollups that were computed under older rules. So nothing counts twice and nothing is left out. It is taken when every partition
/// decides under the newer rules and two readings half a minute apart agree; until then, and without a store, such budgets only observe.
/// </summary>
internal sealed class OpeningBalances(ClickHouseClient client, TimeProvider clock, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>What was decided under older rules is in the log, but not in the store until whoever writes it there has.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(30);

    private readonly Dictionary<(string Pattern, long StartMs), (long At, Dictionary<Scope, SpendMeasures> Balances)> _seen = [];
    private string? _failure;

    /// <summary>Looks after the patterns that wait, until cancelled.</summary>
    /// <param name="waiting">The patterns that wait, with the start of their period.</param>
    /// <param name="rules">Every version of the rules, oldest first.</param>
    /// <param name="give">Takes what a pattern's scopes had spent.</param>
    public async Task FollowAsync(
        Func<IReadOnlyCollection<(string Pattern, long StartMs)>> waiting,
        Func<IReadOnlyCollection<RulesRecord>> rules,
        Action<PatternOpening> give,
        CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, clock, cancellation);
                foreach (var opening in await ReadAsync(waiting(), rules(), cancellation))
                {
                    give(opening);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    /// <summary>The openings that are certain now.</summary>
    internal async Task<IReadOnlyList<PatternOpening>> ReadAsync(
        IReadOnlyCollection<(string Pattern, long StartMs)> waiting, IReadOnlyCollection<RulesRecord> rules, CancellationToken cancellation)
    {
        var given = new List<PatternOpening>();
        try
        {
            var due = waiting.Where(IsDue).ToArray();
            var versions = due.Length > 0 ? rules.Select(VersionPatterns.Of).ToList() : [];
            foreach (var group in due.GroupBy(entry => (entry.StartMs, Version: FirstVersion(entry.Pattern, versions))).Where(group => group.Key.Version > 0))
            {
                var latest = rules.Last().ToRules();
                var usage = new StoredUsage(client, latest.Prices, latest.UnpricedBound);
                if (!await usage.IsPastAsync(group.Key.Version, cancellation))
                {
                    continue;
                }

                var patterns = group.Select(entry => entry.Pattern).Select(text => ScopePattern.TryParse(text, out var pattern, out _) ? pattern : null!).ToArray();
                var balances = await SumAsync(usage, latest.Scopes, patterns, group.Key.StartMs, group.Key.Version, versions, cancellation);
                for (var i = 0; i < patterns.Length; i++)
                {
                    var own = balances.Where(pair => patterns[i].Covers(pair.Key)).ToDictionary();
                    if (IsSettled((patterns[i].Text, group.Key.StartMs), own))
                    {
                        given.Add(new PatternOpening(patterns[i].Text, group.Key.StartMs, own));
                    }
                }
            }

            _failure = null;
            if (given.Count > 0)
            {
                NodeLog.BalancesFilled(logger, given.Sum(opening => opening.Balances.Count), given.Count);
            }
        }
        catch (Exception failure) when (failure is StoreUnavailableException or ClickHouseException or FormatException)
        {
            if (_failure != failure.Message)
            {
                NodeLog.BalancesUnreadable(logger, _failure = failure.Message);
            }
        }

        return given;
    }

    /// <summary>The first of the versions that publish the spend of a pattern's scopes without a gap up to the latest; 0 where the latest does not.</summary>
    internal static long FirstVersion(string pattern, IReadOnlyList<VersionPatterns> versions) => First(versions, version => version.Has(pattern));

    /// <summary>The same of a scope, whichever patterns it was published for.</summary>
    internal static long FirstVersion(Scope scope, IReadOnlyList<VersionPatterns> versions) => First(versions, version => version.Covers(scope));

    /// <summary>What the rows come to for each of some scopes.</summary>
    internal static Dictionary<Scope, SpendMeasures> Sum(IReadOnlyList<StoredRow> rows, HashSet<Scope> scopes, ScopeIndex index)
    {
        var sums = Sum(rows, scopes.Contains, index);
        foreach (var scope in scopes)
        {
            sums.TryAdd(scope, default);
        }

        return sums;
    }

    private static Dictionary<Scope, SpendMeasures> Sum(IReadOnlyList<StoredRow> rows, Predicate<Scope> isWanted, ScopeIndex index)
    {
        var sums = new Dictionary<Scope, SpendMeasures>();
        foreach (var (timeMs, usage) in rows)
        {
            var values = usage.Values;
            values[(int)ScopeDimension.Organisation] = index.Directory.At(values[(int)ScopeDimension.Tenant], timeMs)?.Organisation ?? "";
            foreach (var scope in index.Find(values, withUser: false).Select(found => found.Scope).Distinct().Where(scope => isWanted(scope)))
            {
                sums[scope] = sums.GetValueOrDefault(scope) + usage.Measures;
            }
        }

        return sums;
    }

    /// <summary>
    /// What the scopes of some patterns spent under rules that did not publish it. A scope that another pattern covered for longer is older
    /// than these patterns: of it, less counts.
    /// </summary>
    private static async Task<Dictionary<Scope, SpendMeasures>> SumAsync(
        StoredUsage usage,
        ScopeIndex index,
        IReadOnlyList<ScopePattern> patterns,
        long startMs,
        long version,
        IReadOnlyList<VersionPatterns> versions,
        CancellationToken cancellation)
    {
        var exact = patterns.Where(pattern => !pattern.HasEach).Select(pattern => pattern.Text).ToHashSet(StringComparer.Ordinal);
        var each = patterns.Where(pattern => pattern.HasEach).ToArray();
        var sums = Sum(
            await usage.ReadBeforeAsync(startMs, version, cancellation),
            scope => exact.Contains(scope.Text) || Array.Exists(each, pattern => pattern.Covers(scope)),
            index);
        var older = sums.Keys.Select(scope => (Scope: scope, First: FirstVersion(scope, versions))).Where(pair => pair.First < version).ToArray();
        foreach (var group in older.GroupBy(pair => pair.First, pair => pair.Scope))
        {
            var scopes = group.ToHashSet();
            foreach (var (scope, measures) in Sum(await usage.ReadBeforeAsync(startMs, group.Key, cancellation), scopes, index))
            {
                sums[scope] = measures;
            }
        }

        return sums;
    }

    private static long First(IReadOnlyList<VersionPatterns> versions, Predicate<VersionPatterns> publishes)
    {
        var first = 0L;
        foreach (var version in versions)
        {
            first = publishes(version) ? first > 0 ? first : version.Version : 0;
        }

        return first;
    }

    private bool IsDue((string Pattern, long StartMs) entry) => !_seen.TryGetValue(entry, out var seen) || clock.GetElapsedTime(seen.At) >= Settling;

    private bool IsSettled((string Pattern, long StartMs) entry, Dictionary<Scope, SpendMeasures> balances)
    {
        if (_seen.Remove(entry, out var seen) && seen.Balances.Count == balances.Count &&
            seen.Balances.All(pair => balances.TryGetValue(pair.Key, out var again) && again == pair.Value))
        {
            return true;
        }

        _seen[entry] = (clock.GetTimestamp(), balances);
        return false;
    }
}

/// <summary>The scopes that one version of the rules publishes the spend of.</summary>
internal sealed class VersionPatterns
{
    private readonly HashSet<string> _texts;
    private readonly List<ScopePattern> _each;

    private VersionPatterns(long version, HashSet<string> texts, List<ScopePattern> each) => (Version, _texts, _each) = (version, texts, each);

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

    public bool Has(string pattern) => _texts.Contains(pattern);

    public bool Covers(Scope scope) => _texts.Contains(scope.Text) || _each.Exists(pattern => pattern.Covers(scope));
}
