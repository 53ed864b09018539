using System.Globalization;

namespace TokenStream.LoadGenerator.Enforcement;

/// <summary>What came of a run: latencies in milliseconds.</summary>
internal sealed record EnforcementResult(
    long Events, double Seconds, double WorstLateMs, int Probes, int Lost, IReadOnlyList<long> ToCommandMs, IReadOnlyList<long> ToEnforcedMs)
{
    private static readonly double[] Quantiles = [0.5, 0.9, 0.99, 1];

    public static EnforcementResult Of(long events, TimeSpan elapsed, TimeSpan worstLate, IReadOnlyList<Probe> probes) => new(
        events,
        elapsed.TotalSeconds,
        worstLate.TotalMilliseconds,
        probes.Count,
        probes.Count(probe => probe.EnforcedMs == 0 || probe.CommandedMs == 0 || probe.ArrivedMs <= 0),
        [.. probes.Where(probe => probe is { CommandedMs: > 0, ArrivedMs: > 0 }).Select(probe => probe.CommandedMs - probe.ArrivedMs).Order()],
        [.. probes.Where(probe => probe is { EnforcedMs: > 0, ArrivedMs: > 0 }).Select(probe => probe.EnforcedMs - probe.ArrivedMs).Order()]);

    public string ToJson() => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"events":{{Events}},"seconds":{{Seconds:F1}},"events_per_second":{{Events / Seconds:F0}},"worst_late_ms":{{WorstLateMs:F0}},"probes":{{Probes}},"lost":{{Lost}},"event_to_command_ms":{{Json(ToCommandMs)}},"event_to_enforced_ms":{{Json(ToEnforcedMs)}}}""");

    private static string Json(IReadOnlyList<long> sorted) => "{" + string.Join(',', Quantiles.Select(quantile => string.Create(
        CultureInfo.InvariantCulture, $"\"p{quantile * 100:0.#}\":{At(sorted, quantile)}"))) + "}";

    /// <summary>The smallest value that is at least as large as the given share of all (nearest rank).</summary>
    private static long At(IReadOnlyList<long> sorted, double quantile) =>
        sorted.Count == 0 ? -1 : sorted[Math.Max(0, (int)Math.Ceiling(quantile * sorted.Count) - 1)];
}
