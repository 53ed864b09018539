using TokenStream.Commands;

namespace TokenStream.Governing.Leases;

/// <summary>What the next command of a lease says.</summary>
/// <param name="Slices">What each gateway may spend.</param>
/// <param name="Memory">What a successor needs.</param>
/// <param name="IsUsedUp">Whether nothing remains that anybody could use.</param>
internal sealed record LeasePlan(IReadOnlyList<LeaseSlice> Slices, LeaseMemory Memory, bool IsUsedUp);
