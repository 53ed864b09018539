using System.Text.Json;
using TokenStream.Service.Sources;
using Xunit;

namespace TokenStream.Tests.Service.Sources;

public sealed class SourcesTextTests
{
    private static readonly SourceSeen Usual = new()
    {
        Source = "litellm",
        Emitter = "litellm",
        Version = "1.106.2",
        LastMinute = DateTimeOffset.UnixEpoch,
        Events = 12_345,
        EventsPerSecond = 3.429,
        ExactShare = 0.9995,
        BoundShare = 0.0004,
        AssumedShare = 0,
        CountedShare = 0,
        UnknownShare = 0.0001,
        FailedShare = 0.025,
        Tenants = 2,
        TenantShares = [new TenantShare("acme", 0.75), new TenantShare("evil\u001b[2J", 0.25)],
        Refused = 12,
        RefusedReasons = new Dictionary<string, long> { ["missing_field"] = 12 },
        Standings = new Dictionary<string, long> { ["exact"] = 12_339, ["unknown"] = 1, ["bound:cached"] = 5 },
        Advice =
        [
            new SourceRemark("standing:bound:cached", 5, "One two three."), new SourceRemark("refused:missing_field", 12, "Mend it."),
            new SourceRemark("default_tenant", 7, "Name it."),
        ],
    };

    [Fact]
    public void A_wide_terminal_shows_a_table_and_what_to_set()
    {
        Assert.Equal(
            [
                "SOURCE       EMITTER                              EVENTS       /S   EXACT   BOUND ASSUMED COUNTED UNKNOWN  FAILED  " +
                "REFUSED  TENANTS",
                "litellm      litellm/1.106.2                      12,345     3.43  >99.9%   <0.1%      0%      0%   <0.1%    2.5%       " +
                "12  2: acme 75%, evil [2J 25%", "",
                "What to set:",
                "  litellm litellm/1.106.2",
                "    bound:cached, 5 of 12,345: One two three.",
                "    refused, missing_field, 12: Mend it.",
                "    no tenant, 7 of 12,345: Name it.",
            ],
            SourcesText.Lines([Usual], 160));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(132)]
    [InlineData(200)]
    public void No_line_is_wider_than_the_terminal(int width)
    {
        var seen = Usual with { TenantShares = [new TenantShare(new string('t', 300), 1)], Emitter = new string('e', 90) };
        Assert.All(SourcesText.Lines([seen], width), line => Assert.True(line.Length <= width || !line.Trim().Contains(' '), line));
        Assert.All(SourcesText.Lines([], width), line => Assert.True(line.Length <= width || !line.Trim().Contains(' '), line));
    }

    [Fact]
    public void A_narrow_terminal_shows_sentences()
    {
        Assert.Equal(
            [
                "litellm litellm/1.106.2",
                "  12,345 events, 3.43/s: >99.9% exact, <0.1% bound,",
                "  <0.1% unknown, 2.5% failed; 12 refused; tenants 2:",
                "  acme 75%, evil [2J 25%",
            ],
            SourcesText.Lines([Usual], 55).Take(4));
    }

    [Fact]
    public void No_two_sources_look_alike()
    {
        string Row(string emitter) => SourcesText.Lines([Usual with { Emitter = emitter }, Usual with { Emitter = "other" }], 200)[1];
        Assert.StartsWith(
            "litellm      otel:openai_v2/1.106.2      ", Row("opentelemetry.instrumentation.openai_v2"), StringComparison.Ordinal);
        var (one, other) = (
            Usual with { Emitter = new string('a', 20) + "bbb" + new string('c', 30) },
            Usual with { Emitter = new string('a', 20) + "ddd" + new string('c', 30) });
        var alone = SourcesText.Lines([one], 200)[1];
        Assert.StartsWith("litellm      aaaaaaaaaa…ccccccccccccc/1.106.2 ", alone, StringComparison.Ordinal);
        var both = SourcesText.Lines([one, other], 200);
        Assert.Contains("bbb", both[1], StringComparison.Ordinal);
        Assert.Contains("ddd", both[2], StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_exact_is_said_to_be()
    {
        var exact = Usual with { ExactShare = 1, Advice = [] };
        Assert.Equal("Everything is exact, and every tenant is named.", SourcesText.Lines([exact], 160)[^1]);
    }

    [Fact]
    public void Where_nothing_was_seen_every_gateway_has_its_lines()
    {
        var lines = SourcesText.Lines([], 100);
        Assert.Equal("No source was seen in the last hour.", lines[0]);
        Assert.All(ConnectHints.All, hint => Assert.Contains(lines, line => line.Contains($"docs/{hint.Page}", StringComparison.Ordinal)));
    }

    [Fact]
    public void Programs_get_the_same_as_json()
    {
        using var json = JsonDocument.Parse(SourceSeen.ToJson([Usual]));
        var seen = json.RootElement[0];
        Assert.Equal(12_345, seen.GetProperty("events").GetInt64());
        Assert.Equal("acme", seen.GetProperty("tenant_shares")[0].GetProperty("tenant_id").GetString());
        Assert.Equal(12, seen.GetProperty("refused_reasons").GetProperty("missing_field").GetInt64());
    }
}
