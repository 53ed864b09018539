using System.CommandLine;
using System.Globalization;
using TokenStream.Commands;
using TokenStream.Events;
using TokenStream.Governing.Evaluation;
using TokenStream.Service.Governing;
using Command = System.CommandLine.Command;
using GatewayCommand = TokenStream.Commands.Command;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream commands</c>: what gateways are told, read from the log itself and verified as they do.</summary>
internal static class CommandsCommand
{
    internal static Command Create()
    {
        var all = new Option<bool>("--all") { Description = "Those that were released or have expired, too." };
        var id = new Argument<string>("id") { Description = "A command's or a request's id, as `tokenstream commands` shows it." };
        var reason = RequestCommands.Reason();
        var span = new Option<string>("--for")
        {
            Description = "How long the exemption from an automatic command lasts.",
            DefaultValueFactory = _ => "1h",
        };
        var undo = new Command("undo", "Undo a command: a person's is released; from an automatic one its scope is exempted for a while.")
        {
            id, reason, span,
        };
        undo.SetAction((parsed, _) => UndoAsync(parsed, parsed.GetValue(id)!, parsed.GetValue(reason), parsed.GetValue(span)!));
        var command = new Command("commands", "List the commands that gateways obey.") { all, undo };
        command.SetAction(
            (parsed, _) => RequestCommands.RunAsync(parsed, connection => Task.FromResult(List(connection, parsed.GetValue(all)))));
        Connections.AddKafka(command);
        RequestCommands.AddKeys(command);
        return command;
    }

    private static int List(GovernConnection connection, bool all)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        connection.Commands.Refresh();
        var commands = connection.Commands.Commands.Where(command => all || CommandTopic.IsActive(command, now))
            .OrderBy(command => command.Scope.Text, StringComparer.Ordinal)
            .ThenBy(command => command.Source, StringComparer.Ordinal).ToList();
        foreach (var command in commands)
        {
            Console.WriteLine(Line(command, now));
        }

        Console.WriteLine(
            commands.Count == 0 ? "No command is active." : string.Create(CultureInfo.InvariantCulture, $"{commands.Count} commands."));
        var refused = connection.Commands.Refused;
        foreach (var (reason, count) in refused.OrderBy(pair => pair.Key))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} records were not believed: {reason}."));
        }

        if (refused.ContainsKey(CommandRefusal.UnknownKey))
        {
            Console.WriteLine("Name the node's public keys, keys/commands.pub.pem of its data directory: --keys FILE.");
        }

        return 0;
    }

    private static string Line(GatewayCommand command, long nowMs)
    {
        var end = command.ExpiresMs is { } expires ? $"until {UtcText.Of(expires)}" : "until released";
        var state = CommandTopic.IsActive(command, nowMs) ? "" : command.Action == CommandAction.None ? " (released)" : " (expired)";
        var probe = command.IsProbe ? " (probe)" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{command.Id}  {PeopleRequests.Name(command.Action)}{Parameters(command.Parameters)}{Leased(command)}{probe}{state}  {command.Scope.Text}  " +
            $"{command.Source}  since {UtcText.Of(command.IssuedMs)}  {end}  version {command.Version.Epoch}.{command.Version.Counter}  " +
            $"{command.Reason}");
    }

    private static string Parameters(ActionParameters parameters)
    {
        var parts = new List<string>();
        void Add(string name, object? value)
        {
            if (value is not null and not false)
            {
                parts.Add(value is true ? name : string.Create(CultureInfo.InvariantCulture, $"{name} {value}"));
            }
        }

        Add("max_output_tokens", parameters.MaxOutputTokens);
        Add("model", parameters.Model);
        Add("provider", parameters.Provider);
        Add("tokens_per_minute", parameters.TokensPerMinute);
        Add("requests_per_minute", parameters.RequestsPerMinute);
        Add("abort_streams", parameters.AbortStreams);
        return parts.Count == 0 ? "" : $" ({string.Join(", ", parts)})";
    }

    /// <summary>Of a lease: how many gateways hold slices, and what they may still spend by what was known when it was issued.</summary>
    private static string Leased(GatewayCommand command) => command is not { Action: CommandAction.Lease, Lease: { } lease }
        ? ""
        : string.Create(
            CultureInfo.InvariantCulture,
            $" ({command.Parameters.Slices.Count} slices, {MoneyText.Of(lease.Outstanding(command.Parameters.Slices), command.Parameters.IsTokens)} outstanding)");

    private static Task<int> UndoAsync(ParseResult parsed, string id, string? reason, string span) => string.IsNullOrWhiteSpace(reason)
        ? Task.FromResult(RequestCommands.Refuse(["--reason must be said: it is kept in the audit"]))
        : RequestCommands.RunAsync(parsed, async connection =>
        {
            connection.Commands.Refresh();
            var undone = await Undoing.UndoAsync(
                connection.Requests, connection.Commands.Commands, id, reason, span, Actor.CommandLine, TimeProvider.System);
            if (undone.Error is { } error)
            {
                return RequestCommands.Refuse([error]);
            }

            Console.WriteLine(undone.Said);
            return 0;
        });
}
