namespace TokenStream.Chdb.Http;

/// <summary>What a statement's first words say about how to run it.</summary>
/// <param name="IsSelect">It gives rows, and the engine can stream them.</param>
/// <param name="IsLong">It may take minutes without giving anything: merges, mutations, checks, backups.</param>
internal readonly record struct StatementKind(bool IsSelect, bool IsLong)
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
        var isLong = scanner.Is("OPTIMIZE"u8) || scanner.Is("ALTER"u8) || scanner.Is("CHECK"u8) || scanner.Is("BACKUP"u8) || scanner.Is("RESTORE"u8);
        if (scanner.Is("SELECT"u8))
        {
            return new StatementKind(true, isLong);
        }
        if (!scanner.Is("WITH"u8))
        {
            return new StatementKind(false, isLong);
        }
        // WITH can also begin an INSERT .. SELECT, which the engine does not stream.
        for (token = scanner.Next(); token is not (SqlToken.End or SqlToken.Unfinished); token = scanner.Next())
        {
            if (token == SqlToken.Word && scanner.Is("INSERT"u8))
            {
                return new StatementKind(false, isLong);
            }
        }
        return new StatementKind(true, isLong);
    }
}
