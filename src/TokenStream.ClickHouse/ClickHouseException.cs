namespace TokenStream.ClickHouse;

/// <summary>ClickHouse refused a statement for a reason that does not pass by itself.</summary>
/// <param name="code">ClickHouse's error code; 0 where the answer had none.</param>
/// <param name="name">Its name, such as <c>UNKNOWN_TABLE</c>; empty where the answer had none.</param>
public sealed class ClickHouseException(int code, string name, string message, Exception? inner = null) : Exception(message, inner)
{
    public int Code { get; } = code;

    public string Name { get; } = name;
}
