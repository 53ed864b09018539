using TokenStream.Governing.Alerts;
using TokenStream.Kafka;

namespace TokenStream.Service.Demo.Runaway;

/// <summary>What governing says of the runaway: its budget's state and what happened to it.</summary>
internal sealed class RunawayWatch(string bootstrapServers, TopicLayout topics)
{
    private const int MostAlerts = 200;

    private readonly Lock _lock = new();
    private readonly List<Alert> _alerts = [];
    private BudgetStateRecord? _state;
    private bool _isFree;

    /// <summary>The budget's last state; null before the first.</summary>
    public BudgetStateRecord? State
    {
        get
        {
            lock (_lock)
            {
                return _state;
            }
        }
    }

    /// <summary>What happened, in order.</summary>
    public IReadOnlyList<Alert> Alerts
    {
        get
        {
            lock (_lock)
            {
                return [.. _alerts];
            }
        }
    }

    /// <summary>Whether commands were issued and every one of them is released again.</summary>
    public bool IsReleased
    {
        get
        {
            lock (_lock)
            {
                return _alerts.Exists(alert => alert.Kind == TransitionKind.Issued) && _isFree;
            }
        }
    }

    /// <summary>Reads until cancelled.</summary>
    public void Run(CancellationToken cancellation)
    {
        using var tail = new TopicTail(bootstrapServers, topics.Alerts, topics.BudgetStates);
        while (!cancellation.IsCancellationRequested)
        {
            if (tail.Next(TimeSpan.FromMilliseconds(200)) is { Message.Value: { } value } record)
            {
                Take(record.Topic == topics.Alerts, value);
            }
        }
    }

    private void Take(bool isAlert, byte[] value)
    {
        lock (_lock)
        {
            if (!isAlert)
            {
                _state = AlertFormat.TryRead(value, out BudgetStateRecord? state) && state.Budget == "agents" ? state : _state;
            }
            else if (AlertFormat.TryRead(value, out Alert? alert) && _alerts.Count < MostAlerts)
            {
                _alerts.Add(alert);
                _isFree = alert.Kind == TransitionKind.Released || (_isFree && alert.Kind != TransitionKind.Issued);
            }
        }
    }
}
