using Microsoft.Extensions.Logging;
using TokenStream.Chdb.Engine;

namespace TokenStream.Chdb.Supervision;

/// <summary>
/// Keeps the store's process running beside the node: started once before anything needs it, started again whenever it dies, stopped with
/// the node. While it is away the node sees what it must survive anyway: a store that does not answer.
/// </summary>
public sealed class ChdbSupervisor : IAsyncDisposable
{
    private readonly ChdbSupervisorOptions _options;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly RestartBackOff _backOff = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _watch = Task.CompletedTask;
    private int _restarts;
    private volatile bool _isAnswering;

    private ChdbSupervisor(ChdbSupervisorOptions options, ILogger log, TimeProvider time)
    {
        _options = options;
        _log = log;
        _time = time;
    }

    /// <summary>How often the process was started again.</summary>
    public int Restarts => Volatile.Read(ref _restarts);

    /// <summary>Whether the process has answered since it was last started, and has not ended since.</summary>
    public bool IsAnswering => _isAnswering;

    /// <summary>Starts the process, waits until it answers, and watches over it from then on.</summary>
    /// <exception cref="ChdbStartException">The first start failed, for the reason that the process gave: nothing is left
    /// running.</exception>
    public static async Task<ChdbSupervisor> StartAsync(
        ChdbSupervisorOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellation)
    {
        var supervisor = new ChdbSupervisor(options, loggers.CreateLogger("TokenStream.Chdb"), time);
        var child = await supervisor.StartChildAsync(cancellation);
        supervisor._watch = supervisor.WatchAsync(child);
        return supervisor;
    }

    /// <summary>Stops the process: asked first, killed where it does not end in time.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watch;
        _stop.Dispose();
    }

    private async Task<ChildStore> StartChildAsync(CancellationToken cancellation)
    {
        var child = await ChildStore.StartAsync(_options, _log, _time, cancellation);
        _isAnswering = true;
        ChdbLog.ChildAnswers(_log, child.Id, _options.Address);
        return child;
    }

    private async Task WatchAsync(ChildStore first)
    {
        ChildStore? child = first;
        while (child is not null)
        {
            var started = _time.GetTimestamp();
            try
            {
                await child.ExitAsync(_stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                await StopAsync(child);
                return;
            }
            _isAnswering = false;
            var delay = _backOff.After(_time.GetElapsedTime(started));
            ChdbLog.ChildEnded(_log, child.Id, child.ExitCode, delay, child.LastLine);
            child.Dispose();
            child = await StartAgainAsync(delay);
        }
    }

    /// <summary>The process anew, however many attempts it takes; null where the node stops meanwhile.</summary>
    private async Task<ChildStore?> StartAgainAsync(TimeSpan delay)
    {
        while (true)
        {
            try
            {
                await Task.Delay(delay, _time, _stop.Token);
                Interlocked.Increment(ref _restarts);
                return await StartChildAsync(_stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return null;
            }
            catch (Exception exception) when (exception is ChdbStartException or System.ComponentModel.Win32Exception)
            {
                ChdbLog.ChildNotStarted(_log, exception.Message);
                delay = _backOff.After(TimeSpan.Zero);
            }
        }
    }

    private async Task StopAsync(ChildStore child)
    {
        _isAnswering = false;
        if (!await child.StopAsync())
        {
            ChdbLog.ChildKilled(_log, child.Id, _options.StopTime);
        }
        child.Dispose();
    }
}
