using System.Buffers.Binary;
using TokenStream.Broker.Protocol;
using Xunit;

namespace TokenStream.Tests.Broker.Protocol;

public class WireTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_written_is_read_back_in_both_encodings(bool flexible)
    {
        using var to = new WireWriter();
        to.Begin(flexible);
        to.Int8(-5);
        to.Bool(true);
        to.Int16(-2);
        to.Int32(int.MinValue);
        to.Int64(long.MaxValue);
        to.String("żółw");
        to.String(null);
        to.Bytes([1, 2, 3]);
        to.Int32Array([7, -8]);
        to.ArrayLength(-1);
        to.Uuid(new Guid("00112233-4455-6677-8899-aabbccddeeff"));
        to.Tags();
        ReadOnlyMemory<byte> frame = to.End();

        Assert.Equal(frame.Length - 4, BinaryPrimitives.ReadInt32BigEndian(frame.Span));
        var from = new WireReader(frame.Span, 4, flexible);
        Assert.Equal(-5, from.Int8());
        Assert.True(from.Bool());
        Assert.Equal(-2, from.Int16());
        Assert.Equal(int.MinValue, from.Int32());
        Assert.Equal(long.MaxValue, from.Int64());
        Assert.Equal("żółw", from.String());
        Assert.Null(from.NullableString());
        Assert.Equal<byte>([1, 2, 3], from.Bytes().ToArray());
        Assert.Equal([7, -8], from.Int32Array());
        Assert.Equal(-1, from.ArrayLength(1));
        Assert.Equal(new Guid("00112233-4455-6677-8899-aabbccddeeff"), from.Uuid());
        from.Tags();
        Assert.Equal(0, from.Remaining);
    }

    /// <summary>Bytes written out by hand from the protocol's definition of its types, not taken from this writer.</summary>
    [Fact]
    public void The_bytes_are_those_of_the_protocols_definition()
    {
        Assert.Equal<byte>([0, 2, (byte)'a', (byte)'b'], Written(false, w => w.String("ab")));
        Assert.Equal<byte>([3, (byte)'a', (byte)'b'], Written(true, w => w.String("ab")));
        Assert.Equal<byte>([0xFF, 0xFF], Written(false, w => w.String(null)));
        Assert.Equal<byte>([0], Written(true, w => w.String(null)));
        Assert.Equal<byte>([0xFF, 0xFF, 0xFF, 0xFF], Written(false, w => w.ArrayLength(-1)));
        Assert.Equal<byte>([0], Written(true, w => w.ArrayLength(-1)));
        Assert.Equal<byte>([0x80, 0x01], Written(true, w => w.ArrayLength(127)));
        Assert.Equal<byte>([0xFF, 0xFF, 0xFF, 0xFF, 0x0F], Written(true, w => w.UVarint(uint.MaxValue)));
        Assert.Equal<byte>([0, 0, 0, 1, 9], Written(false, w => w.Bytes([9])));
        Assert.Equal<byte>([2, 9], Written(true, w => w.Bytes([9])));
        Assert.Equal<byte>([0], Written(true, w => w.Tags()));
        Assert.Empty(Written(false, w => w.Tags()));
    }

    [Theory]
    [InlineData("7FFFFFFF")]
    [InlineData("FFFFFFFE")]
    [InlineData("00000003 0000")]
    public void A_count_beyond_the_bytes_that_are_left_is_refused_before_anything_is_allocated(string hex)
        => Assert.Throws<MalformedRequestException>(() => new WireReader(Bytes(hex), 0, false).Int32Array());

    [Theory]
    [InlineData("7FFF")]
    [InlineData("FFFE")]
    [InlineData("0001")]
    [InlineData("00")]
    public void A_string_longer_than_what_is_left_is_refused(string hex)
        => Assert.Throws<MalformedRequestException>(() => new WireReader(Bytes(hex), 0, false).NullableString());

    [Theory]
    [InlineData("8080808080")]
    [InlineData("FFFFFFFF1F")]
    [InlineData("FFFF")]
    public void A_varint_that_does_not_end_or_fit_is_refused(string hex)
        => Assert.Throws<MalformedRequestException>(() => new WireReader(Bytes(hex), 0, true).UVarint());

    [Theory]
    [InlineData("FF7F")]
    [InlineData("01 00 7F 00")]
    [InlineData("02 00 00")]
    public void Tagged_fields_beyond_what_is_left_are_refused(string hex)
        => Assert.Throws<MalformedRequestException>(() => new WireReader(Bytes(hex), 0, true).Tags());

    [Fact]
    public void Unknown_tagged_fields_are_skipped()
    {
        var from = new WireReader(Bytes("02 05 01 AA 09 00 77"), 0, true);
        from.Tags();
        Assert.Equal(0x77, from.UInt8());
    }

    [Fact]
    public void A_response_above_the_bound_is_refused_instead_of_growing()
    {
        using var to = new WireWriter();
        to.Begin(false);
        Assert.Throws<MalformedRequestException>(() => to.Bytes(new byte[WireWriter.MaxBytes]));
        to.Begin(false, WireWriter.MaxBytes);
        to.Bytes(new byte[WireWriter.MaxBytes]);
    }

    [Fact]
    public void A_text_longer_than_the_old_encoding_holds_is_refused_and_a_sentence_is_cut()
    {
        using var to = new WireWriter();
        to.Begin(false);
        Assert.Throws<MalformedRequestException>(() => to.String(new string('\uFFFD', 11_000)));
        to.Begin(false);
        to.Message(new string('x', 40_000));
        Assert.Equal(4 + 2 + 1_000, to.Length);
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    private static byte[] Written(bool flexible, Action<WireWriter> write)
    {
        using var to = new WireWriter();
        to.Begin(flexible);
        write(to);
        return to.End()[4..].ToArray();
    }
}
