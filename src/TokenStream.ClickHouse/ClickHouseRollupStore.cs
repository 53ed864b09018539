using System.Collections.Concurrent;
using System.Globalization;
using TokenStream.Storage;
using TokenStream.Windowing;

namespace TokenStream.ClickHouse;

/// <summary>
/// Rollups in ClickHouse. Rows replace themselves by identity, so whatever is repeated after an unknown outcome changes nothing. The
/// server's own deduplication of blocks is off: a server that is killed between noting a block and keeping it would drop every
/// repetition. Thread-safe.
/// </summary>
public sealed class ClickHouseRollupStore(ClickHouseClient client) : IRollupStore
{
    /// <summary>
    /// Most rows of one insert; more are sent as several. Below the server's own block size, so that an insert is one block and is there
    /// whole or not at all.
    /// </summary>
    public const int RowsPerInsert = 50_000;

    // No partition of an old trace's block may be refused: 10 s rows are kept by the day, and a block may span years.
    private const string InsertSettings = "async_insert = 0, max_partitions_per_insert_block = 0";

    private readonly ConcurrentDictionary<(int Epoch, string Topic, int Partition, int RollupsPartition), long> _rowsEnd = new();

    public async Task InsertAsync(int rollupsPartition, IReadOnlyList<Rollup> rollups, CancellationToken cancellation)
    {
        if (rollups.Any(rollup => !rollup.Block.Final))
        {
            throw new ArgumentException("Provisional rollups do not belong into the store.", nameof(rollups));
        }

        await RegisterAsync(rollupsPartition, rollups, cancellation).ConfigureAwait(false);
        await InsertRowsAsync(rollupsPartition, rollups, Grain.TenSeconds, cancellation).ConfigureAwait(false);
        var corrections = rollups.Where(rollup => rollup.Block.Part > 0).ToList();
        foreach (var grain in Grains.Sealed)
        {
            await InsertRowsAsync(rollupsPartition, corrections, grain, cancellation).ConfigureAwait(false);
        }
    }

    public async Task InsertMarksAsync(int rollupsPartition, IReadOnlyList<Mark> marks, CancellationToken cancellation)
    {
        if (marks.Count == 0)
        {
            return;
        }

        using var rows = new RowBinaryWriter();
        foreach (var mark in marks)
        {
            MarkColumns.Write(rows, mark);
        }

        await InsertAsync($"marks ({MarkColumns.All})", rows, cancellation).ConfigureAwait(false);
    }

    public async Task InsertSpendAsync(
        int spendPartition, IReadOnlyList<ScopeSpend> spends, IReadOnlyList<Mark> marks, CancellationToken cancellation)
    {
        if (spends.Any(spend => !spend.Block.Final))
        {
            throw new ArgumentException("Provisional spend does not belong into the store.", nameof(spends));
        }

        for (var first = 0; first < spends.Count; first += RowsPerInsert)
        {
            using var rows = new RowBinaryWriter();
            for (var i = first; i < Math.Min(spends.Count, first + RowsPerInsert); i++)
            {
                SpendColumns.Write(rows, spends[i]);
            }

            await InsertAsync($"spend_by_scope_10s ({SpendColumns.All})", rows, cancellation).ConfigureAwait(false);
        }

        if (marks.Count > 0)
        {
            using var rows = new RowBinaryWriter();
            foreach (var mark in marks)
            {
                SpendColumns.Write(rows, spendPartition, mark);
            }

            await InsertAsync($"spend_marks ({SpendColumns.OfMarks})", rows, cancellation).ConfigureAwait(false);
        }
    }

    public Task SealAsync(SealRange range, CancellationToken cancellation)
    {
        var (grain, finer) = (range.Grain, range.Grain.Finer);
        return client.ExecuteAsync(
            $$"""
            INSERT INTO tokenstream.rollups_{{grain.Suffix}} ({{RollupColumns.All}})
            SETTINGS {{InsertSettings}}
            SELECT {epoch:UInt32}, {topic:String}, {partition:UInt32}, {rollups_partition:UInt32},
                {{grain.StartFunction}}(finer.window_start) AS start, 0, start, {{RollupColumns.Key}}, {{RollupColumns.Summed}}
            FROM tokenstream.rollups_{{finer.Suffix}} AS finer FINAL
            WHERE finer.epoch = {epoch:UInt32} AND finer.topic = {topic:String} AND finer.partition = {partition:UInt32}
                AND finer.rollups_partition = {rollups_partition:UInt32} AND finer.part = 0
                AND finer.window_start >= toDateTime({since:UInt32}, 'UTC') AND finer.window_start < toDateTime({upto:UInt32}, 'UTC')
            GROUP BY start, {{RollupColumns.Key}}
            """,
            cancellation,
            Parameters(range));
    }

    public Task PublishSealAsync(SealRange range, CancellationToken cancellation) =>
        // A seal that was said already stays as old as it is: readers wait for a new one to settle.
        client.ExecuteAsync(
            $$"""
            INSERT INTO tokenstream.seals (grain, rollups_partition, topic, partition, epoch, sealed_through)
            SETTINGS async_insert = 0
            SELECT {grain:String}, {rollups_partition:UInt32}, {topic:String}, {partition:UInt32}, {epoch:UInt32},
                toDateTime({upto:UInt32}, 'UTC')
            WHERE (SELECT max(sealed_through) FROM tokenstream.seals
                   WHERE grain = {grain:String} AND rollups_partition = {rollups_partition:UInt32} AND topic = {topic:String}
                       AND partition = {partition:UInt32} AND epoch = {epoch:UInt32}) < toDateTime({upto:UInt32}, 'UTC')
            """,
            cancellation,
            Parameters(range));

