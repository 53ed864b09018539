using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using TokenStream.Broker.Log;
using Xunit;

namespace TokenStream.Tests.Broker.Log;

/// <summary>The compressed texts were made by python3-lz4 (liblz4 1.9.4) and python3-snappy (libsnappy 1.1.9).</summary>
public sealed class CodecTests
{
    private const string Lz4Linked = "BCJNGExAKJABAAAAAADdRgMAAPEabGluZSAwIG9mIGEgdGV4dCB0aGF0IHJlcGVhdHMgaXRzZWxmLCAwOyApAB8xKQANEzEpAB8yKQANEzQpAB"
        + "8zKQANEzkpAB80KQANIzE2KgAfNSoADSMyNSoAHzYqAA0UM1QAHzcqAA0UNKgAHzgqAA0UNvsAHzkqAA0UOE4BHzGhAQ4TM9IAHzGiAQ4UMn8A"
        + "HzGkAQ8UN1YAD6YBDiQ3MisAD6gBDgUqAA+oAQ4VMwABD6kBDhU2VgAPqgEOFDn+AR8xqwEOFTNXAQ+sAQ4UNyMDHzKsAQ4UMawAHzKtAQ4UNY"
        + "EAHzKtAQ4UOasCHzKtAQ4UNAMCHzKtAQ4jOTHYAR8yrgEOFTSsAA+uAQ4VOYEAD64BDhU1WAEPrgEOFDirAA+tAQ4UNgMCHzOtAQ4UMgQDHzOt"
        + "AQ4UOIEAHzOtAQ4UNQEBHzOtAQ4UMi4CHzOtAQ4UOIQEHzOtAQ4UNtgBHzOtAQ4VMy0BD60BDhUxVgAPrQEPBK8CHzOuAQ8EKwAfNK4BDhQ0gw"
        + "EfNK4BDhQzWAEfNK4BDhUxVgAPrgEOBasAD60BDhQ5LwMfNK0BDhQ4ggEfNK0BDhQ3AwIfNK0BDhU3VgAPrQEOFTesAA+tAQ4FKwAfNa0BDgWB"
        + "AB81rQEOBdcAHzWtAQ4FLQEfNa0BDgWDAR81rgEOBNgBHzWtAQ4FLQIfNa0BDgWDAh81rQEOBdkCHzWtAQ4VNqwAD60BDhQ4KwAPrAEOBIYFD6"
        + "oBDgQCBA+oAQ4FAgUPBgkNBdICDykADQ8BCv//////////////////////////////////////////////////////////////////////////"
        + "//////////////////////////////////////////////////////////////////////////////////////////////////////////////"
        + "//////////////////////////////////////////////////////////////////////////////////////////////////////////////"
        + "/////////////////////////////////xNQdGhhdCCdAAAADOr/Dxn6//////////////////////////////////////////////////////"
        + "//////////////////////////////////////////////////////////////////////////////////////////////////////////////"
        + "////////////////////////////kFAgODY7IAAAAABl0kss";

    private const string Lz4Independent = "BCJNGHBArSgCAADxGmxpbmUgMCBvZiBhIHRleHQgdGhhdCByZXBlYXRzIGl0c2VsZiwgMDsgKQAfMSkADRMxKQAfMikADRM0KQAfMykADRM5KQ"
        + "AfNCkADSMxNioAHzUqAA0jMjUqAB82KgANFDNUAB83KgANFDSoAB84KgANFDb7AB85KgANFDhOAR8xoQEOEzPSAB8xogEOFDJ/AB8xpAEPFDdW"
        + "AA+mAQ4kNzIrAA+oAQ4FKgAPqAEOFTMAAQ+pAQ4VNlYAD6oBDhQ5/gEfMasBDhUzVwEPrAEOFDcjAx8yrAEOFDGsAB8yrQEOFDWBAB8yrQEOFD"
        + "mrAh8yrQEOFDQDAh8yrQEOFDmDAR8yrgEOFTSsAA+uAQ4VOYEAD64BDhU1WAEPrgEOEziDAh8yrQEOFDYDAh8zrQEOFDIEAx8zrQEOFDiBAB8z"
        + "rQEOFDUBAR8zrQEOFDIuAh8zrQEOFDiEBB8zrQEOFDbYAR8zrQEOFTMtAQ+tAQ4VMVYAD60BDwSvAh8zrgEPBCsAHzSuAQ4UNIMBHzSuAQ4UM1"
        + "gBHzSuAQ4VMVYAD64BDgWrAA+tAQ4UOS8DHzStAQ4UOIIBHzStAQ4UNwMCHzStAQ4VN1YAD60BDhU3rAAPrQEOBSsAHzWtAQ4FgQAfNa0BDgXX"
        + "AB81rQEOBS0BHzWtAQ4FgwEfNa4BDgTYAR81rQEOBS0CHzWtAQ4FgwIfNa0BDgXZAh81rQEOFTasAA+tAQ1QIDg2OyAZtVL5AAAAAA==";

