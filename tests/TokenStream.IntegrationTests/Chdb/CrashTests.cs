using System.Globalization;
using Xunit;

namespace TokenStream.IntegrationTests.Chdb;

/// <summary>The store's process dies while rows come in: what it had acknowledged is there afterwards, once.</summary>
public sealed class CrashTests : IDisposable
{
    private const int Rounds = 5;
    private const int RowsPerBlock = 1000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [FactNeeding("engine")]
    public async Task Every_acknowledged_block_survives_a_kill_and_a_repeated_one_counts_once()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("TOKENSTREAM_SEED") ?? "1", CultureInfo.InvariantCulture);
        var random = new Random(seed);
        var blocks = 0;
        for (var round = 0; round < Rounds; round++)
        {
            await using var store = await StoreProcess.StartAsync(_folder.Path);
            await StoreProcess.TextAsync(
                store.Owner,
                "CREATE TABLE IF NOT EXISTS tokenstream.kept (block UInt32, row UInt32) ENGINE = ReplacingMergeTree ORDER BY (block, row)");
            // The block that was in flight at the last kill may or may not be there: its rows replace themselves, so that the repetition is
            // harmless either way. A deduplication token would not do: the engine notes it before it keeps the block, and once killed in
            // between it drops the block whenever it comes.
            for (var more = random.Next(1, 30); more >= 0; more--)
            {
                await InsertAsync(store, blocks++);
            }
            Assert.Equal(Expected(blocks), await SumsAsync(store));
            var inFlight = InsertAsync(store, blocks);
            await store.Process.KillAsync();
            await Task.WhenAny(inFlight);
            _ = inFlight.Exception;
        }
        await using var last = await StoreProcess.StartAsync(_folder.Path);
        await InsertAsync(last, blocks++);

        Assert.True(Expected(blocks) == await SumsAsync(last), $"seed {seed}");
        Assert.Equal("1\n", await StoreProcess.TextAsync(last.Owner, "CHECK TABLE tokenstream.kept SETTINGS check_query_single_value_result = 1"));
    }

    private static string Expected(int blocks)
    {
        var rows = (long)blocks * RowsPerBlock;
        var sum = Enumerable.Range(0, blocks).Sum(block => (long)block * RowsPerBlock);
        return string.Create(CultureInfo.InvariantCulture, $"{rows}\t{rows}\t{sum}\n");
    }

    private static Task<string> SumsAsync(StoreProcess store) =>
        StoreProcess.TextAsync(store.Reader, "SELECT count(), uniqExact(block, row), sum(block) FROM kept FINAL");

    private static Task<string> InsertAsync(StoreProcess store, int block)
    {
        var rows = string.Concat(Enumerable.Range(0, RowsPerBlock).Select(row => string.Create(CultureInfo.InvariantCulture, $"{block}\t{row}\n")));
        return StoreProcess.TextAsync(store.Owner, rows, $"query=INSERT+INTO+tokenstream.kept+FORMAT+TSV");
    }
}
