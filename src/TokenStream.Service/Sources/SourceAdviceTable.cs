using TokenStream.ClickHouse;
using TokenStream.Mapping;
using TokenStream.Mapping.Sources;

namespace TokenStream.Service.Sources;

/// <summary>The table that the view of sources takes its advice from.</summary>
internal static class SourceAdviceTable
{
    /// <summary>Writes this release's sentences over those of another one.</summary>
    public static async Task WriteAsync(ClickHouseClient client, CancellationToken cancellation)
    {
        using var rows = new RowBinaryWriter();
        foreach (var source in PayloadSources.All)
        {
            foreach (var (code, text) in SourceAdvice.Of(source))
            {
                rows.WriteString(source.Name);
                rows.WriteString(code);
                rows.WriteString(text);
            }
        }

        await client.InsertAsync("INSERT INTO tokenstream.source_advice (source, code, text)", rows, cancellation);
    }
}
