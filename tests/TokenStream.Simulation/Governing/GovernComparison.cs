using TokenStream.Budgets;
using TokenStream.Commands;

namespace TokenStream.Simulation.Governing;

/// <summary>
/// What must hold once faults have ceased and everything has come to rest, told without the product's own ledger, evaluation or governor.
/// </summary>
internal static class GovernComparison
{
    public static void Compare(GovernWorld world)
    {
        CompareLedgers(world);
        CompareCommands(world);
        for (var partition = 0; partition < GovernWorld.Partitions; partition++)
        {
            var beat = world.Gateways[0].HeartbeatOf(partition);
            if (beat is null || beat.AtMs < world.NowMs - 10_000 || beat.IsPaused != world.People.Now.Controls.Pause.Paused)
            {
                world.Faults.Add($"gateways believe no heartbeat of partition {partition}");
            }
        }
    }

    private static void CompareLedgers(GovernWorld world)
    {
        var dayMs = world.NowMs / GovernWorld.DayMs * GovernWorld.DayMs;
        for (var number = 0; number < GovernWorld.Partitions; number++)
        {
            if (world.Group.Owner(number)?.Deciding(number) is not { } partition)
            {
                world.Faults.Add($"nobody decides partition {number}");
                continue;
            }

            foreach (var scope in world.Truth.Scopes)
            {
                var account = partition.Ledger.Accounts.FirstOrDefault(account => account.Scope.Text == scope);
                var isHere = Scopes.Scope.TryParse(scope, out var parsed, out _) && parsed.Partition(GovernWorld.Partitions) == number;
                Expect(world, $"total of {scope}", account?.Total.Cost ?? 0, isHere ? world.Truth.Spent(scope, 0, long.MaxValue) : 0);
            }

            foreach (var evaluation in partition.Latest.Values)
            {
                var scope = evaluation.Scope.Text;
                Expect(world, $"spent of {scope} today", evaluation.Spent, world.Truth.Spent(scope, dayMs, dayMs + GovernWorld.DayMs));
                var minuteMs = evaluation.NowMs / SpendFeed.WindowMs * SpendFeed.WindowMs;
                Expect(world, $"demand of {scope}", evaluation.DemandPerMinute, world.Truth.Spent(scope, minuteMs - 60_000, minuteMs));
            }
        }
    }

    private static void CompareCommands(GovernWorld world)
    {
        var asked = Text(Asked(world));
        world.Gateways.ForEach(gateway => gateway.Read());
        for (var partition = 0; partition < GovernWorld.Partitions; partition++)
        {
            world.Compact(partition);
            world.Compact(partition);
        }

        world.Gateways.Add(new SimulatedGateway(world));
        world.Gateways[^1].Read();
        for (var i = 0; i < world.Gateways.Count; i++)
        {
            var obeyed = Text(world.Gateways[i].Obeyed(world.NowMs));
            if (obeyed != asked)
            {
                var who = i == 0 ? "that was there always"
                    : i == world.Gateways.Count - 1 ? "that reads what compaction left"
                    : "that came later";
                world.Faults.Add($"a gateway {who} obeys [{obeyed}], not [{asked}]");
            }
        }
    }

    /// <summary>What budgets and people ask for.</summary>
    private static SortedDictionary<string, CommandAction> Asked(GovernWorld world)
    {
        var asked = new SortedDictionary<string, CommandAction>(StringComparer.Ordinal);
        var inputs = world.People.Now;
        foreach (var request in inputs.Controls.Requests.Where(request => request.ReleasedMs is null && !(request.UntilMs <= world.NowMs)))
        {
            asked[$"{request.Scope.Text}|manual/{request.Id}"] = request.Action;
        }

        var dayMs = world.NowMs / GovernWorld.DayMs * GovernWorld.DayMs;
        foreach (var budget in inputs.Set.Budgets.Where(budget => budget.Mode == BudgetMode.Enforce && !inputs.Controls.Pause.Paused))
        {
            foreach (var scope in world.Truth.Scopes.Where(scope => Governs(budget.Name, scope)))
            {
                var spent = (Int128)world.Truth.Spent(scope, dayMs, dayMs + GovernWorld.DayMs);
                var amount = budget.Amount.Value;
                if (budget.Ladder.LastOrDefault(step => step.Trigger == LadderTrigger.Exhausted ? spent > amount : spent * 2 >= amount) is { } step)
                {
                    asked[$"{scope}|budget/{budget.Name}"] = step.Action;
                }
            }
        }

        return asked;
    }

    private static bool Governs(string budget, string scope) => budget switch
    {
        "each" or "spare" => scope.StartsWith("tenant=", StringComparison.Ordinal) && scope != SimulatedPeople.OneModel,
        "model" => scope == SimulatedPeople.OneModel,
        _ => scope == "all",
    };

    private static string Text(SortedDictionary<string, CommandAction> commands) =>
        string.Join(", ", commands.Select(pair => $"{pair.Key}: {pair.Value}"));

    private static void Expect(GovernWorld world, string what, Int128 actual, Int128 expected)
    {
        if (actual != expected)
        {
            world.Faults.Add($"{what}: {actual}, not {expected}");
        }
    }
}
