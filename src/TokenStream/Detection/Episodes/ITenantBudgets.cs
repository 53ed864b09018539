namespace TokenStream.Detection.Episodes;

/// <summary>What a tenant may spend, which the severity of its anomalies is measured against.</summary>
public interface ITenantBudgets
{
    /// <summary>Picodollars a day; null where the tenant has no budget.</summary>
    Int128? DailyBudget(string environment, string tenant);
}
