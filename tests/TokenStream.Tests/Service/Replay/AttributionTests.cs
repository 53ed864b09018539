using TokenStream.Service.Replay;
using Xunit;

namespace TokenStream.Tests.Service.Replay;

public sealed class AttributionTests
{
    [Fact]
    public void The_same_seed_draws_the_same_and_another_seed_draws_otherwise()
    {
        static string[] Draw(int seed) =>
            [.. Rows(200).Select(r => $"{new Attribution(seed).Tenant(r)} {new Attribution(seed).Feature(r)} {new Attribution(seed).Model(r)}")];

        Assert.Equal(Draw(1), Draw(1));
        Assert.NotEqual(Draw(1), Draw(2));
    }

    [Fact]
    public void All_requests_of_a_session_belong_to_one_tenant_and_feature()
    {
        var attribution = new Attribution(7);
        var rows = Rows(500).Select(r => r with { Session = $"s{r.Number % 20}" }).ToList();
        Assert.All(
            rows.GroupBy(r => r.Session),
            session => Assert.Single(session.Select(r => (attribution.Tenant(r), attribution.Feature(r), attribution.Model(r))).Distinct()));
    }

    [Fact]
    public void Shares_follow_zipfs_law()
    {
        const int Draws = 40_000;
        var attribution = new Attribution(3, ["m1", "m2", "m3", "m4"]);
        var shares = Rows(Draws).CountBy(attribution.Model).ToDictionary();

        // 1, 1/2, 1/3, 1/4 of their sum, 25/12. Five standard deviations of a share are below 1.25 %.
        for (var i = 1; i <= 4; i++)
        {
            Assert.InRange(shares[$"m{i}"] / (double)Draws, (12 / 25.0 / i) - 0.0125, (12 / 25.0 / i) + 0.0125);
        }
    }

    [Fact]
    public void What_the_trace_says_is_kept()
    {
        var row = new TraceRow(0, 0, 0, 0) { Tenant = "t", Feature = "f", Model = "anthropic/claude-x" };
        var attribution = new Attribution(1);
        Assert.Equal(("t", "f", "claude-x"), (attribution.Tenant(row), attribution.Feature(row), attribution.Model(row)));
        Assert.Equal("anthropic", Attribution.Provider(row, "claude-x"));
        Assert.Equal("azure", Attribution.Provider(row with { Provider = "azure" }, "claude-x"));
    }

    [Theory]
    [InlineData("claude-haiku-4-5", "anthropic")]
    [InlineData("Gemini-2.5-flash", "google")]
    [InlineData("gpt-4o", "openai")]
    [InlineData("deepseek-r1", "deepseek")]
    public void A_family_of_models_has_its_provider(string model, string provider) =>
        Assert.Equal(provider, Attribution.Provider(new TraceRow(0, 0, 0, 0), model));

    private static IEnumerable<TraceRow> Rows(int count) => Enumerable.Range(0, count).Select(i => new TraceRow(i, 0, 0, 0));
}
