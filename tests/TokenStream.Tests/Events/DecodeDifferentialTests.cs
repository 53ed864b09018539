using System.Globalization;
using System.Text;
using TokenStream.Events;
using Xunit;

namespace TokenStream.Tests.Events;

/// <summary>
/// The decoder, warm with whatever layouts came before, against the naive one: the same records accepted with the same values. Where
/// TOKENSTREAM_FUZZ_ROUNDS is set there are so many rounds at least.
/// </summary>
public sealed class DecodeDifferentialTests
{
    private static readonly string[] LabelKeys = ["team", "cost_centre"];

    private readonly EventDecoder _decoder = new(LabelKeys);

    private static int Rounds(int usual) =>
        Math.Max(usual, int.Parse(Environment.GetEnvironmentVariable("TOKENSTREAM_FUZZ_ROUNDS") ?? "0", CultureInfo.InvariantCulture));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_events_of_mixed_producers_decode_as_the_naive_decoder_has_them(int seed)
    {
        var source = new EventSource(seed);
        var accepted = 0;
        var rounds = Rounds(5_000);
        for (var i = 0; i < rounds; i++)
        {
            accepted += Compare(source.Next()) ? 1 : 0;
        }

        Assert.InRange(accepted, rounds / 3, rounds - 1);
        Assert.InRange(_decoder.Predicted, accepted / 2, accepted);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void Mutated_events_decode_as_the_naive_decoder_has_them(int seed)
    {
        var source = new EventSource(seed);
        var random = new Random(seed);
        var accepted = 0;
        var rounds = Rounds(5_000);
        for (var i = 0; i < rounds; i++)
        {
            var record = source.Next();
            Compare(record);
            accepted += Compare(Mutation.Of(record, random)) ? 1 : 0;
        }

        Assert.InRange(accepted, 1, rounds - 1);
        Assert.InRange(_decoder.Predicted, rounds / 4, 2 * rounds);
    }

    [Fact]
    public void An_event_cut_at_any_byte_decodes_as_the_naive_decoder_has_it()
    {
        var source = new EventSource(6);
        for (var i = 0; i < 8; i++)
        {
            var record = source.Next();
            for (var length = 0; length <= record.Length; length++)
            {
                Compare(record[..length]);
            }
        }
    }

    [Fact]
    public void Random_bytes_are_refused_without_a_crash()
    {
        var random = new Random(7);
        for (var i = 0; i < Rounds(10_000); i++)
        {
            var record = new byte[random.Next(200)];
            random.NextBytes(record);
            for (var at = 0; at < record.Length && i % 2 == 0; at++)
            {
                record[at] = (byte)"{}[]\":,\\u0123456789.eE+-truefalsn \n"[record[at] % 35];
            }

            Compare(record);
        }
    }

    private bool Compare(byte[] record)
    {
        UsageEvent e = default;
        var accepted = _decoder.TryDecode(record, ref e, out var error);
        var expected = NaiveDecoder.Decode(record, LabelKeys);
        if (accepted != (expected is not null))
        {
            Assert.Fail($"accepted {accepted} ({error}): {Encoding.UTF8.GetString(record)}");
        }

        Assert.Equal(accepted, error.Reason == DecodeReason.None);
        Assert.InRange(error.Offset, 0, record.Length);
        if (expected is not null && expected.GetValueOrDefault("kind") != "tick")
        {
            var actual = EventText.Of(_decoder, record, in e, LabelKeys);
            if (EventText.Of(expected, LabelKeys) is var text && text != actual)
            {
                Assert.Fail($"expected {text}\nactual   {actual}\nrecord   {Encoding.UTF8.GetString(record)}");
            }
        }

        return accepted;
    }
}
