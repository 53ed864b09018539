using FsCheck;
using FsCheck.Fluent;
using TokenStream.Detection;
using TokenStream.Detection.Causes;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Detection.Causes;

public sealed class CauseLawTests
{
    [Fact]
    public void Shares_add_up_to_the_change_to_the_picodollar_whatever_happened() => Check((random, _) =>
    {
        var story = new CauseStory();
        story.Minutes(random.Next(0, 40), Samples(random));
        var cost = story.Minutes(3, Samples(random));
        var change = (cost * random.Next(-200, 200) / 100) + random.Next();
        var scope = random.Next(3) switch { 0 => CauseStory.WholeTenant, 1 => CauseStory.Chat, _ => CauseStory.Chat with { Model = "mini" } };
        var cause = story.Book.Explain(scope, story.NextMs - (3 * CauseStory.MinuteMs), story.NextMs - CauseStory.MinuteMs, change);

        Assert.True(cause is null || cause.Change == change);
        Assert.Equal(cause?.Change ?? 0, Sum(cause));
        var ordered = cause?.Shares.Select(share => change < 0 ? share.Cost : -share.Cost).ToArray() ?? [];
        Assert.Equal(ordered.Order(), ordered);
    });

    [Fact]
    public void Nothing_is_left_over_where_tokens_and_prices_say_all() => Check((random, _) =>
    {
        var story = new CauseStory();
        var expected = story.Minutes(60, Priced(random)) / 60;
        var cost = story.Minutes(3, Priced(random));
        var cause = story.Book.Explain(
            CauseStory.WholeTenant with { Feature = null }, story.NextMs - (3 * CauseStory.MinuteMs), story.NextMs - CauseStory.MinuteMs, cost - (3 * expected));

        var rest = cause?.Shares.Where(share => share.Factor == CauseFactor.Other).Sum(share => Math.Abs((double)share.Cost)) ?? 0;
        Assert.InRange(rest, 0, 1e-9 * ((double)cost + (3 * (double)expected)));
    });

    [Fact]
    public void A_share_is_the_mean_over_all_orders_in_which_the_factors_could_change() => Check((random, _) =>
    {
        UsageSample Plain() => new() { Requests = random.Next(50, 500), TokensIn = random.Next(1, 50) * 100, TokensOut = random.Next(1, 50) * 10, Price = random.Next(5, 40) * 10 };

        var (was, now) = (Plain(), Plain());
        var story = new CauseStory();
        var expected = story.Minutes(60, was) / 60;
        var cost = story.Minutes(1, now);
        var cause = story.Book.Explain(CauseStory.Chat, story.NextMs - CauseStory.MinuteMs, story.NextMs - CauseStory.MinuteMs, cost - expected);

        // Four factors, 24 orders, one after the other.
        double[] before = [was.Requests, was.TokensIn, was.TokensOut, was.Price];
        double[] after = [now.Requests, now.TokensIn, now.TokensOut, now.Price];
        var shares = new double[4];
        foreach (var order in Orders([0, 1, 2, 3]))
        {
            var current = (double[])before.Clone();
            foreach (var factor in order)
            {
                var worth = Worth(current);
                current[factor] = after[factor];
                shares[factor] += (Worth(current) - worth) / 24;
            }
        }

        foreach (var (factor, share) in new[] { CauseFactor.Volume, CauseFactor.ContextLength, CauseFactor.OutputLength, CauseFactor.Price }.Zip(shares))
        {
            var found = (double)(cause?.Shares.FirstOrDefault(other => other.Factor == factor)?.Cost ?? 0);
            Assert.True(Math.Abs(found - share) <= 1e-6 * Worth(after) + 1e-6 * Worth(before), $"{factor}: {found} is not {share}");
        }
    });

    [Fact]
    public void What_goes_back_has_the_same_shares_with_the_other_sign() => Check((random, _) =>
    {
        var (one, other) = (Priced(random), Priced(random));
        double Share(UsageSample was, UsageSample now, CauseFactor factor)
        {
            CauseCell[] before = [Cell(was)];
            CauseCell[] after = [Cell(now)];
            return CausePlaces.ShareOf(factor, FeatureChange.Of(CauseStory.Chat, before, [.. after], before[0].Sums.TotalCost));
        }

        foreach (var factor in Enum.GetValues<CauseFactor>())
        {
            Assert.Equal(Share(one, other, factor), -Share(other, one, factor), 1e3);
        }
    });

