using System.Runtime.InteropServices;
using Xunit;

namespace TokenStream.IntegrationTests.Chdb;

/// <summary>The engine brings its own signal handling; the runtime that hosts it must go on as if it were not there.</summary>
public sealed class EngineAndRuntimeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [FactNeeding("engine")]
    public async Task A_null_reference_is_caught_beside_the_engine()
    {
        using var folder = new TemporaryFolder();
        await using var probe = Start("null-reference", folder);

        Assert.Equal(0, await probe.ExitAsync(Limit));
        Assert.Contains("caught", probe.Output, StringComparison.Ordinal);
    }

    [FactNeeding("engine")]
    public async Task Garbage_is_collected_beside_a_tight_loop_and_the_engine()
    {
        using var folder = new TemporaryFolder();
        await using var probe = Start("collect", folder);

        Assert.Equal(0, await probe.ExitAsync(Limit));
        Assert.Contains("collected", probe.Output, StringComparison.Ordinal);
    }

    [FactNeeding("engine")]
    public async Task A_request_to_terminate_reaches_the_program_beside_the_engine()
    {
        using var folder = new TemporaryFolder();
        await using var probe = Start("terminate", folder);
        await probe.LineAsync("ready", Limit);

        probe.Signal(PosixSignal.SIGTERM);

        Assert.Equal(EngineProbe.ChosenExitCode, await probe.ExitAsync(Limit));
        Assert.Contains("terminated", probe.Output, StringComparison.Ordinal);
    }

    [FactNeeding("engine")]
    public async Task The_exit_code_is_the_programs_own_with_a_connection_left_open()
    {
        using var folder = new TemporaryFolder();
        await using var probe = Start("exit-code", folder);

        Assert.Equal(EngineProbe.ChosenExitCode, await probe.ExitAsync(Limit));
    }

    [FactNeeding("engine")]
    public async Task An_invalid_access_ends_in_the_runtimes_own_report()
    {
        using var folder = new TemporaryFolder();
        await using var probe = Start("invalid-access", folder);

        Assert.Equal(128 + 6, await probe.ExitAsync(Limit));
        Assert.Contains("System.AccessViolationException", probe.Output, StringComparison.Ordinal);
    }

    private static ChildProcess Start(string probe, TemporaryFolder folder) => ChildProcess.Start(
        "dotnet", [typeof(EngineProbe).Assembly.Location, probe, folder.Path], ("DOTNET_DbgEnableMiniDump", "0"));
}
