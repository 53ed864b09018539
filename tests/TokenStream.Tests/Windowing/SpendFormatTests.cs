using System.Text;
using TokenStream.Scopes;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Windowing;

/// <summary>The bytes on <c>tokenstream.spend</c>: docs/spend-format.md, byte by byte, and what becomes of bytes that are not of it.</summary>
public sealed class SpendFormatTests
{
    private static readonly RollupBlockHeader Header = new(1, "t", 0, 1_772_366_400_000, 0, 1, 2, 1, Final: true);

    [Fact]
    public void A_record_of_two_scopes_is_written_as_documented()
    {
        string[] expected =
        [
            "53", "01", "01", // S, format version, final
            "02", "0174", "00", // epoch 1, "t", partition 0
            "80a8a8949567", // window start 1772366400000, zigzag
            "00", "02", "04", "02", // part 0, decision 1, position 2, rules 1
            "0e", // budgets 7
            "02", // two scopes
            "03616c6c", "0a", "21", "8101", "06", // all, 5 ms after the start, cost and tokens: -65 and 3
            "0874656e616e743d61", "00", "00", // tenant=a, at the start, nothing
        ];
        Assert.Equal(string.Concat(expected), Convert.ToHexStringLower(Record()));
    }

    [Fact]
    public void What_was_written_is_read_back()
    {
        var spends = new List<ScopeSpend>();
        Assert.Null(new SpendDecoder().Read(Record(), spends));
        Assert.Equal(Header, spends[0].Block);
        Assert.Equal(
            new ScopeSpend(spends[0].Block, Scope.Everything, new SpendMeasures { Cost = -65, Tokens = 3 }) { BudgetsVersion = 7, EventMs = 1_772_366_400_005 },
            spends[0]);
        Assert.Equal(("tenant=a", default(SpendMeasures), 2), (spends[1].Scope.Text, spends[1].Measures, spends.Count));
    }

    [Fact]
    public void Every_measure_has_a_place_of_its_own()
    {
        for (var field = 0; field < SpendMeasures.FieldCount; field++)
        {
            var fields = new Int128[SpendMeasures.FieldCount];
            fields[field] = field < 5 ? Int128.MinValue : long.MinValue;
            var measures = SpendMeasures.From(fields);
            var encoder = new SpendEncoder();
            encoder.Add("all"u8, 0, measures);
            var spends = new List<ScopeSpend>();
            new SpendDecoder().Read(encoder.Finish(Header, 1), spends);
            Assert.Equal(measures, Assert.Single(spends).Measures);
            var back = new Int128[SpendMeasures.FieldCount];
            measures.CopyTo(back);
            Assert.Equal(fields, back);
        }
    }

    [Fact]
    public void A_mark_is_the_same_as_among_rollups()
    {
        var buffer = new BlockBuffer();
        var mark = new Mark
        {
            Epoch = 1, Topic = "t", Partition = 2, Decision = 3, Position = 4, ClosedThroughMs = 5, StreamTimeMs = 6, RulesVersion = 7, NeededOffset = 8,
            IdsFrom = 9, Counts = new MarkCounts(1, 1, 0, 0, 0, 0, new Dictionary<string, long>()),
        };
        MarkFormat.Write(mark, buffer);
        Assert.Equal(RollupDecoder.Read(buffer.Written, [])! with { Counts = mark.Counts }, new SpendDecoder().Read(buffer.Written, [])! with { Counts = mark.Counts });
    }

    [Fact]
    public void A_record_that_ends_early_or_is_of_another_version_is_refused()
    {
        var record = Record();
        for (var length = 0; length < record.Length; length++)
        {
            Assert.Throws<FormatException>(() => new SpendDecoder().Read(record.AsSpan(0, length), []));
        }

        record[1] = 2;
        Assert.Throws<FormatException>(() => new SpendDecoder().Read(record, []));
        (record[0], record[1]) = ((byte)'R', 1);
        Assert.Throws<FormatException>(() => new SpendDecoder().Read(record, []));
    }

    [Theory]
    [InlineData("tenant=<each>")]
    [InlineData("model=m;tenant=a")]
    [InlineData("")]
    [InlineData("tenant=%zz")]
    public void A_text_that_is_no_scope_is_refused(string text)
    {
        var encoder = new SpendEncoder();
        encoder.Add(Encoding.UTF8.GetBytes(text), 0, default);
        var record = encoder.Finish(Header, 1).ToArray();
        Assert.Throws<FormatException>(() => new SpendDecoder().Read(record, []));
    }

    private static byte[] Record()
    {
        var encoder = new SpendEncoder();
        encoder.Add("all"u8, 5, new SpendMeasures { Cost = -65, Tokens = 3 });
        encoder.Add("tenant=a"u8, 0, default);
        return encoder.Finish(Header, 7).ToArray();
    }
}
