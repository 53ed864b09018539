using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using TokenStream.Chdb.Native;
using Xunit;

namespace TokenStream.Tests.Chdb.Native;

public sealed class NativeRevisionTests
{
    public static TheoryData<string> Expressions => [.. NativeSample.Recorded().Select(sample => sample.Expression)];

    [Theory]
    [MemberData(nameof(Expressions))]
    public void Every_type_the_engine_writes_is_walked_over(string expression)
    {
        var sample = NativeSample.Recorded().Single(sample => sample.Expression == expression);
        Assert.Equal(sample.Expected(), Rewritten([sample.Answer]));
    }

    [Fact]
    public void An_answer_cut_anywhere_becomes_the_same()
    {
        var samples = NativeSample.Recorded().ToArray();
        byte[] answer = [.. samples.SelectMany(sample => sample.Answer)];
        byte[] expected = [.. samples.SelectMany(sample => sample.Expected())];
        Assert.Equal(expected, Rewritten([answer]));
        Assert.Equal(expected, Rewritten(answer.Select(single => new[] { single })));
        Assert.Equal(expected, Rewritten(answer.Chunk(7)));
        Assert.Equal(expected, Rewritten(answer.Chunk(1000)));
    }

    [Fact]
    public void An_empty_answer_stays_empty() => Assert.Empty(Rewritten([]));

    [Fact]
    public void An_empty_block_names_its_columns()
    {
        byte[] expected = [1, 0, 2, 255, 255, 255, 255, 0, 2, 0, 1, (byte)'a', 5, .. "UInt8"u8, 0, 1, (byte)'b', 6, .. "String"u8, 0];
        Assert.Equal(expected, NativeRevision.EmptyBlock([("a", "UInt8"), ("b", "String")]));
    }

    [Fact]
    public void A_block_without_rows_has_no_values()
    {
        byte[] answer = [1, 0, 1, (byte)'a', 22, .. "LowCardinality(String)"u8];
        Assert.Equal([1, 0, 2, 255, 255, 255, 255, 0, .. answer, 0], Rewritten([answer]));
    }

    [Fact]
    public void An_answer_that_ends_within_a_block_is_noticed()
    {
        var answer = NativeSample.Recorded().First().Answer;
        Assert.Throws<NativeFormatException>(() => Rewritten([answer[..^1]]));
        Assert.Throws<NativeFormatException>(() => Rewritten([answer[..2]]));
    }

    [Theory]
    [InlineData("JSON")]
    [InlineData("Dynamic")]
    [InlineData("Variant(String, UInt8)")]
    [InlineData("AggregateFunction(sum, UInt64)")]
    [InlineData("Array(AggregateFunction(sum, UInt64))")]
    [InlineData("QBit(Float32, 2)")]
    [InlineData("Object('json')")]
    [InlineData("Array")]
    [InlineData("FixedString(x)")]
    [InlineData("SimpleAggregateFunction")]
    [InlineData("SimpleAggregateFunction()")]
    [InlineData("")]
    public void A_type_that_cannot_be_walked_over_is_refused_by_name(string type)
    {
        var error = Assert.Throws<NativeFormatException>(() => NativeTypeParser.Parse(type));
        Assert.Contains($"the type {type} ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(54405, "Native", false)]
    [InlineData(54453, "Native", false)]
    [InlineData(54454, "Native", true)]
    [InlineData(54460, "native", true)]
    [InlineData(54460, "JSON", false)]
    [InlineData(0, "Native", false)]
    public void Only_newer_clients_that_ask_for_Native_need_it(int version, string format, bool expected) =>
        Assert.Equal(expected, NativeRevision.IsWanted(version, format));

    [Fact]
    public void Broken_bytes_end_in_an_error_or_in_bytes_but_nowhere_else()
    {
        var answers = NativeSample.Recorded().Select(sample => sample.Answer).ToArray();
        var broken =
            from answer in Gen.Elements(answers)
            from at in Gen.Choose(0, answer.Length - 1)
            from value in Gen.Choose(0, 255)
            select answer.Select((old, index) => index == at ? (byte)value : old).ToArray();
        Prop.ForAll(broken.ToArbitrary(), Ends).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
        Prop.ForAll<byte[]>(Ends).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

        static bool Ends(byte[] answer)
        {
            try
            {
                return Rewritten([answer]).Length >= answer.Length;
            }
            catch (NativeFormatException)
            {
                return true;
            }
        }
    }

    private static byte[] Rewritten(IEnumerable<byte[]> chunks)
    {
        var output = new ArrayBufferWriter<byte>();
        var revision = new NativeRevision();
        foreach (var chunk in chunks)
        {
            revision.Append(chunk, output);
        }
        revision.Complete();
        return output.WrittenSpan.ToArray();
    }
}