    public async Task<IReadOnlyList<SealRange>> ReadSealsAsync(int rollupsPartition, CancellationToken cancellation)
    {
        var rows = await client.QueryAsync(
            """
            SELECT epoch, topic, partition, grain, toUnixTimestamp(max(sealed_through))
            FROM tokenstream.seals WHERE rollups_partition = {rollups_partition:UInt32} GROUP BY epoch, topic, partition, grain
            """,
            cancellation,
            ("rollups_partition", Text(rollupsPartition))).ConfigureAwait(false);
        return [.. rows.Select(row => Sealed(row, rollupsPartition))];
    }

    /// <summary>
    /// Says that an epoch of an input partition begins: rows of lower epochs are void from this time on. May be repeated.
    /// </summary>
    /// <param name="startMs">A multiple of the 10 s window. Sums of a day in which it lies need that day's finer rows, so a reset older
    /// than their retention should begin with a day.</param>
    public Task RecordResetAsync(string topic, int partition, int epoch, long startMs, CancellationToken cancellation) =>
        client.ExecuteAsync(
            """
            INSERT INTO tokenstream.resets (topic, partition, epoch, start) SETTINGS async_insert = 0
            SELECT {topic:String}, {partition:UInt32}, {epoch:UInt32}, toDateTime({start:UInt32}, 'UTC')
            """,
            cancellation,
            ("topic", topic),
            ("partition", Text(partition)),
            ("epoch", Text(epoch)),
            ("start", Text(startMs / 1000)));

    /// <summary>
    /// Drops rows of finer grains that are sealed into the next one and were written long ago: 10 s rows after 7 days, minutes after 100,
    /// hours after 800; days are kept. Spend by scope goes after 40 days, how budgets stood after 400. Returns how many parts
    /// went. Cheap enough to be called every hour.
    /// </summary>
    /// <param name="now">Rows were written at the server's time; the two clocks need to agree to the day only.</param>
    public Task<int> DropExpiredAsync(DateTimeOffset now, CancellationToken cancellation) =>
        Retention.DropExpiredAsync(client, now, cancellation);

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static SealRange Sealed(string?[] row, int rollupsPartition)
    {
        var end = long.Parse(row[4]!, CultureInfo.InvariantCulture) * 1000;
        var (epoch, partition) = (int.Parse(row[0]!, CultureInfo.InvariantCulture), int.Parse(row[2]!, CultureInfo.InvariantCulture));
        return new SealRange(epoch, row[1]!, partition, rollupsPartition, Grains.FromSuffix(row[3]!), end, end);
    }

    private static (string Name, string Value)[] Parameters(SealRange range) =>
    [
        ("grain", range.Grain.Suffix),
        ("epoch", Text(range.Epoch)),
        ("topic", range.Topic),
        ("partition", Text(range.Partition)),
        ("rollups_partition", Text(range.RollupsPartition)),
        ("since", Text(range.SinceMs / 1000)),
        ("upto", Text(range.UptoMs / 1000)),
    ];

    /// <summary>
    /// Notes how far each source's rows reach, before they are there, so that views know which ones may have rows that are not sealed.
    /// Rounded up to the hour: that is one small insert a source and hour.
    /// </summary>
    private async Task RegisterAsync(int rollupsPartition, IReadOnlyList<Rollup> rollups, CancellationToken cancellation)
    {
        var ends = rollups
            .GroupBy(rollup => (rollup.Block.Epoch, rollup.Block.Topic, rollup.Block.Partition, rollupsPartition))
            .Select(source => (source.Key, End: Grain.Hour.Floor(source.Max(rollup => rollup.Block.WindowStartMs)) + Grain.Hour.Ms))
            .Where(source => source.End > _rowsEnd.GetValueOrDefault(source.Key))
            .ToList();
        if (ends.Count == 0)
        {
            return;
        }

        using var rows = new RowBinaryWriter();
        foreach (var ((epoch, topic, partition, _), end) in ends)
        {
            rows.WriteUInt32((uint)epoch);
            rows.WriteString(topic);
            rows.WriteUInt32((uint)partition);
            rows.WriteUInt32((uint)rollupsPartition);
            rows.WriteDateTime(end);
        }

        await client.InsertAsync(
            "INSERT INTO tokenstream.sources (epoch, topic, partition, rollups_partition, rows_end) SETTINGS async_insert = 0", rows,
            cancellation)
            .ConfigureAwait(false);
        foreach (var (source, end) in ends)
        {
            _rowsEnd.AddOrUpdate(source, end, (_, known) => Math.Max(known, end));
        }
    }

    private async Task InsertRowsAsync(
        int rollupsPartition, IReadOnlyList<Rollup> rollups, Grain grain, CancellationToken cancellation)
    {
        for (var first = 0; first < rollups.Count; first += RowsPerInsert)
        {
            using var rows = new RowBinaryWriter();
            for (var i = first; i < Math.Min(rollups.Count, first + RowsPerInsert); i++)
            {
                RollupColumns.Write(rows, rollupsPartition, rollups[i], grain);
            }

            await InsertAsync($"rollups_{grain.Suffix} ({RollupColumns.All})", rows, cancellation).ConfigureAwait(false);
        }
    }

    private Task InsertAsync(string tableAndColumns, RowBinaryWriter rows, CancellationToken cancellation) =>
        client.InsertAsync($"INSERT INTO tokenstream.{tableAndColumns} SETTINGS {InsertSettings}", rows, cancellation);
}
