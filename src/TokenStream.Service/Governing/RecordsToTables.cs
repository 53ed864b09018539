using System.Globalization;
using Microsoft.Extensions.Logging;
using TokenStream.ClickHouse;
using TokenStream.Kafka;
using TokenStream.Service.Node;

namespace TokenStream.Service.Governing;

/// <summary>How the records of a topic become rows of a table.</summary>
/// <param name="Topic">The topic; all its partitions are read.</param>
/// <param name="Table">The table, without its database. Its first columns are topic, partition and record_offset, which are its identity.</param>
/// <param name="Columns">The columns behind those, in the order in which <paramref name="Write"/> writes them.</param>
/// <param name="Write">Writes a record's columns, or nothing where the record is not for the table: then it returns false.</param>
internal sealed record RecordTable(string Topic, string Table, string Columns, Func<byte[], byte[]?, RowBinaryWriter, bool> Write);

/// <summary>
/// Copies records of small topics into tables, as they come. The tables themselves say how far they are, so that there are no offsets to
/// commit: after any failure, and at each start, reading begins behind the highest offset stored. Two nodes may copy the same; a row's
/// identity is its record's place, so that the second replaces the first.
/// </summary>
internal sealed class RecordsToTables : IAsyncDisposable
{
    private const int MostRows = 5_000;
    private const int MostBytes = 8 << 20;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ClickHouseClient _client;
    private readonly KafkaOptions _kafka;
    private readonly IReadOnlyList<(RecordTable Table, int Partitions)> _tables;
    private readonly ILogger _logger;
    private readonly TopicReader?[] _readers;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public RecordsToTables(
        ClickHouseClient client, KafkaOptions kafka, IReadOnlyList<RecordTable> tables, IReadOnlyDictionary<string, int> partitions, ILogger logger)
    {
        (_client, _kafka, _logger) = (client, kafka, logger);
        _tables = [.. tables.Select(table => (table, partitions[table.Topic]))];
        _readers = new TopicReader?[_tables.Count];
    }

    /// <summary>Why records wait; null where none does.</summary>
    public string? Unavailable { get; private set; }

    /// <summary>Copies once a second until it is disposed of.</summary>
    public void Start(TimeProvider clock) => _running = Repeat.EveryAsync(
        Interval,
        clock,
        async () =>
        {
            await CopyAsync(_stop.Token);
            Unavailable = null;
        },
        failure =>
        {
            if (Unavailable is null)
            {
                NodeLog.RecordsWait(_logger, failure.Message);
            }

            Unavailable = failure.Message;
        },
        _stop.Token);

    /// <summary>Copies what is there now. Throws where log or store are out of reach; nothing is lost then.</summary>
    public async Task CopyAsync(CancellationToken cancellation)
    {
        for (var i = 0; i < _tables.Count; i++)
        {
            try
            {
                await CopyAsync(i, cancellation);
            }
            catch
            {
                // What of a failed block is stored is not known: the table is asked again.
                _readers[i]?.Dispose();
                _readers[i] = null;
                throw;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        foreach (var reader in _readers)
        {
            reader?.Dispose();
        }

        _stop.Dispose();
    }

    private async Task CopyAsync(int index, CancellationToken cancellation)
    {
        var (table, partitions) = _tables[index];
        var reader = _readers[index] ??= new TopicReader(
            _kafka, table.Topic, partitions, "tokenstream-tables", _logger, await ReadOffsetsAsync(table, partitions, cancellation));
        var rows = new RowBinaryWriter();
        try
        {
            var count = 0;
            foreach (var result in reader.ReadToEnd())
            {
                using var row = new RowBinaryWriter();
                if (!table.Write(result.Message.Key ?? [], result.Message.Value, row))
                {
                    continue;
                }

                rows.WriteString(table.Topic);
                rows.WriteUInt32((uint)result.Partition.Value);
                rows.WriteInt64(result.Offset.Value);
                rows.Append(row);
                if (++count == MostRows || rows.Length > MostBytes)
                {
                    await InsertAsync(table, rows, cancellation);
                    rows.Dispose();
                    (rows, count) = (new RowBinaryWriter(), 0);
                }
            }

            if (count > 0)
            {
                await InsertAsync(table, rows, cancellation);
            }
        }
        finally
        {
            rows.Dispose();
        }
    }

    private Task InsertAsync(RecordTable table, RowBinaryWriter rows, CancellationToken cancellation) => _client.InsertAsync(
        $"INSERT INTO tokenstream.{table.Table} (topic, partition, record_offset, {table.Columns})", rows, cancellation);

    private async Task<long[]> ReadOffsetsAsync(RecordTable table, int partitions, CancellationToken cancellation)
    {
        var offsets = new long[partitions];
        var rows = await _client.QueryAsync(
            $"SELECT partition, max(record_offset) FROM tokenstream.{table.Table} WHERE topic = {{topic:String}} GROUP BY partition",
            cancellation,
            ("topic", table.Topic));
        foreach (var row in rows)
        {
            if (int.Parse(row[0]!, CultureInfo.InvariantCulture) is var partition && partition < partitions)
            {
                offsets[partition] = long.Parse(row[1]!, CultureInfo.InvariantCulture) + 1;
            }
        }

        return offsets;
    }
}
