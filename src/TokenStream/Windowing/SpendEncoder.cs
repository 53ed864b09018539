namespace TokenStream.Windowing;

/// <summary>
/// Writes the spend of scopes in one window and part as the value of one record (docs/spend-format.md): header, then each scope's text, the
/// time of its last event, a bit mask of its measures that are not zero, and their values.
/// </summary>
internal sealed class SpendEncoder
{
    /// <summary>First byte of a record that holds the spend of scopes.</summary>
    public const byte Kind = (byte)'S';

    public const byte Version = 1;

    /// <summary>A record is full from here on; one more scope still goes in.</summary>
    public const int TargetBytes = 256 * 1024;

    private readonly BlockBuffer _body = new();
    private readonly BlockBuffer _record = new();

    public int Count { get; private set; }

    public bool IsFull => _body.Length >= TargetBytes;

    /// <param name="scope">The scope's canonical text.</param>
    /// <param name="sinceStartMs">Highest broker timestamp of its events, less the window's start.</param>
    public void Add(ReadOnlySpan<byte> scope, long sinceStartMs, in SpendMeasures measures)
    {
        Count++;
        _body.Text(scope);
        _body.Signed(sinceStartMs);
        Span<Int128> fields = stackalloc Int128[SpendMeasures.FieldCount];
        measures.CopyTo(fields);
        _body.Fields(fields);
    }

    /// <summary>The record's value with everything added since the last call. Valid until the next.</summary>
    public ReadOnlySpan<byte> Finish(RollupBlockHeader header, long budgetsVersion)
    {
        _record.Clear();
        _record.Byte(Kind);
        _record.Byte(Version);
        header.Write(_record);
        _record.Signed(budgetsVersion);
        _record.Unsigned((UInt128)Count);
        _record.Bytes(_body.Written);
        _body.Clear();
        Count = 0;
        return _record.Written;
    }
}
