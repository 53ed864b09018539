using System.Collections;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Ledger;
using TokenStream.Scopes;
using TokenStream.Windowing;
using static TokenStream.Governing.Snapshots.LedgerSnapshot;

namespace TokenStream.Governing.Snapshots;

/// <summary>
/// Writes a ledger in slices while it goes on counting. What is known of single values is copied at the beginning, and an account is written as it
/// stands when its turn comes, with the offset up to which it counts by then. Who restores it reads on from the beginning and passes over,
/// account by account, what is counted already: reading again gives the same changes, since the single values are as they were. So nobody
/// waits for a snapshot, nothing is written twice, and what is remembered beside the ledger is the values that were open.
/// </summary>
internal sealed class LedgerSnapshotWriter
{
    private readonly SpendLedger _ledger;
    private readonly BudgetEvaluator _evaluator;
    private readonly Func<IEnumerable<byte[]>> _notes;
    private readonly int _accounts;
    private readonly int _chunkBytes;
    private readonly SourceState[] _sources;
    private readonly PatternOpening[] _openings;
    private readonly BlockBuffer _to = new();
    private readonly IEnumerator _parts;
    private long _position;
    private long _said;
    private long _written;
    private int _chunk;

    /// <param name="notes">What others want to find again, asked for at the end: texts that mean nothing here.</param>
    /// <param name="position">The offset up to which the ledger counts: where whoever restores it reads on.</param>
    /// <param name="chunkBytes">A chunk is closed once it is so long.</param>
    public LedgerSnapshotWriter(
        SpendLedger ledger, BudgetEvaluator evaluator, Func<IEnumerable<byte[]>> notes, long position, int chunkBytes = ChunkBytes)
    {
        _chunkBytes = chunkBytes;
        (_ledger, _evaluator, _notes, _accounts, _said) = (ledger, evaluator, notes, ledger.Count, position);
        _sources = [.. ledger.Sources.OrderBy(source => source.Topic, StringComparer.Ordinal).ThenBy(source => source.Partition).Select(source => new SourceState(source))];

        // What was told later is asked for again: an account that was written before would wait for it in vain.
        _openings = [.. evaluator.Openings];
        _parts = Parts();
        Begin(More);
    }

    /// <summary>Bytes of the chunks handed over.</summary>
    public long Bytes => _written;

    /// <summary>Chunks handed over.</summary>
    public int Chunks => _chunk;

    /// <summary>Writes so much more; whether the snapshot is whole.</summary>
    /// <param name="position">The offset up to which the ledger counts now.</param>
    /// <param name="write">Takes a chunk; its bytes are valid only during the call.</param>
    public bool Continue(long position, long bytes, Action<int, ReadOnlySpan<byte>> write)
    {
        _position = position;
        for (var begun = _written + _to.Length; _written + _to.Length - begun < bytes;)
        {
            if (!_parts.MoveNext())
            {
                // The last chunk says so: a snapshot without it was not written to its end.
                var rest = _to.Written[3..].ToArray();
                Begin(Last);
                _to.Bytes(rest);
                HandOver(write);
                return true;
            }

            if (_to.Length >= _chunkBytes)
            {
                HandOver(write);
                Begin(More);
            }
        }

        return false;
    }

    /// <summary>Writes a part at a time.</summary>
    private IEnumerator Parts()
    {
        for (var i = 0; i < _accounts; i++)
        {
            SayPosition();
            WriteAccount(_ledger.Accounts[i], _to);
            yield return null;
        }

        foreach (var source in _sources)
        {
            WriteSource(source, _to);
            yield return null;
            for (var i = 0; i < source.Finals.Length; i += 4096)
            {
                WriteFinals(source, source.Finals.AsSpan(i, Math.Min(4096, source.Finals.Length - i)), _to);
                yield return null;
            }

            for (var i = 0; i < source.Provisionals.Length; i += 1024)
            {
                WriteProvisionals(source, source.Provisionals.AsSpan(i, Math.Min(1024, source.Provisionals.Length - i)), _to);
                yield return null;
            }
        }

        // After the accounts: a period that began meanwhile finds its start in them, while one that ended would not.
        foreach (var period in _evaluator.Running.ToArray())
        {
            WritePeriod(period, _to);
            yield return null;
        }

        foreach (var opening in _openings)
        {
            // One that has no balances is written, too: that there are none is what was told.
            var balances = opening.Balances.OrderBy(pair => pair.Key.Text, StringComparer.Ordinal).ToArray();
            for (var i = 0; i == 0 || i < balances.Length; i += 1024)
            {
                WriteOpening(opening, balances.AsSpan(i, Math.Min(1024, balances.Length - i)), _to);
                yield return null;
            }
        }

        if (_ledger.CompleteSinceMs > 0)
        {
            _to.Byte((byte)Tag.Gap);
            _to.Signed(_ledger.CompleteSinceMs);
        }

        foreach (var note in _notes().ToArray())
        {
            _to.Byte((byte)Tag.Note);
            _to.Text(note);
            yield return null;
        }
    }

    /// <summary>Says up to which offset the accounts that follow count, where it is another than before.</summary>
    private void SayPosition()
    {
        if (_position > _said)
        {
            _to.Byte((byte)Tag.Position);
            _to.Signed(_said = _position);
        }
    }

