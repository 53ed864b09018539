using System.Text;
using TokenStream.Commands;
using TokenStream.Events;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Ladders;
using TokenStream.Scopes;

namespace TokenStream.Governing;

/// <summary>One budget on one scope: its ladder, what it tells, and the command in force.</summary>
internal sealed class GovernedScope
{
    /// <summary>
    /// What ends with a period does not end before this long after it: each budget is evaluated once by then, so that a burn step can take over
    /// before the command expires.
    /// </summary>
    private const long LeastSpreadMs = 10_000;

    public GovernedScope(BudgetRules rules, Scope scope, GovernorOptions options)
    {
        Rules = rules;
        Scope = scope;
        Key = $"{scope.Text}|{rules.Source}";
        LeaseKey = $"{scope.Text}|{Command.LeasePrefix}{rules.Budget.Name}";
        Ladder = new Ladder(options);
        Alerts = new BudgetAlerts(scope);
        var range = (ulong)Math.Max(1, options.SpreadMs - LeastSpreadMs);
        SpreadMs = LeastSpreadMs + (long)(StableHash.Hash(Encoding.UTF8.GetBytes(scope.Text)) % range);
    }

    public BudgetRules Rules { get; set; }

    public Scope Scope { get; }

    /// <summary>The key of its commands.</summary>
    public string Key { get; }

    /// <summary>The key of its lease, where gateways spend from one.</summary>
    public string LeaseKey { get; }

    /// <summary>Whether the lease was released because the breaker lets nobody be refused.</summary>
    public bool IsLeaseHeldBack { get; set; }

    public Ladder Ladder { get; }

    public BudgetAlerts Alerts { get; }

    /// <summary>How long after its period's end the scope's commands end with it.</summary>
    public long SpreadMs { get; }

    /// <summary>The command in force; of a shadow, the one that would be.</summary>
    public Command? Command { get; set; }

    /// <summary>Whether nothing is sent: the budget does not enforce, or a person has paused automatic commands.</summary>
    public bool IsShadow { get; set; }

    public long EvaluatedMs { get; set; }

    /// <summary>Whether its command stops requests.</summary>
    public bool IsHard => !IsShadow && Command?.Action is CommandAction.Kill or CommandAction.CacheOnly or CommandAction.Throttle;
}
