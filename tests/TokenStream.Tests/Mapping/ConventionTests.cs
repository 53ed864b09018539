using FsCheck;
using FsCheck.Fluent;
using TokenStream.Mapping;
using TokenStream.Mapping.Otlp;
using Xunit;

namespace TokenStream.Tests.Mapping;

public sealed class ConventionTests
{
    private static readonly ConventionTable[] Tables =
    [
        Conventions.OfLiteLlm, Conventions.OfProviders, .. Conventions.OfLangfuseBatches.Tables, .. Conventions.OfLangfuseSpans.Tables,
        Conventions.OfCloudEvents, Conventions.OfCloudEventTotals, Conventions.OfTokenClasses, Conventions.OfKong, Conventions.OfEnvoy,
        .. OtlpEmitters.Tables,
    ];

    /// <summary>
    /// Whatever convention a source follows, what a provider counted comes out again: written down by the rule, read by the row.
    /// </summary>
    [Fact]
    public void Counts_survive_any_convention()
    {
        var count = Gen.Choose(0, 1_000_000).Select(value => (long)value);
        var classes = Gen.ArrayOf(count, 8);
        var conventions = Gen.Elements<Convention>([.. Tables.SelectMany(table => table.Rows)]);
        Prop.ForAll(Arb.From(classes), Arb.From(conventions), (counts, convention) =>
        {
            // The parts, none overlapping: fresh, read, written for five minutes and for an hour, of tools; answer and reasoning.
            var (fresh, read, short5, long1) = (counts[0] + 1, counts[1] + 1, counts[2] + 1, counts[3] + 1);
            var (tool, answer, reasoning) = (counts[4], counts[5] + 1, counts[6] + 1);
            var cache = read + short5 + long1;
            var reported = new ReportedUsage
            {
                Input = TokenCount.Of(
                    fresh + (convention.Cache == Includes.Yes ? cache : 0) + (convention.ToolInput == Includes.Yes ? tool : 0)),
                Output = TokenCount.Of(answer + (convention.Reasoning == Includes.Yes ? reasoning : 0)),
                Total = counts[7] % 2 == 0 ? default : TokenCount.Of(fresh + cache + tool + answer + reasoning),
                CacheRead = TokenCount.Of(read), CacheWrite = TokenCount.Of(short5 + long1), CacheWrite5m = TokenCount.Of(short5),
                CacheWrite1h = TokenCount.Of(long1), Reasoning = TokenCount.Of(reasoning), ToolInput = TokenCount.Of(tool),
                HasInputDetails = true,
            };
            return convention.TryApply(in reported, out var usage)
                && (usage.TokensIn.OrZero, usage.TokensOut.OrZero) == (fresh + cache + tool, answer + reasoning)
                && (usage.Cached.OrZero, usage.CacheWrite5m.OrZero, usage.CacheWrite1h.OrZero) == (read, short5, long1)
                && usage.Reasoning.OrZero == reasoning
                && usage.Standing == (convention.IsProven ? Standing.Exact : Standing.Assumed);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Every_row_but_the_default_names_its_proof()
    {
        foreach (var table in Tables)
        {
            Assert.All(table.Rows.SkipLast(1), row => Assert.True(row.IsProven && row.Provider.Length > 0));
            Assert.Equal(("", false), (table.Rows[^1].Provider, table.Rows[^1].IsProven));
        }
    }

    [Fact]
    public void Unknown_is_not_zero()
    {
        Assert.False(default(TokenCount).IsKnown);
        Assert.True(TokenCount.Of(0).IsKnown && TokenCount.Of(0).IsZero);
        Assert.False(TokenCount.Of(0).UnlessZero().IsKnown);
        Assert.Equal(7, TokenCount.Of(7).UnlessZero().OrZero);
    }
}
