using TokenStream.Budgets;
using TokenStream.Governing;
using TokenStream.Governing.Anomalies;
using TokenStream.Scopes;

namespace TokenStream.Runtime;

/// <summary>What people have said that governing goes by. Never changed; a new one replaces it.</summary>
/// <param name="SinceMs">From when on the spend of a pattern's scopes is published, by the pattern's text.</param>
public sealed record GovernInputs(BudgetSet Set, TenantDirectory Directory, IReadOnlyDictionary<string, long> SinceMs, GovernControls Controls)
{
    /// <summary>The anomalies that last, for steps of budgets that ask for one.</summary>
    public OpenAnomalies Anomalies { get; init; } = OpenAnomalies.None;

    public static GovernInputs None { get; } = new(BudgetSet.Empty, TenantDirectory.Empty, new Dictionary<string, long>(), GovernControls.None);
}
