namespace TokenStream.Broker.Log;

/// <summary>
/// Walks the records of one batch, decompressed. Never throws: bytes that are no records end the walk with <see cref="IsCorrupt"/>.
/// </summary>
internal ref struct RecordReader
{
    private readonly ReadOnlySpan<byte> _records;
    private int _remaining;
    private int _position;

    public RecordReader(ReadOnlySpan<byte> records, int count)
    {
        _records = records;
        _remaining = count;
    }

    /// <summary>The current record's bytes, its length prefix included.</summary>
    public ReadOnlySpan<byte> Whole { get; private set; }

    /// <summary>What follows the timestamp delta: offset delta, key, value, headers.</summary>
    public ReadOnlySpan<byte> AfterTimestamp { get; private set; }

    public byte Attributes { get; private set; }

    public long TimestampDelta { get; private set; }

    public int OffsetDelta { get; private set; }

    public bool HasKey { get; private set; }

    public ReadOnlySpan<byte> Key { get; private set; }

    /// <summary>False for a tombstone: the value is null, not empty.</summary>
    public bool HasValue { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    public bool IsCorrupt { get; private set; }

    public bool MoveNext()
    {
        if (_remaining == 0)
        {
            return false;
        }

        _remaining--;
        int start = _position;
        if (!Varint.TryRead(_records, ref _position, out long length) || length < 0 || length > _records.Length - _position)
        {
            return Fail();
        }

        int bodyStart = _position;
        ReadOnlySpan<byte> body = _records.Slice(bodyStart, (int)length);
        _position = bodyStart + (int)length;
        Whole = _records[start.._position];
        return TryParse(body) || Fail();
    }

    private bool TryParse(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
        {
            return false;
        }

        Attributes = body[0];
        int at = 1;
        if (!Varint.TryRead(body, ref at, out long timestampDelta))
        {
            return false;
        }

        TimestampDelta = timestampDelta;
        AfterTimestamp = body[at..];
        if (!Varint.TryRead(body, ref at, out long offsetDelta) || offsetDelta is < 0 or > int.MaxValue)
        {
            return false;
        }

        OffsetDelta = (int)offsetDelta;
        if (!TryBytes(body, ref at, out bool hasKey, out ReadOnlySpan<byte> key) ||
            !TryBytes(body, ref at, out bool hasValue, out ReadOnlySpan<byte> value))
        {
            return false;
        }

        HasKey = hasKey;
        Key = key;
        HasValue = hasValue;
        Value = value;
        return true;
    }

    private static bool TryBytes(ReadOnlySpan<byte> body, scoped ref int at, out bool present, out ReadOnlySpan<byte> bytes)
    {
        present = false;
        bytes = default;
        if (!Varint.TryRead(body, ref at, out long length) || length < -1 || length > body.Length - at)
        {
            return false;
        }

        if (length >= 0)
        {
            present = true;
            bytes = body.Slice(at, (int)length);
            at += (int)length;
        }

        return true;
    }

    private bool Fail()
    {
        IsCorrupt = true;
        _remaining = 0;
        return false;
    }
}
