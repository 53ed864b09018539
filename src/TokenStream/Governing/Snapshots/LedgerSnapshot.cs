using TokenStream.Budgets;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Ledger;
using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.Governing.Snapshots;

/// <summary>
/// A ledger as bytes, in chunks of bounded size, each a list of tagged parts: docs/governing.md. What is written is everything that
/// decides later sums and evaluations, so that one restored goes on as if it had never stopped.
/// </summary>
internal static class LedgerSnapshot
{
    public const byte Version = 1;

    /// <summary>A chunk is closed once it is so long; one account more than fits comes on top.</summary>
    public const int ChunkBytes = 256 * 1024;

    private const byte Kind = (byte)'L';
    private const byte More = 0;
    private const byte Last = 1;

    private enum Tag : byte
    {
        Account = 1,
        Source = 2,
        Finals = 3,
        Provisionals = 4,
        Period = 5,
        Note = 6,
        Opening = 7,
        Gap = 8,
    }

    /// <summary>Hands over the chunks in order. The bytes are valid only during the call.</summary>
    /// <param name="notes">What others want to find again: texts that mean nothing here.</param>
    public static void Write(SpendLedger ledger, BudgetEvaluator evaluator, IEnumerable<byte[]> notes, Action<int, ReadOnlySpan<byte>> write)
    {
        var (chunk, to) = (0, new BlockBuffer());
        Begin(to, More);

        void Part(Action<BlockBuffer> part)
        {
            part(to);
            if (to.Length >= ChunkBytes)
            {
                write(chunk++, to.Written);
                Begin(to, More);
            }
        }

        foreach (var account in ledger.Accounts)
        {
            Part(buffer => WriteAccount(account, buffer));
        }

        foreach (var source in ledger.Sources.OrderBy(source => source.Topic, StringComparer.Ordinal).ThenBy(source => source.Partition))
        {
            Part(buffer => WriteSource(source, buffer));
            foreach (var finals in source.Finals.OrderBy(final => (final.WindowMs, final.Account, final.Part)).Chunk(4096))
            {
                Part(buffer => WriteFinals(source, finals, buffer));
            }

            foreach (var provisionals in source.Provisionals.OrderBy(pair => (pair.Key.WindowMs, pair.Key.Account, pair.Key.Part)).Chunk(1024))
            {
                Part(buffer => WriteProvisionals(source, provisionals, buffer));
            }
        }

        foreach (var period in evaluator.Running)
        {
            Part(buffer => WritePeriod(period, buffer));
        }

        foreach (var opening in evaluator.Openings)
        {
            // One that has no balances is written, too: that there are none is what was told.
            var balances = opening.Balances.OrderBy(pair => pair.Key.Text, StringComparer.Ordinal).ToArray();
            for (var i = 0; i == 0 || i < balances.Length; i += 1024)
            {
                Part(buffer => WriteOpening(opening, balances.AsSpan(i, Math.Min(1024, balances.Length - i)), buffer));
            }
        }

        if (ledger.CompleteSinceMs > 0)
        {
            Part(buffer =>
            {
                buffer.Byte((byte)Tag.Gap);
                buffer.Signed(ledger.CompleteSinceMs);
            });
        }

        foreach (var note in notes)
        {
            Part(buffer =>
            {
                buffer.Byte((byte)Tag.Note);
                buffer.Text(note);
            });
        }

        // The last chunk says so: a snapshot without it was not written to its end.
        var rest = to.Written[3..].ToArray();
        Begin(to, Last);
        to.Bytes(rest);
        write(chunk, to.Written);
    }

    /// <summary>Reads the chunks of one snapshot in order.</summary>
    /// <exception cref="FormatException">They are not a whole snapshot.</exception>
    public static RestoredLedger Read(IReadOnlyList<byte[]> chunks, int limit)
    {
        var restored = new RestoredLedger(new SpendLedger(limit), [], [], []);
        for (var i = 0; i < chunks.Count; i++)
        {
            try
            {
                ReadChunk(chunks[i], isLast: i == chunks.Count - 1, restored);
            }
            catch (OverflowException overflow)
            {
                throw new FormatException("a number does not fit its field", overflow);
            }
        }

        return chunks.Count > 0 ? restored : throw new FormatException("a snapshot without chunks");
    }

