using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Commands;
using TokenStream.Kafka;
using TokenStream.Service.Governing;
using TokenStream.Service.Node;
using Command = System.CommandLine.Command;

namespace TokenStream.Service.Commands;

/// <summary>
/// <c>tokenstream kill</c>, <c>throttle</c>, <c>allow</c> and <c>release</c>: what a person asks of gateways. The request goes to the log;
/// the owner of its scope makes the signed command of it.
/// </summary>
internal static class RequestCommands
{
    private static readonly Option<string?> Keys = new("--keys")
    {
        Description = "Public keys (PEM) that commands are believed by; without it those of ./data and of --config.",
        Recursive = true,
    };

    internal static IEnumerable<Command> Create()
    {
        var tokens = new Option<long?>("--tokens-per-minute") { Description = "Tokens a minute that each gateway lets pass." };
        var requests = new Option<long?>("--requests-per-minute") { Description = "Requests a minute that each gateway lets pass." };
        var abort = new Option<bool>("--abort-streams") { Description = "End answers that are being streamed, too." };
        yield return Create(
            "kill", "Refuse every request of a scope.", CommandAction.Kill, [abort],
            parsed => new() { AbortStreams = parsed.GetValue(abort) });
        yield return Create(
            "throttle", "Limit what a scope may use a minute.", CommandAction.Throttle, [tokens, requests],
            parsed => new() { TokensPerMinute = parsed.GetValue(tokens), RequestsPerMinute = parsed.GetValue(requests) });
        yield return Create(
            "allow", "Exempt a scope from automatic commands; a person's kill stays.", CommandAction.Allow, [],
            _ => ActionParameters.Nothing);
        yield return Release();
    }

    /// <summary>Runs an action on a log; what a person can mend is a sentence and exit code 1.</summary>
    internal static async Task<int> RunAsync(ParseResult parsed, Func<GovernConnection, Task<int>> action)
    {
        try
        {
            var options = Connections.Options(parsed);
            options = options with { TrustedKeysFile = parsed.GetValue(Keys) ?? options.TrustedKeysFile };
            using var connection = new GovernConnection(options, Connections.ToKafka(options), TimeProvider.System, NullLogger.Instance);
            return await action(connection);
        }
        catch (Exception failure) when (failure is NodeStartException or KafkaUnavailableException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }

    /// <summary>For commands that read what gateways read.</summary>
    internal static void AddKeys(Command command) => command.Add(Keys);

    internal static Option<string?> Reason() =>
        new("--reason") { Description = "Why; shown to whoever is refused, and kept in the audit." };

    /// <summary>Says every error of what was asked.</summary>
    internal static int Refuse(IEnumerable<string> errors)
    {
        foreach (var error in errors)
        {
            Console.Error.WriteLine(error);
        }

        return 1;
    }

    internal static string OptionName(string name) => "--" + name.Replace('_', '-');

    private static Command Create(
        string name, string description, CommandAction action, IReadOnlyList<Option> special,
        Func<ParseResult, ActionParameters> parameters)
    {
        var scope = new ScopeOptions();
        var span = new Option<string?>("--for") { Description = "How long, such as 30m, 2h, 7d." };
        var until = new Option<bool>("--until-released") { Description = "Until somebody releases it." };
        var reason = Reason();
        var command = new Command(name, description) { span, until, reason };
        scope.AddTo(command);
        foreach (var option in special)
        {
            command.Add(option);
        }

        Connections.AddKafka(command);
        command.SetAction((parsed, _) =>
        {
            var draft = new RequestDraft
            {
                Action = action,
                Scope = scope.Read(parsed),
                Everything = scope.Everything(parsed),
                Parameters = parameters(parsed),
                For = parsed.GetValue(span),
                UntilReleased = parsed.GetValue(until),
                Reason = parsed.GetValue(reason),
            };
            return AskAsync(parsed, draft);
        });
        return command;
    }

    private static async Task<int> AskAsync(ParseResult parsed, RequestDraft draft)
    {
        if (draft.Make(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), OptionName, out var errors) is not { } request)
        {
            return Refuse(errors);
        }

        return await RunAsync(parsed, async connection =>
        {
            await connection.Requests.AskAsync(request, Actor.CommandLine);
            Console.WriteLine(
                $"{request.Id}: {PeopleRequests.Name(request.Action)} of {request.Scope.Text} is asked for. Back: tokenstream release " +
                $"{request.Id} --reason ..");
            return 0;
        });
    }

    private static Command Release()
    {
        var id = new Argument<string>("id") { Description = "The request's id, as `tokenstream commands` shows it." };
        var reason = Reason();
        var command = new Command("release", "Take back what a person asked for.") { id, reason };
        Connections.AddKafka(command);
        command.SetAction((parsed, _) => ReleaseAsync(parsed, parsed.GetValue(id)!, parsed.GetValue(reason)));
        return command;
    }

    private static Task<int> ReleaseAsync(ParseResult parsed, string id, string? reason) =>
        string.IsNullOrWhiteSpace(reason)
            ? Task.FromResult(Refuse(["--reason must be said: it is kept in the audit"]))
            : RunAsync(parsed, async connection =>
            {
                var released = await connection.Requests.ReleaseAsync(id, reason, Actor.CommandLine);
                if (released is null)
                {
                    return Refuse([$"there is no request {id}; `tokenstream commands` lists them. An automatic command is its budget's: " +
                        "`tokenstream commands undo` exempts its scope, `tokenstream govern pause` releases all of them."]);
                }

                Console.WriteLine(released.ReleasedBy == Actor.CommandLine.By && released.ReleasedReason == reason
                    ? $"{id} is released."
                    : $"{id} was over already.");
                return 0;
            });
}
