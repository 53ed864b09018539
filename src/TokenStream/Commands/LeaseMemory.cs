namespace TokenStream.Commands;

/// <summary>What a successor of a lease's issuer needs to give nothing out twice; gateways pass over it.</summary>
public sealed record LeaseMemory
{
    /// <summary>Every instance that may still spend, those without a slice of their own too.</summary>
    public IReadOnlyList<LeaseInstance> Instances { get; init; } = [];

    /// <summary>What was settled lately, which the ledger may not have yet.</summary>
    public IReadOnlyList<LeaseSettlement> Recent { get; init; } = [];

    /// <summary>What gateways might still spend when the lease was issued, what was granted to them earlier included.</summary>
    public Int128 Outstanding(IReadOnlyList<LeaseSlice> slices) => Instances.Aggregate(
        Int128.Zero,
        (sum, one) => sum + Int128.Max(
            0, Int128.Max(one.Held, slices.FirstOrDefault(slice => slice.Instance == one.Instance)?.Granted ?? 0) - one.Settled));
}

/// <summary>How a gateway's instance stood when a lease was issued.</summary>
/// <param name="Gateway">The gateway's id.</param>
/// <param name="Instance">Whose count it is.</param>
/// <param name="Settled">Spent since it began to count, as reported.</param>
/// <param name="Held">The most that it may act on by what was issued before, where that is more than its slice now grants; else 0.</param>
/// <param name="HeldUntilMs">Until when it may.</param>
public sealed record LeaseInstance(string Gateway, string Instance, Int128 Settled, Int128 Held = default, long HeldUntilMs = 0);

/// <summary>What was settled within ten seconds.</summary>
/// <param name="AtMs">When they began.</param>
/// <param name="Amount">Picodollars or tokens.</param>
/// <param name="IsAssumed">Whether nobody reported it: what an instance that fell silent may have spent.</param>
public sealed record LeaseSettlement(long AtMs, Int128 Amount, bool IsAssumed = false);
