using TokenStream.Detection;
using TokenStream.Detection.Causes;
using TokenStream.Pricing;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Detection.Causes;

public sealed class CauseBookTests
{
    private static readonly UsageSample Usual = new() { Cached = 92 };

    [Fact]
    public void A_prompt_version_that_lost_its_cache_is_named_with_its_money()
    {
        var story = new CauseStory();
        var (old, young) = (Usual, Usual with { PromptVersion = "47" });
        var expected = story.Minutes(120, old, young) / 120;
        var cost = story.Minutes(3, old, young with { Cached = 11 });

        var cause = story.Explain(3, cost, 3 * expected);

        // 100 requests of 1,000 tokens a minute, 81 % of which cost 2.25 micro-dollars more each.
        var lost = (Int128)3 * 100 * 810 * (UsageSample.InputPrice - UsageSample.CachedPrice);
        var share = Assert.Single(cause.Shares, share => share.Factor == CauseFactor.CacheShare);
        Assert.Equal(cause.Shares[0], share);
        AssertNear(lost, share.Cost);
        Assert.Equal(("prompt_version", "47"), (share.Dimension, share.Value));
        Assert.Equal((0.92, 0.11), (Math.Round(share.Before, 9), share.After));
        Assert.Equal("cache share fell 92 to 11 % at prompt_version 47: +10.94 USD an hour", cause.Sentence);
        Assert.Equal(3, cause.Minutes);
    }

    [Fact]
    public void A_prompt_version_that_comes_without_a_cache_is_compared_with_the_one_before()
    {
        var story = new CauseStory();
        var expected = story.Minutes(120, Usual) / 120;
        var cost = story.Minutes(2, Usual with { PromptVersion = "47", Cached = 0 });

        var share = story.Explain(2, cost, 2 * expected).Shares[0];

        Assert.Equal((CauseFactor.CacheShare, "47", 0.92, 0.0), (share.Factor, share.Value, Math.Round(share.Before, 9), share.After));
    }

