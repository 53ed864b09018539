using Microsoft.Extensions.Logging.Abstractions;
using Spectre.Console;
using TokenStream.Budgets;
using TokenStream.Gateway;
using TokenStream.Scopes;
using TokenStream.Service.Governing;
using TokenStream.Service.Node;
using TokenStream.Service.Options;
using TokenStream.Service.Replay;

namespace TokenStream.Service.Demo.Runaway;

/// <summary>
/// <c>up --demo runaway</c>: coding agents of one tenant run away through their budget. The terminal shows the burn rate, the steps of the
/// ladder, the gateway obeying, and, when the agents were stopped, the probe and the release. A quarter of an hour.
/// </summary>
internal sealed class RunawayDemo(NodeOptions options, string bootstrapServers, TimeProvider clock)
{
    public const string Name = "runaway";

    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(500);

    /// <summary>Until the partitions, idle as yet, sum the budget's scope: no later than they would see traffic.</summary>
    private static readonly TimeSpan TakenUp = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Working = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Unnoticed = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    // Another tenant each time: what an earlier run has spent is not this one's.
    private readonly string _tenant = $"acme-agents-{Guid.NewGuid():N}"[..16];
    private readonly RunawayWatch _watch = new(bootstrapServers, options.Topics);
    private readonly long _started = clock.GetTimestamp();

    /// <summary>Runs until everything is released again, or cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await ApplyBudgetsAsync();
        await Task.Delay(TakenUp, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using var gateway = new TokenStreamGateway(
            Microsoft.Extensions.Options.Options.Create(new TokenStreamGatewayOptions
            {
                BootstrapServers = bootstrapServers,
                PublicKeyFile = new SigningKeys(options).PublicFile,
                GatewayId = "demo-gateway",
                Environment = RunawayTraffic.Environment,
                CommandsTopic = options.Topics.Commands,
                AcksTopic = options.Topics.Acks,
                UsageTopic = options.Topics.Requests,
            }),
            clock,
            NullLogger<TokenStreamGateway>.Instance);
        gateway.Start();
        var traffic = new RunawayTraffic(
            gateway, _tenant, Shipped("agentic_coding_sessions.csv.gz"), Shipped("azure_2023_conv.csv.gz"), clock);
        var view = new RunawayView(_watch, traffic, gateway, clock, _started);
        var running = new[]
        {
            Task.Run(() => _watch.Run(stop.Token), CancellationToken.None),
            traffic.RunAsync(stop.Token),
            DirectAsync(traffic, stop),
        };
        await ShowAsync(view, stop.Token);
        await Task.WhenAll(running);
        Console.WriteLine(view.Summary());
    }

    private async Task ApplyBudgetsAsync()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Demo", "Runaway", "budgets.yaml"));
        var load = BudgetFile.Load(text.Replace("acme-agents", _tenant, StringComparison.Ordinal));
        using var budgets = new BudgetConnection(options, options.ToKafka(bootstrapServers), clock, NullLogger.Instance);
        await budgets.PublishAsync(load.Document!, TenantDirectory.Empty, "apply", "the demo's budget", Actor.CommandLine);
    }

    private static Trace Shipped(string file) => Trace.Read(Path.Combine(AppContext.BaseDirectory, "Demo", file), null);

    /// <summary>The story: work, run away, be killed, be stopped by somebody half a minute later, be released.</summary>
    private async Task DirectAsync(RunawayTraffic traffic, CancellationTokenSource stop)
    {
        try
        {
            await Task.Delay(Working, clock, stop.Token);
            traffic.Phase = RunawayPhase.RunningAway;
            await UntilAsync(() => Interlocked.Read(ref traffic.AgentCounts.Killed) > 0, stop.Token);
            await Task.Delay(Unnoticed, clock, stop.Token);
            traffic.Phase = RunawayPhase.Stopped;
            await UntilAsync(() => _watch.IsReleased, stop.Token);
            await Task.Delay(Working, clock, stop.Token);
            await stop.CancelAsync();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    private async Task UntilAsync(Func<bool> condition, CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        using var timer = new PeriodicTimer(Refresh, clock);
        while (!condition() && clock.GetElapsedTime(began) < Patience)
        {
            await timer.WaitForNextTickAsync(cancellation);
        }
    }

    private async Task ShowAsync(RunawayView view, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Refresh, clock);
        try
        {
            if (!AnsiConsole.Profile.Capabilities.Interactive)
            {
                while (await timer.WaitForNextTickAsync(cancellation))
                {
                    foreach (var line in view.NewLines())
                    {
                        Console.WriteLine(line);
                    }
                }
            }

            await AnsiConsole.Live(view.Render()).StartAsync(async context =>
            {
                while (await timer.WaitForNextTickAsync(cancellation))
                {
                    context.UpdateTarget(view.Render());
                }
            });
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }
}
