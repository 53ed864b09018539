using System.Text;
using TokenStream.Windowing;
using Xunit;
using static TokenStream.Tests.Windowing.AggregateFixture;

namespace TokenStream.Tests.Windowing;

/// <summary>The bytes on <c>tokenstream.rollups</c>: docs/rollup-format.md, byte by byte, and what becomes of bytes that are not of it.</summary>
public sealed class RollupFormatTests
{
    [Fact]
    public void A_record_of_one_rollup_is_written_as_documented()
    {
        using var partition = new AggregateFixture();
        partition.Read(partition.Event(Start, "provider:\"p\"", "tokens_in:3"), Start);
        partition.ReadTick(Start + 40_000);
        var decision = partition.Processor.Decide()!;
        var written = new List<string>();
        partition.Processor.WriteValues(decision, (_, key, value) =>
        {
            Assert.Equal("t/0/1772366400000/0", Encoding.UTF8.GetString(key));
            written.Add(Convert.ToHexStringLower(value));
        });

        string[] expected =
        [
            "52", "01", "01", // R, format version, final
            "02", "0174", "00", // epoch 1, "t", partition 0
            "80a8a8949567", // window start 1772366400000, zigzag
            "00", "02", "04", "02", // part 0, decision 1, position 2, rules 1
            "06", "0470726f64", "0161", "00", "0170", "016d", "00", // names: prod, a, (absent), p, m, (no price cell)
            "01", // one rollup
            "00", "01", "02", "02", "03", "04", "02", "02", "02", "02", "02", "05", // its key
            "9780c3808022", // measures 0, 1, 2, 4, 14, 15, 20, 36 and 40 are not zero
            "02", "02", "02", "02", "06", "02", "02", "06", "02", // events .. ok 1, tokens in 3 and out 1, cached unknown 1, unpriced 3 and 1
            "01", "00", "00", "010301", "010101", // sketches: no latencies, a bucket 3 and a bucket 1 with one value each
            "00", "00", "00", // no users, sessions, prompt hashes
        ];
        Assert.Equal(string.Concat(expected), Assert.Single(written));
    }

    [Fact]
    public void A_mark_is_written_as_documented()
    {
        var buffer = new BlockBuffer();
        MarkFormat.Write(Mark(), buffer);
        string[] expected =
        [
            "4d", "01", // M, format version
            "02", "0174", "00", // epoch 1, "t", partition 0
            "02", "04", // decision 1, position 2
            "a0c4a9949567", "8099ad949567", // closed through 10 s, stream time 40 s after the window's start
            "02", "04", "02", // rules 1, needed from offset 2, ids remembered from 1
            "0e", "04", "02", "00", "00", "02", // read 7: counted 2, duplicate 1, late 0, adjusted 0, ticks 1, refused 3
            "02", "0161", "02", "0162", "04", // a 1, b 2, in order of their names
        ];
        Assert.Equal(string.Concat(expected), Convert.ToHexStringLower(buffer.Written));
    }

    [Fact]
    public void A_mark_of_extreme_numbers_is_read_back()
    {
        foreach (var extreme in new[] { long.MinValue, -1, 0, 1, 63, 64, 8_191, 8_192, long.MaxValue })
        {
            var mark = Mark() with
            {
                Epoch = int.MaxValue,
                Partition = int.MaxValue,
                Decision = extreme,
                Position = extreme,
                ClosedThroughMs = extreme,
                StreamTimeMs = extreme,
                RulesVersion = extreme,
                NeededOffset = extreme,
                IdsFrom = extreme,
                Counts = new MarkCounts(extreme, extreme, extreme, extreme, extreme, extreme, new Dictionary<string, long> { ["é"] = extreme }),
            };
            var buffer = new BlockBuffer();
            MarkFormat.Write(mark, buffer);
            var read = RollupDecoder.Read(buffer.Written, [])!;
            Assert.Equal(mark.Counts.Refused, read.Counts.Refused);
            Assert.Equal(mark, read with { Counts = read.Counts with { Refused = mark.Counts.Refused } } with { Counts = mark.Counts });
            Assert.Equal(extreme, read.Counts.Ticks);
        }
    }

    [Fact]
    public void Numbers_of_every_size_are_read_back()
    {
        var buffer = new BlockBuffer();
        var numbers = Enumerable.Range(0, 127).SelectMany(bit => new[] { Int128.One << bit, (Int128.One << bit) - 1, -(Int128.One << bit) })
            .Append(Int128.MaxValue).Append(Int128.MinValue).ToArray();
        foreach (var number in numbers)
        {
            buffer.Signed(number);
        }

        var reader = new BlockReader(buffer.Written);
        foreach (var number in numbers)
        {
            Assert.Equal(number, reader.Signed());
        }

        Assert.True(reader.IsAtEnd);
    }

