using TokenStream.Mapping;
using TokenStream.Mapping.Sources;
using Xunit;

namespace TokenStream.Tests.Mapping.Sources;

public sealed class SourceAdviceTests
{
    [Fact]
    public void Every_source_has_an_advice_for_every_standing_and_reason()
    {
        var needed = Enum.GetValues<Standing>().Where(standing => standing != Standing.Exact)
            .Select(standing => SourceAdvice.OfStanding(standing.Name()))
            .Concat(Enum.GetValues<MappingReason>().Where(reason => reason != MappingReason.None)
                .Select(reason => SourceAdvice.OfReason(reason.Name())))
            .Append(SourceAdvice.DefaultTenant).Append(SourceAdvice.OmittedTexts).ToList();
        foreach (var source in PayloadSources.All)
        {
            var advice = SourceAdvice.Of(source).ToList();
            Assert.Empty(needed.Except(advice.Select(entry => entry.Code)));
            Assert.Equal(advice.Count, advice.DistinctBy(entry => entry.Code).Count());
            Assert.All(advice, entry => Assert.EndsWith(".", entry.Text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void The_paths_to_a_tenant_are_those_that_are_looked_at()
    {
        var text = SourceAdvice.Of(PayloadSources.LiteLlm).Single(entry => entry.Code == SourceAdvice.DefaultTenant).Text;
        Assert.All(PayloadSources.LiteLlm.DefaultAttribution.Tenant.Take(4), path => Assert.Contains(path, text, StringComparison.Ordinal));
    }
}
