using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Detection;
using TokenStream.Events;
using TokenStream.Governing.Alerts;
using TokenStream.Kafka;
using TokenStream.Service.Anomalies;
using TokenStream.Service.Governing;
using TokenStream.Service.Node;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream anomalies</c>: what detection found, who has taken it on, and what is expected anyway.</summary>
internal static class AnomaliesCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    internal static Command Create()
    {
        var command = new Command("anomalies", "Look at anomalies, take them on, resolve them, and silence what is expected.")
        {
            List(), Show(), Act("ack", "Take an anomaly on: nobody else is called for it until it is over.", AcknowledgeAsync),
            Act("resolve", "End an anomaly for people: it does not call again.", ResolveAsync), Silence(), Silences(), Unsilence(),
        };
        Connections.AddKafka(command);
        return command;
    }

    private static Argument<string> Id(string what) => new("id") { Description = $"The {what}'s id, as the list shows it." };

    private static Option<string?> Reason() => new("--reason") { Description = "Why; kept in the audit." };

    private static Command List()
    {
        var all = new Option<bool>("--all") { Description = "Those that are over, too." };
        var tenant = new Option<string?>("--tenant") { Description = "Those of one tenant." };
        var json = new Option<bool>("--json") { Description = "As JSON, with every figure." };
        var list = new Command("list", "List the anomalies that last.") { all, tenant, json };
        list.SetAction((parsed, _) => RunAsync(parsed, board =>
        {
            var listed = board.Read(parsed.GetValue(all))
                .Where(shown => parsed.GetValue(tenant) is not { } own || shown.Anomaly.Scope.Tenant == own).ToList();
            if (parsed.GetValue(json))
            {
                Write(new JsonObject { ["anomalies"] = new JsonArray([.. listed.Select(shown => shown.ToJson())]) });
                return Task.FromResult(0);
            }

            foreach (var shown in listed)
            {
                Console.WriteLine(Line(shown));
            }

            Console.WriteLine(listed.Count == 0 ? "No anomaly lasts." : "More of one: tokenstream anomalies show ID");
            return Task.FromResult(0);
        }));
        return list;
    }

    private static Command Show()
    {
        var id = Id("anomaly");
        var json = new Option<bool>("--json") { Description = "As JSON." };
        var show = new Command("show", "Show one anomaly: figures, cause, places, and who has taken it on.") { id, json };
        show.SetAction((parsed, _) => RunAsync(parsed, board =>
        {
            var shown = board.Find(parsed.GetValue(id)!) ?? throw Unknown(parsed.GetValue(id)!);
            if (parsed.GetValue(json))
            {
                Write(shown.ToJson());
            }
            else
            {
                Console.Write(AnomalyPage.Of(shown));
            }

            return Task.FromResult(0);
        }));
        return show;
    }

    private static Command Act(string name, string description, Func<AnomalyBoard, string, string, Task> act)
    {
        var (id, reason) = (Id("anomaly"), Reason());
        var command = new Command(name, description) { id, reason };
        command.SetAction((parsed, _) => RunAsync(parsed, async board =>
        {
            await act(board, parsed.GetValue(id)!, Said(parsed.GetValue(reason)));
            return 0;
        }));
        return command;
    }

    private static async Task AcknowledgeAsync(AnomalyBoard board, string id, string reason)
    {
        var before = (board.Find(id) ?? throw Unknown(id)).Acknowledged?.Acknowledged;
        if (await board.AcknowledgeAsync(id, reason, Actor.CommandLine) is null)
        {
            throw new NodeStartException($"nobody is called for {id}: there is no alert of it to take on; `tokenstream anomalies show {id}` says why.");
        }

        Console.WriteLine(before is null
            ? $"{id} is yours: nobody else is called for it until it is over."
            : $"{id} was taken on by {before.By} at {UtcText.Of(before.AtMs)} already: {before.Reason}");
    }

    private static async Task ResolveAsync(AnomalyBoard board, string id, string reason)
    {
        var before = (board.Find(id) ?? throw Unknown(id)).Resolution;
        if (await board.ResolveAsync(id, reason, Actor.CommandLine) is null)
        {
            throw new NodeStartException($"{id} is over by itself already.");
        }

        Console.WriteLine(before is null
            ? $"{id} is resolved: its alert ends, and it does not call again."
            : $"{id} was resolved by {before.By} at {UtcText.Of(before.AtMs)} already: {before.Reason}");
    }

    private static Command Silence()
    {
        var scope = new ScopeOptions();
        var measure = new Option<string?>("--measure") { Description = $"One measure alone: {SilenceDraft.Measures}." };
        var span = new Option<string?>("--for") { Description = "How long, such as 30m, 4h, 7d." };
        var reason = Reason();
        var silence = new Command("silence", "Write anomalies of a place down without telling anybody, until it ends.") { measure, span, reason };
        scope.AddTo(silence);
        silence.SetAction((parsed, _) => RunAsync(parsed, async board =>
        {
            var draft = new SilenceDraft
            {
                Scope = scope.Read(parsed),
                Everything = scope.Everything(parsed),
                Measure = parsed.GetValue(measure),
                For = parsed.GetValue(span),
                Reason = parsed.GetValue(reason),
            };
            if (draft.Make(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), RequestCommands.OptionName, out var errors) is not { } made)
            {
                return RequestCommands.Refuse(errors);
            }

            var asked = await board.SilenceAsync(made, Actor.CommandLine);
            Console.WriteLine(
                $"{asked.Id}: anomalies of {asked.Scope.Text} are written down and not sent until {UtcText.Of(asked.UntilMs)}. " +
                $"Back: tokenstream anomalies unsilence {asked.Id} --reason ..");
            return 0;
        }));
        return silence;
    }

    private static Command Silences()
    {
        var all = new Option<bool>("--all") { Description = "Those that are over, too." };
        var silences = new Command("silences", "List the silences in force.") { all };
        silences.SetAction((parsed, _) => RunAsync(parsed, board =>
        {
            var listed = board.Silences(parsed.GetValue(all));
            foreach (var silence in listed)
            {
                var measure = silence.Measure is { } one ? $" ({AnomalyFigures.Word(one)})" : "";
                var ended = silence.EndedMs is { } at ? $"  [taken back by {silence.EndedBy} at {UtcText.Of(at)}: {silence.EndedReason}]" : "";
                Console.WriteLine($"{silence.Id}  until {UtcText.Of(silence.UntilMs)}  {silence.Scope.Text}{measure}  {silence.By}: {silence.Reason}{ended}");
            }

            Console.WriteLine(listed.Count == 0 ? "Nothing is silenced." : "Take one back: tokenstream anomalies unsilence ID --reason ..");
            return Task.FromResult(0);
        }));
        return silences;
    }

    private static Command Unsilence()
    {
        var (id, reason) = (Id("silence"), Reason());
        var command = new Command("unsilence", "Take a silence back: what still lasts is sent.") { id, reason };
        command.SetAction((parsed, _) => RunAsync(parsed, async board =>
        {
            var (silence, why) = (parsed.GetValue(id)!, Said(parsed.GetValue(reason)));
            var isInForce = board.FindSilence(silence)?.IsInForce(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
            if (await board.EndSilenceAsync(silence, why, Actor.CommandLine) is null)
            {
                throw new NodeStartException($"there is no silence {silence}; `tokenstream anomalies silences` lists them.");
            }

            Console.WriteLine(isInForce == true ? $"{silence} is taken back." : $"{silence} was over already.");
            return 0;
        }));
        return command;
    }

    private static string Line(ShownAnomaly shown)
    {
        var anomaly = shown.Anomaly;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{anomaly.Id}  {UtcText.Of(anomaly.OpenedMs)}  {anomaly.Severity.ToString().ToLowerInvariant(),-8}  {shown.State,-12}  {AnomalyText.Summary(anomaly)}");
    }

    private static string Said(string? reason) => string.IsNullOrWhiteSpace(reason) || reason.Length > SilenceDraft.MostReasonCharacters
        ? throw new NodeStartException($"--reason must be said, in at most {SilenceDraft.MostReasonCharacters} characters: it is kept in the audit.")
        : reason.Trim();

    private static NodeStartException Unknown(string id) =>
        new($"there is no anomaly {id}; `tokenstream anomalies list --all` shows those of the last weeks.");

    private static void Write(JsonNode node) => Console.WriteLine(node.ToJsonString(Indented));

    private static async Task<int> RunAsync(ParseResult parsed, Func<AnomalyBoard, Task<int>> action)
    {
        try
        {
            var options = Connections.Options(parsed);
            var kafka = Connections.ToKafka(options);
            using var audit = new Audit(options, kafka, TimeProvider.System, NullLogger.Instance);
            using var board = new AnomalyBoard(options, kafka, audit, TimeProvider.System, NullLogger.Instance);
            return await action(board);
        }
        catch (Exception failure) when (failure is NodeStartException or KafkaUnavailableException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }
}
