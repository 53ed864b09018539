using TokenStream.Events;
using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Pricing;

public sealed class PricerTests
{
    private static readonly PricePlan Plan = PriceFiles.Model(
        "{input: 2, cached_input: 0.2, cache_write_5m: 2.5, cache_write_1h: 4, output: 10, reasoning: 12, input_audio_tokens: 32, " +
        "cached_audio_tokens: 0.4, output_image_tokens: 30, per_thousand: {web_searches: 10}, per_unit: {images: 0.04}}").Plan("acme", "m");

    private static readonly PricePlan Bare = PriceFiles.Model("{input: 2, output: 10}").Plan("acme", "m");

    [Fact]
    public void Inclusive_totals_are_split_so_that_every_token_pays_once()
    {
        var result = new PricedEvent(tokensIn: 1000, tokensOut: 500, cached: 300, write5m: 200, write1h: 100, reasoning: 50).Price(Plan);

        Assert.Equal([400, 300, 200, 100, 450, 50, 0], Values(result.Tokens));
        Assert.Equal([800_000_000, 60_000_000, 500_000_000, 400_000_000, 4_500_000_000, 600_000_000, 0], Values(result.Cost));
        Assert.Equal(6_860_000_000, result.TotalCost);
        Assert.Equal(result.TotalCost, result.ListCost);
    }

    [Fact]
    public void Classes_without_a_price_are_unpriced_while_the_others_are_priced()
    {
        var result = new PricedEvent(tokensIn: 1000, tokensOut: 500, cached: 300, write5m: 200, write1h: 100, reasoning: 50).Price(Bare);

        Assert.Equal([0, 300, 200, 100, 0, 0, 0], Values(result.Unpriced));
        Assert.Equal(800_000_000 + 5_000_000_000, result.TotalCost);
        Assert.NotEqual(PricedUsage.NoCell, result.Cell);
    }

    [Fact]
    public void Reasoning_without_a_price_of_its_own_costs_what_output_costs()
    {
        var result = new PricedEvent(tokensOut: 500, reasoning: 50).Price(Bare);

        Assert.Equal(4_500_000_000, result.Cost[(int)TokenClass.Output]);
        Assert.Equal(500_000_000, result.Cost[(int)TokenClass.Reasoning]);
    }

    [Fact]
    public void A_price_of_zero_is_known_and_free()
    {
        var result = new PricedEvent(tokensIn: 10, tokensOut: 5).Price(PriceFiles.Model("{input: 0, output: 1}").Plan("acme", "m"));

        Assert.Equal(0, result.Unpriced[(int)TokenClass.Input]);
        Assert.Equal(5_000_000, result.TotalCost);
    }

    [Fact]
    public void An_unknown_model_leaves_every_class_and_unit_unpriced()
    {
        var result = new PricedEvent(tokensIn: 1000, tokensOut: 500, cached: 300, reasoning: 50)
            .With("input_audio_tokens", 100).With("web_searches", 2).With("fancy", 3)
            .Price(PriceBook.Empty.Plan("acme", "m"));

        Assert.Equal([700, 300, 0, 0, 450, 50, 5], Values(result.Unpriced));
        Assert.Equal(Values(result.Unpriced), Values(result.Tokens));
        Assert.Equal((0, 0, PricedUsage.NoCell), (result.TotalCost, result.ListCost, result.Cell));
    }

    [Fact]
    public void Units_beside_the_tokens_are_priced_by_name_and_unpriced_without_a_price()
    {
        var result = new PricedEvent(tokensIn: 10).With("web_searches", 3).With("images", 2).With("seconds", 7).Price(Plan);

        Assert.Equal(12, result.Tokens[(int)TokenClass.Units]);
        Assert.Equal(30_000_000_000 + 80_000_000_000, result.Cost[(int)TokenClass.Units]);
        Assert.Equal(7, result.Unpriced[(int)TokenClass.Units]);
    }

