using System.Buffers;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using TokenStream.Events;

namespace TokenStream.Service.Replay;

/// <summary>What a replay has sent.</summary>
internal sealed record ReplayProgress(long Sent, long Total, long TokensIn, long TokensOut);

/// <summary>
/// Publishes a trace as events, each partition's in order, and ends each partition with a tick: silent partitions go on with the clock and
/// not with the trace, so that without one the last windows of an old trace would stay open for a while.
/// </summary>
internal sealed class Replayer(ReplayOptions options, Trace trace, Attribution attribution, TimeProvider clock)
{
    /// <summary>How far behind the last event the closing tick lies: beyond any window's end and grace.</summary>
    private const long TickAfterMs = 2 * 3600 * 1000;

    private readonly ArrayBufferWriter<byte> _buffer = new();
    private volatile string? _failure;
    private long _tokensIn;
    private long _tokensOut;

    /// <summary>
    /// Sends everything; reports from time to time. Throws <see cref="IOException"/> with the reason where a record was not taken.
    /// </summary>
    public async Task<ReplayProgress> RunAsync(IProgress<ReplayProgress> progress, CancellationToken cancellation)
    {
        using var producer = Producer();
        var partitions = Partitions();
        var shift = options.Time == ReplayTime.UntilNow ? clock.GetUtcNow().ToUnixTimeMilliseconds() - trace.Rows[^1].TimeMs : 0;
        var started = clock.GetTimestamp();
        var sent = 0L;
        foreach (var row in trace.Rows)
        {
            await WaitAsync(row, started, cancellation);
            if (cancellation.IsCancellationRequested || _failure is not null)
            {
                break;
            }

            var tenant = attribution.Tenant(row);
            var time = options.Time == ReplayTime.Sent ? clock.GetUtcNow().ToUnixTimeMilliseconds() : row.TimeMs + shift;
            Send(producer, Partition(tenant, partitions), tenant, Event(row, tenant, time));
            (_tokensIn, _tokensOut) = (_tokensIn + row.TokensIn, _tokensOut + row.TokensOut);
            if (++sent % 256 == 0)
            {
                progress.Report(new ReplayProgress(sent, trace.Rows.Count, _tokensIn, _tokensOut));
            }
        }

        if (_failure is null && !cancellation.IsCancellationRequested)
        {
            SendTicks(producer, partitions, trace.Rows[^1].TimeMs + shift);
        }

        producer.Flush(TimeSpan.FromSeconds(60));
        var done = new ReplayProgress(sent, trace.Rows.Count, _tokensIn, _tokensOut);
        progress.Report(done);
        return _failure is null ? done : throw new IOException(_failure);
    }

    private IProducer<string, byte[]> Producer() => new ProducerBuilder<string, byte[]>(new ProducerConfig
        {
            BootstrapServers = options.BootstrapServers,
            EnableIdempotence = true,
            CompressionType = CompressionType.Lz4,
            LingerMs = 5,
            QueueBufferingMaxMessages = 100_000,
        })
        .SetErrorHandler((_, error) => _failure ??= error.IsFatal ? error.Reason : null)
        .SetLogHandler((_, _) => { })
        .Build();

    private int Partitions()
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = options.BootstrapServers })
            .SetLogHandler((_, _) => { }).Build();
        try
        {
            var topic = admin.GetMetadata(options.Topic, TimeSpan.FromSeconds(15)).Topics.Single();
            return topic.Partitions.Count > 0
                ? topic.Partitions.Count
                : throw new IOException($"topic {options.Topic}: {topic.Error.Reason}");
        }
        catch (KafkaException failure)
        {
            throw new IOException(
                $"Kafka at {options.BootstrapServers} does not answer ({failure.Error.Reason}): is a node up? (--to)", failure);
        }
    }

    private static int Partition(string tenant, int partitions) =>
        (int)(StableHash.Hash(Encoding.UTF8.GetBytes(tenant)) % (ulong)partitions);

    private async ValueTask WaitAsync(TraceRow row, long started, CancellationToken cancellation)
    {
        if (options.Speed is not { } speed)
        {
            return;
        }

        var due = TimeSpan.FromMilliseconds((row.TimeMs - trace.Rows[0].TimeMs) / speed) - clock.GetElapsedTime(started);
        if (due > TimeSpan.FromMilliseconds(1))
        {
            await Task.Delay(due, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Send(IProducer<string, byte[]> producer, int partition, string key, byte[] value)
    {
        var message = new Message<string, byte[]> { Key = key, Value = value };
        while (_failure is null)
        {
            try
            {
                producer.Produce(new TopicPartition(options.Topic, partition), message, Delivered);
                return;
            }
            catch (ProduceException<string, byte[]> full) when (full.Error.Code == ErrorCode.Local_QueueFull)
            {
                producer.Poll(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    private void Delivered(DeliveryReport<string, byte[]> report)
    {
        if (report.Error.IsError)
        {
            _failure ??= $"a record was not taken: {report.Error.Reason}";
        }
    }

    private void SendTicks(IProducer<string, byte[]> producer, int partitions, long lastMs)
    {
        for (var partition = 0; partition < partitions; partition++)
        {
            Send(producer, partition, "tick", Encoding.UTF8.GetBytes($$"""{"kind":"tick","time":{{lastMs + TickAfterMs}}}"""));
        }
    }

    private byte[] Event(TraceRow row, string tenant, long timeMs)
    {
        _buffer.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_buffer))
        {
            var model = attribution.Model(row);
            json.WriteStartObject();
            json.WriteString("event_id", $"{options.Run}-{row.Number}");
            json.WriteNumber("time", timeMs);
            json.WriteString("tenant_id", tenant);
            json.WriteString("app", row.App ?? "replay");
            json.WriteString("feature", attribution.Feature(row));
            json.WriteString("environment", options.Environment);
            WriteText(json, "user_id", row.User);
            WriteText(json, "session_id", row.Session);
            json.WriteString("provider", Attribution.Provider(row, model));
            json.WriteString("model", model);
            WriteText(json, "prompt_hash", row.PromptHash);
            json.WriteNumber("tokens_in", row.TokensIn);
            json.WriteNumber("tokens_out", row.TokensOut);
            WriteNumber(json, "tokens_cached", row.TokensCached);
            WriteNumber(json, "latency_ms", row.LatencyMs);
            WriteNumber(json, "ttft_ms", row.TtftMs);
            json.WriteString("result_type", row.Failed ? "error" : "ok");
            json.WriteEndObject();
        }

        return _buffer.WrittenSpan.ToArray();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }
}