    private const string Snappy = "gRSgbGluZSAwIG9mIGEgdGV4dCB0aGF0IHJlcGVhdHMgaXRzZWxmLCAwOyAFKQAxfikAADENKQAyfikAADQNKQAzfikAADkNKQA0fikABDE2DS"
        + "oANX4qAAQyNQ0qADZ+KgAAMxFUADd+KgAANBGoADh+KgAANhH7ADl+KgAAODFOADGCoQEAMw3SADGCogEAMhF/ADGGpAEANxFWgqYBBDcyESuC"
        + "qAEVKoKoAQAzNQCCqQEANhVWgqoBADkx/gAxgqsBADM1V4KsAQQ3MC0BADKCrAEAMRGsADKCrQEANRGBADKCrQEAOVGrADKCrQEANFEDADKCrQ"
        + "EAOTGDADKCrgEANBWsgq4BADkVgYKuAQA1NViCrgEAODGCgq0BADZRAwAzgq0BADJxBAAzgq0BADgRgQAzgq0BADUxAQAzgq0BADJRLgAzgq0B"
        + "ADiRhAAzgq0BADYx2AAzgq0BADM1LYKtAQAxFVaGrQFRrwAzhq4BESsANIKuAQA0MYMANIKuAQAzMVgANIKuAQAxFVaCrgEVq4KtAQA5cS8ANI"
        + "KtAQA4MYIANIKtAQA3UQMANIKtAQA3FVaCrQEANxWsgq0BFSsANYKtARWBADWCrQEV1wA1gq0BNS0ANYKtATWDADWCrgEx2AA1gq0BVS0ANYKt"
        + "AVWDADWCrQFV2QA1gq0BdS8ANYKtAQw4Njsg";

    private static readonly byte[] Text = Encoding.ASCII.GetBytes(
        string.Concat(Enumerable.Range(0, 60).Select(i => $"line {i} of a text that repeats itself, {i * i % 97}; ")));

    [Fact]
    public void Lz4_frames_with_linked_blocks_and_content_size_are_read()
    {
        byte[] expected = [.. Enumerable.Repeat(Text, 40).SelectMany(t => t)];

        using DecodedRecords decoded = BatchCodec.Decode(BatchCodec.Lz4, Convert.FromBase64String(Lz4Linked));

        Assert.Equal(DecodeOutcome.Decoded, decoded.Outcome);
        Assert.True(decoded.Span.SequenceEqual(expected));
    }

    [Fact]
    public void Lz4_frames_with_block_checksums_are_read() => AssertText(BatchCodec.Lz4, Convert.FromBase64String(Lz4Independent));

    [Fact]
    public void Bare_snappy_is_read() => AssertText(BatchCodec.Snappy, Convert.FromBase64String(Snappy));

    [Fact]
    public void The_java_librarys_snappy_stream_is_read()
    {
        byte[] block = Convert.FromBase64String(Snappy);
        byte[] stream = new byte[16 + (2 * (4 + block.Length))];
        new byte[] { 0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1 }.CopyTo(stream, 0);
        for (int i = 0; i < 2; i++)
        {
            int at = 16 + (i * (4 + block.Length));
            BinaryPrimitives.WriteInt32BigEndian(stream.AsSpan(at), block.Length);
            block.CopyTo(stream, at + 4);
        }

        using DecodedRecords decoded = BatchCodec.Decode(BatchCodec.Snappy, stream);

        Assert.True(decoded.Span.SequenceEqual((byte[])[.. Text, .. Text]));
    }

