using TokenStream.Windowing;

namespace TokenStream.Detection;

/// <summary>
/// What one tenant used in one minute, as it was known when the minute was scored: all rollups of the minute added up by what matters to a
/// cause. Money and counts are exact.
/// </summary>
/// <param name="Environment">The environment.</param>
/// <param name="Tenant">The tenant.</param>
/// <param name="MinuteMs">Start of the minute, milliseconds since the Unix epoch.</param>
/// <param name="Cells">In ordinal order of their keys; empty for a minute without traffic.</param>
/// <param name="IsMissing">
/// Some of what feeds the tenant was not read yet when the minute was scored: what the minute was is not known, and it is not zero.
/// </param>
public sealed record TenantMinute(string Environment, string Tenant, long MinuteMs, IReadOnlyList<UsageCell> Cells, bool IsMissing = false);

/// <summary>The usage of one combination of values in a minute.</summary>
public sealed class UsageCell
{
    public required string Feature { get; init; }

    public required string Provider { get; init; }

    public required string Model { get; init; }

    public required string PromptVersion { get; init; }

    public required string PriceCell { get; init; }

    public RollupMeasures Measures;
}
