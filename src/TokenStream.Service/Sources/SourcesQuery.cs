using System.Globalization;
using System.Text.Json;
using TokenStream.ClickHouse;

namespace TokenStream.Service.Sources;

/// <summary>Reads the sources of the last hour from the store.</summary>
internal static class SourcesQuery
{
    /// <summary>Lists are asked for as JSON of texts, which is spelt the same under any setting of the server.</summary>
    private const string Sql =
        """
        SELECT source, emitter, version, toUnixTimestamp(last_minute), events, events_per_second, exact_share, bound_share, assumed_share,
            counted_share, unknown_share, failed_share, tenants, refused,
            toJSONString(arrayMap(entry -> entry.1, tenant_shares)), toJSONString(arrayMap(entry -> toString(entry.2), tenant_shares)),
            toJSONString(mapKeys(refused_reasons)), toJSONString(arrayMap(items -> toString(items), mapValues(refused_reasons))),
            toJSONString(mapKeys(standings)), toJSONString(arrayMap(items -> toString(items), mapValues(standings))),
            toJSONString(arrayMap(entry -> entry.1, advice)), toJSONString(arrayMap(entry -> toString(entry.2), advice)),
            toJSONString(arrayMap(entry -> entry.3, advice))
        FROM tokenstream.sources_seen
        """;

    public static async Task<IReadOnlyList<SourceSeen>> ReadAsync(ClickHouseClient client, CancellationToken cancellation)
    {
        var rows = await client.QueryAsync(Sql, cancellation);
        return [.. rows.Select(Read)];
    }

    private static SourceSeen Read(string?[] row) => new()
    {
        Source = row[0]!,
        Emitter = row[1]!,
        Version = row[2]!,
        LastMinute = DateTimeOffset.FromUnixTimeSeconds(Whole(row[3])),
        Events = Whole(row[4]),
        EventsPerSecond = Number(row[5]),
        ExactShare = Number(row[6]),
        BoundShare = Number(row[7]),
        AssumedShare = Number(row[8]),
        CountedShare = Number(row[9]),
        UnknownShare = Number(row[10]),
        FailedShare = Number(row[11]),
        Tenants = Whole(row[12]),
        Refused = Whole(row[13]),
        TenantShares = [.. Texts(row[14]).Zip(Texts(row[15]), (tenant, share) => new TenantShare(tenant, Number(share)))],
        RefusedReasons = Counts(row[16], row[17]),
        Standings = Counts(row[18], row[19]),
        Advice = [.. Texts(row[20]).Zip(Texts(row[21]), Texts(row[22]))
            .Select(it => new SourceRemark(it.First, Whole(it.Second), it.Third))],
    };

    private static Dictionary<string, long> Counts(string? names, string? counts) =>
        Texts(names).Zip(Texts(counts)).ToDictionary(pair => pair.First, pair => Whole(pair.Second));

    private static string[] Texts(string? json) => JsonSerializer.Deserialize(json!, TextsJson.Default.StringArray)!;

    private static long Whole(string? text) => long.Parse(text!, CultureInfo.InvariantCulture);

    private static double Number(string? text) => double.Parse(text!, CultureInfo.InvariantCulture);
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string[]))]
internal sealed partial class TextsJson : System.Text.Json.Serialization.JsonSerializerContext;