    private static void Begin(BlockBuffer to, byte end)
    {
        to.Clear();
        to.Byte(Kind);
        to.Byte(Version);
        to.Byte(end);
    }

    private static void ReadChunk(byte[] chunk, bool isLast, RestoredLedger restored)
    {
        var reader = new BlockReader(chunk);
        if (reader.Byte() != Kind || reader.Byte() != Version)
        {
            throw new FormatException($"not a chunk of a ledger's snapshot of format version {Version}");
        }

        if (reader.Byte() != (isLast ? Last : More))
        {
            throw new FormatException("a snapshot without its end");
        }

        while (!reader.IsAtEnd)
        {
            switch ((Tag)reader.Byte())
            {
                case Tag.Account:
                    ReadAccount(ref reader, restored.Ledger);
                    break;
                case Tag.Source:
                    ReadSource(ref reader, restored.Ledger);
                    break;
                case Tag.Finals:
                    ReadFinals(ref reader, restored.Ledger);
                    break;
                case Tag.Provisionals:
                    ReadProvisionals(ref reader, restored.Ledger);
                    break;
                case Tag.Period:
                    restored.Running.Add(ReadPeriod(ref reader));
                    break;
                case Tag.Note:
                    restored.Notes.Add(reader.TextBytes().ToArray());
                    break;
                case Tag.Opening:
                    ReadOpening(ref reader, restored.Openings);
                    break;
                case Tag.Gap:
                    restored.Ledger.CompleteSinceMs = reader.Long();
                    break;
                default:
                    throw new FormatException("a part of a snapshot that this format version does not have");
            }
        }
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

    private static void ReadAccount(ref BlockReader reader, SpendLedger ledger)
    {
        var text = reader.Text();
        if (!Scope.TryParse(text, out var scope, out var error))
        {
            throw new FormatException($"'{text}' {error}");
        }

        var account = ledger.Open(scope) ?? throw new FormatException($"a snapshot of more than {ledger.Limit} scopes: raise the limit");
        account.NewestWindowMs = reader.Long();
        account.OldestWindowMs = reader.Long();
        account.EventMs = reader.Long();
        var total = ReadMeasures(ref reader);
        var boundaries = new List<PeriodBoundary>();
        for (var left = reader.Count(); left > 0; left--)
        {
            var timeMs = reader.Long();
            var isComplete = reader.Byte() != 0;
            var countsFrom = reader.Long();
            boundaries.Add(new PeriodBoundary(timeMs)
            {
                IsComplete = isComplete,
                CountsFromMs = countsFrom < 0 ? null : countsFrom,
                Before = ReadMeasures(ref reader),
            });
        }

        account.Restore(total, boundaries);
        foreach (var tier in account.Tiers)
        {
            ReadTier(ref reader, tier);
        }
    }

    private static void ReadTier(ref BlockReader reader, SumTier tier)
    {
        // A column may hold so many samples only if the bytes for them are there.
        if (reader.Unsigned() is var samples && samples == 0)
        {
            return;
        }

        var count = samples <= SumTier.MostSamples ? (int)samples : throw new FormatException("more samples than a tier keeps");
        var firstMs = reader.Long();
        var columns = new List<(SumColumn, Int128[])>();
        for (var left = reader.Count(); left > 0; left--)
        {
            var column = reader.Byte();
            if (column >= SumColumns.Count)
            {
                throw new FormatException("a measure that this format version does not have");
            }

            var (values, value) = (new Int128[count], Int128.Zero);
            for (var i = 0; i < count; i++)
            {
                values[i] = value += reader.Signed();
            }

            columns.Add(((SumColumn)column, values));
        }

        tier.Restore(firstMs, count, columns);
    }

    private static void WriteSource(SpendSource source, BlockBuffer to)
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

    private static void ReadSource(ref BlockReader reader, SpendLedger ledger)
    {
        var (topic, partition) = (reader.Text(), checked((int)reader.Long()));
        var source = ledger.SourceOf(topic, partition, checked((int)reader.Long()));
        source.Decision = reader.Long();
        source.MarkPosition = reader.Long();
        source.ClosedThroughMs = reader.Long();
        source.RulesVersion = reader.Long();
        source.Position = reader.Long();
    }

    private static void WriteName(SpendSource source, BlockBuffer to)
    {
        to.Text(source.Topic);
        to.Signed(source.Partition);
    }

    private static SpendSource ReadName(ref BlockReader reader, SpendLedger ledger)
    {
        var (topic, partition) = (reader.Text(), checked((int)reader.Long()));
        return ledger.Sources.FirstOrDefault(source => source.Topic == topic && source.Partition == partition)
            ?? throw new FormatException($"values of {topic}[{partition}], which the snapshot does not know");
    }

    private static void WriteFinals(SpendSource source, SpendIdentity[] finals, BlockBuffer to)
    {
        to.Byte((byte)Tag.Finals);
        WriteName(source, to);
        to.Unsigned((UInt128)finals.Length);
        foreach (var final in finals)
        {
            WriteIdentity(final, to);
        }
    }

    private static void ReadFinals(ref BlockReader reader, SpendLedger ledger)
    {
        var source = ReadName(ref reader, ledger);
        for (var left = reader.Count(); left > 0; left--)
        {
            source.Finals.Add(ReadIdentity(ref reader, ledger));
        }
    }

    private static void WriteProvisionals(SpendSource source, KeyValuePair<SpendIdentity, ProvisionalSpend>[] provisionals, BlockBuffer to)
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

    private static void ReadProvisionals(ref BlockReader reader, SpendLedger ledger)
    {
        var source = ReadName(ref reader, ledger);
        for (var left = reader.Count(); left > 0; left--)
        {
            var identity = ReadIdentity(ref reader, ledger);
            var position = reader.Long();
            source.Provisionals[identity] = new ProvisionalSpend(position, ReadMeasures(ref reader));
        }
    }

    private static void WriteIdentity(SpendIdentity identity, BlockBuffer to)
    {
        to.Signed(identity.WindowMs);
        to.Signed(identity.Account);
        to.Signed(identity.Part);
    }

    private static SpendIdentity ReadIdentity(ref BlockReader reader, SpendLedger ledger)
    {
        var identity = new SpendIdentity(reader.Long(), checked((int)reader.Long()), reader.Long());
        return (uint)identity.Account < (uint)ledger.Count ? identity : throw new FormatException("a value of a scope that the snapshot does not know");
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

    private static RunningPeriod ReadPeriod(ref BlockReader reader)
    {
        var (budget, text) = (reader.Text(), reader.Text());
        return Scope.TryParse(text, out var scope, out var error)
            ? new RunningPeriod(budget, scope, new PeriodSpan(reader.Long(), reader.Long()), reader.Signed())
            : throw new FormatException($"'{text}' {error}");
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

    private static void ReadOpening(ref BlockReader reader, List<PatternOpening> openings)
    {
        var (pattern, startMs, sinceMs) = (reader.Text(), reader.Long(), reader.Long());
        if (openings.Count == 0 || openings[^1].Pattern != pattern || openings[^1].PeriodStartMs != startMs)
        {
            openings.Add(new PatternOpening(pattern, startMs, new Dictionary<Scope, SpendMeasures>()) { SinceMs = sinceMs });
        }

        var balances = (Dictionary<Scope, SpendMeasures>)openings[^1].Balances;
        for (var left = reader.Count(); left > 0; left--)
        {
            var text = reader.Text();
            balances[Scope.TryParse(text, out var scope, out var error) ? scope : throw new FormatException($"'{text}' {error}")] = ReadMeasures(ref reader);
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

    private static SpendMeasures ReadMeasures(ref BlockReader reader)
    {
        Span<Int128> fields = stackalloc Int128[SpendMeasures.FieldCount];
        for (var i = 0; i < fields.Length; i++)
        {
            fields[i] = reader.Signed();
        }

        return SpendMeasures.From(fields);
    }
}

/// <summary>What a snapshot held.</summary>
internal sealed record RestoredLedger(SpendLedger Ledger, List<RunningPeriod> Running, List<byte[]> Notes, List<PatternOpening> Openings);