    [Fact]
    public void Tokens_of_a_modality_with_an_own_price_leave_their_class()
    {
        var result = new PricedEvent(tokensIn: 1000, tokensOut: 500, cached: 300)
            .With("input_audio_tokens", 400).With("cached_audio_tokens", 100).With("output_image_tokens", 200).Price(Plan);

        // Of the 400 audio tokens 100 were cached; 300 and 100 leave input and cached input.
        Assert.Equal([400, 200, 0, 0, 300, 0, 600], Values(result.Tokens));
        Assert.Equal((300 * 32_000_000L) + (100 * 400_000L) + (200 * 30_000_000L), result.Cost[(int)TokenClass.Units]);
    }

    [Fact]
    public void Tokens_of_a_modality_without_an_own_price_stay_in_their_class()
    {
        var result = new PricedEvent(tokensIn: 1000).With("input_video_tokens", 400).With("input_text_tokens", 600).Price(Plan);

        Assert.Equal([1000, 0, 0, 0, 0, 0, 0], Values(result.Tokens));
        Assert.Equal(2_000_000_000, result.TotalCost);
    }

    [Fact]
    public void More_tokens_of_a_modality_than_are_uncached_never_pay_twice()
    {
        var result = new PricedEvent(tokensIn: 1000, cached: 900).With("input_audio_tokens", 1000).Price(Plan);

        Assert.Equal([0, 900, 0, 0, 0, 0, 100], Values(result.Tokens));
    }

    [Fact]
    public void Unit_names_with_escapes_are_read_from_the_scratch_buffer()
    {
        var priced = new PricedEvent();
        priced.Usage.Units = 1;
        priced.Usage.UnitNames[0] = new Utf8Slice(~2, "images".Length);
        priced.Usage.UnitCounts[0] = 1;
        PricedUsage result = default;

        Assert.True(Pricer.TryPrice(in priced.Usage, 0, Plan, default, "xximages"u8, ref result));
        Assert.Equal(40_000_000_000, result.TotalCost);
    }

    [Theory]
    [InlineData(ResultType.Ok, Completeness.Final, 12_000_000_000)]
    [InlineData(ResultType.Ok, Completeness.Estimated, 12_000_000_000)]
    [InlineData(ResultType.Ok, Completeness.Partial, 0)]
    [InlineData(ResultType.Error, Completeness.Final, 0)]
    public void A_fee_for_each_request_is_charged_once_for_what_ended_well(ResultType result, Completeness completeness, long expected)
    {
        var plan = PriceFiles.Model("{input: 1, output: 1, per_thousand: {requests: 12}}").Plan("acme", "m");
        var priced = new PricedEvent();
        priced.Usage.ResultType = result;
        priced.Usage.Completeness = completeness;

        Assert.Equal(expected, priced.Price(plan).TotalCost);
        Assert.Equal(36_000_000_000, new PricedEvent().With("requests", 3).Price(plan).TotalCost);
        Assert.Equal(0, new PricedEvent().AsAdjustment().Price(plan).TotalCost);
    }

    [Fact]
    public void An_adjustment_of_all_that_a_request_used_takes_back_exactly_what_it_cost()
    {
        var request = new PricedEvent(tokensIn: 250_001, tokensOut: 77, cached: 300, write5m: 20, reasoning: 7).With("input_audio_tokens", 13);
        var refund = new PricedEvent(tokensIn: -250_001, tokensOut: -77, cached: -300, write5m: -20, reasoning: -7)
            .With("input_audio_tokens", -13).AsAdjustment();
        var plan = PriceFiles.Model(
            "{input: 0.3333333, cached_input: 0.1111111, cache_write_5m: 1, output: 3.7, input_audio_tokens: 0.77777777, above: {200000: {input: 0.7777777}}}")
            .Plan("acme", "m");

        var (cost, taken) = (request.Price(plan), refund.Price(plan));
        Assert.Equal(Values(cost.Cost).Select(value => -value), Values(taken.Cost));
        Assert.Equal(-cost.TotalCost, taken.TotalCost);
        Assert.Equal(cost.Cell, taken.Cell);
    }

