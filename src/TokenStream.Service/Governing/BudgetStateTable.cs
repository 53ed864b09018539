using Microsoft.Extensions.Logging;
using TokenStream.Governing.Alerts;
using TokenStream.Kafka;
using TokenStream.Service.Node;

namespace TokenStream.Service.Governing;

/// <summary>
/// How each budget stands for each of its scopes, as the nodes that govern them said last, read from their topic in the background. States
/// are repeated every hour: what is older than that is of a budget or scope that is gone, and not read. Thread-safe.
/// </summary>
internal sealed class BudgetStateTable : IAsyncDisposable
{
    /// <summary>A state that nobody repeated for so long is not shown.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromMinutes(70);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly TopicReader _reader;
    private readonly TimeProvider _clock;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, BudgetStateRecord> _states = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _following;

    public BudgetStateTable(KafkaOptions kafka, string topic, int partitions, TimeProvider clock, ILogger logger)
    {
        _clock = clock;
        _reader = new TopicReader(kafka, topic, partitions, "tokenstream-states", logger, since: clock.GetUtcNow() - Freshness);

        // A log out of reach is the node's health to tell of; states that age are not shown.
        _following = Task.Run(() => Repeat.EveryAsync(Interval, clock, Take, _ => { }, _stop.Token, atOnce: true));
    }

    /// <summary>The states that are not too old, in order of budget and scope.</summary>
    public IReadOnlyList<BudgetStateRecord> Read()
    {
        var oldest = (_clock.GetUtcNow() - Freshness).ToUnixTimeMilliseconds();
        lock (_lock)
        {
            return [.. _states.Values.Where(state => state.AtMs >= oldest).OrderBy(state => state.Key, StringComparer.Ordinal)];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        _reader.Dispose();
        _stop.Dispose();
    }

    private void Take()
    {
        foreach (var result in _reader.ReadToEnd())
        {
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            if (result.Message.Value is { } value && AlertFormat.TryRead(value, out BudgetStateRecord? state))
            {
                lock (_lock)
                {
                    _states[state.Key] = state;
                }
            }
        }
    }
}
