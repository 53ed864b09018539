using TokenStream.Commands;
using TokenStream.Detection;
using TokenStream.Events;

namespace TokenStream.Governing.Anomalies;

/// <summary>Whether people are told of an anomaly, and what else they should know.</summary>
/// <param name="IsTold">Whether it is sent.</param>
/// <param name="IsWrittenDown">Whether it would be sent but for a person's silence or a command of ours.</param>
/// <param name="HeldBack">Why it is not sent; null where it is.</param>
/// <param name="Note">A sentence for people; null where there is nothing to say.</param>
internal sealed record AnomalyStanding(bool IsTold, bool IsWrittenDown, string? HeldBack, string? Note)
{
    /// <summary>
    /// After a command was released, its shortfall lasts until callers come back, and a minute of it is scored up to two minutes later.
    /// </summary>
    public const long ReleaseMs = 10 * 60_000;

    public static AnomalyStanding Of(Anomaly anomaly, AnomalyCircumstances circumstances)
    {
        if (anomaly.HeldBack is { } held)
        {
            return new(false, false, held, anomaly.Note);
        }

        if (anomaly.Severity == AnomalySeverity.Info)
        {
            return new(false, false, "its severity is info", anomaly.Note);
        }

        var command = Acting(anomaly, circumstances);
        var note = command is null ? anomaly.Note : Join(anomaly.Note, $"Command {command.Id} of {command.Source} acts on {command.Scope.Text}");
        if (circumstances.People.SilenceOf(anomaly, circumstances.NowMs) is { } silence)
        {
            return new(false, true, $"silenced by {silence.By} until {UtcText.Of(silence.UntilMs)}: {silence.Reason.TrimEnd('.')}", note);
        }

        return command is not null && IsShortfall(anomaly) && AnomalyScope.Covers(command.Scope, command.Tenants, anomaly.Scope)
            ? new(false, true, $"a shortfall that command {command.Id} brings about", note)
            : new(true, false, null, note);
    }

    private static bool IsShortfall(Anomaly anomaly) => anomaly.Kind == AnomalyKind.Silence || anomaly.Direction == AnomalyDirection.Down;

    /// <summary>A command that acts, or acted a moment ago, on the place or a part of it; one that covers all of it before others.</summary>
    private static Command? Acting(Anomaly anomaly, AnomalyCircumstances circumstances) => circumstances.Commands
        .Where(command => UntilMs(command) > anomaly.OpenedMs && AnomalyScope.Meets(command.Scope, command.Tenants, anomaly.Scope))
        .OrderByDescending(command => AnomalyScope.Covers(command.Scope, command.Tenants, anomaly.Scope))
        .ThenBy(command => command.Key, StringComparer.Ordinal)
        .FirstOrDefault();

    /// <summary>Whether a command holds requests back, or did a moment ago.</summary>
    public static bool Acts(Command command, long nowMs) =>
        !command.IsLease && command.Action != CommandAction.Allow && UntilMs(command) > nowMs - ReleaseMs;

    /// <summary>A release says when what it released ended; an expiry does so by itself.</summary>
    private static long UntilMs(Command command) =>
        command.Action == CommandAction.None ? command.IssuedMs : command.ExpiresMs ?? long.MaxValue;

    private static string Join(string? note, string more) => note is { Length: > 0 } ? $"{note.TrimEnd('.')}. {more}" : more;
}
