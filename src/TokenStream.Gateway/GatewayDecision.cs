using System.Globalization;
using TokenStream.Commands;

namespace TokenStream.Gateway;

/// <summary>Why a request was let in or not.</summary>
public enum DecisionCode
{
    /// <summary>It may go on, with the limit and the route that the decision names.</summary>
    Allowed,

    /// <summary>A command kills its scope.</summary>
    Killed,

    /// <summary>A budget is exhausted until its next period.</summary>
    BudgetExceeded,

    /// <summary>A throttle does not let it pass now.</summary>
    Throttled,

    /// <summary>A budget of which gateways spend slices has none left here for the request; more may come within a second.</summary>
    LeaseEmpty,

    /// <summary>Only the gateway's own cache may answer it.</summary>
    CacheOnly,

    /// <summary>Its tenant is not known, and unknown ones are denied.</summary>
    UnknownTenant,

    /// <summary>The gateway does not know the commands in force, and is told to refuse then.</summary>
    Blind,
}

/// <summary>What is to be done with a request.</summary>
public readonly struct GatewayDecision
{
    public DecisionCode Code { get; init; }

    public bool IsAllowed => Code == DecisionCode.Allowed;

    /// <summary>HTTP status for the caller.</summary>
    public int Status => Code switch
    {
        DecisionCode.Allowed => 200,
        DecisionCode.Killed or DecisionCode.UnknownTenant => 403,
        DecisionCode.Blind => 503,
        _ => 429,
    };

    /// <summary>The error code in the caller's answer.</summary>
    public string ErrorCode => Code switch
    {
        DecisionCode.Allowed => "",
        DecisionCode.Killed => "tokenstream_killed",
        DecisionCode.BudgetExceeded => "budget_exceeded",
        DecisionCode.Throttled => "tokenstream_throttled",
        DecisionCode.LeaseEmpty => "budget_lease_empty",
        DecisionCode.CacheOnly => "tokenstream_cache_only",
        DecisionCode.UnknownTenant => "unknown_tenant",
        _ => "tokenstream_blind",
    };

    /// <summary>The command that decided, where the request is refused.</summary>
    public Command? RefusedBy { get; init; }

    /// <summary>Where the request is let in: the command whose limit of output tokens applies.</summary>
    public Command? TrimmedBy { get; init; }

    /// <summary>Where the request is let in: the command that says where to serve from.</summary>
    public Command? RoutedBy { get; init; }

    /// <summary>Where the request is let in: the narrowest throttle that let it pass.</summary>
    public Command? ThrottledBy => Reservation.Charges?.Throttle;

    /// <summary>
    /// Most output tokens to ask for: the caller's own limit or a command's, whichever is smaller; null where there is neither.
    /// </summary>
    public long? MaxOutputTokens { get; init; }

    /// <summary>The model to serve from instead of the one asked for, and its provider where it is another one.</summary>
    public string? RouteModel => RoutedBy?.Parameters.Model;

    public string? RouteProvider => RoutedBy?.Parameters.Provider;

    /// <summary>When the caller may come back, in seconds from the decision; null where nobody knows.</summary>
    public long? RetryAfterSeconds { get; init; }

    /// <summary>Whether an SDK that repeats a 429 by itself would repeat it in vain.</summary>
    public bool ShouldRetry => Code is DecisionCode.Throttled or DecisionCode.LeaseEmpty or DecisionCode.Blind;

    /// <summary>What <see cref="TokenStreamGateway.Complete"/> gives back.</summary>
    internal Reservation Reservation { get; init; }

    /// <summary>The tenant that the request counts for: the caller's, or the one that unknown tenants share.</summary>
    public string Tenant { get; init; }

    /// <summary>Which command, and why, in a sentence for the caller. Made when asked for.</summary>
    public string Reason => Code switch
    {
        DecisionCode.Allowed => "",
        DecisionCode.UnknownTenant => "The tenant is not known to this gateway.",
        DecisionCode.Blind => "The gateway has not heard which limits are in force.",
        DecisionCode.CacheOnly => $"Only cached answers are served ({Cause}).",
        DecisionCode.Throttled => string.Create(
            CultureInfo.InvariantCulture, $"Requests are throttled; come back in {RetryAfterSeconds ?? 1} s ({Cause})."),
        DecisionCode.LeaseEmpty =>
            $"This gateway's share of what is left of the budget does not cover the request; come back in a second ({Cause}).",
        DecisionCode.BudgetExceeded => $"The budget is exhausted ({Cause}).",
        _ => $"Requests are stopped ({Cause}).",
    };

    private string Cause => $"{RefusedBy?.Reason}; command {RefusedBy?.Id}";

    /// <summary>The admitted request is not sent after all: its reservation ends, and nothing is published.</summary>
    public void Abandon() => Reservation.Settle(0, 0);

    /// <summary>
    /// Nobody is going to say how the admitted request ended: throttles and leases count all that was reserved as used, since it may have
    /// been, and nothing is published.
    /// </summary>
    public void Forfeit() => Reservation.Forfeit();

    /// <summary>Every command that was applied, the deciding one first. Made when asked for.</summary>
    public IReadOnlyList<Command> AppliedCommands() =>
        [.. new[] { RefusedBy, ThrottledBy, TrimmedBy, RoutedBy }.OfType<Command>()];
}
