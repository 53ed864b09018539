using TokenStream.Commands;
using TokenStream.Governing.Evaluation;

namespace TokenStream.Governing.Leases;

/// <summary>The leases of one partition of scopes, by the keys of their commands.</summary>
internal sealed class LeaseBook(GovernorOptions options)
{
    private readonly Dictionary<string, GovernedLease> _leases = new(StringComparer.Ordinal);

    /// <summary>Takes a gateway's report; one of a lease that is not granted is passed over.</summary>
    public void Take(string gateway, long atMs, LeaseReport report, long nowMs)
    {
        if (_leases.TryGetValue(report.Key, out var lease))
        {
            lease.Pool.Take(gateway, atMs, report, nowMs);
        }
    }

    /// <summary>Grants leases by an evaluation from now on; where none were granted, goes on where the command stands, if one does.</summary>
    public void Follow(BudgetEvaluation evaluation, IReadOnlyList<string> tenants, Func<string, Command?> standing)
    {
        var key = KeyOf(evaluation);
        if (!_leases.TryGetValue(key, out var lease))
        {
            _leases.Add(key, lease = new GovernedLease(evaluation.Scope, evaluation.Budget.Name, options));
            if (standing(key) is { } command)
            {
                lease.Restore(command);
            }
        }

        (lease.Evaluation, lease.Tenants) = (evaluation, tenants);
    }

    public void Forget(string key) => _leases.Remove(key);

    /// <summary>The commands that are due.</summary>
    public IEnumerable<(GovernedLease Lease, Command Command)> Due(long budgetSetVersion, long nowMs)
    {
        foreach (var lease in _leases.Values.ToArray())
        {
            if (lease.Make(budgetSetVersion, nowMs) is { } command)
            {
                yield return (lease, command);
            }
        }
    }

    public void Number(Command command)
    {
        if (command.Action == CommandAction.Lease && _leases.TryGetValue(command.Key, out var lease))
        {
            lease.Pool.Number(command.Version);
        }
    }

    /// <summary>What gateways may still spend of a budget's leases for a scope.</summary>
    public Int128 Outstanding(BudgetEvaluation evaluation) => _leases.GetValueOrDefault(KeyOf(evaluation))?.Pool.Outstanding(evaluation.NowMs) ?? 0;

    private static string KeyOf(BudgetEvaluation evaluation) => $"{evaluation.Scope.Text}|{Command.LeasePrefix}{evaluation.Budget.Name}";
}
