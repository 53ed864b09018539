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

    /// <summary>A chunk is closed once it is so long, where nothing else is said; one account more than fits comes on top.</summary>
    public const int ChunkBytes = 256 * 1024;

    internal const byte Kind = (byte)'L';
    internal const byte More = 0;
    internal const byte Last = 1;

    internal enum Tag : byte
    {
        Account = 1,
        Source = 2,
        Finals = 3,
        Provisionals = 4,
        Period = 5,
        Note = 6,
        Opening = 7,
        Gap = 8,
        Position = 9,
    }

    /// <summary>Writes a snapshot at one go: hands over the chunks in order. The bytes are valid only during the call.</summary>
    /// <param name="notes">What others want to find again: texts that mean nothing here.</param>
    public static void Write(SpendLedger ledger, BudgetEvaluator evaluator, IEnumerable<byte[]> notes, Action<int, ReadOnlySpan<byte>> write) =>
        new LedgerSnapshotWriter(ledger, evaluator, () => notes, position: 0).Continue(0, long.MaxValue, write);

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
                    ReadAccount(ref reader, restored.Ledger, restored.Position);
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
                case Tag.Position:
                    restored.Position = reader.Long();
                    break;
                default:
                    throw new FormatException("a part of a snapshot that this format version does not have");
            }
        }
    }

    private static void ReadAccount(ref BlockReader reader, SpendLedger ledger, long position)
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
        account.CountedUpTo = position;
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

    private static SpendSource ReadName(ref BlockReader reader, SpendLedger ledger)
    {
        var (topic, partition) = (reader.Text(), checked((int)reader.Long()));
        return ledger.Sources.FirstOrDefault(source => source.Topic == topic && source.Partition == partition)
            ?? throw new FormatException($"values of {topic}[{partition}], which the snapshot does not know");
    }

    private static void ReadFinals(ref BlockReader reader, SpendLedger ledger)
    {
        var source = ReadName(ref reader, ledger);
        for (var left = reader.Count(); left > 0; left--)
        {
            source.Finals.Add(ReadIdentity(ref reader, ledger));
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

    private static SpendIdentity ReadIdentity(ref BlockReader reader, SpendLedger ledger)
    {
        var identity = new SpendIdentity(reader.Long(), checked((int)reader.Long()), reader.Long());
        return (uint)identity.Account < (uint)ledger.Count ? identity : throw new FormatException("a value of a scope that the snapshot does not know");
    }

    private static RunningPeriod ReadPeriod(ref BlockReader reader)
    {
        var (budget, text) = (reader.Text(), reader.Text());
        return Scope.TryParse(text, out var scope, out var error)
            ? new RunningPeriod(budget, scope, new PeriodSpan(reader.Long(), reader.Long()), reader.Signed())
            : throw new FormatException($"'{text}' {error}");
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
internal sealed record RestoredLedger(SpendLedger Ledger, List<RunningPeriod> Running, List<byte[]> Notes, List<PatternOpening> Openings)
{
    /// <summary>Up to which offset some of it counts; 0 where all counts up to the snapshot's own.</summary>
    public long Position { get; set; }
}
