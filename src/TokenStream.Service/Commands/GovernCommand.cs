using System.CommandLine;
using System.Globalization;
using TokenStream.Events;
using TokenStream.Service.Governing;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream govern</c>: the stop button of automatic commands, and how governing fares.</summary>
internal static class GovernCommand
{
    private const long FreshMs = 5_000;
    private const int MostNamed = 5;

    private static readonly Option<bool> Yes = new("--yes")
    {
        Description = "Do not ask, although budgets stop their scopes again at once.",
    };

    internal static Command Create()
    {
        var (why, because) = (RequestCommands.Reason(), RequestCommands.Reason());
        var pause = new Command("pause", "Release all automatic commands at once and send none until resumed; people's stay.") { why };
        var resume = new Command("resume", "Let automatic commands be sent again; closes an open breaker too.") { because, Yes };
        var status = new Command("status", "Show whether governing is paused, and the heartbeat of each partition.");
        pause.SetAction((parsed, _) => PauseAsync(parsed, paused: true, parsed.GetValue(why)));
        resume.SetAction((parsed, _) => PauseAsync(parsed, paused: false, parsed.GetValue(because)));
        status.SetAction((parsed, _) => RequestCommands.RunAsync(parsed, StatusAsync));
        var command = new Command("govern", "Pause and resume automatic commands.") { pause, resume, status };
        Connections.AddKafka(command);
        RequestCommands.AddKeys(command);
        return command;
    }

    private static Task<int> PauseAsync(ParseResult parsed, bool paused, string? reason) => string.IsNullOrWhiteSpace(reason)
        ? Task.FromResult(RequestCommands.Refuse(["--reason must be said: it is kept in the audit"]))
        : RequestCommands.RunAsync(parsed, async connection =>
        {
            if (!paused && !parsed.GetValue(Yes) && !MayResume(connection))
            {
                return 1;
            }

            await connection.Requests.PauseAsync(paused, reason, Actor.CommandLine);
            Console.WriteLine(paused
                ? "Automatic commands are being released; none is sent until `tokenstream govern resume`."
                : "Automatic commands may be sent again; the breaker is closed.");
            return 0;
        });

    /// <summary>What a wrong price has booked stands: whoever resumes without a look has the same night again.</summary>
    private static bool MayResume(GovernConnection connection)
    {
        var exhausted = connection.Exhausted();
        if (exhausted.Count == 0)
        {
            return true;
        }

        var named = string.Join(", ", exhausted.Take(MostNamed).Select(state => $"{state.Budget} of {state.Scope}"));
        named += exhausted.Count > MostNamed ? ", .." : "";
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{exhausted.Count} budgets stand above their amount and act again at once: {named}."));
        if (Console.IsInputRedirected)
        {
            Console.Error.WriteLine("Raise their amounts or set them to alert first (docs/runbooks.md, TokenStreamBreaker); or say --yes.");
            return false;
        }

        Console.Write("Resume? [y/N] ");
        return Console.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }

    private static async Task<int> StatusAsync(GovernConnection connection)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var controls = await connection.Requests.ReadAsync();
        connection.Commands.Refresh();
        var pause = controls.Pause;
        Console.WriteLine(pause.Paused ? $"Paused by {pause.By} since {UtcText.Of(pause.AtMs)}: {pause.Reason}" : "Not paused.");
        foreach (var heartbeat in connection.Commands.Heartbeats)
        {
            var age = now - heartbeat.AtMs;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"partition {heartbeat.Partition}: heartbeat {age / 1000.0:F1} s ago{(age > FreshMs ? " (STALE)" : "")}, " +
                $"epoch {heartbeat.Version.Epoch}, {heartbeat.ActiveCommands} commands, {heartbeat.ActiveTenants} active tenants, " +
                $"{heartbeat.HitTenants} newly hit{(heartbeat.IsPaused ? ", paused" : "")}"));
        }

        if (!connection.Commands.Heartbeats.Any())
        {
            Console.WriteLine("No heartbeat was read: no node governs, or its public key is not known here (--keys).");
        }

        return 0;
    }
}
