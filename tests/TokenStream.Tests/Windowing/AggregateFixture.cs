using System.Globalization;
using System.Text;
using TokenStream.Windowing;

namespace TokenStream.Tests.Windowing;

/// <summary>One partition's processor, driven as its owner would: records in, decisions published, their values and marks kept.</summary>
internal sealed class AggregateFixture : IDisposable
{
    /// <summary>2026-03-01T12:00:00Z, where a window begins.</summary>
    public const long Start = 1_772_366_400_000;

    private readonly SpendDecoder _spends = new();
    private long _offset;
    private long _ids;

    public AggregateFixture(AggregateRules? rules = null)
    {
        Processor = new AggregateProcessor("t", 0, rules ?? Rules, AggregateCommit.First(0, 1, 1));
    }

    public static AggregateRules Rules { get; } = new() { Version = 1, Prices = TokenStream.Pricing.PriceBook.Empty };

    public AggregateProcessor Processor { get; }

    public List<Rollup> Rollups { get; } = [];

    /// <summary>What scopes spent, as decisions published it.</summary>
    public List<ScopeSpend> Spends { get; } = [];

    public List<Mark> Marks { get; } = [];

    public List<AggregateCommit> Decisions { get; } = [];

    /// <summary>An event of one input and one output token; <paramref name="more"/> adds or replaces fields, <c>"name":value</c> each.</summary>
    public string Event(long timeMs, params string[] more)
    {
        var fields = new Dictionary<string, string>
        {
            ["event_id"] = $"\"e{_ids++}\"",
            ["time"] = timeMs.ToString(CultureInfo.InvariantCulture),
            ["tenant_id"] = "\"a\"",
            ["provider"] = "\"acme\"",
            ["model"] = "\"m\"",
            ["tokens_in"] = "1",
            ["tokens_out"] = "1",
        };
        foreach (var field in more)
        {
            var colon = field.IndexOf(':', StringComparison.Ordinal);
            fields[field[..colon].Trim('"')] = field[(colon + 1)..];
        }

        return $"{{{string.Join(',', fields.Select(f => $"\"{f.Key}\":{f.Value}"))}}}";
    }

    /// <summary>Reads a record whose broker timestamp is the start of the fixture's first window unless given.</summary>
    public ReadOutcome Read(string record, long timestampMs) => Processor.Read(_offset++, timestampMs, Encoding.UTF8.GetBytes(record));

    public ReadOutcome ReadTick(long timeMs) => Read(string.Create(CultureInfo.InvariantCulture, $$"""{"kind":"tick","time":{{timeMs}}}"""), timeMs);

    /// <summary>Publishes the decision that is due; false where none is.</summary>
    public bool Publish()
    {
        if (Processor.Decide() is not { } decision)
        {
            return false;
        }

        Decisions.Add(decision);
        Processor.WriteValues(decision, (_, _, value) => RollupDecoder.Read(value, Rollups));
        Processor.WriteSpend(decision, (_, _, value) => _spends.Read(value, Spends));
        Processor.WriteMarks(decision, (partition, _, value) =>
        {
            if (RollupDecoder.Read(value, Rollups) is { } mark && partition == 0)
            {
                Marks.Add(mark);
            }
        }, (_, _, value) => _spends.Read(value, Spends));
        Processor.Published(decision);
        return true;
    }

    /// <summary>Closes everything that is open: a tick far beyond it, then what is due.</summary>
    public void Close(long atMs)
    {
        ReadTick(atMs);
        while (Publish())
        {
            // Until nothing is due.
        }
    }

    /// <summary>What was rolled up, without who decided it when: sums and sketches by window, part and key, as text.</summary>
    public string Content(bool withParts = true) => string.Join('\n', Rollups.Select(r => Line(r, withParts)).Order(StringComparer.Ordinal));

    public void Dispose() => Processor.Dispose();

    private static string Line(Rollup rollup, bool withParts)
    {
        Span<Int128> fields = stackalloc Int128[RollupMeasures.FieldCount];
        rollup.Measures.CopyTo(fields);
        var sums = string.Join(' ', fields.ToArray().Select(f => f.ToString(CultureInfo.InvariantCulture)));
        var histograms = new[] { rollup.LatencyMs, rollup.TtftMs, rollup.TokensIn, rollup.TokensOut }
            .Select(h => string.Join(' ', h.Buckets.Zip(h.Counts, (bucket, count) => $"{bucket}x{count}")));
        var uniques = new[] { rollup.Users, rollup.Sessions, rollup.PromptHashes }
            .Select(u => string.Join(' ', u.Registers.Zip(u.Ranks, (register, rank) => $"{register}={rank}")));
        return $"{rollup.Block.WindowStartMs}|{(withParts ? rollup.Block.Part : 0)}|{rollup.Key}|{sums}|{string.Join('|', histograms)}|{string.Join('|', uniques)}";
    }
}