    [Fact]
    public void An_adjustment_can_move_tokens_from_one_class_to_another()
    {
        var result = new PricedEvent(cached: 100).AsAdjustment().Price(Plan);

        Assert.Equal([-100, 100, 0, 0, 0, 0, 0], Values(result.Tokens));
        Assert.Equal(-200_000_000 + 20_000_000, result.TotalCost);
    }

    [Fact]
    public void A_cost_beyond_the_range_of_picodollars_is_refused()
    {
        var dear = PriceFiles.Model("{input: 1000000, output: 1000000, per_unit: {seats: 9000000}}").Plan("acme", "m");

        Assert.True(new PricedEvent(tokensIn: 9_223_372).CanPrice(dear));
        Assert.False(new PricedEvent(tokensIn: 9_223_373).CanPrice(dear));
        Assert.False(new PricedEvent(tokensIn: 5_000_000, tokensOut: 5_000_000).CanPrice(dear));
        Assert.False(new PricedEvent(tokensIn: 1_000_000).With("seats", 1).CanPrice(dear));
        Assert.False(new PricedEvent().With("seats", 1).With("seats", 1).CanPrice(dear));
        Assert.False(new PricedEvent(tokensIn: -9_223_373).AsAdjustment().CanPrice(dear));
    }

    [Theory]
    [InlineData(Pricer.MaxCount, true)]
    [InlineData(Pricer.MaxCount + 1, false)]
    [InlineData(long.MaxValue, false)]
    [InlineData(-Pricer.MaxCount - 1, false)]
    [InlineData(long.MinValue, false)]
    public void Counts_beyond_their_bound_are_refused_whatever_they_cost(long count, bool expected)
    {
        var plan = PriceBook.Empty.Plan("acme", "m");

        Assert.Equal(expected, new PricedEvent(tokensIn: count).AsAdjustment().CanPrice(plan));
        Assert.Equal(expected, new PricedEvent(tokensOut: count).AsAdjustment().CanPrice(plan));
        Assert.Equal(expected, new PricedEvent(cached: count).AsAdjustment().CanPrice(plan));
        Assert.Equal(expected, new PricedEvent(reasoning: count).AsAdjustment().CanPrice(plan));
        Assert.Equal(expected, new PricedEvent().With("x", count).AsAdjustment().CanPrice(plan));
    }

    [Fact]
    public void Subsets_that_together_exceed_their_total_leave_nothing_rather_than_less()
    {
        var result = new PricedEvent(tokensIn: 100, cached: 80, write5m: 80).Price(Plan);

        Assert.Equal([0, 80, 80, 0, 0, 0, 0], Values(result.Tokens));
    }

    [Fact]
    public void The_hot_path_allocates_nothing()
    {
        var flat = new PricedEvent(tokensIn: 1200, tokensOut: 300, cached: 1000);
        var units = new PricedEvent(tokensIn: 1200, tokensOut: 300, cached: 1000).With("input_audio_tokens", 20).With("web_searches", 1);
        var record = units.Record;
        PricedUsage result = default;
        long Run(int count, ReadOnlySpan<byte> bytes)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var index = 0; index < count; index++)
            {
                Pricer.TryPrice(in flat.Usage, index, Plan, default, default, ref result);
                Pricer.TryPrice(in units.Usage, index, Plan, bytes, default, ref result);
                Pricer.TryPrice(in units.Usage, index, Bare, bytes, default, ref result);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Run(1000, record);
        Assert.Equal(0, Run(1_000_000, record));
    }

    internal static long[] Values(PerTokenClass values)
    {
        var list = new long[PerTokenClass.Count];
        for (var tokenClass = 0; tokenClass < list.Length; tokenClass++)
        {
            list[tokenClass] = values[tokenClass];
        }

        return list;
    }
}
