namespace TokenStream.IntegrationTests.Governing;

/// <summary>What one window of ten seconds holds; money in cents.</summary>
internal readonly record struct BurnWindow(long Cents, long Requests, long BatchCents = 0);

/// <summary>
/// A series of windows for a month of 30 days whose amount is spent exactly by a dollar a window, and how many of its last windows are
/// compared.
/// </summary>
internal sealed record BurnScenario(string Name, IReadOnlyList<BurnWindow> Windows, int Compared = 90)
{
    /// <summary>30 days of 8640 windows a day.</summary>
    public const long AmountCents = 100L * 30 * 8640;

    /// <summary>Factor times ten, long and short lookback in windows: the workbook's pairs for 30 days.</summary>
    public static readonly IReadOnlyList<(int FactorTimesTen, int Long, int Short)> Pairs = [(144, 360, 30), (60, 2160, 180), (30, 8640, 720), (10, 25920, 2160)];

    public static IEnumerable<BurnScenario> All()
    {
        foreach (var (factor, length, brief) in Pairs)
        {
            var exact = factor * 10;
            var name = $"{factor / 10.0:0.0}";
            yield return new($"{name} exactly", Of(length + 200, _ => exact));
            yield return new($"{name} one cent above, then leaving the short lookback", Of(length + 200, i => exact + (i == length + 150 - brief ? 1 : 0)));
            yield return new($"{name} one cent below, for one window", Of(length + 200, i => exact + (i == 0 ? 1 : 0) + (i == length + 140 ? 1 : 0) - (i == length + 120 ? 1 : 0)));
            yield return new($"{name} from below", Of(length + 200, i => i < length ? exact - 1 : exact + (i - length)));
            yield return new($"{name} from above", Of(length + 200, i => i < length + 100 ? exact + 2 : exact - 40));
        }

        yield return new("long above, short below", Of(600, i => i < 500 ? 5000 : 0));
        yield return new("short above, long below", Of(600, i => i < 570 ? 0 : 9000));
        yield return new("a pulse that enters and leaves", Of(600, i => i is >= 520 and < 540 ? 40_000 : 0));
        yield return new("the fifth request makes it count", [.. Enumerable.Range(0, 600).Select(i => new BurnWindow(2000, i % 115 == 114 ? 1 : 0))]);
        yield return new("never five requests", [.. Enumerable.Range(0, 600).Select(i => new BurnWindow(2000, i % 120 == 119 ? 1 : 0))]);
        yield return new("the batch tier is left out", [.. Enumerable.Range(0, 600).Select(i => new BurnWindow(1400 + i % 90, 1, 5000))]);
        for (var seed = 1; seed <= 6; seed++)
        {
            var random = new Random(seed);
            yield return new($"random {seed}", Of(26_500, i => random.Next(i % 400 < 200 ? 3200 : 2700)));
        }
    }

    private static BurnWindow[] Of(int count, Func<int, long> cents) => [.. Enumerable.Range(0, count).Select(i => new BurnWindow(Math.Max(cents(i), 0), 1))];
}
