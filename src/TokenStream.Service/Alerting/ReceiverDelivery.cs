using System.Globalization;
using Microsoft.Extensions.Logging;
using TokenStream.Runtime;
using TokenStream.Service.Options;

namespace TokenStream.Service.Alerting;

/// <summary>
/// Tells one receiver what it has to be told, in a task of its own: a receiver that is away holds up nobody else, and nothing but its own
/// marks in the book waits for it. What it does not take is tried again with back-off; what it refuses for good is counted and passed over.
/// </summary>
internal sealed class ReceiverDelivery(
    int index,
    ReceiverOptions receiver,
    Func<AlertBook?> book,
    HttpClient http,
    TimeProvider clock,
    AlertMetrics metrics,
    ILogger logger)
{
    /// <summary>Receivers that are told states are told them again so often.</summary>
    public static readonly TimeSpan Repeat = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const int BatchSize = 256;

    private readonly Backoff _backoff = new(new Random(index));
    private AlertBook? _known;
    private long _seen = -1;
    private long _repeated;
    private long _failed;
    private TimeSpan _wait;

    private bool TellsStates => receiver.Kind == ReceiverKind.Alertmanager;

    /// <summary>Whether the last attempt failed.</summary>
    public bool IsAway => _wait > TimeSpan.Zero;

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            using var timer = new PeriodicTimer(Interval, clock);
            while (await timer.WaitForNextTickAsync(stop))
            {
                await StepAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    /// <summary>Tells what is due.</summary>
    public async Task StepAsync(CancellationToken stop)
    {
        if (book() is not { IsReady: true } current || (IsAway && clock.GetElapsedTime(_failed) < _wait))
        {
            return;
        }

        var isRepeated = TellsStates && clock.GetElapsedTime(_repeated) >= Repeat;
        var changes = current.Changes;
        if (current == _known && changes == _seen && !IsAway && !isRepeated)
        {
            return;
        }

        if (current != _known || isRepeated || current.CountPending(index) > 0)
        {
            if (!await (TellsStates ? TellStatesAsync(current, stop) : TellPendingAsync(current, stop)))
            {
                return;
            }
        }

        (_known, _seen) = (current, changes);
    }

    private async Task<bool> TellStatesAsync(AlertBook current, CancellationToken stop)
    {
        foreach (var batch in current.States(index).Chunk(BatchSize))
        {
            if (!await TellAsync(current, batch, stop))
            {
                return false;
            }
        }

        _repeated = clock.GetTimestamp();
        return true;
    }

    private async Task<bool> TellPendingAsync(AlertBook current, CancellationToken stop)
    {
        while (current.Pending(index, BatchSize) is { Count: > 0 } pending)
        {
            foreach (var notification in pending)
            {
                if (book() != current || !await TellAsync(current, [notification], stop))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>One attempt. Returns false where it is to be made again.</summary>
    private async Task<bool> TellAsync(AlertBook current, Notification[] notifications, CancellationToken stop)
    {
        string? reason;
        var isRefused = false;
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
            patience.CancelAfter(Patience);
            using var request = AlertRequests.Make(receiver, notifications, clock.GetUtcNow());
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            reason = answer.IsSuccessStatusCode ? null : string.Create(CultureInfo.InvariantCulture, $"it answers {(int)answer.StatusCode}");
            isRefused = (int)answer.StatusCode is 400 or 413 or 422;
        }
        catch (Exception failure) when (!stop.IsCancellationRequested && failure is HttpRequestException or OperationCanceledException or InvalidOperationException)
        {
            reason = failure is OperationCanceledException ? "it does not answer in time" : failure.Message;
        }

        if (reason is not null && !isRefused)
        {
            _failed = clock.GetTimestamp();
            metrics.Count(receiver.Name, "retried", 1);
            if (!IsAway)
            {
                AlertLog.ReceiverAway(logger, receiver.Name, reason);
            }

            _wait = TimeSpan.FromMilliseconds(_backoff.Failed());
            return false;
        }

        if (isRefused)
        {
            AlertLog.Refused(logger, receiver.Name, notifications.Length, reason!);
        }
        else if (IsAway)
        {
            AlertLog.ReceiverBack(logger, receiver.Name);
        }

        _backoff.Succeeded();
        _wait = TimeSpan.Zero;
        metrics.Count(receiver.Name, isRefused ? "refused" : "delivered", notifications.Length);
        foreach (var notification in notifications)
        {
            current.Done(index, notification);
        }

        return true;
    }
}
