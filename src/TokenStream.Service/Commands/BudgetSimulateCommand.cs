using System.CommandLine;
using System.Globalization;
using TokenStream.Budgets;
using TokenStream.ClickHouse;
using TokenStream.Events;
using TokenStream.Governing;
using TokenStream.Pricing;
using TokenStream.Scopes;
using TokenStream.Service.Governing;
using TokenStream.Service.Node;
using TokenStream.Storage;

namespace TokenStream.Service.Commands;

/// <summary>
/// <c>tokenstream budgets simulate</c>: stored usage, minute by minute, through the ledger, the evaluation and the governor that really
/// govern, with every budget taken to enforce.
/// </summary>
internal static class BudgetSimulateCommand
{
    private const long MinuteMs = 60_000;
    private const long ChunkMs = 24 * 60 * MinuteMs;

    internal static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "A budget file (YAML, docs/budgets.md)." };
        var directory = new Option<FileInfo?>("--directory") { Description = "A tenant directory, for budgets of organisations." };
        var from = new Option<string>("--from")
        {
            Description = "A date, midnight UTC, or an instant such as 2026-11-01T06:00:00Z.",
            Required = true,
        };
        var to = new Option<string>("--to") { Description = "The end, exclusive.", Required = true };
        var command = new Command("simulate", "Replay stored usage through budgets: each transition, requests blocked, money saved.")
        {
            file, directory, from, to,
        };
        Connections.AddClickHouse(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            try
            {
                var (fromMs, toMs) = (Time("--from", parsed.GetValue(from)!), Time("--to", parsed.GetValue(to)!));
                if (fromMs >= toMs)
                {
                    throw new NodeStartException("--from must lie before --to.");
                }

                var document = BudgetsCommand.ReadBudgets(parsed.GetValue(file)!);
                var tenants = parsed.GetValue(directory) is { } tenantFile
                    ? BudgetsCommand.ReadDirectory(tenantFile)
                    : TenantDirectory.Empty;
                using var client = Connections.ToClickHouse(Connections.Options(parsed));
                var usage = new StoredUsage(client, PriceFiles.Book(null), document.UnpricedBound);
                await RunAsync(usage, new BudgetSet(1, document.Budgets), tenants, fromMs, toMs, Console.Out, cancellation);
                return 0;
            }
            catch (Exception failure) when (failure is NodeStartException or StoreUnavailableException or ClickHouseException)
            {
                await Console.Error.WriteLineAsync(failure.Message);
                return 1;
            }
        });
        return command;
    }

    /// <summary>Replays a span and writes each transition, then what was blocked and saved.</summary>
    internal static async Task RunAsync(
        StoredUsage usage, BudgetSet set, TenantDirectory directory, long fromMs, long untilMs, TextWriter output,
        CancellationToken cancellation)
    {
        var simulation = new BudgetSimulation(set, directory, fromMs, enforces: true);
        var transitions = 0;
        for (var chunk = fromMs; chunk < untilMs; chunk += ChunkMs)
        {
            var minutes = (await usage.ReadMinutesAsync(chunk, Math.Min(chunk + ChunkMs, untilMs), cancellation))
                .ToLookup(row => row.TimeMs, row => row.Usage);
            for (var minute = chunk; minute < Math.Min(chunk + ChunkMs, untilMs); minute += MinuteMs)
            {
                foreach (var transition in simulation.Step(minute + MinuteMs, [.. minutes[minute]]))
                {
                    transitions++;
                    await output.WriteLineAsync(
                        $"{UtcText.Of(transition.AtMs)}  {transition.Budget}  {transition.Scope}  {transition.Name}  {transition.Summary}");
                }
            }
        }

        await output.WriteLineAsync($"{transitions} transitions from {UtcText.Of(fromMs)} to {UtcText.Of(untilMs)}.");
        foreach (var effect in simulation.Effects)
        {
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{effect.Budget}  {effect.Scope}: about {effect.RequestsBlocked} requests blocked, " +
                $"{Picodollars.Millionths(effect.Saved)} saved"));
        }

        if (set.Budgets.Any(budget => budget.Ladder.Any(step => step.WhenAnomaly is not null)))
        {
            await output.WriteLineAsync("Steps with when_anomaly did nothing: a simulation knows no anomalies.");
        }

        await output.WriteLineAsync(
            $"It cost {Picodollars.Millionths(simulation.Demanded)} and would have cost {Picodollars.Millionths(simulation.Spent)}.");
    }

    /// <summary>A whole minute.</summary>
    private static long Time(string option, string text) =>
        PriceCell.TryParseTime(text, out var timeMs) && timeMs >= 0 && timeMs % MinuteMs == 0
            ? timeMs
            : throw new NodeStartException(
                $"{option} {text} is not a date such as 2026-11-01 or a whole minute in UTC such as 2026-11-01T06:00:00Z.");
}
