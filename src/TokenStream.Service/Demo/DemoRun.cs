using System.Globalization;
using Spectre.Console;
using TokenStream.Service.Options;
using TokenStream.Service.Replay;

namespace TokenStream.Service.Demo;

/// <summary>
/// <c>up --demo</c>: a real trace replayed into a node on a data directory of its own, and what the stream makes of it, live in the
/// terminal.
/// </summary>
internal sealed class DemoRun(NodeOptions options, string bootstrapServers, string clickHouse, TimeProvider clock)
{
    public const string DefaultTrace = "azure";

    private const double Speed = 20;
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(500);

    private readonly LiveTotals _totals = new();
    private ReplayProgress _progress = new(0, 0, 0, 0);
    private string? _failure;

    /// <summary>The traces that ship with the product.</summary>
    public static IReadOnlyDictionary<string, string> Traces { get; } =
        new Dictionary<string, string> { [DefaultTrace] = "azure_2023_conv.csv.gz" };

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(string name, CancellationToken cancellation)
    {
        var trace = Trace.Read(Path.Combine(AppContext.BaseDirectory, "Demo", Traces[name]), null);
        var replay = new ReplayOptions
        {
            BootstrapServers = bootstrapServers,
            Topic = options.Topics.Requests,
            Speed = Speed,
            Time = ReplayTime.Sent,
            Run = $"demo-{Guid.NewGuid():N}"[..17],
        };
        var replayer = new Replayer(replay, trace, new Attribution(seed: 1), clock);
        var sending = SendAsync(replayer, cancellation);
        var reading = Task.Run(() => Read(cancellation), CancellationToken.None);
        await ShowAsync(cancellation);
        await Task.WhenAll(sending, reading);
    }

    private async Task SendAsync(Replayer replayer, CancellationToken cancellation)
    {
        try
        {
            await replayer.RunAsync(new Progress<ReplayProgress>(p => _progress = p), cancellation);
        }
        catch (IOException failure)
        {
            _failure = failure.Message;
        }
    }

    private void Read(CancellationToken cancellation)
    {
        using var tail = new TopicTail(bootstrapServers, options.Topics.Rollups, options.Topics.Live);
        while (!cancellation.IsCancellationRequested)
        {
            if (tail.Next(Refresh) is { } record)
            {
                lock (_totals)
                {
                    _totals.Take(record.Partition.Value, record.Message.Value);
                }
            }
        }
    }

    private async Task ShowAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(AnsiConsole.Profile.Capabilities.Interactive ? Refresh : Refresh * 4, clock);
        if (!AnsiConsole.Profile.Capabilities.Interactive)
        {
            await TickAsync(timer, () => Console.WriteLine(Line(Snapshot())), cancellation);
            return;
        }

        await AnsiConsole.Live(View(Snapshot()))
            .StartAsync(context => TickAsync(timer, () => context.UpdateTarget(View(Snapshot())), cancellation));
    }

    private static async Task TickAsync(PeriodicTimer timer, Action show, CancellationToken cancellation)
    {
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                show();
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    private LiveSnapshot Snapshot()
    {
        lock (_totals)
        {
            return _totals.Snapshot();
        }
    }

    private static string Line(LiveSnapshot now) => string.Create(
        CultureInfo.InvariantCulture,
        $"{now.EventsPerSecond:F0} events/s  {now.SpendPerHourUsd:F2} USD/h  total {now.Events} events {now.SpendUsd:F4} USD  late " +
        $"{now.Late}  refused {now.Refused}");

    private Rows View(LiveSnapshot now)
    {
        var head = new Table().Border(TableBorder.Rounded).Expand()
            .AddColumns("events/s", "spend/h", "events counted", "spend", "late", "duplicates", "refused", "behind");
        head.AddRow(
            Number(now.EventsPerSecond), $"{Usd(now.SpendPerHourUsd)}", Number(now.Events), Usd(now.SpendUsd), Number(now.Late),
            Number(now.Duplicates), Number(now.Refused),
            string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, (clock.GetUtcNow() - now.StreamTime).TotalSeconds):F0} s"));
        var tops = new Table().Border(TableBorder.None).HideHeaders().Expand().AddColumns("", "", "");
        tops.AddRow(Top("tenant", now.Tenants), Top("feature", now.Features), Top("model", now.Models));
        var status = _failure ?? (_progress.Sent < _progress.Total || _progress.Total == 0
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"replaying: {_progress.Sent:N0} of {_progress.Total:N0} requests of the Azure LLM inference trace 2023, {Speed:F0} " +
                $"times as fast")
            : "the trace has ended; its last windows close within a minute");
        return new Rows(
            new Markup("[bold]TokenStream[/]  a real trace, invented tenants"),
            head,
            tops,
            new Text(status),
            new Text(
                $"Ask it yourself: curl '{clickHouse.TrimEnd('/')}/?query=SELECT+*+FROM+tokenstream.unit_economics+FORMAT+PrettyCompact' " +
                "    Ctrl-C ends"));
    }

    private static Table Top(string what, IReadOnlyList<(string Name, decimal Usd, long Requests)> rows)
    {
        var table = new Table().Border(TableBorder.Rounded).Expand().AddColumn(what).AddColumn(new TableColumn("spend").RightAligned())
            .AddColumn(new TableColumn("requests").RightAligned());
        foreach (var (name, usd, requests) in rows)
        {
            table.AddRow(Markup.Escape(name), Usd(usd), Number(requests));
        }

        return table;
    }

    private static string Usd(decimal value) => value.ToString("0.0000", CultureInfo.InvariantCulture) + " USD";

    private static string Number(double value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
