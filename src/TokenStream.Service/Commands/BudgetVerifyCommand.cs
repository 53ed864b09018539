using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.ClickHouse;
using TokenStream.Governing.Alerts;
using TokenStream.Kafka;
using TokenStream.Pricing;
using TokenStream.Scopes;
using TokenStream.Service.Governing;
using TokenStream.Service.Node;
using TokenStream.Storage;
using TokenStream.Windowing;

namespace TokenStream.Service.Commands;

/// <summary>
/// <c>tokenstream budgets verify</c>: what the ledgers say of each budget's running period beside what the store says. Usage of the last
/// minute is in the ledgers before it is in the store, so what differs is asked again until it agrees or time is up.
/// </summary>
internal static class BudgetVerifyCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    internal static Command Create()
    {
        var wait =
            new Option<int>("--wait") { Description = "Seconds to wait for what is not stored yet.", DefaultValueFactory = _ => 120 };
        var command = new Command("verify", "Compare the ledgers with the store, to the picodollar.") { wait };
        Connections.AddClickHouse(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            try
            {
                var options = Connections.Options(parsed);
                var kafka = Connections.ToKafka(options);
                using var connection = new BudgetConnection(options, kafka, TimeProvider.System, NullLogger.Instance);
                using var admin = new TopicAdmin(kafka, "tokenstream-verify", TimeProvider.System, NullLogger.Instance);
                if (connection.Rules.History.Latest is not { } rules ||
                    !admin.Partitions().TryGetValue(options.Topics.BudgetStates, out var partitions))
                {
                    throw new NodeStartException("no node has governed on this log: start one first (./tokenstream up).");
                }

                using var client = Connections.ToClickHouse(options);
                await using var states = new BudgetStateTable(
                    kafka, options.Topics.BudgetStates, partitions, TimeProvider.System, NullLogger.Instance);
                return await RunAsync(states, client, rules, TimeSpan.FromSeconds(parsed.GetValue(wait)), cancellation);
            }
            catch (Exception failure) when (
                failure is NodeStartException or KafkaUnavailableException or StoreUnavailableException or ClickHouseException or
                    FormatException)
            {
                await Console.Error.WriteLineAsync(failure.Message);
                return 1;
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(
        BudgetStateTable table, ClickHouseClient client, AggregateRules rules, TimeSpan wait, CancellationToken cancellation)
    {
        var clock = TimeProvider.System;
        var started = clock.GetTimestamp();
        while (true)
        {
            await Task.Delay(Pause, clock, cancellation);
            var states = table.Read().Where(state => !state.IsSeeding).ToList();
            var lines = await CompareAsync(states, client, rules, cancellation);
            var differing = lines.Count(line => !line.IsEqual);
            if (states.Count > 0 && (differing == 0 || clock.GetElapsedTime(started) >= wait))
            {
                lines.ForEach(line => Console.WriteLine(line.Text));
                Console.WriteLine($"{lines.Count} budgets and scopes compared, {differing} differ.");
                return differing == 0 ? 0 : 1;
            }

            if (clock.GetElapsedTime(started) >= wait)
            {
                throw new NodeStartException("no budget has a state to compare: none is applied, or no node governs.");
            }
        }
    }

    private static async Task<List<(bool IsEqual, string Text)>> CompareAsync(
        IReadOnlyList<BudgetStateRecord> states, ClickHouseClient client, AggregateRules rules, CancellationToken cancellation)
    {
        var usage = new StoredUsage(client, rules.Prices, rules.UnpricedBound);
        var lines = new List<(bool IsEqual, string Text)>();
        foreach (var period in states.GroupBy(state => state.Figures.PeriodStartMs))
        {
            var scopes = period.Select(state => Scope.TryParse(state.Scope, out var scope, out _) ? scope : Scope.Everything).ToHashSet();
            var stored = OpeningBalances.Sum(await usage.ReadBeforeAsync(period.Key, long.MaxValue, cancellation), scopes, rules.Scopes);
            foreach (var state in period)
            {
                _ = Scope.TryParse(state.Scope, out var scope, out _);
                var sums = scope[ScopeDimension.User].Kind == ScopeTermKind.Any
                    ? stored[scope]
                    : await usage.ReadScopeAsync(scope, period.Key, cancellation);
                var (ledger, store) = (state.Figures.Spent, state.Figures.IsTokens ? sums.Tokens : sums.Cost);
                lines.Add((ledger == store, $"{(ledger == store ? "equal " : "DIFFER")}  {state.Budget}  {state.Scope}  " +
                    $"ledger {Text(ledger, state.Figures.IsTokens)}, store {Text(store, state.Figures.IsTokens)}"));
            }
        }

        return lines;
    }

    private static string Text(Int128 amount, bool isTokens) =>
        isTokens ? $"{amount.ToString(CultureInfo.InvariantCulture)} tokens" : Picodollars.Exact(amount);
}
