namespace TokenStream.Chdb.Engine;

/// <summary>Names and texts quoted for ClickHouse's SQL.</summary>
internal static class Sql
{
    internal static string Name(string name) => $"`{Escaped(name, "`")}`";

    internal static string Text(string text) => $"'{Escaped(text, "'")}'";

    private static string Escaped(string value, string quote) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(quote, "\\" + quote, StringComparison.Ordinal);
}
