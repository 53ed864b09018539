namespace TokenStream.Chdb.Gate;

/// <summary>One token: its kind, and its bytes as a place in the statement.</summary>
internal readonly record struct SqlToken(SqlTokenKind Kind, int Start, int Length)
{
    internal int End => Start + Length;

    internal ReadOnlySpan<byte> Of(ReadOnlySpan<byte> sql) => sql.Slice(Start, Length);
}
