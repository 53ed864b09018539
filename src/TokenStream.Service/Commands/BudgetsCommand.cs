using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Budgets;
using TokenStream.Events;
using TokenStream.Kafka;
using TokenStream.Scopes;
using TokenStream.Service.Governing;
using TokenStream.Service.Node;
using TokenStream.Yaml;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream budgets</c>: look at and change the budgets that the nodes govern by, without a restart.</summary>
internal static class BudgetsCommand
{
    private static readonly Option<bool> Yes = new("--yes") { Description = "Do not ask." };
    private static readonly Option<string?> Reason = new("--reason") { Description = "Why; kept in the history and in the audit." };
    private static readonly Option<FileInfo?> Directory =
        new("--directory") { Description = "A tenant directory; without it the one in force stays." };

    internal static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "A budget file (YAML, docs/budgets.md)." };
        var name = new Argument<string?>("name") { Description = "A budget; all without it.", Arity = ArgumentArity.ZeroOrOne };
        var version = new Argument<long>("version") { Description = "The version to go back to, as `budgets history` shows it." };
        var check = new Command("check", "Print every error of a budget file at once.") { file, Directory };
        var apply = new Command("apply", "Put budgets in force, after showing what it changes.") { file, Directory, Reason, Yes };
        var get = new Command("get", "Show budgets with the burn-rate pairs that result, in minutes and dollars.") { name };
        var list = new Command("list", "List the budgets in force, one a line.");
        var history = new Command("history", "List the versions: when, who, why.");
        var rollback =
            new Command("rollback", "Put the budgets and directory of an earlier version in force again.") { version, Reason, Yes };
        check.SetAction(parsed => Check(parsed.GetValue(file)!, parsed.GetValue(Directory)));
        apply.SetAction((parsed, _) => RunAsync(parsed, connection => ApplyAsync(parsed, connection, parsed.GetValue(file)!)));
        get.SetAction((parsed, _) => RunAsync(parsed, connection => Task.FromResult(Get(connection.Budgets, parsed.GetValue(name)))));
        list.SetAction((parsed, _) => RunAsync(parsed, connection => Task.FromResult(List(connection.Budgets))));
        history.SetAction((parsed, _) => RunAsync(parsed, connection => Task.FromResult(History(connection.Budgets))));
        rollback.SetAction((parsed, _) => RunAsync(parsed, connection => RollbackAsync(parsed, connection, parsed.GetValue(version))));
        var command = new Command("budgets", "Work on the budgets that the nodes govern by.")
        {
            check, apply, get, list, history, rollback, BudgetSimulateCommand.Create(), BudgetVerifyCommand.Create(),
        };
        Connections.AddKafka(command);
        return command;
    }

    /// <summary>A budget file's content; throws <see cref="NodeStartException"/> with every error of it.</summary>
    internal static BudgetDocument ReadBudgets(FileInfo file)
    {
        var load = BudgetFile.Load(ReadText(file));
        return load.Document ?? throw new NodeStartException(Broken("budget file", file, load.Errors));
    }

    internal static TenantDirectory ReadDirectory(FileInfo file)
    {
        var load = DirectoryFile.Load(ReadText(file));
        return load.Directory ?? throw new NodeStartException(Broken("directory", file, load.Errors));
    }

    private static string Broken(string what, FileInfo file, IReadOnlyList<TextError> errors) =>
        $"the {what} {file} is broken:\n" + string.Join('\n', errors.Select(error => $"  {file}:{error}"));

    private static string ReadText(FileInfo file)
    {
        try
        {
            return TextFiles.Read(file.FullName);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new NodeStartException($"{file} cannot be read: {failure.Message}", failure);
        }
    }

    private static async Task<int> RunAsync(ParseResult parsed, Func<BudgetConnection, Task<int>> action)
    {
        try
        {
            var options = Connections.Options(parsed);
            using var connection = new BudgetConnection(options, Connections.ToKafka(options), TimeProvider.System, NullLogger.Instance);
            return await action(connection);
        }
        catch (Exception failure) when (failure is NodeStartException or KafkaUnavailableException or FormatException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }

    private static int Check(FileInfo file, FileInfo? directory)
    {
        try
        {
            var document = ReadBudgets(file);
            var tenants = directory is null ? null : ReadDirectory(directory);
            Warn(document, Pricing.DefaultPriceBook.Book);
            Console.WriteLine(
                $"{document.Budgets.Count} budgets are in order" +
                $"{(tenants is null ? "" : $", and {tenants.Entries.Count()} entries of the directory")}.");
            return 0;
        }
        catch (NodeStartException failure)
        {
            Console.Error.WriteLine(failure.Message);
            return 1;
        }
    }

    private static void Warn(BudgetDocument document, Pricing.PriceBook prices)
    {
        foreach (var warning in document.Warnings(prices))
        {
            Console.Error.WriteLine($"warning: {warning}");
        }
    }

    private static Task<int> ApplyAsync(ParseResult parsed, BudgetConnection connection, FileInfo file)
    {
        var document = ReadBudgets(file);
        var tenants = parsed.GetValue(Directory) is { } directory ? ReadDirectory(directory) : connection.Budgets.Current.Directory;
        Warn(document, connection.Rules.History.Latest?.Prices ?? Pricing.DefaultPriceBook.Book);
        return PutAsync(parsed, connection, document, tenants, "apply");
    }

    private static Task<int> RollbackAsync(ParseResult parsed, BudgetConnection connection, long version)
    {
        var earlier = connection.Budgets.Find(version)?.ToBudgets()
            ?? throw new NodeStartException($"version {version} is not known; see `tokenstream budgets history`.");
        return PutAsync(parsed, connection, earlier.Document, earlier.Directory, "rollback");
    }

    private static async Task<int> PutAsync(
        ParseResult parsed, BudgetConnection connection, BudgetDocument document, TenantDirectory directory, string source)
    {
        var before = connection.Budgets.Current;
        var changes = BudgetDiff.Of(before.Document, document).Concat(BudgetDiff.Of(before.Directory, directory)).ToList();
        if (changes.Count == 0)
        {
            Console.WriteLine($"Nothing to do: version {before.Set.Version} says the same.");
            return 0;
        }

        Console.WriteLine(string.Join('\n', changes));
        if (!parsed.GetValue(Yes) && !Confirm())
        {
            Console.WriteLine("Nothing was changed.");
            return 1;
        }

        var published = await connection.PublishAsync(document, directory, source, parsed.GetValue(Reason) ?? "", Actor.CommandLine);
        Console.WriteLine(
            $"Version {published.Version} is in force: amounts and modes within a second, scopes and directory within a minute.");
        foreach (var held in published.Held)
        {
            Console.WriteLine($"  {held.Budget} holds to its running period until {UtcText.Of(held.UntilMs)}.");
        }

        return 0;
    }

    private static bool Confirm()
    {
        if (Console.IsInputRedirected)
        {
            Console.Error.WriteLine("This needs a yes; say --yes where nobody can be asked.");
            return false;
        }

        Console.Write("Apply? [y/N] ");
        return Console.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }

    private static int Get(BudgetTopic topic, string? name)
    {
        var budgets = topic.Current.Set.Budgets.Where(budget => name is null || budget.Name == name).ToList();
        if (name is not null && budgets.Count == 0)
        {
            Console.Error.WriteLine($"No budget is called '{name}'; see `tokenstream budgets list`.");
            return 1;
        }

        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        Console.Write(string.Join('\n', budgets.Select(budget => BudgetDescription.Of(budget, now))));
        return 0;
    }

    private static int List(BudgetTopic topic)
    {
        Console.WriteLine($"version {topic.Current.Set.Version}, {topic.Current.Set.Budgets.Count} budgets");
        foreach (var budget in topic.Current.Set.Budgets)
        {
            Console.WriteLine($"  {budget.Name}: {BudgetDiff.Summary(budget)}");
        }

        return 0;
    }

    private static int History(BudgetTopic topic)
    {
        foreach (var record in topic.Records)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{record.Version,6}  {record.At:yyyy-MM-dd HH:mm:ss}Z  {record.Source,-8}  {record.By}  " +
                $"{record.ToBudgets().Set.Budgets.Count} budgets  {record.Hash[..12]}  {record.Reason}"));
        }

        return 0;
    }
}
