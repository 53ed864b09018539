using TokenStream.Detection;
using TokenStream.Tests.Detection.Silence;
using Xunit;

namespace TokenStream.Tests.Detection.Causes;

/// <summary>
/// Incidents in noisy traffic: counts are Poisson's times a daily cycle, lengths and cache shares vary by minute, and what the detector expected is
/// off by up to 30 %. The first cause has to be right nearly always.
/// </summary>
public sealed class CauseRecallTests
{
    private const int Stories = 40;
    private const int BaselineMinutes = 300;
    private const int Minutes = 3;

    [Theory]
    [InlineData("cache", CauseFactor.CacheShare, "47")]
    [InlineData("loop", CauseFactor.Volume, null)]
    [InlineData("night", CauseFactor.Volume, null)]
    [InlineData("swap", CauseFactor.ModelMix, "gpt-5")]
    [InlineData("price", CauseFactor.Price, "mini")]
    [InlineData("retries", CauseFactor.Retries, null)]
    [InlineData("outage", CauseFactor.Volume, null)]
    [InlineData("growth", CauseFactor.Volume, null)]
    [InlineData("prompt", CauseFactor.ContextLength, "47")]
    [InlineData("answers", CauseFactor.OutputLength, "47")]
    public void The_first_cause_is_right_in_noise(string incident, CauseFactor factor, string? value)
    {
        var right = 0;
        var wrong = new List<string>();
        for (var seed = 0; seed < Stories; seed++)
        {
            var first = First(incident, seed);
            var isRight = first.Factor == factor && (value is null || first.Value == value);
            right += isRight ? 1 : 0;
            wrong.AddRange(isRight ? [] : [$"{seed}: {first}"]);
        }

        Assert.True(right >= Stories * 95 / 100, $"{right} of {Stories}; not {string.Join("; ", wrong)}");
    }

    private static CauseShare First(string incident, int seed)
    {
        var (traffic, random, story) = (new Traffic(seed), new Random(seed), new CauseStory());
        var rate = incident == "night" ? 0 : random.Next(5, 60);
        var usual = (Int128)0;
        for (var minute = 0; minute < BaselineMinutes; minute++)
        {
            usual += story.Minutes(1, Usage(traffic, random, rate * (1 + (0.3 * Math.Sin(minute / 60.0))), string.Empty));
        }

        var cost = (Int128)0;
        for (var minute = 0; minute < Minutes; minute++)
        {
            cost += story.Minutes(1, Usage(traffic, random, rate, incident));
        }

        var expected = usual * Minutes / BaselineMinutes * random.Next(70, 131) / 100;
        return story.Explain(Minutes, cost, expected).Shares[0];
    }

    private static UsageSample[] Usage(Traffic traffic, Random random, double rate, string incident)
    {
        UsageSample Of(string version, string model, double share) => new()
        {
            PromptVersion = version,
            Model = model,
            Price = model == "mini" ? 20 : 200,
            Requests = traffic.Poisson(rate * share),
            TokensIn = random.Next(3_000, 4_000),
            Cached = random.Next(75, 90),
            TokensOut = random.Next(150, 250),
        };

        List<UsageSample> usage = [Of("46", "mini", 0.6), Of("47", "mini", 0.4)];
        switch (incident)
        {
            case "cache": usage[1] = usage[1] with { Cached = random.Next(0, 5) }; break;
            case "loop": usage.Add(Of("47", "mini", 0) with { Requests = 40 + (long)(4 * rate), TokensIn = random.Next(5_000, 7_000) }); break;
            case "night": usage.Add(Of("46", "mini", 0) with { Requests = random.Next(30, 90), TokensIn = 9_000, Cached = 0 }); break;
            case "swap": usage = [Of("46", "gpt-5", 0.6), Of("47", "mini", 0.4)]; break;
            case "price": usage = [.. usage.Select(sample => sample with { Price = 200 })]; break;
            case "retries": usage = [.. usage.Select(sample => sample with { Retries = sample.Requests * 3, AreFailuresBilled = true })]; break;
            case "outage": usage = []; break;
            case "growth": usage = [Of("46", "mini", 1.8), Of("47", "mini", 1.2)]; break;
            case "prompt": usage[1] = usage[1] with { TokensIn = 30_000 }; break;
            case "answers": usage[1] = usage[1] with { TokensOut = 4_000 }; break;
        }

        return [.. usage.Where(sample => sample.Requests > 0)];
    }
}
