using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using TokenStream.Chdb.Engine;

namespace TokenStream.IntegrationTests.Chdb;

/// <summary>
/// This assembly as a program: it runs the engine and does to its own runtime what the tests ask for. In a process of its own, because the
/// failures that are looked for hang or kill the process.
/// </summary>
internal static class EngineProbe
{
    internal const int ChosenExitCode = 42;

    private static volatile bool _stop;
    private static long _turns;

    private static async Task<int> Main(string[] arguments)
    {
        var engine = await ChdbEngine.OpenAsync(
            new ChdbEngineOptions
            {
                DataDirectory = arguments[1],
                MaxMemoryBytes = 1L << 30,
                Database = "probe",
                ReaderThreads = 2,
                ReaderLimits = new ReaderLimits(),
            },
            TimeProvider.System);
        // Two threads have called the engine before the probe, and one connection stays open.
        await Task.WhenAll(QueryAsync(engine), QueryAsync(engine));
        return arguments[0] switch
        {
            "null-reference" => await CatchNullReferenceAsync(),
            "collect" => CollectBesideTightLoop(),
            "terminate" => await WaitForTerminationAsync(engine),
            "exit-code" => ChosenExitCode,
            "invalid-access" => TouchInvalidMemory(),
            _ => throw new ArgumentException($"There is no probe {arguments[0]}.", nameof(arguments)),
        };
    }

    private static async Task QueryAsync(ChdbEngine engine)
    {
        await using var session = await engine.OpenSessionAsync(
            ChdbWork.Read, ChdbRole.Reader, null, new Dictionary<string, string>(), CancellationToken.None);
        await session.QueryAsync(
            Encoding.ASCII.GetBytes("SELECT sum(number) FROM numbers(1000000)"), "TabSeparated", ChdbParameters.None, CancellationToken.None);
    }

    private static async Task<int> CatchNullReferenceAsync()
    {
        using var thread = new ChdbThread("probe");
        var caught = await thread.RunAsync(ThrowsNullReference) && ThrowsNullReference();
        Console.WriteLine(caught ? "caught" : "missed");
        return 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool ThrowsNullReference()
    {
        try
        {
            return Length(null!) < 0;
        }
        catch (NullReferenceException)
        {
            return true;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Length(string text) => text.Length;

    private static int CollectBesideTightLoop()
    {
        var loop = new Thread(Spin) { IsBackground = true };
        loop.Start();
        var clock = Stopwatch.StartNew();
        for (var round = 0; round < 20; round++)
        {
            GC.Collect();
        }
        Console.WriteLine($"collected in {clock.ElapsedMilliseconds} ms beside {Interlocked.Read(ref _turns) >= 0}");
        _stop = true;
        return 0;
    }

    private static void Spin()
    {
        // The inner loop calls nothing and allocates nothing: the runtime can stop it by its signal only.
        long turns = 0;
        while (!_stop)
        {
            for (var turn = 0; turn < 1_000_000_000; turn++)
            {
                turns = unchecked((turns * 31) + turn);
            }
        }
        Interlocked.Exchange(ref _turns, turns & long.MaxValue);
    }

    private static async Task<int> WaitForTerminationAsync(ChdbEngine engine)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            asked.SetResult();
        });
        Console.WriteLine("ready");
        await asked.Task;
        await engine.DisposeAsync();
        Console.WriteLine("terminated");
        return ChosenExitCode;
    }

    private static unsafe int TouchInvalidMemory()
    {
        Console.WriteLine("touching");
        return *(int*)0x7ead_beef_0000;
    }
}
