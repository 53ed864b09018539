using TokenStream.ClickHouse;
using TokenStream.Kafka;
using TokenStream.Storage;

namespace TokenStream.Service.Node;

/// <summary>What a node does again and again in the background until it stops.</summary>
internal static class Repeat
{
    /// <summary>Acts at every tick until stopped.</summary>
    /// <param name="interval">From tick to tick; ticks that an action takes too long for are left out.</param>
    /// <param name="clock">The time.</param>
    /// <param name="action">What is done.</param>
    /// <param name="failed">Is told where log or store were out of reach; the next tick tries again.</param>
    /// <param name="stop">Stops it.</param>
    /// <param name="atOnce">Acts a first time without waiting for a tick.</param>
    public static async Task EveryAsync(
        TimeSpan interval, TimeProvider clock, Func<Task> action, Action<Exception> failed, CancellationToken stop, bool atOnce = false)
    {
        using var timer = new PeriodicTimer(interval, clock);
        try
        {
            for (var isDue = atOnce; isDue || await timer.WaitForNextTickAsync(stop); isDue = false)
            {
                try
                {
                    await action();
                }
                catch (Exception failure) when (failure is KafkaUnavailableException or StoreUnavailableException or ClickHouseException)
                {
                    failed(failure);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    /// <summary>The same for what waits for nothing.</summary>
    public static Task EveryAsync(
        TimeSpan interval, TimeProvider clock, Action action, Action<Exception> failed, CancellationToken stop, bool atOnce =
            false) => EveryAsync(
        interval,
        clock,
        () =>
        {
            action();
            return Task.CompletedTask;
        },
        failed,
        stop,
        atOnce);
}
