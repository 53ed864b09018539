using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using TokenStream.Chdb.Engine;
using TokenStream.Chdb.Http;

namespace TokenStream.Chdb.Supervision;

/// <summary>One run of the store's process. Its standard input is a pipe that ends with this process, however that ends.</summary>
internal sealed partial class ChildStore : IDisposable
{
    private const int Terminate = 15;

    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(50);

    private readonly Process _process;
    private readonly ChdbSupervisorOptions _options;
    private readonly TimeProvider _time;
    private volatile string _lastLine = "";

    private ChildStore(ChdbSupervisorOptions options, ILogger log, TimeProvider time)
    {
        _options = options;
        _time = time;
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(options.Program, options.Arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        void Said(object sender, DataReceivedEventArgs line)
        {
            if (!string.IsNullOrWhiteSpace(line.Data))
            {
                _lastLine = line.Data;
                ChdbLog.ChildSaid(log, line.Data);
            }
        }

        _process.OutputDataReceived += Said;
        _process.ErrorDataReceived += Said;
    }

    internal int Id => _process.Id;

    internal string LastLine => _lastLine;

    internal int ExitCode => _process.ExitCode;

    /// <summary>Starts the process and waits until it answers.</summary>
    /// <exception cref="ChdbStartException">It ended, or did not answer in time; the message is its own last line where there is
    /// one.</exception>
    internal static async Task<ChildStore> StartAsync(
        ChdbSupervisorOptions options, ILogger log, TimeProvider time, CancellationToken cancellation)
    {
        var child = new ChildStore(options, log, time);
        try
        {
            child._process.Start();
            child._process.BeginOutputReadLine();
            child._process.BeginErrorReadLine();
            await child.AnswersAsync(cancellation);
            return child;
        }
        catch
        {
            await child.KillAsync();
            child.Dispose();
            throw;
        }
    }

    internal Task ExitAsync(CancellationToken cancellation) => _process.WaitForExitAsync(cancellation);

    /// <summary>Asks the process to end, and kills it where it does not in time; false then.</summary>
    internal async Task<bool> StopAsync()
    {
        if (_process.HasExited)
        {
            return true;
        }
        _ = SendSignal(_process.Id, Terminate);
        using var deadline = new CancellationTokenSource(_options.StopTime, _time);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
            return true;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            await KillAsync();
            return false;
        }
    }

    public void Dispose() => _process.Dispose();

    private async Task KillAsync()
    {
        try
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            // It never started, or has ended already: there is nothing to kill.
        }
    }

    private async Task AnswersAsync(CancellationToken cancellation)
    {
        using var http = new HttpClient { BaseAddress = _options.Address, Timeout = TimeSpan.FromSeconds(5) };
        using var deadline = new CancellationTokenSource(_options.StartTime, _time);
        while (!await IsOursAsync(http, cancellation))
        {
            if (_process.HasExited)
            {
                // The exit can be seen before the last line is: waiting for the exit waits for the lines too.
                await _process.WaitForExitAsync(cancellation);
                throw new ChdbStartException(
                    _lastLine.Length > 0 ? _lastLine : $"The store's process ended with code {_process.ExitCode} before it answered.");
            }
            if (deadline.IsCancellationRequested)
            {
                throw new ChdbStartException(
                    $"The store's process did not answer on {_options.Address} within {_options.StartTime.TotalSeconds:0} s; its log " +
                    "lines tell what it does.");
            }
            await Task.Delay(AskAgainAfter, _time, cancellation);
        }
    }

    /// <summary>Whether our process answers: another one may sit on the port while ours is still on its way to finding that out.</summary>
    private async Task<bool> IsOursAsync(HttpClient http, CancellationToken cancellation)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri("/ping", UriKind.Relative), cancellation);
            return answer.IsSuccessStatusCode && answer.Headers.TryGetValues(ResponseHeaders.ProcessId, out var values)
                && values.First() == _process.Id.ToString(CultureInfo.InvariantCulture);
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
