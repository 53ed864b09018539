using System.Buffers;

namespace TokenStream.Broker.Log;

internal enum DecodeOutcome
{
    Decoded,

    /// <summary>No decoder here (zstd), or more bytes than <see cref="BatchCodec.MaxDecodedBytes"/>: the batch may be sound.</summary>
    Unreadable,

    /// <summary>The bytes are not what their codec says.</summary>
    Corrupt,
}

/// <summary>
/// Records of one batch, decompressed; over the batch's own bytes where it was not compressed. Dispose gives the buffer back.
/// </summary>
internal ref struct DecodedRecords
{
    private byte[]? _pooled;

    private DecodedRecords(DecodeOutcome outcome, ReadOnlySpan<byte> span, byte[]? pooled)
    {
        Outcome = outcome;
        Span = span;
        _pooled = pooled;
    }

    public DecodeOutcome Outcome { get; }

    public ReadOnlySpan<byte> Span { get; private set; }

    public static DecodedRecords Plain(ReadOnlySpan<byte> records) => new(DecodeOutcome.Decoded, records, null);

    public static DecodedRecords Failed(DecodeOutcome outcome) => new(outcome, default, null);

    public static DecodedRecords Pooled(DecodedBuffer buffer)
    {
        (byte[] array, int length) = buffer.Take();
        return new DecodedRecords(DecodeOutcome.Decoded, array.AsSpan(0, length), array);
    }

    public void Dispose()
    {
        if (_pooled is not null)
        {
            ArrayPool<byte>.Shared.Return(_pooled);
            _pooled = null;
            Span = default;
        }
    }
}
