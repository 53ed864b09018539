using System.Diagnostics;
using System.Runtime.InteropServices;
using Xunit;

namespace TokenStream.IntegrationTests;

/// <summary>A program that a test started: its lines, its end, its signals. Disposing kills it.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    /// <summary>How long a test waits for a line or for the end unless it says otherwise.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _open = 2;

    private ChildProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    /// <summary>Everything it wrote, both streams, as far as it came.</summary>
    internal string Output
    {
        get
        {
            lock (_lines)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    /// <summary>Starts a program; its standard input stays open until <see cref="CloseInput"/>.</summary>
    internal static ChildProcess Start(string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
        return new ChildProcess(new Process { StartInfo = start });
    }

    /// <summary>Runs a program to its end and gives exit code and output.</summary>
    internal static async Task<(int ExitCode, string Output)> RunAsync(
        string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        await using var child = Start(program, arguments, environment);
        child.CloseInput();
        return (await child.ExitAsync(Patience), child.Output);
    }

    /// <summary>Waits for a line that holds the text.</summary>
    internal async Task<string> LineAsync(string holding, TimeSpan? patience = null)
    {
        using var deadline = new CancellationTokenSource(patience ?? Patience);
        while (true)
        {
            Task more;
            lock (_lines)
            {
                if (_lines.Find(line => line.Contains(holding, StringComparison.Ordinal)) is { } found)
                {
                    return found;
                }
                more = _open > 0
                    ? _more.Task
                    : throw new InvalidOperationException($"The program ended without a line with '{holding}':\n{string.Join('\n', _lines)}");
            }
            try
            {
                await more.WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"No line with '{holding}' came:\n{Output}");
            }
        }
    }

    /// <summary>Waits for the end and gives the exit code; 128 + signal where one killed it.</summary>
    internal async Task<int> ExitAsync(TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The program did not end within {patience}:\n{Output}");
        }
    }

    internal void Signal(PosixSignal signal)
    {
        var number = signal switch { PosixSignal.SIGTERM => 15, PosixSignal.SIGINT => 2, _ => throw new ArgumentOutOfRangeException(nameof(signal)) };
        Assert.Equal(0, SendSignal(_process.Id, number));
    }

    /// <summary>Stops it where it is, as a long pause of the machine would, until <see cref="Thaw"/>.</summary>
    internal void Freeze() => Assert.Equal(0, SendSignal(_process.Id, 19));

    internal void Thaw() => Assert.Equal(0, SendSignal(_process.Id, 18));

    internal void CloseInput() => _process.StandardInput.Close();

    internal Task WriteLineAsync(string line) => _process.StandardInput.WriteLineAsync(line);

    /// <summary>Ends it at once, as a crash would.</summary>
    /// <param name="children">Whether the processes that it started are killed too.</param>
    internal async Task KillAsync(bool children = true)
    {
        _process.Kill(children);
        await ExitAsync(Patience);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);

    private void Add(string? line)
    {
        lock (_lines)
        {
            if (line is null)
            {
                _open--;
            }
            else
            {
                _lines.Add(line);
            }
            _more.SetResult();
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
