namespace TokenStream.Commands;

/// <summary>The parts of a command's JSON that are a lease's.</summary>
internal static class LeaseFormat
{
    /// <summary>Most slices of a lease: with what a successor needs of them they stay well below a record's limit.</summary>
    internal const int MostSlices = 256;

    private const int MostCharacters = 128;

    /// <summary>A million times all the money there is, so that sums of it stay far from 128 bits.</summary>
    private static readonly Int128 MostAmount = (Int128)long.MaxValue * long.MaxValue / 1_000_000;

    public static bool IsAmount(Int128 amount) => amount >= 0 && amount <= MostAmount;

    public static bool IsName(string? text) => text is { Length: > 0 and <= MostCharacters };

    /// <summary>Whether slices and what goes with them make sense.</summary>
    public static bool IsWhole(CommandJson json)
    {
        var slices = json.Parameters?.Slices ?? [];
        var instances = json.Lease?.Instances ?? [];
        var recent = json.Lease?.Recent ?? [];
        return slices.Count <= MostSlices && slices.All(one => one is not null && IsName(one.Gateway) && IsName(one.Instance) && IsAmount(one.Granted) && one.ExpiresMs >= 0)
            && slices.Select(one => one.Instance).Distinct(StringComparer.Ordinal).Count() == slices.Count
            && instances.All(one => one is not null && IsName(one.Gateway) && IsName(one.Instance) && IsAmount(one.Settled) && IsAmount(one.Held ?? 0) && !(one.HeldUntilMs < 0))
            && recent.All(one => one is not null && IsAmount(one.Amount) && one.AtMs >= 0);
    }

    public static LeaseJson Lease(LeaseMemory lease) => new()
    {
        Instances = lease.Instances.Count > 0
            ? [.. lease.Instances.Select(one => new LeaseInstanceJson(
                one.Gateway, one.Instance, one.Settled, one.Held > 0 ? one.Held : null, one.Held > 0 ? one.HeldUntilMs : null))]
            : null,
        Recent = lease.Recent.Count > 0
            ? [.. lease.Recent.Select(one => new LeaseSettlementJson(one.AtMs, one.Amount, one.IsAssumed ? true : null))]
            : null,
    };

    public static LeaseMemory Lease(LeaseJson json) => new()
    {
        Instances = [.. (json.Instances ?? []).Select(one => new LeaseInstance(one.Gateway, one.Instance, one.Settled, one.Held ?? 0, one.HeldUntilMs ?? 0))],
        Recent = [.. (json.Recent ?? []).Select(one => new LeaseSettlement(one.AtMs, one.Amount, one.Assumed ?? false))],
    };
}
