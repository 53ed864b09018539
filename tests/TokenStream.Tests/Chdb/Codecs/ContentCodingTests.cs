using System.IO.Compression;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using TokenStream.Chdb.Codecs;
using Xunit;

namespace TokenStream.Tests.Chdb.Codecs;

public sealed class ContentCodingTests
{
    private const long Plenty = 1 << 20;

    /// <summary>60 lines; the frames below are what Python's lz4 4.4.5 made of them.</summary>
    private static readonly byte[] Lines = Encoding.ASCII.GetBytes(
        string.Concat(Enumerable.Range(0, 60).Select(i => $"tenant-{i % 7:D3},feature-{i % 5:D2},{i * i}\n")));

    private static readonly byte[] PlainFrame = Convert.FromBase64String(Lz4Frames.Plain);
    private static readonly byte[] CheckedFrame = Convert.FromBase64String(Lz4Frames.WithAllChecksums);

    public static TheoryData<string> Lz4 => [Lz4Frames.Plain, Lz4Frames.WithAllChecksums, Lz4Frames.Independent, Lz4Frames.WithoutSize];

    [Theory]
    [MemberData(nameof(Lz4))]
    public void Lz4_frames_of_another_encoder_are_decoded(string frame) => Assert.Equal(Lines, Decoded("lz4", Convert.FromBase64String(frame)));

    [Fact]
    public void Frames_follow_each_other_and_skippable_ones_are_skipped()
    {
        byte[] skippable = [0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];
        byte[] emptySkippable = [0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0];
        Assert.Equal([.. Lines, .. Lines], Decoded("lz4", [.. skippable, .. PlainFrame, .. emptySkippable, .. CheckedFrame, .. skippable]));
    }

    [Fact]
    public async Task Bodies_that_come_byte_by_byte_are_decoded_the_same()
    {
        foreach (var (coding, body) in new[] { ("lz4", CheckedFrame), ("zstd", Zstd(Lines)), ("gzip", Gzip(Lines)) })
        {
            Assert.True(ContentCoding.TryOpen(coding, new DribblingStream(body), Plenty, out var decoded));
            using var copy = new MemoryStream();
            await decoded.CopyToAsync(copy);
            Assert.Equal(Lines, copy.ToArray());
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(200_000)]
    [InlineData(3_000_000)]
    public void Zstd_of_the_library_itself_is_decoded(int length)
    {
        var bytes = new byte[length];
        new Random(7).NextBytes(bytes.AsSpan(0, length / 3));
        Assert.Equal(bytes, Decoded("zstd", [.. Zstd(bytes), .. Zstd(bytes)], 2 * length + 1).AsSpan(length).ToArray());
    }

    [Theory]
    [InlineData("")]
    [InlineData("identity")]
    public void A_body_without_coding_passes(string coding) => Assert.Equal(Lines, Decoded(coding, Lines));

    [Theory]
    [InlineData("gzip")]
    [InlineData("GZIP")]
    [InlineData("x-gzip")]
    public void Gzip_is_decoded(string coding) => Assert.Equal(Lines, Decoded(coding, Gzip(Lines)));

    [Theory]
    [InlineData("br")]
    [InlineData("snappy")]
    [InlineData("gzip, lz4")]
    public void Unknown_codings_are_said_to_be_unknown(string coding) => Assert.False(ContentCoding.TryOpen(coding, Stream.Null, Plenty, out _));

    /// <summary>Of gzip the runtime's own stream does not notice it everywhere.</summary>
    [Theory]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public void A_body_that_ends_early_is_an_error(string coding)
    {
        var body = coding == "lz4" ? CheckedFrame : Zstd(Lines);
        for (var length = 1; length < body.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => Decoded(coding, body[..length]));
        }
    }

    [Fact]
    public void Every_flipped_bit_of_a_frame_with_checksums_is_noticed()
    {
        for (var bit = 0; bit < CheckedFrame.Length * 8; bit++)
        {
            var broken = (byte[])CheckedFrame.Clone();
            broken[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(Notices(broken), $"bit {bit}");
        }

        static bool Notices(byte[] broken)
        {
            try
            {
                return !Decoded("lz4", broken).AsSpan().SequenceEqual(Lines);
            }
            catch (InvalidDataException)
            {
                return true;
            }
        }
    }

    [Fact]
    public void A_small_body_cannot_become_a_large_one()
    {
        var zeros = new byte[4 << 20];
        foreach (var (coding, body) in new[] { ("zstd", Zstd(zeros)), ("gzip", Gzip(zeros)) })
        {
            Assert.True(body.Length < 20_000);
            var error = Assert.Throws<InvalidDataException>(() => Decoded(coding, body));
            Assert.Contains("1048576", error.Message, StringComparison.Ordinal);
        }
        Assert.Throws<InvalidDataException>(() => Decoded("lz4", PlainFrame, Lines.Length - 1));
        Assert.Equal(Lines, Decoded("lz4", PlainFrame, Lines.Length));
    }

    [Fact]
    public void A_zstd_frame_that_wants_too_much_memory_is_refused()
    {
        // A frame header with a window of 2^31 bytes: descriptor 0, window descriptor (31 - 10) << 3, then an empty last block.
        byte[] frame = [0x28, 0xB5, 0x2F, 0xFD, 0x00, (31 - 10) << 3, 1, 0, 0];
        Assert.Throws<InvalidDataException>(() => Decoded("zstd", frame));
    }

    [Fact]
    public void A_zlib_body_that_asks_for_a_dictionary_is_an_error()
    {
        // RFC 1950: bit 5 of the second byte says so; the first two bytes are a multiple of 31.
        byte[] body = [0x78, 0xBB, 1, 2, 3, 4, 5, 6, 7, 8];
        Assert.Throws<InvalidDataException>(() => Decoded("deflate", body));
    }

    [Fact]
    public void Any_bytes_end_in_bytes_or_in_an_error()
    {
        string[] codings = ["lz4", "zstd", "gzip", "deflate"];
        var bodies =
            from coding in Gen.Elements(codings)
            from whole in Gen.Elements(PlainFrame, CheckedFrame, Zstd(Lines), Gzip(Lines))
            from cut in Gen.Choose(0, whole.Length)
            from noise in ArbMap.Default.GeneratorFor<byte[]>()
            from at in Gen.Choose(0, Math.Max(0, cut - 1))
            select (Coding: coding, Body: (byte[])[.. whole[..at], .. noise, .. whole[Math.Min(cut, at + noise.Length)..]]);
        Prop.ForAll(bodies.ToArbitrary(), body => Ends(body.Coding, body.Body)).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

        static bool Ends(string coding, byte[] body)
        {
            try
            {
                return Decoded(coding, body).Length <= Plenty;
            }
            catch (InvalidDataException)
            {
                return true;
            }
        }
    }

    private static byte[] Decoded(string coding, byte[] body, long most = Plenty)
    {
        Assert.True(ContentCoding.TryOpen(coding, new MemoryStream(body), most, out var decoded));
        using var copy = new MemoryStream();
        using (decoded)
        {
            decoded.CopyTo(copy);
        }
        return copy.ToArray();
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(bytes);
        }
        return packed.ToArray();
    }

    private static byte[] Zstd(byte[] bytes) => ZstdEncoder.Encode(bytes);

    /// <summary>Gives one byte a read.</summary>
    private sealed class DribblingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(1, buffer.Length)]);

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(1, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(1, buffer.Length)], cancellationToken);
    }
}
