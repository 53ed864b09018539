using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using TokenStream.Events;
using TokenStream.Scopes;

namespace TokenStream.Commands;

/// <summary>The JSON of a command, which is what is signed: docs/commands.md. The same command gives the same bytes.</summary>
public static class CommandFormat
{
    public const int Version = 1;

    /// <summary>Longest id, source and reason that is read.</summary>
    internal const int MostCharacters = 1024;

    public static byte[] Write(Command command) => JsonSerializer.SerializeToUtf8Bytes(
        new CommandJson
        {
            Format = Version,
            Id = command.Id,
            Scope = command.Scope.Text,
            Source = command.Source,
            Epoch = command.Version.Epoch,
            Counter = command.Version.Counter,
            Action = command.Action,
            Parameters = Parameters(command.Parameters),
            Probe = command.IsProbe ? true : null,
            IssuedMs = command.IssuedMs,
            ExpiresMs = command.ExpiresMs,
            Reason = command.Reason,
            RetryAtMs = command.RetryAtMs,
            Tenants = command.Tenants.Count > 0 ? command.Tenants : null,
            Cause = command.Cause is { } cause ? Cause(cause) : null,
            Ladder = command.Ladder is { } ladder ? Ladder(ladder) : null,
            Lease = command.Lease is { } lease ? LeaseFormat.Lease(lease) : null,
        },
        CommandJsonContext.Default.CommandJson);

    /// <summary>Reads any bytes; false where they are no command of this format.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Command? command)
    {
        command = null;
        if (!JsonBytes.TryRead(bytes, CommandJsonContext.Default.CommandJson, out var json) || json.Format != Version ||
            !IsText(json.Id) || !IsText(json.Source) || !json.Source.Contains('/', StringComparison.Ordinal) || json.Reason.Length > MostCharacters ||
            json.Epoch < 0 || json.Counter < 0 || json.IssuedMs < 0 ||
            !TryRead(json.Action, json.Parameters, out var parameters) || !Scope.TryParse(json.Scope, out var scope, out _) ||
            json.Tenants?.Any(string.IsNullOrEmpty) == true || !LeaseFormat.IsWhole(json))
        {
            return false;
        }

        command = new Command
        {
            Id = json.Id,
            Scope = scope,
            Source = json.Source,
            Version = new CommandVersion(json.Epoch, json.Counter),
            Action = json.Action,
            Parameters = parameters,
            IsProbe = json.Probe ?? false,
            IssuedMs = json.IssuedMs,
            ExpiresMs = json.ExpiresMs,
            Reason = json.Reason,
            RetryAtMs = json.RetryAtMs,
            Cause = json.Cause is { } cause ? Cause(cause) : null,
            Tenants = json.Tenants ?? [],
            Ladder = json.Ladder is { } ladder ? Ladder(ladder) : null,
            Lease = json.Lease is { } lease ? LeaseFormat.Lease(lease) : null,
        };
        return true;
    }

    /// <summary>The parameters alone, for people: a JSON object.</summary>
    public static byte[] WriteParameters(ActionParameters parameters) =>
        JsonSerializer.SerializeToUtf8Bytes(Parameters(parameters) ?? new ParametersJson(), CommandJsonContext.Default.ParametersJson);

    /// <summary>Null where there is nothing to say.</summary>
    internal static ParametersJson? Parameters(ActionParameters parameters) => parameters == ActionParameters.Nothing
        ? null
        : new ParametersJson
        {
            MaxOutputTokens = parameters.MaxOutputTokens,
            Model = parameters.Model,
            Provider = parameters.Provider,
            TokensPerMinute = parameters.TokensPerMinute,
            RequestsPerMinute = parameters.RequestsPerMinute,
            AbortStreams = parameters.AbortStreams ? true : null,
            Unit = parameters.IsTokens ? AmountUnit.Tokens : parameters.Slices.Count > 0 ? AmountUnit.Picodollars : null,
            Slices = parameters.Slices.Count > 0 ? parameters.Slices : null,
        };

