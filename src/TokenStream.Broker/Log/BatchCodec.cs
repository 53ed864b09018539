using System.Buffers;
using System.IO.Compression;

namespace TokenStream.Broker.Log;

/// <summary>
/// Reads compressed batches where the log must look at records: compaction and search by time. Appending and fetching never do.
/// </summary>
internal static class BatchCodec
{
    public const int None = 0, Gzip = 1, Snappy = 2, Lz4 = 3, Zstd = 4;

    /// <summary>
    /// Most bytes one batch may decompress to here: 64 times the default largest batch, so that a crafted one cannot take the memory.
    /// </summary>
    public const int MaxDecodedBytes = 64 << 20;

    public static DecodedRecords Decode(int codec, ReadOnlySpan<byte> records)
    {
        if (codec == None)
        {
            return DecodedRecords.Plain(records);
        }

        if (codec is not (Gzip or Snappy or Lz4))
        {
            return DecodedRecords.Failed(DecodeOutcome.Unreadable);
        }

        using var output = new DecodedBuffer((int)Math.Min(4L * records.Length, MaxDecodedBytes), MaxDecodedBytes);
        DecodeOutcome outcome = codec switch
        {
            Gzip => DecodeGzip(records, output),
            Snappy => SnappyFormat.Decode(records, output),
            _ => Lz4Format.Decode(records, output),
        };
        return outcome == DecodeOutcome.Decoded ? DecodedRecords.Pooled(output) : DecodedRecords.Failed(outcome);
    }

    private static DecodeOutcome DecodeGzip(ReadOnlySpan<byte> records, DecodedBuffer output)
    {
        byte[] input = ArrayPool<byte>.Shared.Rent(records.Length);
        try
        {
            records.CopyTo(input);
            using var gzip = new GZipStream(new MemoryStream(input, 0, records.Length), CompressionMode.Decompress);
            while (true)
            {
                if (!output.TryReserve(Math.Min(16_384, MaxDecodedBytes - output.Length), out Span<byte> room) || room.IsEmpty)
                {
                    return gzip.ReadByte() < 0 ? DecodeOutcome.Decoded : DecodeOutcome.Unreadable;
                }

                int read = gzip.Read(room);
                if (read == 0)
                {
                    return DecodeOutcome.Decoded;
                }

                output.Advance(read);
            }
        }
        catch (InvalidDataException)
        {
            return DecodeOutcome.Corrupt;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(input);
        }
    }
}
