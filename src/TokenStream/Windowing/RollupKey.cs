namespace TokenStream.Windowing;

/// <summary>
/// What a rollup is grouped by within its window. Absent values are empty. <c>~other</c> stands for all values beyond a dimension's bound.
/// </summary>
/// <param name="PriceCell">Identifies the price row that was applied; empty where the usage is unpriced.</param>
public sealed record RollupKey(
    string Environment,
    string TenantId,
    string App,
    string Feature,
    string Provider,
    string Model,
    string PromptVersion,
    string Label1,
    string Label2,
    string Label3,
    string Label4,
    string PriceCell)
{
    /// <summary>The value that everything beyond a dimension's cardinality bound is booked under.</summary>
    public const string Other = "~other";
}