    private void Begin(byte end)
    {
        _to.Clear();
        _to.Byte(Kind);
        _to.Byte(LedgerSnapshot.Version);
        _to.Byte(end);
    }

    private void HandOver(Action<int, ReadOnlySpan<byte>> write)
    {
        write(_chunk++, _to.Written);
        _written += _to.Length;
        _to.Clear();
    }

    private static void WriteAccount(ScopeAccount account, BlockBuffer to)
    {
        to.Byte((byte)Tag.Account);
        to.Text(account.Scope.Text);
        to.Signed(account.NewestWindowMs);
        to.Signed(account.OldestWindowMs);
        to.Signed(account.EventMs);
        WriteMeasures(account.Total, to);
        to.Unsigned((UInt128)account.Boundaries.Count);
        foreach (var boundary in account.Boundaries)
        {
            to.Signed(boundary.TimeMs);
            to.Byte(boundary.IsComplete ? (byte)1 : (byte)0);
            to.Signed(boundary.CountsFromMs ?? -1);
            WriteMeasures(boundary.Before, to);
        }

        foreach (var tier in account.Tiers)
        {
            to.Unsigned((UInt128)tier.Count);
            if (tier.Count == 0)
            {
                continue;
            }

            to.Signed(tier.FirstMs);
            SumColumn[] columns = [.. tier.Columns];
            to.Unsigned((UInt128)columns.Length);
            foreach (var column in columns)
            {
                to.Byte((byte)column);
                var before = Int128.Zero;
                for (var i = 0; i < tier.Count; i++)
                {
                    var sample = tier.Sample(column, i);
                    to.Signed(sample - before);
                    before = sample;
                }
            }
        }
    }

    private static void WriteSource(in SourceState source, BlockBuffer to)
    {
        to.Byte((byte)Tag.Source);
        WriteName(source, to);
        to.Signed(source.Epoch);
        to.Signed(source.Decision);
        to.Signed(source.MarkPosition);
        to.Signed(source.ClosedThroughMs);
        to.Signed(source.RulesVersion);
        to.Signed(source.Position);
    }

    private static void WriteName(in SourceState source, BlockBuffer to)
    {
        to.Text(source.Topic);
        to.Signed(source.Partition);
    }

    private static void WriteFinals(in SourceState source, ReadOnlySpan<SpendIdentity> finals, BlockBuffer to)
    {
        to.Byte((byte)Tag.Finals);
        WriteName(source, to);
        to.Unsigned((UInt128)finals.Length);
        foreach (var final in finals)
        {
            WriteIdentity(final, to);
        }
    }

    private static void WriteProvisionals(in SourceState source, ReadOnlySpan<KeyValuePair<SpendIdentity, ProvisionalSpend>> provisionals, BlockBuffer to)
    {
        to.Byte((byte)Tag.Provisionals);
        WriteName(source, to);
        to.Unsigned((UInt128)provisionals.Length);
        foreach (var (identity, provisional) in provisionals)
        {
            WriteIdentity(identity, to);
            to.Signed(provisional.Position);
            WriteMeasures(provisional.Measures, to);
        }
    }

    private static void WriteIdentity(SpendIdentity identity, BlockBuffer to)
    {
        to.Signed(identity.WindowMs);
        to.Signed(identity.Account);
        to.Signed(identity.Part);
    }

    private static void WritePeriod(RunningPeriod period, BlockBuffer to)
    {
        to.Byte((byte)Tag.Period);
        to.Text(period.Budget);
        to.Text(period.Scope.Text);
        to.Signed(period.Period.StartMs);
        to.Signed(period.Period.EndMs);
        to.Signed(period.Carried);
    }

    private static void WriteOpening(PatternOpening opening, ReadOnlySpan<KeyValuePair<Scope, SpendMeasures>> balances, BlockBuffer to)
    {
        to.Byte((byte)Tag.Opening);
        to.Text(opening.Pattern);
        to.Signed(opening.PeriodStartMs);
        to.Signed(opening.SinceMs);
        to.Unsigned((UInt128)balances.Length);
        foreach (var (scope, measures) in balances)
        {
            to.Text(scope.Text);
            WriteMeasures(measures, to);
        }
    }

    private static void WriteMeasures(in SpendMeasures measures, BlockBuffer to)
    {
        Span<Int128> fields = stackalloc Int128[SpendMeasures.FieldCount];
        measures.CopyTo(fields);
        foreach (var field in fields)
        {
            to.Signed(field);
        }
    }

    /// <summary>What was known of an input partition when the snapshot was begun.</summary>
    private readonly struct SourceState(SpendSource source)
    {
        public string Topic { get; } = source.Topic;

        public int Partition { get; } = source.Partition;

        public int Epoch { get; } = source.Epoch;

        public long Decision { get; } = source.Decision;

        public long MarkPosition { get; } = source.MarkPosition;

        public long ClosedThroughMs { get; } = source.ClosedThroughMs;

        public long RulesVersion { get; } = source.RulesVersion;

        public long Position { get; } = source.Position;

        public SpendIdentity[] Finals { get; } = [.. source.Finals];

        public KeyValuePair<SpendIdentity, ProvisionalSpend>[] Provisionals { get; } = [.. source.Provisionals];
    }
}