    [Fact]
    public void A_snapshot_at_any_minute_goes_on_as_if_it_had_never_stopped() => Check((random, seed) =>
    {
        var (whole, cut) = (new CauseStory(), new CauseStory());
        var cuts = random.Next(1, 80);
        var lives = new Random(seed);
        for (var minute = 0; minute < 80; minute++)
        {
            var (samples, isOpen) = (Samples(lives), lives.Next(10) == 0);
            foreach (var story in (CauseStory[])[whole, cut])
            {
                if (minute % 20 == 19)
                {
                    // An anomaly that lasts makes the book keep what is used from its beginning on.
                    story.Book.Explain(CauseStory.Chat, story.NextMs - (5 * CauseStory.MinuteMs), story.NextMs - CauseStory.MinuteMs, 1_000_000, isLasting: true);
                }

                story.Minutes(1, isOpen, samples);
            }

            if (minute == cuts)
            {
                cut.Book = Restored(cut.Book);
            }
        }

        Assert.Equal(Bytes(whole.Book), Bytes(cut.Book));
        Cause? Last(CauseStory story) =>
            story.Book.Explain(CauseStory.WholeTenant, story.NextMs - (5 * CauseStory.MinuteMs), story.NextMs - CauseStory.MinuteMs, 1_000_000_000_000);

        Assert.Equal(Last(whole)?.Sentence, Last(cut)?.Sentence);
        Assert.Equal(Last(whole)?.Shares ?? [], Last(cut)?.Shares ?? []);
    });

    private static void Check(Action<Random, int> law) => Prop.ForAll(Arb.From(Gen.Choose(0, int.MaxValue - 1)), seed => law(new Random(seed), seed))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    private static double Worth(double[] factors) =>
        factors[0] * ((factors[1] * UsageSample.InputPrice) + (factors[2] * UsageSample.OutputPrice)) * factors[3] / 100;

    private static IEnumerable<int[]> Orders(int[] rest) => rest.Length == 0
        ? [[]]
        : rest.SelectMany(first => Orders([.. rest.Where(other => other != first)]).Select(order => (int[])[first, .. order]));

    private static Int128 Sum(Cause? cause) => cause?.Shares.Aggregate((Int128)0, (sum, share) => sum + share.Cost) ?? 0;

    private static CauseCell Cell(UsageSample sample)
    {
        var cell = sample.ToCell();
        return new CauseCell { Key = CauseCellKey.Of(cell), Cost = cell.Measures.Cost, Sums = UsageSums.Of(cell.Measures) };
    }

    private static UsageSample[] Samples(Random random) => [.. Enumerable.Range(0, random.Next(0, 5)).Select(_ => Sample(random))];

    private static UsageSample Priced(Random random) => Sample(random) with { IsUnpriced = false };

    private static UsageSample Sample(Random random) => new()
    {
        Feature = random.Next(3) == 0 ? "mail" : "chat",
        Model = random.Next(2) == 0 ? "gpt-5" : "mini",
        PromptVersion = random.Next(2) == 0 ? "46" : "47",
        PriceCell = random.Next(3) == 0 ? "openai/gpt-5@ever|above=1000" : "openai/gpt-5@ever",
        Requests = random.Next(1, 300),
        Retries = random.Next(3) == 0 ? random.Next(0, 300) : 0,
        AreFailuresBilled = random.Next(2) == 0,
        TokensIn = random.Next(0, 5_000),
        Cached = random.Next(0, 101),
        TokensOut = random.Next(0, 900),
        Price = random.Next(1, 500),
        IsUnpriced = random.Next(8) == 0,
    };

    private static byte[] Bytes(CauseBook book)
    {
        var buffer = new BlockBuffer();
        book.Write(buffer);
        return buffer.Written.ToArray();
    }

    private static CauseBook Restored(CauseBook book)
    {
        var reader = new BlockReader(Bytes(book));
        return CauseBook.Read(ref reader, new CauseOptions());
    }
}
