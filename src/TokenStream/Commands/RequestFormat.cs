using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using TokenStream.Events;
using TokenStream.Scopes;

namespace TokenStream.Commands;

/// <summary>
/// What people ask, as records of the budgets topic: a request under <c>manual/ID</c>, the pause under <c>control/pause</c>. They are not
/// signed: whoever may write to that topic may ask.
/// </summary>
public static class RequestFormat
{
    public const string ManualPrefix = "manual/";

    public const string PauseKey = "control/pause";

    public static string KeyOf(ManualRequest request) => ManualPrefix + request.Id;

    public static byte[] Write(ManualRequest request) => JsonSerializer.SerializeToUtf8Bytes(
        new ManualRequestJson
        {
            Format = CommandFormat.Version,
            Id = request.Id,
            Action = request.Action,
            Scope = request.Scope.Text,
            Parameters = CommandFormat.Parameters(request.Parameters),
            UntilMs = request.UntilMs,
            Reason = request.Reason,
            By = request.By,
            AtMs = request.AtMs,
            ReleasedMs = request.ReleasedMs,
            ReleasedBy = request.ReleasedBy,
            ReleasedReason = request.ReleasedReason,
        },
        CommandJsonContext.Default.ManualRequestJson);

    public static byte[] Write(GovernPause pause) => JsonSerializer.SerializeToUtf8Bytes(
        new GovernPauseJson { Format = CommandFormat.Version, Paused = pause.Paused, Reason = pause.Reason, By = pause.By, AtMs = pause.AtMs },
        CommandJsonContext.Default.GovernPauseJson);

    /// <summary>Reads any bytes; false where they are no request of this format under the key of a record.</summary>
    public static bool TryRead(string key, ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out ManualRequest? request)
    {
        request = null;
        if (!JsonBytes.TryRead(bytes, CommandJsonContext.Default.ManualRequestJson, out var json) || json.Format != CommandFormat.Version ||
            key != ManualPrefix + json.Id || !IsId(json.Id) || json.Action is CommandAction.None or CommandAction.Lease || json.Reason.Length > CommandFormat.MostCharacters ||
            !CommandFormat.TryRead(json.Action, json.Parameters, out var parameters) || !Scope.TryParse(json.Scope, out var scope, out _))
        {
            return false;
        }

        request = new ManualRequest
        {
            Id = json.Id,
            Action = json.Action,
            Scope = scope,
            Parameters = parameters,
            UntilMs = json.UntilMs,
            Reason = json.Reason,
            By = json.By,
            AtMs = json.AtMs,
            ReleasedMs = json.ReleasedMs,
            ReleasedBy = json.ReleasedBy,
            ReleasedReason = json.ReleasedReason,
        };
        return true;
    }

    /// <summary>Reads any bytes; false where they are no pause of this format.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out GovernPause? pause)
    {
        pause = JsonBytes.TryRead(bytes, CommandJsonContext.Default.GovernPauseJson, out var json) && json.Format == CommandFormat.Version
            ? new GovernPause(json.Paused, json.Reason, json.By, json.AtMs)
            : null;
        return pause is not null;
    }

    /// <summary>Whether a text can be a request's id: it is part of a command's source, and typed by people.</summary>
    public static bool IsId(string text) =>
        text.Length is > 0 and <= 64 && text[0] != '-' && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
