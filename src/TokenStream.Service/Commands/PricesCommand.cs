using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.ClickHouse;
using TokenStream.Kafka;
using TokenStream.Pricing;
using TokenStream.Service.Governing;
using TokenStream.Service.Node;
using TokenStream.Storage;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream prices</c>: look at and change the price book that the nodes use, without a restart.</summary>
internal static class PricesCommand
{
    /// <summary>A change of yesterday's cost beyond this many percent is asked about.</summary>
    private const decimal AskBeyondPercent = 20;

    private static readonly Option<bool> Yes = new("--yes") { Description = "Do not ask." };

    private static readonly Option<string?> Reason = new("--reason") { Description = "Why; kept in the audit." };

    internal static Command Create()
    {
        var file = new Argument<FileInfo>("file")
        {
            Description = "A price book (YAML, or LiteLLM's price map); its entries win over the default book's.",
        };
        var version = new Argument<long>("version") { Description = "The version to go back to, as `prices history` shows it." };
        var diff = new Command("diff", "Show how a price book differs from the one in force.") { file };
        var apply = new Command("apply", "Put a price book in force, after showing what it changes.") { file, Reason, Yes };
        var history = new Command("history", "List the versions of the rules.");
        var rollback = new Command("rollback", "Put the prices of an earlier version in force again.") { version, Reason, Yes };
        diff.SetAction((p, _) => RunAsync(p, rules => DiffAsync(p, rules, PriceFiles.Book(p.GetValue(file)!.FullName))));
        apply.SetAction((p, _) => RunAsync(p, rules => ApplyAsync(p, rules, PriceFiles.Book(p.GetValue(file)!.FullName), "apply")));
        history.SetAction((p, _) => RunAsync(p, History));
        rollback.SetAction((p, _) => RunAsync(p, rules => ApplyAsync(p, rules, Earlier(rules, p.GetValue(version)), "rollback")));
        var command = new Command("prices", "Work on the price book that the nodes use.") { diff, apply, history, rollback };
        Connections.AddKafka(command);
        Connections.AddClickHouse(command);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, Func<RulesTopic, Task<int>> action)
    {
        try
        {
            using var rules = Open(parsed, NullLogger.Instance);
            rules.Refresh();
            return await action(rules);
        }
        catch (Exception failure) when (failure is NodeStartException or KafkaUnavailableException or FormatException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }

    private static RulesTopic Open(ParseResult parsed, ILogger logger)
    {
        var options = Connections.Options(parsed);
        return new RulesTopic(
            new ConfigurationTopic(Connections.ToKafka(options), options.Topics.Configuration, "tokenstream-prices", logger), logger);
    }

    private static RulesRecord InForce(RulesTopic rules) =>
        rules.Latest ?? throw new NodeStartException(
            "no rules were published yet: start a node first, it publishes its price book (./tokenstream up).");

    private static PriceBook Earlier(RulesTopic rules, long version) =>
        rules.History.Find(version)?.Prices ?? throw new NodeStartException(
            $"version {version} is not known; see `tokenstream prices history`.");

    private static async Task<int> DiffAsync(ParseResult parsed, RulesTopic rules, PriceBook after)
    {
        InForce(rules);
        var before = rules.History.Latest!.Prices;
        Console.WriteLine(PriceBookDiff.Of(before, after).Render());
        await YesterdayAsync(parsed, before, after);
        return 0;
    }

    private static async Task<int> ApplyAsync(ParseResult parsed, RulesTopic rules, PriceBook after, string source)
    {
        var latest = InForce(rules);
        var before = rules.History.Latest!.Prices;
        if (before.Hash == after.Hash)
        {
            Console.WriteLine($"Nothing to do: version {latest.Version} has these prices.");
            return 0;
        }

        Console.WriteLine(PriceBookDiff.Of(before, after).Render());
        var change = await YesterdayAsync(parsed, before, after);
        if (!parsed.GetValue(Yes) && (change is null || Math.Abs(change.Value) > AskBeyondPercent) && !Confirm(change))
        {
            Console.WriteLine("Nothing was changed.");
            return 1;
        }

        var content = latest with
        {
            Format = 2,
            Source = source,
            By = Actor.CommandLine.By,
            At = TimeProvider.System.GetUtcNow(),
            Prices = PriceBookWriter.Write(after.Content),
            PricesHash = after.Hash,
        };
        await AuditAsync(parsed, source, latest.Version, before, after);
        var published = await rules.PublishAsync(content);
        Console.WriteLine(
            $"Version {published.Version} is in force; nodes take it up within a minute. Back: tokenstream prices rollback " +
            $"{latest.Version}");
        return 0;
    }

    private static async Task AuditAsync(ParseResult parsed, string action, long version, PriceBook before, PriceBook after)
    {
        var options = Connections.Options(parsed);
        using var audit = new Audit(options, Connections.ToKafka(options), TimeProvider.System, NullLogger.Instance);
        await audit.AppendAsync(
            AuditKind.Price, action, string.Create(CultureInfo.InvariantCulture, $"after version {version}"), Actor.CommandLine,
            parsed.GetValue(Reason) ?? "", $"{before.Name} {before.Hash}",
            $"{after.Name} {after.Hash}\n{PriceBookDiff.Of(before, after).Render()}");
    }

    private static bool Confirm(decimal? change)
    {
        if (Console.IsInputRedirected)
        {
            Console.Error.WriteLine("This needs a yes; say --yes where nobody can be asked.");
            return false;
        }

        Console.Write(
            change is null ? "What it would have cost is not known. Apply? [y/N] " : "The cost changes by more than 20 %. Apply? [y/N] ");
        return Console.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }

    private static Task<int> History(RulesTopic rules)
    {
        foreach (var record in rules.Records)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{record.Version,6}  {record.At:yyyy-MM-dd HH:mm:ss}Z  {record.Source,-8}  {record.By}  prices " +
                $"{record.PricesHash[..12]}  {rules.History.Find(record.Version)!.Prices.Name}"));
        }

        return Task.FromResult(0);
    }

    /// <summary>
    /// What the last day of usage cost, and would have cost; prints it. Returns the change in percent, null where it is not known.
    /// </summary>
    private static async Task<decimal?> YesterdayAsync(ParseResult parsed, PriceBook before, PriceBook after)
    {
        try
        {
            using var client = Connections.ToClickHouse(Connections.Options(parsed));
            var (cost, recosted) = (Int128.Zero, Int128.Zero);
            var limits = RecostLimits.None;
            foreach (var sums in await ReadDayAsync(client))
            {
                cost += sums.Cost;
                var again = PriceRecost.Cost(before, after, sums.Sums);
                recosted += again.Cost;
                limits |= again.Limits;
            }

            if (cost == 0)
            {
                Console.WriteLine("The last day of usage cost nothing: what the change would have cost is not known.");
                return null;
            }

            var percent = (decimal)(recosted - cost) / (decimal)cost * 100;
            var remark = limits == RecostLimits.None ? "exactly" : $"about ({limits})";
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"The last day of usage cost {Picodollars.Millionths(cost)} and would have cost {remark} " +
                $"{Picodollars.Millionths(recosted)}: {percent:+0.00;-0.00;0.00} %."));
            return percent;
        }
        catch (Exception failure) when (failure is StoreUnavailableException or ClickHouseException or FormatException)
        {
            Console.WriteLine($"What it would have cost is not known: {failure.Message} (--clickhouse)");
            return null;
        }
    }

    private static async Task<IReadOnlyList<(CellSums Sums, Int128 Cost)>> ReadDayAsync(ClickHouseClient client)
    {
        var rows = await client.QueryAsync(
            """
            SELECT tenant_id, provider, model, price_cell, toUnixTimestamp(window_start),
                   sum(tokens_in - tokens_cached - tokens_cache_write_5m - tokens_cache_write_1h), sum(tokens_cached),
                   sum(tokens_cache_write_5m), sum(tokens_cache_write_1h), sum(tokens_out - tokens_reasoning), sum(tokens_reasoning),
                   toInt128(sum(cost_units_usd) * 1000000000000),
                   toInt128(sum(cost_input_usd + cost_cache_read_usd + cost_cache_write_5m_usd + cost_cache_write_1h_usd + cost_output_usd
                       + cost_reasoning_usd + cost_units_usd) * 1000000000000)
            FROM tokenstream.counted_1h
            WHERE window_start > (SELECT max(window_start) FROM tokenstream.counted_1h) - INTERVAL 1 DAY
            GROUP BY tenant_id, provider, model, price_cell, window_start
            """,
            CancellationToken.None);
        return [.. rows.Select(ReadRow)];
    }

    private static (CellSums Sums, Int128 Cost) ReadRow(string?[] row)
    {
        var tokens = default(PerTokenClass);
        for (var i = 0; i < 6; i++)
        {
            tokens[i] = long.Parse(row[5 + i]!, CultureInfo.InvariantCulture);
        }

        var time = long.Parse(row[4]!, CultureInfo.InvariantCulture) * 1000;
        var units = Int128.Parse(row[11]!, CultureInfo.InvariantCulture);
        return (
            new CellSums(row[0]!, row[1]!, row[2]!, row[3]!, time, tokens, units), Int128.Parse(row[12]!, CultureInfo.InvariantCulture));
    }
}
