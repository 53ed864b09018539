using FsCheck;
using FsCheck.Fluent;
using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Pricing;

public sealed class PriceRecostTests
{
    private const string Before = """
        providers:
          acme:
            models:
              m:
                prices:
                  - {input: 2, cached_input: 0.2, cache_write_5m: 2.5, output: 10, above: {200000: {input: 4, output: 15}}}
                  - {service_tier: batch, input: 1, cached_input: 0.1, output: 5}
                  - {region: eu, input: 2.2, cached_input: 0.22, output: 11}
                  - {since: 2026-06-01, input: 1.8, cached_input: 0.2, output: 9, above: {200000: {input: 3.6}}}
        contracts:
          - {tenant: big, discount: 20%}
        """;

    private const string After = """
        providers:
          acme:
            models:
              m:
                prices:
                  - {input: 1.5, cached_input: 0.25, cache_write_5m: 3, cache_write_1h: 4, output: 8, above: {200000: {input: 3.75}}}
                  - {service_tier: batch, input: 0.75, cached_input: 0.125, output: 4}
                  - {region: eu, input: 1.65, output: 8.8}
                  - {since: 2026-05-01, input: 1.25, cached_input: 0.2, output: 9, above: {200000: {input: 3.6, output: 17}}}
        contracts:
          - {tenant: big, discount: 25%}
        """;

