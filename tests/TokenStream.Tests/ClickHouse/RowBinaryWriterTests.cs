using TokenStream.ClickHouse;
using Xunit;

namespace TokenStream.Tests.ClickHouse;

/// <summary>The bytes are those of ClickHouse's documentation of RowBinary, written down by hand.</summary>
public sealed class RowBinaryWriterTests
{
    [Fact]
    public async Task Integers_are_little_endian() =>
        Assert.Equal("07-34-12-78-56-34-12-08-07-06-05-04-03-02-01-FE-FF-FF-FF-FF-FF-FF-FF", await BytesAsync(row =>
        {
            row.WriteByte(7);
            row.WriteUInt16(0x1234);
            row.WriteUInt32(0x12345678);
            row.WriteUInt64(0x0102030405060708);
            row.WriteInt64(-2);
        }));

    [Theory]
    [InlineData(1, "01-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00")]
    [InlineData(-1, "FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF-FF")]
    [InlineData(1_000_000_000_000, "00-10-A5-D4-E8-00-00-00-00-00-00-00-00-00-00-00")]
    public async Task A_decimal_is_its_integer_of_the_smallest_unit(long picodollars, string bytes) =>
        Assert.Equal(bytes, await BytesAsync(row => row.WriteInt128(picodollars)));

    [Fact]
    public async Task A_double_is_its_bits() => Assert.Equal("00-00-00-00-00-00-F8-3F", await BytesAsync(row => row.WriteFloat64(1.5)));

    [Theory]
    [InlineData(0, "00")]
    [InlineData(127, "7F")]
    [InlineData(128, "80-01")]
    [InlineData(300, "AC-02")]
    [InlineData(ulong.MaxValue, "FF-FF-FF-FF-FF-FF-FF-FF-FF-01")]
    public async Task A_length_has_seven_bits_a_byte(ulong value, string bytes) => Assert.Equal(bytes, await BytesAsync(row => row.WriteVarUInt(value)));

    [Theory]
    [InlineData("", "00")]
    [InlineData("a\tb", "03-61-09-62")]
    [InlineData("é", "02-C3-A9")]
    public async Task A_text_is_its_length_in_bytes_and_utf8(string text, string bytes) =>
        Assert.Equal(bytes, await BytesAsync(row => row.WriteString(text)));

    [Theory]
    [InlineData(0, "00-00-00-00")]
    [InlineData(1_700_000_000_000, "00-F1-53-65")]
    [InlineData(4_294_967_295_000, "FF-FF-FF-FF")]
    public async Task A_time_is_its_seconds(long unixMs, string bytes) => Assert.Equal(bytes, await BytesAsync(row => row.WriteDateTime(unixMs)));

    [Theory]
    [InlineData(-1000)]
    [InlineData(1)]
    [InlineData(4_294_967_296_000)]
    public void A_time_that_does_not_fit_is_refused(long unixMs)
    {
        using var row = new RowBinaryWriter();
        Assert.Throws<ArgumentOutOfRangeException>(() => row.WriteDateTime(unixMs));
    }

    [Fact]
    public async Task Values_across_segments_stay_in_order_and_whole()
    {
        var random = new Random(7);
        using var rows = new RowBinaryWriter();
        using var expected = new MemoryStream();
        for (var i = 0; i < 3_000; i++)
        {
            var text = new byte[random.Next(600)];
            random.NextBytes(text);
            rows.WriteString(text);
            expected.Write(text.Length < 128 ? [(byte)text.Length] : [(byte)((text.Length & 0x7F) | 0x80), (byte)(text.Length >> 7)]);
            expected.Write(text);
        }

        using var first = new MemoryStream();
        await rows.CopyToAsync(first, CancellationToken.None);
        Assert.Equal(expected.ToArray(), first.ToArray());
        Assert.Equal(expected.Length, rows.Length);
        using var again = new MemoryStream();
        await rows.CopyToAsync(again, CancellationToken.None);
        Assert.Equal(expected.ToArray(), again.ToArray());
    }

    [Fact]
    public void A_text_longer_than_a_segment_is_taken()
    {
        using var rows = new RowBinaryWriter();
        rows.WriteByte(1);
        rows.WriteString(new byte[1 << 20]);
        Assert.Equal(1 + 3 + (1 << 20), rows.Length);
    }

    private static async Task<string> BytesAsync(Action<RowBinaryWriter> write)
    {
        using var rows = new RowBinaryWriter();
        write(rows);
        using var bytes = new MemoryStream();
        await rows.CopyToAsync(bytes, CancellationToken.None);
        return BitConverter.ToString(bytes.ToArray());
    }
}
