namespace TokenStream.Simulation.Overshoot;

/// <summary>What happens in one seed: sizes, rates and disturbances, all drawn from it. Times are milliseconds from the beginning.</summary>
internal sealed record OvershootPlan
{
    private const long PicosOfDollar = 1_000_000_000_000;

    public required Random Random { get; init; }

    public required int Gateways { get; init; }

    /// <summary>Of all gateways together, before the waves of demand.</summary>
    public required double RequestsPerSecond { get; init; }

    /// <summary>A request's estimate is 0.2 to 3 times this, its cost 0.2 to 1 of that.</summary>
    public required long BasePicos { get; init; }

    public required long LimitPicos { get; init; }

    /// <summary>Spans in which the stream stands still, and so all usage waits.</summary>
    public required IReadOnlyList<(long FromMs, long ToMs)> Lags { get; init; }

    /// <summary>Spans in which nobody governs.</summary>
    public required IReadOnlyList<(long FromMs, long ToMs)> Outages { get; init; }

    /// <summary>Another node takes over; whether its predecessor speaks once more after that.</summary>
    public required IReadOnlyList<(long AtMs, bool HasZombie)> Rebalances { get; init; }

    /// <summary>A gateway ends without a word; it loses the usage of its last moments, and begins again later.</summary>
    public required IReadOnlyList<(long AtMs, int Gateway, long LosesMs)> Kills { get; init; }

    /// <summary>Spans in which a gateway hears nothing and is not heard; what it used comes through.</summary>
    public required IReadOnlyList<(long FromMs, long ToMs, int Gateway)> Cuts { get; init; }

    /// <summary>When so many percent are spent the stream stands still for a while, and a takeover follows within it; null for never.</summary>
    public (double Percent, long LengthMs, long TakeoverMs)? Standstill { get; init; }

    /// <summary>When so many percent are spent a gateway is cut off, its callers stay away, and come back just before it hears again; null for never.</summary>
    public (double Percent, long LengthMs, int Gateway)? Desertion { get; init; }

    public static OvershootPlan Draw(int seed)
    {
        var random = new Random(seed);
        var (rate, basePicos) = (10 + (random.NextDouble() * 30), (long)((0.002 + (random.NextDouble() * 0.05)) * PicosOfDollar));
        var lastsMs = random.Next(90_000, 300_000);
        var gateways = random.Next(2, 5);

        // On the average a request costs 0.96 of the base: that is when the amount would be used up without leases. With them it takes longer.
        long Soon() => (long)(lastsMs * (0.3 + (random.NextDouble() * 1.7)));
        return new OvershootPlan
        {
            Random = random,
            Gateways = gateways,
            RequestsPerSecond = rate,
            BasePicos = basePicos,
            LimitPicos = (long)(rate * 0.96 * basePicos * lastsMs / 1000),
            Lags = [.. Spans(random.Next(0, 4), Soon, () => random.Next(2_000, 30_000))],
            Outages = [.. Spans(random.Next(0, 2), Soon, () => 30_000)],
            Rebalances = [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => (Soon(), random.Next(3) == 0)).OrderBy(one => one.Item1)],
            Kills = [.. Enumerable.Range(0, Math.Max(0, random.Next(-1, 3))).Select(i => (Soon(), i, (long)random.Next(0, 3_000)))],
            Cuts = [.. Spans(random.Next(0, 3), Soon, () => random.Next(20_000, 300_000)).Select(cut => (cut.FromMs, cut.ToMs, random.Next(gateways)))],
            Standstill = random.Next(2) == 0 ? (88 + (random.NextDouble() * 11), random.Next(10_000, 30_000), random.Next(3_000, 10_000)) : null,
            Desertion = random.Next(2) == 0 ? (80 + (random.NextDouble() * 18), random.Next(190_000, 250_000), random.Next(gateways)) : null,
        };
    }

    private static IEnumerable<(long FromMs, long ToMs)> Spans(int count, Func<long> from, Func<long> length) =>
        Enumerable.Range(0, count).Select(_ => from()).Select(at => (at, at + length()));
}