    /// <summary>Whole picodollars a token in both books, the same bounds: then history costed from its cells is history costed anew.</summary>
    [Fact]
    public void Cells_costed_again_under_a_changed_book_equal_the_events_costed_again()
    {
        var (before, after) = (PriceFiles.Book(Before), PriceFiles.Book(After));
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var events = Events(new Random(seed)).Take(200).ToList();
            var recosted = Cells(before, events).Select(sums => PriceRecost.Cost(before, after, sums)).ToList();
            var expected = events.Aggregate((Int128)0, (sum, one) => sum + one.Price(after).TotalCost);
            return recosted.All(result => result.Limits == RecostLimits.None) &&
                recosted.Aggregate((Int128)0, (sum, result) => sum + result.Cost) == expected &&
                Sum(recosted.Select(result => result.Unpriced)).SequenceEqual(Sum(events.Select(one => one.Price(after).Unpriced)));
        }));
    }

    /// <summary>A rate with a fraction of a picodollar: each event and class rounds by at most a half.</summary>
    [Fact]
    public void With_fractions_of_a_picodollar_a_sum_differs_by_at_most_half_a_picodollar_an_event_and_class()
    {
        var before = PriceFiles.Book(Before);
        var after = PriceFiles.Book(After.Replace("1.5,", "1.5000000333,", StringComparison.Ordinal).Replace("8,", "8.0000000777,", StringComparison.Ordinal));
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var events = Events(new Random(seed)).Take(200).ToList();
            var recosted = Cells(before, events).Select(sums => PriceRecost.Cost(before, after, sums)).ToList();
            var difference = recosted.Aggregate((Int128)0, (sum, result) => sum + result.Cost) -
                events.Aggregate((Int128)0, (sum, one) => sum + one.Price(after).TotalCost);
            return recosted.All(result => (result.Limits & ~RecostLimits.Rounding) == 0) && Int128.Abs(difference) <= events.Count * 6 / 2;
        }));
    }

    [Theory]
    [InlineData("{input: 1, output: 2}", "{input: 2, output: 2}", RecostLimits.None)]
    [InlineData("{input: 1, output: 2}", "{input: 0.0000015, output: 2}", RecostLimits.Rounding)]
    [InlineData("{input: 1, output: 2}", "{input: 1, output: 2, above: {9: {input: 5}}}", RecostLimits.Boundaries)]
    [InlineData("{input: 1, output: 2, above: {8: {input: 5}}}", "{input: 1, output: 2, above: {9: {input: 5}}}", RecostLimits.Boundaries)]
    [InlineData("{input: 1, output: 2}", "{input: 1, output: 2, input_audio_tokens: 7}", RecostLimits.UnitPrices)]
    public void What_a_sum_cannot_tell_is_said(string before, string after, RecostLimits expected)
    {
        var sums = new CellSums("t", "acme", "m", "acme/m@ever", PricedEvent.OracleDay, Tokens(10, 5), 0);

        Assert.Equal(expected, PriceRecost.Cost(PriceFiles.Model(before), PriceFiles.Model(after), sums).Limits);
    }

    [Fact]
    public void A_region_that_only_the_new_book_prices_is_a_boundary()
    {
        var (before, after) = (PriceFiles.Model("{input: 1}"), PriceFiles.Model("{input: 1}", "{region: eu, input: 2}"));
        var sums = new CellSums("t", "acme", "m", "acme/m@ever", PricedEvent.OracleDay, Tokens(10, 0), 0);

        Assert.Equal(RecostLimits.Boundaries, PriceRecost.Cost(before, after, sums).Limits);
    }

    [Fact]
    public void Unpriced_usage_is_priced_by_a_book_that_knows_the_model_and_the_cost_of_units_is_kept()
    {
        var sums = new CellSums("t", "acme", "m", string.Empty, PricedEvent.OracleDay, Tokens(10, 5), 77);
        var result = PriceRecost.Cost(PriceBook.Empty, PriceFiles.Model("{input: 1}"), sums);

        Assert.Equal(10_000_000 + 77, result.Cost);
        Assert.Equal(5, result.Unpriced[(int)TokenClass.Output]);
        Assert.True(result.Limits.HasFlag(RecostLimits.UnitsKept | RecostLimits.Boundaries));
    }

    [Fact]
    public void A_folded_key_takes_its_names_from_the_cell()
    {
        var (before, after) = (PriceFiles.Book(Before), PriceFiles.Book(After));
        var sums = new CellSums("~other", "acme", "~other", "acme/m@ever|contract=big@ever", PricedEvent.Ms("2026-01-01"), Tokens(100, 0), 0);

        Assert.Equal(100 * 1_125_000, PriceRecost.Cost(before, after, sums).Cost);
    }

    private sealed record Used(string Tenant, string Region, string Tier, long TimeMs, PricedEvent Event)
    {
        public PricedUsage Price(PriceBook book) => Event.Price(book.Plan(Tenant, "acme", "m", Region, Tier), TimeMs);
    }

    private static IEnumerable<Used> Events(Random random)
    {
        while (true)
        {
            var cached = random.Next(0, 150_000);
            var write = random.Next(0, 3) == 0 ? random.Next(0, 1000) : 0;
            var output = random.Next(0, 5000);
            var (tenant, region, tier) = (Pick(random, "big", "small"), Pick(random, string.Empty, "us"), Pick(random, string.Empty, "batch"));
            var month = PricedEvent.Ms($"2026-0{random.Next(1, 9)}-01");
            yield return new Used(tenant, region, tier, month, new PricedEvent(
                cached + (2 * write) + random.Next(0, 100_000), output, cached, write, write, random.Next(0, output + 1)));
        }
    }

    /// <summary>What rollups of a month would hold: sums by tenant and cell.</summary>
    private static IEnumerable<CellSums> Cells(PriceBook book, List<Used> events) =>
        events.Select(one => (one, priced: one.Price(book)))
            .GroupBy(pair => (pair.one.Tenant, pair.one.TimeMs, Cell: book.CellId(pair.priced.Cell)))
            .Select(group =>
            {
                var tokens = default(PerTokenClass);
                foreach (var (_, priced) in group)
                {
                    for (var tokenClass = 0; tokenClass < PerTokenClass.Count; tokenClass++)
                    {
                        tokens[tokenClass] += priced.Tokens[tokenClass];
                    }
                }

                return new CellSums(group.Key.Tenant, "acme", "m", group.Key.Cell, group.Key.TimeMs, tokens, 0);
            });

    private static string Pick(Random random, params string[] values) => values[random.Next(values.Length)];

    private static PerTokenClass Tokens(long input, long output)
    {
        var tokens = default(PerTokenClass);
        tokens[(int)TokenClass.Input] = input;
        tokens[(int)TokenClass.Output] = output;
        return tokens;
    }

    private static long[] Sum(IEnumerable<PerTokenClass> values) =>
        values.Aggregate(new long[PerTokenClass.Count], (sum, value) => [.. sum.Zip(PricerTests.Values(value), (left, right) => left + right)]);
}