    [Fact]
    public void A_loop_of_one_session_is_volume_and_context_of_that_session()
    {
        var hitters = new Hitters();
        var story = new CauseStory(new CauseBook(new CauseOptions(), hitters));
        var expected = story.Minutes(120, Usual) / 120;
        hitters.FromMs = story.NextMs;
        var cost = story.Minutes(5, Usual, Usual with { PromptVersion = "47", Requests = 600, TokensIn = 4_000 });
        hitters.Loop = new HeavyHitter("s-17", cost - (5 * expected));

        var cause = story.Explain(5, cost, 5 * expected);

        Assert.Equal([CauseFactor.Volume, CauseFactor.ContextLength], cause.Shares.Take(2).Select(share => share.Factor));
        Assert.Equal(("session", "s-17"), (cause.Shares[0].Dimension, cause.Shares[0].Value));
        Assert.StartsWith("requests rose 100 to 700 a minute at session s-17: +", cause.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_at_night_is_volume_even_where_its_requests_are_longer()
    {
        var story = new CauseStory();
        story.Minutes(8 * 60, Usual with { Requests = 5 });
        story.Minutes(60);
        var cost = story.Minutes(3, Usual with { Requests = 400, TokensIn = 5_000, Cached = 0, PromptVersion = "batch" });

        var cause = story.Explain(3, cost, 0);

        Assert.Equal(CauseFactor.Volume, cause.Shares[0].Factor);
        Assert.Equal((0.0, 400.0), (cause.Shares[0].Before, cause.Shares[0].After));
    }

    [Fact]
    public void The_same_requests_at_a_dearer_model_are_the_mix()
    {
        var story = new CauseStory();
        var (cheap, dear) = (Usual with { Model = "mini", Price = 10 }, Usual with { Price = 100 });
        var expected = story.Minutes(120, cheap with { Requests = 90 }, dear with { Requests = 10 }) / 120;
        var cost = story.Minutes(3, cheap with { Requests = 10 }, dear with { Requests = 90 });

        var cause = story.Explain(3, cost, 3 * expected);

        Assert.Equal((CauseFactor.ModelMix, "gpt-5"), (cause.Shares[0].Factor, cause.Shares[0].Value));
        AssertNear(cost - (3 * expected), cause.Shares[0].Cost);
        Assert.StartsWith("share of model gpt-5 rose 10 to 90 % of the attempts: +", cause.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_is_new_is_the_mix_and_not_its_longer_answers()
    {
        var story = new CauseStory();
        var expected = story.Minutes(120, Usual with { Model = "mini", Price = 10 }) / 120;
        var cost = story.Minutes(3, Usual with { TokensOut = 900 });

        var cause = story.Explain(3, cost, 3 * expected);

        Assert.Equal((CauseFactor.ModelMix, "gpt-5", 0.0, 1.0), (cause.Shares[0].Factor, cause.Shares[0].Value, cause.Shares[0].Before, cause.Shares[0].After));
        AssertNear(cost - (3 * expected), cause.Shares[0].Cost);
    }

    [Fact]
    public void A_price_that_changed_in_the_book_is_a_price()
    {
        var story = new CauseStory();
        var other = Usual with { Model = "mini", Price = 10 };
        var expected = story.Minutes(120, Usual, other) / 120;
        var cost = story.Minutes(3, Usual with { Price = 1000 }, other);

        var cause = story.Explain(3, cost, 3 * expected);

        Assert.Equal((CauseFactor.Price, "model", "gpt-5"), (cause.Shares[0].Factor, cause.Shares[0].Dimension, cause.Shares[0].Value));
        AssertNear(cost - (3 * expected), cause.Shares[0].Cost);
        Assert.StartsWith("price of output tokens rose 10.00 to 100.00 USD a million at model gpt-5: +", cause.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_longer_context_that_leaves_its_price_band_is_context()
    {
        var story = new CauseStory();
        var expected = story.Minutes(120, Usual) / 120;
        var cost = story.Minutes(3, Usual with { TokensIn = 300_000, Price = 200, PriceCell = "openai/gpt-5@ever|above=272000" });

        var share = story.Explain(3, cost, 3 * expected).Shares[0];

        Assert.Equal((CauseFactor.ContextLength, 1_000.0, 300_000.0), (share.Factor, Math.Round(share.Before), share.After));
        Assert.True(share.Cost > (cost - (3 * expected)) * 95 / 100);
    }

    [Fact]
    public void Retries_that_are_paid_for_are_retries()
    {
        var story = new CauseStory();
        var expected = story.Minutes(120, Usual with { Retries = 1, AreFailuresBilled = true, TokensOut = 0 }) / 120;
        var cost = story.Minutes(3, Usual with { Retries = 300, AreFailuresBilled = true, TokensOut = 0 });

        var cause = story.Explain(3, cost, 3 * expected);

        Assert.Equal(CauseFactor.Retries, cause.Shares[0].Factor);
        AssertNear(cost - (3 * expected), cause.Shares[0].Cost);
        Assert.StartsWith("attempts a request rose 1.01 to 4.00: +", cause.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Retries_that_used_nothing_do_not_make_requests_look_shorter()
    {
        var story = new CauseStory();
        var expected = story.Minutes(120, Usual) / 120;
        var cost = story.Minutes(3, Usual with { Requests = 150, Retries = 600 });

        var cause = story.Explain(3, cost, 3 * expected);

        Assert.Equal(CauseFactor.Volume, cause.Shares[0].Factor);
        AssertNear(cost - (3 * expected), cause.Shares[0].Cost);
    }

    [Fact]
    public void An_outage_is_volume_that_is_missing()
    {
        var story = new CauseStory();
        var expected = story.Minutes(120, Usual) / 120;
        story.Minutes(3);

        var cause = story.Explain(3, 0, 3 * expected);

        var share = Assert.Single(cause.Shares);
        Assert.Equal((CauseFactor.Volume, -3 * expected, 0.0), (share.Factor, share.Cost, share.After));
        Assert.StartsWith("requests fell 100 to 0 a minute: -", cause.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Growth_over_hours_is_volume()
    {
        var story = new CauseStory();
        var expected = story.Minutes(240, Usual) / 240;
        var cost = (Int128)0;
        for (var i = 0; i < 60; i++)
        {
            cost += story.Minutes(1, isOpen: i > 10, Usual with { Requests = 100 + (3 * i) });
        }

        var late = story.Minutes(5, isOpen: true, Usual with { Requests = 300 });
        var cause = story.Explain(5, late, 5 * expected);

        Assert.Equal(CauseFactor.Volume, cause.Shares[0].Factor);
        AssertNear(late - (5 * expected), cause.Shares[0].Cost);
    }

    [Fact]
    public void Usage_without_a_price_is_said_and_is_no_change_of_price()
    {
        var story = new CauseStory();
        var expected = story.Minutes(120, Usual) / 120;
        var cost = story.Minutes(3, Usual with { Requests = 50 }, Usual with { Requests = 50, IsUnpriced = true });

        var cause = story.Explain(3, cost, 3 * expected);

        Assert.Equal(CauseFactor.Other, cause.Shares[0].Factor);
        Assert.DoesNotContain(cause.Shares, share => share.Factor == CauseFactor.Price);
        Assert.Contains("50 % of the tokens have no price and count as nothing", cause.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cache_share_that_is_not_reported_is_no_cache_share()
    {
        var story = new CauseStory();
        var expected = story.Minutes(120, Usual) / 120;
        var cost = story.Minutes(3, Usual with { IsCachedUnknown = true });

        var cause = story.Explain(3, cost, 3 * expected);

        Assert.Equal(CauseFactor.Other, cause.Shares[0].Factor);
        Assert.DoesNotContain(cause.Shares, share => share.Factor == CauseFactor.CacheShare);
        Assert.Contains("what was cached is not known of many attempts", cause.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refund_is_other_and_the_rest_stays_what_it_is()
    {
        var story = new CauseStory();
        var expected = story.Minutes(120, Usual) / 120;
        var refund = new UsageSample().ToCell();
        refund.Measures = new RollupMeasures { Events = 1, Adjustments = 1, CostInput = -5 * Picodollars.PerUsd };
        story.Book.Add(new TenantMinute(CauseStory.Environment, CauseStory.Tenant, story.NextMs, [Usual.ToCell(), refund]));

        var cause = story.Book.Explain(CauseStory.Chat, story.NextMs, story.NextMs, -5 * Picodollars.PerUsd)!;

        Assert.Equal(CauseFactor.Other, cause.Shares[0].Factor);
        AssertNear(-5 * Picodollars.PerUsd, cause.Shares[0].Cost);
        _ = expected;
    }

    [Fact]
    public void Of_a_tenant_the_feature_is_named()
    {
        var story = new CauseStory();
        var mail = Usual with { Feature = "mail" };
        var expected = story.Minutes(120, Usual, mail) / 120;
        var cost = story.Minutes(3, Usual, mail with { Requests = 900 });

        var cause = story.Explain(3, cost, 3 * expected, CauseStory.WholeTenant);

        Assert.Equal((CauseFactor.Volume, "feature", "mail"), (cause.Shares[0].Factor, cause.Shares[0].Dimension, cause.Shares[0].Value));
        AssertNear(cost - (3 * expected), cause.Shares[0].Cost);
    }

    [Fact]
    public void Of_a_model_only_its_own_usage_counts()
    {
        var story = new CauseStory();
        var mini = Usual with { Model = "mini", Price = 10 };
        story.Minutes(120, Usual, mini);
        var cost = story.Minutes(3, mini with { Requests = 500 });
        story.Minutes(0);

        var cause = story.Book.Explain(CauseStory.Chat with { Model = "mini" }, story.NextMs - (3 * CauseStory.MinuteMs), story.NextMs - CauseStory.MinuteMs, cost * 4 / 5)!;

        Assert.Equal((CauseFactor.Volume, 100.0, 500.0), (cause.Shares[0].Factor, Math.Round(cause.Shares[0].Before), cause.Shares[0].After));
    }

    [Fact]
    public void What_an_open_episode_brings_is_not_learnt_for_two_hours()
    {
        var story = new CauseStory();
        var expected = story.Minutes(120, Usual) / 120;
        story.Minutes(100, isOpen: true, Usual with { Cached = 0 });
        var cost = story.Minutes(3, isOpen: true, Usual with { Cached = 0 });
        var first = story.Explain(3, cost, 3 * expected).Shares[0];
        Assert.Equal((CauseFactor.CacheShare, 0.92), (first.Factor, Math.Round(first.Before, 9)));

        story.Minutes(24 * 60, isOpen: true, Usual with { Cached = 0 });
        var later = story.Explain(3, cost, 3 * expected);
        Assert.Equal(CauseFactor.Volume, later.Shares[0].Factor);
    }

    [Fact]
    public void A_feature_that_was_never_seen_is_volume()
    {
        var story = new CauseStory();
        story.Minutes(10, Usual with { Feature = "mail" });
        var cost = story.Minutes(2, Usual);

        var share = Assert.Single(story.Explain(2, cost, 0).Shares, share => share.Cost > 1000);

        Assert.Equal(CauseFactor.Volume, share.Factor);
    }

    [Fact]
    public void The_number_of_features_is_bounded_and_the_silent_ones_leave()
    {
        var story = new CauseStory(new CauseBook(new CauseOptions { MaxFeatures = 100 }));
        for (var i = 0; i < 500; i++)
        {
            story.Minutes(1, Usual, Usual with { Feature = $"f{i:D4}" });
        }

        Assert.InRange(story.Book.Features, 90, 100);
        Assert.Equal(501 - story.Book.Features, story.Book.Left);
        var cost = story.Minutes(1, Usual with { Cached = 0 });
        Assert.Equal(CauseFactor.CacheShare, story.Explain(1, cost, cost / 3).Shares[0].Factor);
    }

    [Fact]
    public void A_minute_of_many_prompt_versions_is_bounded_and_loses_no_money()
    {
        var story = new CauseStory();
        UsageSample[] many = [.. Enumerable.Range(0, 500).Select(i => Usual with { PromptVersion = $"v{i}", Requests = 3 })];
        var expected = story.Minutes(30, many) / 30;
        var cost = story.Minutes(1, [.. many.Select(sample => sample with { Cached = 0 })]);

        var cause = story.Explain(1, cost, expected);

        Assert.Equal(CauseFactor.CacheShare, cause.Shares[0].Factor);
        AssertNear(cost - expected, cause.Shares[0].Cost);
    }

    private static void AssertNear(Int128 expected, Int128 actual) =>
        Assert.InRange((double)actual / (double)expected, 0.999, 1.001);

    private sealed class Hitters : IHeavyHitters
    {
        public long FromMs { get; set; }

        public HeavyHitter Loop { get; set; }

        public IReadOnlyList<HeavyHitter> Find(SeriesPath scope, string dimension, long fromMs, long toMs) =>
            dimension == "session" && fromMs >= FromMs ? [Loop] : [];
    }
}
