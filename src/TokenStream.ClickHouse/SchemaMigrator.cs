using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace TokenStream.ClickHouse;

/// <summary>A file of SQL: <c>NNN_name.sql</c>.</summary>
internal sealed record Migration(int Version, string Name, IReadOnlyList<string> Statements)
{
    /// <summary>SHA-256 over the statements, so that a comment between them may change and a statement may not.</summary>
    public string Checksum { get; } =
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(";\n", Statements))));
}

/// <summary>
/// Brings the database to the schema of this program: applies the files of <c>infra/clickhouse</c>, which the assembly carries, in order
/// and forward only, and records each. Every statement may be repeated, so a crash between them, or two nodes at once, do no harm.
/// </summary>
public sealed class SchemaMigrator
{
    private const string ResourcePrefix = "clickhouse/";

    private readonly ClickHouseClient _client;
    private readonly IReadOnlyList<Migration> _migrations;

    public SchemaMigrator(ClickHouseClient client)
        : this(client, Load())
    {
    }

    internal SchemaMigrator(ClickHouseClient client, IReadOnlyList<Migration> migrations)
    {
        _client = client;
        _migrations = migrations;
    }

    /// <summary>
    /// Applies what is missing and returns the version reached. Throws <see cref="ClickHouseException"/> with a sentence where the database
    /// is newer than this program or was made by other files.
    /// </summary>
    public async Task<int> MigrateAsync(CancellationToken cancellation)
    {
        await _client.ExecuteAsync("CREATE DATABASE IF NOT EXISTS tokenstream", cancellation).ConfigureAwait(false);
        await _client.ExecuteAsync(
            """
            CREATE TABLE IF NOT EXISTS tokenstream.schema_versions
            (
                version UInt32 COMMENT 'Number of the file.',
                name String COMMENT 'Name of the file.',
                checksum String COMMENT 'SHA-256 of its statements.',
                applied_at DateTime('UTC') DEFAULT now() COMMENT 'When it was applied.'
            )
            ENGINE = ReplacingMergeTree ORDER BY version
            SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480
            COMMENT 'The files of the schema that were applied.'
            """,
            cancellation).ConfigureAwait(false);
        var rows = await _client.QueryAsync(
            "SELECT version, any(checksum) FROM tokenstream.schema_versions GROUP BY version", cancellation).ConfigureAwait(false);
        var applied = rows.ToDictionary(row => int.Parse(row[0]!, CultureInfo.InvariantCulture), row => row[1]!);
        Check(applied);
        foreach (var migration in _migrations.Where(m => !applied.ContainsKey(m.Version)))
        {
            await ApplyAsync(migration, cancellation).ConfigureAwait(false);
        }

        return _migrations[^1].Version;
    }

    /// <summary>The migrations that the assembly carries, in order.</summary>
    internal static IReadOnlyList<Migration> Load()
    {
        var assembly = typeof(SchemaMigrator).Assembly;
        var migrations = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith(ResourcePrefix, StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            var name = resource[ResourcePrefix.Length..];
            var version = int.Parse(name.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture);
            migrations.Add(new Migration(version, name, SqlStatements.Split(reader.ReadToEnd())));
        }

        migrations.Sort((a, b) => a.Version.CompareTo(b.Version));
        return migrations;
    }

    private void Check(Dictionary<int, string> applied)
    {
        var newest = applied.Keys.DefaultIfEmpty().Max();
        if (newest > _migrations[^1].Version)
        {
            throw new ClickHouseException(
                0,
                "",
                $"The database tokenstream at {_client.Options} has schema version {newest}, this program knows " +
                $"{_migrations[^1].Version}: start the newer release that made it, or use another server.");
        }

        var changed = _migrations.FirstOrDefault(m => applied.TryGetValue(m.Version, out var checksum) && checksum != m.Checksum);
        if (changed is not null)
        {
            throw new ClickHouseException(
                0,
                "",
                $"The database tokenstream at {_client.Options} was made by another {changed.Name} than this program's: " +
                "start the release that made it, or drop the database.");
        }
    }

    private async Task ApplyAsync(Migration migration, CancellationToken cancellation)
    {
        foreach (var statement in migration.Statements)
        {
            await _client.ExecuteAsync(statement, cancellation).ConfigureAwait(false);
        }

        await _client.ExecuteAsync(
            "INSERT INTO tokenstream.schema_versions (version, name, checksum) SETTINGS async_insert = 0 " +
            "SELECT {version:UInt32}, {name:String}, {checksum:String}",
            cancellation,
            ("version", migration.Version.ToString(CultureInfo.InvariantCulture)),
            ("name", migration.Name),
            ("checksum", migration.Checksum)).ConfigureAwait(false);
    }
}
