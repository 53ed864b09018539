namespace TokenStream.ClickHouse;

/// <summary>Values that rows made of records have: times and what may be absent.</summary>
public static class RecordRows
{
    /// <summary>A <c>DateTime64(3)</c>: milliseconds since the Unix epoch.</summary>
    public static void WriteTime(this RowBinaryWriter rows, long unixMs) => rows.WriteInt64(unixMs);

    /// <summary>A <c>Nullable(DateTime64(3))</c>.</summary>
    public static void WriteTime(this RowBinaryWriter rows, long? unixMs)
    {
        rows.WriteByte(unixMs is null ? (byte)1 : (byte)0);
        if (unixMs is { } time)
        {
            rows.WriteInt64(time);
        }
    }

    /// <summary>A <c>Nullable(Float64)</c>.</summary>
    public static void WriteNumber(this RowBinaryWriter rows, double? value)
    {
        rows.WriteByte(value is null ? (byte)1 : (byte)0);
        if (value is { } number)
        {
            rows.WriteFloat64(number);
        }
    }

    /// <summary>A <c>Nullable(Int128)</c>, or such a decimal as the integer of its smallest unit.</summary>
    public static void WriteInteger(this RowBinaryWriter rows, Int128? value)
    {
        rows.WriteByte(value is null ? (byte)1 : (byte)0);
        if (value is { } number)
        {
            rows.WriteInt128(number);
        }
    }
}
