namespace TokenStream.Chdb.Http;

/// <summary>What a statement's words say about how to run it.</summary>
/// <param name="CanStream">It gives rows that the engine can stream, and nothing behind them: totals come in a block of another
/// shape.</param>
/// <param name="IsLong">It may take minutes without giving anything: merges, mutations, checks, backups.</param>
internal readonly record struct StatementKind(bool CanStream, bool IsLong)
{
    internal static StatementKind Of(ReadOnlySpan<byte> sql)
    {
        var scanner = new SqlScanner(sql);
        var token = scanner.Next();
        while (token == SqlToken.Other && scanner.Current[0] == (byte)'(')
        {
            token = scanner.Next();
        }
        if (token != SqlToken.Word)
        {
            return default;
        }
        if (scanner.Is("OPTIMIZE"u8) || scanner.Is("ALTER"u8) || scanner.Is("CHECK"u8) || scanner.Is("BACKUP"u8) || scanner.Is("RESTORE"u8))
        {
            return new StatementKind(CanStream: false, IsLong: true);
        }
        if (!scanner.Is("SELECT"u8) && !scanner.Is("WITH"u8))
        {
            return default;
        }
        // WITH can also begin an INSERT .. SELECT, which the engine does not stream. A column of such a name costs the streaming, no more.
        for (token = scanner.Next(); token is not (SqlToken.End or SqlToken.Unfinished); token = scanner.Next())
        {
            if (token == SqlToken.Word && (scanner.Is("INSERT"u8) || scanner.Is("TOTALS"u8) || scanner.Is("extremes"u8)))
            {
                return default;
            }
        }
        return new StatementKind(CanStream: true, IsLong: false);
    }
}