    /// <summary>False where an action lacks what it is to be done with, or a limit is negative.</summary>
    internal static bool TryRead(CommandAction action, ParametersJson? json, out ActionParameters parameters)
    {
        parameters = json is null
            ? ActionParameters.Nothing
            : new ActionParameters
            {
                MaxOutputTokens = json.MaxOutputTokens,
                Model = json.Model,
                Provider = json.Provider,
                TokensPerMinute = json.TokensPerMinute,
                RequestsPerMinute = json.RequestsPerMinute,
                AbortStreams = json.AbortStreams ?? false,
                IsTokens = json.Unit == AmountUnit.Tokens,
                Slices = json.Slices ?? [],
            };
        return !(parameters.MaxOutputTokens < 0) && !(parameters.TokensPerMinute < 0) && !(parameters.RequestsPerMinute < 0) && action switch
        {
            CommandAction.TrimOutput => parameters.MaxOutputTokens is not null,
            CommandAction.RouteTo => !string.IsNullOrEmpty(parameters.Model),
            CommandAction.Throttle => parameters.TokensPerMinute is not null || parameters.RequestsPerMinute is not null,
            _ => true,
        };
    }

    internal static bool IsText(string text) => text.Length is > 0 and <= MostCharacters;

    private static CauseJson Cause(CommandCause cause) => new()
    {
        Budget = cause.Budget,
        BudgetSetVersion = cause.BudgetSetVersion,
        Trigger = cause.Trigger,
        Unit = cause.IsTokens ? AmountUnit.Tokens : AmountUnit.Picodollars,
        Spent = cause.Spent,
        Limit = cause.Limit,
        UnpricedBound = cause.UnpricedBound == 0 ? null : cause.UnpricedBound,
        BurnRate = cause.BurnRate is { } rate && double.IsFinite(rate) ? rate : null,
        PeriodStartMs = cause.PeriodStartMs,
        PeriodEndMs = cause.PeriodEndMs,
        ExhaustedAtMs = cause.ExhaustedAtMs,
        SavesPerMinute = cause.SavesPerMinute == 0 ? null : cause.SavesPerMinute,
        EventMs = cause.EventMs,
        Offsets = cause.Offsets.Count > 0 ? new SortedDictionary<string, long>(cause.Offsets.ToDictionary(), StringComparer.Ordinal) : null,
    };

    private static CommandCause Cause(CauseJson json) => new()
    {
        Budget = json.Budget,
        BudgetSetVersion = json.BudgetSetVersion,
        Trigger = json.Trigger,
        IsTokens = json.Unit == AmountUnit.Tokens,
        Spent = json.Spent,
        Limit = json.Limit,
        UnpricedBound = json.UnpricedBound ?? 0,
        BurnRate = json.BurnRate,
        PeriodStartMs = json.PeriodStartMs,
        PeriodEndMs = json.PeriodEndMs,
        ExhaustedAtMs = json.ExhaustedAtMs,
        SavesPerMinute = json.SavesPerMinute ?? 0,
        EventMs = json.EventMs,
        Offsets = json.Offsets ?? new Dictionary<string, long>(),
    };

    private static LadderJson Ladder(LadderMemory ladder) => new()
    {
        Step = ladder.Step,
        SinceMs = ladder.SinceMs,
        HoldUntilMs = ladder.HoldUntilMs,
        HoldMs = ladder.HoldMs,
        ReleasedMs = ladder.ReleasedMs,
        Trips = ladder.Trips,
        DemandAtTrip = ladder.DemandAtTrip,
        TokensAtTrip = ladder.TokensAtTrip != 0 ? ladder.TokensAtTrip : null,
        RequestsAtTrip = ladder.RequestsAtTrip != 0 ? ladder.RequestsAtTrip : null,
        CalmSinceMs = ladder.CalmSinceMs,
        BlockedWasReported = ladder.BlockedWasReported ? true : null,
        ReleasedStep = ladder.ReleasedStep >= 0 ? ladder.ReleasedStep : null,
    };

    private static LadderMemory Ladder(LadderJson json) => new()
    {
        Step = json.Step,
        SinceMs = json.SinceMs,
        HoldUntilMs = json.HoldUntilMs,
        HoldMs = json.HoldMs,
        ReleasedMs = json.ReleasedMs,
        Trips = json.Trips,
        DemandAtTrip = json.DemandAtTrip,
        TokensAtTrip = json.TokensAtTrip ?? 0,
        RequestsAtTrip = json.RequestsAtTrip ?? 0,
        CalmSinceMs = json.CalmSinceMs,
        BlockedWasReported = json.BlockedWasReported ?? false,
        ReleasedStep = json.ReleasedStep ?? -1,
    };
}