    [Fact]
    public void Gzip_is_read_and_plain_bytes_are_themselves()
    {
        AssertText(BatchCodec.Gzip, Gzip(Text));
        AssertText(BatchCodec.None, Text);
    }

    [Fact]
    public void Zstd_cannot_be_read_and_says_so()
    {
        using DecodedRecords decoded = BatchCodec.Decode(BatchCodec.Zstd, Text);
        Assert.Equal(DecodeOutcome.Unreadable, decoded.Outcome);
    }

    [Fact]
    public void More_than_the_bound_is_not_decompressed()
    {
        using DecodedRecords atBound = BatchCodec.Decode(BatchCodec.Gzip, Gzip(new byte[BatchCodec.MaxDecodedBytes]));
        Assert.Equal(DecodeOutcome.Decoded, atBound.Outcome);
        using DecodedRecords above = BatchCodec.Decode(BatchCodec.Gzip, Gzip(new byte[BatchCodec.MaxDecodedBytes + 1]));
        Assert.Equal(DecodeOutcome.Unreadable, above.Outcome);
    }

    [Theory]
    [InlineData(BatchCodec.Gzip)]
    [InlineData(BatchCodec.Snappy)]
    [InlineData(BatchCodec.Lz4)]
    public void Cut_changed_and_random_bytes_never_throw(int codec)
    {
        byte[] sound = codec switch
        {
            BatchCodec.Gzip => Gzip(Text),
            BatchCodec.Snappy => Convert.FromBase64String(Snappy),
            _ => Convert.FromBase64String(Lz4Independent),
        };
        var random = new Random(3);
        for (int length = 0; length < sound.Length; length++)
        {
            BatchCodec.Decode(codec, sound.AsSpan(0, length)).Dispose();
        }

        for (int round = 0; round < 5_000; round++)
        {
            byte[] changed = [.. sound];
            for (int i = random.Next(1, 5); i > 0; i--)
            {
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            }

            BatchCodec.Decode(codec, changed).Dispose();
            random.NextBytes(changed);
            BatchCodec.Decode(codec, changed).Dispose();
        }
    }

    /// <summary>RFC 3720, appendix B.4, gives these.</summary>
    [Fact]
    public void The_checksum_equals_the_published_ones()
    {
        Assert.Equal(0x8a9136aau, Crc32C.Compute(new byte[32]));
        Assert.Equal(0x62a8ab43u, Crc32C.Compute(Enumerable.Repeat((byte)0xff, 32).ToArray()));
        Assert.Equal(0x46dd794eu, Crc32C.Compute(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()));
        byte[] ascending = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        Assert.Equal((0x46dd794eu, 0x46dd794eu), Crc32C.ComputeTwo(ascending.AsSpan(0, 5), ascending.AsSpan(0, 5), ascending.AsSpan(5)));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-1, 1)]
    [InlineData(63, 1)]
    [InlineData(64, 2)]
    [InlineData(-64, 1)]
    [InlineData(-65, 2)]
    [InlineData(int.MaxValue, 5)]
    [InlineData(long.MaxValue, 10)]
    [InlineData(long.MinValue, 10)]
    public void Varints_have_their_size_and_come_back(long value, int size)
    {
        byte[] bytes = new byte[Varint.MaxLongBytes];
        Assert.Equal(size, Varint.Write(bytes, value));
        Assert.Equal(size, Varint.SizeOf(value));
        int at = 0;
        Assert.True(Varint.TryRead(bytes, ref at, out long read));
        Assert.Equal((value, size), (read, at));
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return output.ToArray();
    }

    private static void AssertText(int codec, byte[] compressed)
    {
        using DecodedRecords decoded = BatchCodec.Decode(codec, compressed);
        Assert.Equal(DecodeOutcome.Decoded, decoded.Outcome);
        Assert.True(decoded.Span.SequenceEqual(Text));
    }
}
