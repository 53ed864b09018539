using TokenStream.Governing.Alerts;

namespace TokenStream.Runtime;

/// <summary>What lasts and was told of, kept with a ledger's snapshot so that a successor can say when it is over.</summary>
internal static class GovernNotes
{
    public static IEnumerable<byte[]> Write(IEnumerable<BudgetTransition> open) => open.Select(transition => AlertFormat.Write(Alert.Of(transition)));

    /// <summary>What cannot be read is left out: it is told of anew.</summary>
    public static IReadOnlyList<BudgetTransition> Read(IEnumerable<byte[]> notes)
    {
        var open = new List<BudgetTransition>();
        foreach (var note in notes)
        {
            if (AlertFormat.TryRead(note, out Alert? alert))
            {
                open.Add(new BudgetTransition
                {
                    Fingerprint = alert.Fingerprint,
                    Kind = alert.Kind,
                    Name = alert.Name,
                    Severity = alert.Severity,
                    Notifies = alert.Notifies,
                    AtMs = alert.AtMs,
                    StartedMs = alert.StartedMs,
                    EndedMs = alert.EndedMs,
                    Budget = alert.Budget,
                    Scope = alert.Scope,
                    BudgetSetVersion = alert.BudgetSetVersion,
                    From = alert.From ?? BudgetState.Ok,
                    To = alert.To ?? BudgetState.Ok,
                    CommandId = alert.CommandId,
                    Owner = alert.Owner,
                    Route = alert.Route,
                    Summary = alert.Summary,
                });
            }
        }

        return open;
    }
}