    [Fact]
    public void A_number_of_more_than_128_bits_is_refused()
    {
        var bytes = Enumerable.Repeat((byte)0xFF, 18).Append((byte)0x03).ToArray();
        Assert.Equal(UInt128.MaxValue, new BlockReader(bytes).Unsigned());
        bytes[18] = 0x04;
        Assert.Throws<FormatException>(() => new BlockReader(bytes).Unsigned());
        bytes[18] = 0x83;
        Assert.Throws<FormatException>(() => new BlockReader([.. bytes, 0]).Unsigned());
    }

    [Fact]
    public void Every_measure_has_a_place_of_its_own()
    {
        var fields = Enumerable.Range(1, RollupMeasures.FieldCount).Select(i => (Int128)(i % 2 == 0 ? i : -i)).ToArray();
        var copied = new Int128[fields.Length];
        RollupMeasures.From(fields).CopyTo(copied);
        Assert.Equal(fields, copied);
        Assert.Throws<OverflowException>(() => RollupMeasures.From([Int128.MaxValue, .. fields[1..]]));
    }

    [Fact]
    public void Bytes_that_are_not_of_the_format_give_a_format_exception_and_nothing_else()
    {
        var samples = Samples();
        var random = new Random(7);
        var accepted = 0;
        for (var i = 0; i < 30_000; i++)
        {
            var bytes = (byte[])samples[random.Next(samples.Count)].Clone();
            switch (random.Next(4))
            {
                case 0:
                    bytes = bytes[..random.Next(bytes.Length)];
                    break;
                case 1:
                    random.NextBytes(bytes.AsSpan(random.Next(3)));
                    break;
                default:
                    for (var left = random.Next(1, 4); left > 0; left--)
                    {
                        bytes[random.Next(bytes.Length)] = (byte)(random.Next(3) == 0 ? 0xFF : random.Next(256));
                    }

                    break;
            }

            try
            {
                RollupDecoder.Read(bytes, []);
                accepted++;
            }
            catch (FormatException)
            {
                // What it promises.
            }
        }

        Assert.InRange(accepted, 1, 29_999);
    }

    [Fact]
    public void Every_beginning_of_a_record_is_refused()
    {
        foreach (var sample in Samples())
        {
            for (var length = 0; length < sample.Length; length++)
            {
                Assert.Throws<FormatException>(() => RollupDecoder.Read(sample.AsSpan(0, length), []));
            }
        }
    }

    [Fact]
    public void Another_version_is_refused_with_the_remedy()
    {
        var refusal = Assert.Throws<FormatException>(() => RollupDecoder.Read([(byte)'R', 2], []));
        Assert.Contains("upgrade", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>Records as a processor writes them: values with all sketches and a correction of adjustments, and a mark.</summary>
    private static List<byte[]> Samples()
    {
        using var partition = new AggregateFixture(Rules with { RollupsPartitions = 1 });
        for (var i = 0; i < 40; i++)
        {
            partition.Read(
                partition.Event(Start, $"tenant_id:\"t{i % 3}\"", $"user_id:\"u{i}\"", $"session_id:\"s{i}\"", $"latency_ms:{i * i}", $"ttft_ms:{i}"), Start);
        }

        partition.Read(partition.Event(Start, "kind:\"adjustment\"", "adjusts:\"e\"", "tokens_in:-1000000000000"), Start);
        partition.Read("not an event", Start);
        partition.ReadTick(Start + 40_000);
        var samples = new List<byte[]>();
        var decision = partition.Processor.Decide()!;
        partition.Processor.WriteValues(decision, (_, _, value) => samples.Add(value.ToArray()));
        partition.Processor.WriteMarks(decision, (_, _, value) => samples.Add(value.ToArray()), (_, _, _) => { });
        return samples;
    }

    private static Mark Mark() => new()
    {
        Epoch = 1,
        Topic = "t",
        Partition = 0,
        Decision = 1,
        Position = 2,
        ClosedThroughMs = Start + 10_000,
        StreamTimeMs = Start + 40_000,
        RulesVersion = 1,
        NeededOffset = 2,
        IdsFrom = 1,
        Counts = new MarkCounts(7, 2, 1, 0, 0, 1, new Dictionary<string, long> { ["b"] = 2, ["a"] = 1 }),
    };
}
