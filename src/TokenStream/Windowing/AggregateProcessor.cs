using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using TokenStream.Events;
using TokenStream.Pricing;

namespace TokenStream.Windowing;

/// <summary>What became of a record.</summary>
public enum ReadOutcome
{
    /// <summary>Added to its window, or to the corrections of a window that is closed already.</summary>
    Counted,

    /// <summary>Its event id is remembered.</summary>
    Duplicate,

    /// <summary>It only told the time.</summary>
    Tick,

    /// <summary>It is not an event, or one that cannot be booked: <see cref="AggregateProcessor.Refusal"/> says why.</summary>
    Refused,

    /// <summary>Read again after a restart; an earlier decision has counted it.</summary>
    Again,
}

/// <summary>Takes one record that is to be published on a partition of a topic.</summary>
public delegate void RecordWriter(int partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

/// <summary>
/// The aggregate stage for one input partition: decode, drop duplicates, price, add to the open windows, decide, close. A deterministic
/// function of the records, the decisions and the rules: no clock, no I/O. Whoever drives it performs the effects of a decision in this
/// order: commit what <see cref="Decide"/> returns; publish the values (<see cref="WriteValues"/>), await them; publish the marks
/// (<see cref="WriteMarks"/>), await them; commit what <see cref="Published"/> returns. One that restarts builds a new processor from the
/// committed state and reads from <see cref="StartOffset"/>.
/// </summary>
public sealed class AggregateProcessor : IDisposable
{
    /// <summary>Names, and keys, that are cached before the cache is rebuilt with those in use.</summary>
    private const int MaxCached = 2_000_000;

    private readonly string _topic;
    private readonly int _partition;
    private readonly AggregateRules _rules;
    private readonly AggregateCommit _committed;
    private readonly EventDecoder _decoder;
    private readonly Dictionary<PlanKey, PartitionPrices> _prices = [];
    private readonly WindowSet _open = new();
    private readonly WindowSet _late = new();
    private readonly Dictionary<string, long> _refused = new(StringComparer.Ordinal);
    // Null where there are no scopes to sum.
    private readonly PartitionSpend? _spend;
    private NameIndex _names = new();
    private KeyTable _keys = new();
    private UsageEvent _event;
    private PricedUsage _priced;
    private LogPoint _before;
    private LogPoint? _lateFrom;
    private long _position;
    private long _decision;
    private long _closedThrough;
    private long _streamTime;
    private long _lastTimestamp;
    private long _sinceDecision;
    private long _read;
    private long _counted;
    private long _duplicate;
    private long _lateEvents;
    private long _adjusted;
    private long _ticks;

    /// <param name="committed">What the partition committed last.</param>
    /// <param name="rules">The rules; of a pending decision, those it names.</param>
    public AggregateProcessor(string topic, int partition, AggregateRules rules, AggregateCommit committed)
    {
        if (committed.IsPending && committed.RulesVersion != rules.Version)
        {
            throw new ArgumentException($"the pending decision names rules {committed.RulesVersion}, not {rules.Version}", nameof(rules));
        }

        (_topic, _partition, _rules, _committed) = (topic, partition, rules, committed);
        _decoder = new EventDecoder(rules.LabelKeys);
        Duplicates = new DuplicateTable(committed.IdsFrom, committed.Offset, rules.DuplicateHorizonMs, rules.DuplicateRecords);
        _position = committed.IdsFrom;
        _decision = committed.Decision - (committed.IsPending ? 1 : 0);
        _closedThrough = committed.ClosedThroughMs;
        _streamTime = committed.StreamTimeMs;
        _lastTimestamp = committed.LastTimestampMs;
        _before = new LogPoint(committed.Before, committed.IdsFrom);
        _spend = rules.Scopes.Patterns.Count > 0 ? new PartitionSpend(rules, _names) : null;
    }

    /// <summary>Where reading begins: ids are skimmed from here, events count from the committed offset.</summary>
    public long StartOffset => _committed.IdsFrom;

    /// <summary>The offset of the next record.</summary>
    public long Position => _position;

    /// <summary>
    /// A decision that was committed and perhaps not published: it is to be published again once it has been read up to its position, and
    /// then the processor is to be built anew from the commit that follows.
    /// </summary>
    public AggregateCommit? Pending => _committed.IsPending ? _committed : null;

    /// <summary>Whether no further record may be read: the pending decision's position is reached.</summary>
    public bool IsHolding => _committed.IsPending && _position >= _committed.Position;

    /// <summary>Whether everything read before the last restart has been read again.</summary>
    public bool HasCaughtUp => _position >= _committed.Position;

    /// <summary>
    /// Highest event time read, never past its record's broker timestamp; <see cref="AggregateCommit.Never"/> before the first.
    /// </summary>
    public long StreamTimeMs => _streamTime;

    /// <summary>Every window that ends at or before this is closed.</summary>
    public long ClosedThroughMs => _closedThrough;

    /// <summary>Scopes that found no room of their own in the windows that are open; their spend is booked under <c>~other</c>.</summary>
    public int FoldedScopes => OpenWindows.Sum(window => window.Spend.FoldedScopes);

    /// <summary>Version of the rules in force.</summary>
    public long RulesVersion => _rules.Version;

    /// <summary>Open windows times keys, late ones included.</summary>
    public int OpenKeys => _open.Keys + _late.Keys;

    /// <summary>Whether nothing is open, late or uncounted.</summary>
    public bool IsQuiet => _open.Count == 0 && _late.Count == 0 && _position == _before.Offset &&
        (_streamTime == AggregateCommit.Never || _closedThrough % _rules.SilentUntilMs == 0);

    /// <summary>Why the last refused record was refused: a stable name.</summary>
    public string Refusal { get; private set; } = "";

    internal DuplicateTable Duplicates { get; }

    internal IEnumerable<WindowTable> OpenWindows => _open.Concat(_late);

    internal NameIndex Names => _names;

    /// <summary>Reads the next record. The bytes are needed during the call only.</summary>
    public ReadOutcome Read(long offset, long timestampMs, ReadOnlySpan<byte> value)
    {
        Duplicates.Advance(offset, timestampMs);
        var here = new LogPoint(offset, Duplicates.From);
        var again = offset < _committed.Before;
        if (again)
        {
            // To count a pending decision's records again, a successor begins where the decision before it ended.
            _before = new LogPoint(_committed.Before, Duplicates.From);
        }

        _position = offset + 1;
        _lastTimestamp = timestampMs;
        _read += again ? 0 : 1;
        if (!_decoder.TryDecode(value, ref _event, out var error))
        {
            return again ? ReadOutcome.Again : Refuse(error.Reason.Name());
        }

        if (_event.Kind == EventKind.Tick)
        {
            _streamTime = Math.Max(_streamTime, Math.Min(_event.TimeMs, timestampMs));
            _ticks += again ? 0 : 1;
            return again ? ReadOutcome.Again : ReadOutcome.Tick;
        }

        var seen = Duplicates.Seen(StableHash.Hash(_decoder.Text(value, _event.TenantId), _decoder.Text(value, _event.EventId)), offset);
        if (offset < _committed.Offset)
        {
            return ReadOutcome.Again;
        }

        if (seen)
        {
            _duplicate += again ? 0 : 1;
            return again ? ReadOutcome.Again : ReadOutcome.Duplicate;
        }

        return Book(value, here, timestampMs, again);
    }

    /// <summary>
    /// The clock went on by so much. It counts for a silent partition only: one whose position is the end that the broker last reported.
    /// </summary>
    public void Tick(long elapsedMs, bool isAtEnd)
    {
        var elapsed = Math.Clamp(elapsedMs, 0, _rules.MaxElapsedMs);
        _sinceDecision += elapsed;
        if (isAtEnd && HasCaughtUp && _streamTime > AggregateCommit.Never)
        {
            _streamTime += elapsed;
        }
    }

    /// <summary>The decision that is due, to be committed before anything of it is published; null where none is.</summary>
    public AggregateCommit? Decide()
    {
        if (_committed.IsPending)
        {
            return IsHolding ? _committed : null;
        }

        if (!HasCaughtUp)
        {
            return null;
        }

        var through = _closedThrough;
        if (_streamTime > AggregateCommit.Never)
        {
            through = Math.Max(through, Floor(_streamTime - _rules.GraceMs, _rules.WindowMs));
        }

        var isDue = _open.EarliestEnd(_rules.WindowMs) <= through ||
            (_late.Count > 0 && (_sinceDecision >= _rules.CorrectionDelayMs || _late.Keys >= _rules.MaxLateKeys)) ||
            (_position > _before.Offset && _sinceDecision >= _rules.CountDelayMs);
        if (!isDue && _open.Count == 0 && _streamTime > AggregateCommit.Never && _closedThrough % _rules.SilentUntilMs != 0 &&
            Floor(through, _rules.SilentStepMs) > _closedThrough)
        {
            (isDue, through) = (true, Floor(through, _rules.SilentStepMs));
        }

        return isDue ? Commit(_decision + 1, _before, through) : null;
    }

    /// <summary>Writes the rollups of a decision: the windows it closes and the corrections of windows closed before.</summary>
    public void WriteValues(AggregateCommit decision, RecordWriter write)
    {
        foreach (var (window, part) in Closed(decision))
        {
            WriteWindow(window, Header(window, part, decision), write);
        }
    }

    /// <summary>Writes what scopes spent in the same windows and corrections.</summary>
    public void WriteSpend(AggregateCommit decision, RecordWriter write)
    {
        foreach (var (window, part) in _spend is null ? [] : Closed(decision))
        {
            _spend!.Write(window, Header(window, part, decision), write);
        }
    }

    /// <summary>
    /// Writes the decision's mark for every rollups partition and every spend partition, to be published when all its values are
    /// acknowledged.
    /// </summary>
    public void WriteMarks(AggregateCommit decision, RecordWriter writeRollups, RecordWriter writeSpend)
    {
        var closedThrough = decision.ClosesThroughMs ?? decision.ClosedThroughMs;
        var needed = Needed(
            _open.Where(window => window.StartMs + _rules.WindowMs > closedThrough), new LogPoint(_position, Duplicates.From));
        var mark = new Mark
        {
            Epoch = decision.Epoch,
            Topic = _topic,
            Partition = _partition,
            Decision = decision.Decision,
            Position = decision.Position,
            ClosedThroughMs = closedThrough,
            StreamTimeMs = decision.StreamTimeMs,
            RulesVersion = decision.RulesVersion,
            NeededOffset = needed.Offset,
            IdsFrom = needed.IdsFrom,
            Counts = new MarkCounts(_read, _counted, _duplicate, _lateEvents, _adjusted, _ticks, new Dictionary<string, long>(_refused)),
        };
        var buffer = new BlockBuffer();
        MarkFormat.Write(mark, buffer);
        var key = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{_topic}/{_partition}/mark"));
        for (var partition = 0; partition < _rules.RollupsPartitions; partition++)
        {
            writeRollups(partition, key, buffer.Written);
        }

        for (var partition = 0; partition < _rules.SpendPartitions; partition++)
        {
            writeSpend(partition, key, buffer.Written);
        }
    }

    /// <summary>The decision's values and marks are acknowledged: what it closed is gone. Returns the commit that says so.</summary>
    public AggregateCommit Published(AggregateCommit decision)
    {
        _closedThrough = decision.ClosesThroughMs ?? decision.ClosedThroughMs;
        _open.RemoveWhere(window => window.StartMs + _rules.WindowMs <= _closedThrough);
        _late.RemoveWhere(_ => true);
        (_lateFrom, _decision, _sinceDecision) = (null, decision.Decision, 0);
        _before = new LogPoint(_position, Duplicates.From);
        (_read, _counted, _duplicate, _lateEvents, _adjusted, _ticks) = (0, 0, 0, 0, 0, 0);
        _refused.Clear();
        if (_names.Count > MaxCached || _keys.Count > MaxCached || _spend is { IsFull: true })
        {
            RebuildCaches();
        }

        return Commit(_decision, null, null) with { StreamTimeMs = decision.StreamTimeMs };
    }

    /// <summary>
    /// Writes the sums so far of keys that changed since the last call, at most so many; the rest follows with the next call. Outside the
    /// protocol of decisions: of one identity the higher position wins, a final value beats them all.
    /// </summary>
    public void WriteProvisional(int maxKeys, RecordWriter write)
    {
        foreach (var window in _open)
        {
            using var blocks = new RollupBlocks(_names, _keys, _rules, ProvisionalHeader(window), write);
            for (var i = 0; i < window.Count && maxKeys > 0; i++)
            {
                ref var key = ref window[i];
                if (key.IsDirty)
                {
                    blocks.Add(window, ref key, sketches: false);
                    key.IsDirty = false;
                    maxKeys--;
                }
            }
        }
    }

    /// <summary>The same for what scopes spent.</summary>
    public void WriteProvisionalSpend(int maxScopes, RecordWriter write)
    {
        if (_spend is null)
        {
            return;
        }

        foreach (var window in _open)
        {
            _spend.WriteChanged(window, ProvisionalHeader(window), ref maxScopes, write);
        }
    }

    /// <summary>Provisional spend was lost: what was written of open windows is written again with the next call.</summary>
    public void RepeatProvisionalSpend()
    {
        foreach (var window in _open)
        {
            window.Spend.ChangeAll();
        }
    }

    public void Dispose() => _names.Dispose();

    private static long Floor(long timeMs, long stepMs) => timeMs - (((timeMs % stepMs) + stepMs) % stepMs);

    private ReadOutcome Book(ReadOnlySpan<byte> value, LogPoint here, long timestampMs, bool again)
    {
        var adjusted = _event.TimeMs > timestampMs + _rules.FutureMs;
        var time = adjusted ? timestampMs : _event.TimeMs;
        var start = Floor(time, _rules.WindowMs);
        var late = start + _rules.WindowMs <= _closedThrough;
        if (late && again)
        {
            return ReadOutcome.Again;
        }

        if (_event.IsBlocked)
        {
            EventSpend.ToDemand(ref _event);
        }

        var tenant = _names.Id(_decoder.Text(value, _event.TenantId));
        var provider = _names.Id(_decoder.Text(value, _event.Provider));
        var model = _names.Id(_decoder.Text(value, _event.Model));
        var prices = Prices(new PlanKey(
            tenant, provider, model, _names.Id(_decoder.Text(value, _event.Region)), _names.Id(_decoder.Text(value, _event.ServiceTier))));
        if (!Pricer.TryPrice(_event, time, prices.Plan, value, _decoder.Scratch, ref _priced))
        {
            return again ? ReadOutcome.Again : Refuse(CostOutOfRange);
        }

        KeyIds key = default;
        key[(int)Dimension.Environment] = _names.Id(_decoder.Text(value, _event.Environment));
        key[(int)Dimension.Tenant] = tenant;
        key[(int)Dimension.App] = _names.Id(_decoder.Text(value, _event.App));
        key[(int)Dimension.Feature] = _names.Id(_decoder.Text(value, _event.Feature));
        key[(int)Dimension.Provider] = provider;
        key[(int)Dimension.Model] = model;
        key[(int)Dimension.PromptVersion] = _names.Id(_decoder.Text(value, _event.PromptVersion));
        for (var i = 0; i < _rules.LabelKeys.Count; i++)
        {
            key[(int)Dimension.Label1 + i] = _names.Id(_decoder.Text(value, _event.Labels[i]));
        }

        key[KeyIds.Cell] = _priced.Cell;
        if (late)
        {
            _lateFrom ??= here;
        }

        var window = (late ? _late : _open).Get(start, here);
        var keyId = _keys.Id(key);
        ref var sums = ref window.Find(keyId, _rules, _keys, _names);
        window.Add(ref sums, _event, _priced, adjusted);
        AddSketches(window, ref sums, value);
        _spend?.Add(window, keyId, key, _event, _decoder.Text(value, _event.UserId), _priced, prices, time, timestampMs);
        _streamTime = Math.Max(_streamTime, Math.Min(time, timestampMs));
        if (again)
        {
            return ReadOutcome.Again;
        }

        _counted++;
        _lateEvents += late ? 1 : 0;
        _adjusted += adjusted ? 1 : 0;
        return ReadOutcome.Counted;
    }

    /// <summary>The reason of an event whose cost leaves 64 bits of picodollars.</summary>
    public const string CostOutOfRange = "cost_out_of_range";

    private void AddSketches(WindowTable window, ref Accumulator sums, ReadOnlySpan<byte> value)
    {
        window.AddHistograms(ref sums, _event);
        if (!_event.UserId.IsEmpty)
        {
            window.AddUser(ref sums, StableHash.Hash(_decoder.Text(value, _event.UserId)));
        }

        if (!_event.SessionId.IsEmpty)
        {
            window.AddSession(ref sums, StableHash.Hash(_decoder.Text(value, _event.SessionId)));
        }

        if (!_event.PromptHash.IsEmpty)
        {
            window.AddPromptHash(ref sums, StableHash.Hash(_decoder.Text(value, _event.PromptHash)));
        }
    }

    private PartitionPrices Prices(PlanKey key)
    {
        ref var prices = ref CollectionsMarshal.GetValueRefOrAddDefault(_prices, key, out _);
        return prices ??= Prices(key, Text(key.ServiceTier));
    }

    private PartitionPrices Prices(PlanKey key, string tier) => new(
        _rules.Prices.Plan(Text(key.Tenant), Text(key.Provider), Text(key.Model), Text(key.Region), tier),
        _spend?.Bound(key.Provider),
        string.Equals(tier, "batch", StringComparison.OrdinalIgnoreCase));

    private string Text(int nameId) => Encoding.UTF8.GetString(_names.Name(nameId));

    private ReadOutcome Refuse(string reason)
    {
        Refusal = reason;
        CollectionsMarshal.GetValueRefOrAddDefault(_refused, reason, out _)++;
        return ReadOutcome.Refused;
    }

    /// <summary>
    /// A commit of where the partition stands: of a decision that closes through a time where one is given, else that the last is
    /// published.
    /// </summary>
    private AggregateCommit Commit(long decision, LogPoint? before, long? closesThrough)
    {
        var needed = LogPoint.Min(before ?? new LogPoint(_position, Duplicates.From), new LogPoint(_position, Duplicates.From));
        needed = Needed(_open, LogPoint.Min(needed, _lateFrom ?? needed));
        return new AggregateCommit(
            needed.Offset, _committed.Epoch, decision, _position, before?.Offset ?? _position, _closedThrough, closesThrough, _streamTime,
            needed.IdsFrom, _rules.Version, _lastTimestamp);
    }

    private static LogPoint Needed(IEnumerable<WindowTable> windows, LogPoint otherwise) =>
        windows.Aggregate(otherwise, (needed, window) => LogPoint.Min(needed, window.First));

    private RollupBlockHeader Header(WindowTable window, long part, AggregateCommit decision) =>
        new(
            decision.Epoch,
            _topic,
            _partition,
            window.StartMs,
            part,
            decision.Decision,
            decision.Position,
            decision.RulesVersion,
            Final: true);

    private RollupBlockHeader ProvisionalHeader(WindowTable window) =>
        new(_committed.Epoch, _topic, _partition, window.StartMs, 0, _decision + 1, _position, _rules.Version, Final: false);

    /// <summary>
    /// What a decision publishes: the windows it closes, then the corrections of windows closed before, each with its part.
    /// </summary>
    private IEnumerable<(WindowTable Window, long Part)> Closed(AggregateCommit decision) =>
        _open.Where(window => window.StartMs + _rules.WindowMs <= decision.ClosesThroughMs).Select(window => (window, 0L))
            .Concat(_late.Select(window => (window, decision.Decision)));

    private void WriteWindow(WindowTable window, RollupBlockHeader header, RecordWriter write)
    {
        using var blocks = new RollupBlocks(_names, _keys, _rules, header, write);
        for (var i = 0; i < window.Count; i++)
        {
            blocks.Add(window, ref window[i], sketches: true);
        }
    }

    private void RebuildCaches()
    {
        var (names, keys) = (new NameIndex(), new KeyTable());
        foreach (var window in OpenWindows)
        {
            window.Renumber(_names, names, _keys, keys);
        }

        _spend?.Renumber(names, OpenWindows);
        _names.Dispose();
        (_names, _keys) = (names, keys);
        _prices.Clear();
    }

    private readonly record struct PlanKey(int Tenant, int Provider, int Model, int Region, int ServiceTier);
}
