using System.Globalization;
using TokenStream.Storage;

namespace TokenStream.ClickHouse;

/// <summary>
/// Drops the rows of finer grains that are sealed into the next one and were written long ago. Never by age of the window: a replayed trace
/// of two years ago is kept as long as today's usage.
/// </summary>
/// <remarks>
/// A partition of a table goes when all of it may go, part by part under the names that were looked at: rows that come meanwhile are in
/// parts of other names and stay, where DROP PARTITION would take them along. A part that was merged away meanwhile is left for the next
/// time.
/// </remarks>
internal static class Retention
{
    // NO_SUCH_DATA_PART, PART_IS_TEMPORARILY_LOCKED: it was merged, or is being merged.
    private static readonly int[] NotNow = [232, 384];

    // The longest period of a budget is a month, and a day or two more are for whoever wants to prove it.
    private static readonly TimeSpan Spend = TimeSpan.FromDays(40);

    // As long as the records of alerts are kept on their topic.
    private static readonly TimeSpan BudgetStates = TimeSpan.FromDays(400);

    // As long as they are kept on their topic.
    private static readonly TimeSpan Anomalies = TimeSpan.FromDays(400);

    // What sources sent is looked at for an hour, and compared with last month's.
    private static readonly TimeSpan Sources = TimeSpan.FromDays(40);

    // Superseded seals are cleared away once there are so many; readers look at all of them.
    private const long SupersededSeals = 2_000;

    /// <summary>Drops what has expired of every grain; returns the number of parts dropped.</summary>
    public static async Task<int> DropExpiredAsync(ClickHouseClient client, DateTimeOffset now, CancellationToken cancellation)
    {
        var dropped = 0;
        for (var grain = Grain.TenSeconds; grain < Grain.Day; grain++)
        {
            foreach (var part in await ExpiredAsync(client, grain, now, cancellation).ConfigureAwait(false))
            {
                dropped += await DropAsync(client, $"rollups_{grain.Suffix}", part, cancellation).ConfigureAwait(false) ? 1 : 0;
            }
        }

        var records = new[]
        {
            ("spend_by_scope_10s", Spend), ("budget_state_records", BudgetStates), ("sources_1m", Sources), ("anomaly_records", Anomalies),
        };
        foreach (var (table, kept) in records)
        {
            foreach (var part in await ExpiredAsync(client, table, now - kept, cancellation).ConfigureAwait(false))
            {
                dropped += await DropAsync(client, table, part, cancellation).ConfigureAwait(false) ? 1 : 0;
            }
        }

        await ClearSealsAsync(client, now, cancellation).ConfigureAwait(false);
        return dropped;
    }

    /// <summary>
    /// Parts of partitions that hold nothing but old rows, each sealed into the next grain, a correction (which has a row of its own there)
    /// or void.
    /// </summary>
    private static async Task<IEnumerable<string>> ExpiredAsync(
        ClickHouseClient client, Grain grain, DateTimeOffset now, CancellationToken cancellation)
    {
        var lookup = $"tokenstream.seal_lookup_{grain.Coarser.Suffix}";
        var rows = await client.QueryAsync(
            $$"""
            SELECT arrayJoin(parts)
            FROM
            (
                SELECT _partition_id, groupUniqArray(_part) AS parts, max(written_at) AS written,
                    countIf(part = 0
                        AND window_start < transform(cityHash64(epoch, topic, partition), (SELECT sources FROM tokenstream.void_lookup),
                                                     (SELECT starts FROM tokenstream.void_lookup), toDateTime(4294967295, 'UTC'))
                        AND window_start >= transform(cityHash64(epoch, topic, partition, rollups_partition),
                                                      (SELECT sources FROM {{lookup}}), (SELECT ends FROM {{lookup}}),
                                                      toDateTime(0, 'UTC'))) AS needed
                FROM tokenstream.rollups_{{grain.Suffix}}
                GROUP BY _partition_id
            )
            WHERE needed = 0 AND written < toDateTime({before:UInt32}, 'UTC')
            """,
            cancellation,
            ("before", Seconds(now - grain.Retention))).ConfigureAwait(false);
        return rows.Select(row => row[0]!);
    }

    /// <summary>Parts of partitions whose rows are all old: nothing is summed from them.</summary>
    private static async Task<IEnumerable<string>> ExpiredAsync(
        ClickHouseClient client, string table, DateTimeOffset before, CancellationToken cancellation)
    {
        var rows = await client.QueryAsync(
            $$"""
            SELECT arrayJoin(groupUniqArray(_part)) FROM tokenstream.{{table}}
            GROUP BY _partition_id HAVING max(written_at) < toDateTime({before:UInt32}, 'UTC')
            """,
            cancellation,
            ("before", Seconds(before))).ConfigureAwait(false);
        return rows.Select(row => row[0]!);
    }

    private static async Task<bool> DropAsync(ClickHouseClient client, string table, string part, CancellationToken cancellation)
    {
        try
        {
            await client.ExecuteAsync($"ALTER TABLE tokenstream.{table} DROP PART '{part}'", cancellation).ConfigureAwait(false);
            return true;
        }
        catch (ClickHouseException e) when (NotNow.Contains(e.Code))
        {
            return false;
        }
    }

    /// <summary>Clears away seals that a higher one superseded more than an hour ago.</summary>
    private static async Task ClearSealsAsync(ClickHouseClient client, DateTimeOffset now, CancellationToken cancellation)
    {
        const string Superseded =
            """
            published_at < toDateTime({before:UInt32}, 'UTC') AND (grain, rollups_partition, topic, partition, epoch, sealed_through) NOT IN
            (
                SELECT grain, rollups_partition, topic, partition, epoch, max(sealed_through)
                FROM tokenstream.seals WHERE published_at < toDateTime({before:UInt32}, 'UTC')
                GROUP BY grain, rollups_partition, topic, partition, epoch
            )
            """;
        var before = ("before", Seconds(now - TimeSpan.FromHours(1)));
        var count = await client.QueryAsync($"SELECT count() FROM tokenstream.seals WHERE {Superseded}", cancellation, before)
            .ConfigureAwait(false);
        if (long.Parse(count[0][0]!, CultureInfo.InvariantCulture) >= SupersededSeals)
        {
            await client.ExecuteAsync(
                $"ALTER TABLE tokenstream.seals DELETE WHERE {Superseded} SETTINGS mutations_sync = 1", cancellation, before)
                .ConfigureAwait(false);
        }
    }

    private static string Seconds(DateTimeOffset time) => time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
}
