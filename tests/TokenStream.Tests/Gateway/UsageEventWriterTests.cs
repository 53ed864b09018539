using System.Text;
using TokenStream.Events;
using TokenStream.Gateway;
using TokenStream.Gateway.Publishing;
using Xunit;

namespace TokenStream.Tests.Gateway;

public sealed class UsageEventWriterTests
{
    private readonly UsageEventWriter _writer = new(new TokenStreamGatewayOptions { GatewayId = "g1" });

    [Fact]
    public void A_completed_request_is_an_event_that_the_stream_takes()
    {
        var record = new UsageRecord
        {
            Request = GatewayFixture.Asked(feature: "chat") with { User = "u1", Attempt = 2, RequestId = "r1" },
            Tenant = "acme",
            TimeMs = 1_767_225_600_000,
            Usage = new GatewayUsage { TokensIn = 90, TokensOut = 10, TokensCached = 30, TokensReasoning = 4, LatencyMs = 12, TimeToFirstTokenMs = 3 },
            CommandId = "c-1",
            RoutedModel = "gpt-5-mini",
            MaxTokens = 500,
        };
        var bytes = _writer.Write(in record).ToArray();
        var usage = Decode(bytes, out var decoder);
        Assert.Equal((90L, 10L, 30L, 4L), (usage.TokensIn, usage.TokensOut, usage.TokensCached, usage.TokensReasoning));
        Assert.Equal((12L, 3L, 2L), (usage.LatencyMs, usage.TtftMs, usage.Attempt));
        Assert.Equal("acme", Encoding.UTF8.GetString(decoder.Text(bytes, usage.TenantId)));
        Assert.Equal("gpt-5-mini", Encoding.UTF8.GetString(decoder.Text(bytes, usage.Model)));
        Assert.Equal("prod", Encoding.UTF8.GetString(decoder.Text(bytes, usage.Environment)));
        Assert.Contains("\"model_requested\":\"gpt-5\"", Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_provider_bills_apart_is_told_apart()
    {
        var record = new UsageRecord
        {
            Request = GatewayFixture.Asked(),
            Tenant = "acme",
            TimeMs = 1_767_225_600_000,
            Usage = new GatewayUsage
            {
                TokensIn = 90, TokensOut = 10, TokensCacheWrite = 20, TokensCacheWriteHour = 30, WebSearches = 2, Region = "eu",
                UsageConvention = "provider anthropic exact",
            },
        };
        var bytes = _writer.Write(in record).ToArray();
        var usage = Decode(bytes, out var decoder);
        Assert.Equal((20L, 30L, 1, 2L), (usage.TokensCacheWrite5m, usage.TokensCacheWrite1h, usage.Units, usage.UnitCounts[0]));
        Assert.Equal("eu", Encoding.UTF8.GetString(decoder.Text(bytes, usage.Region)));
        Assert.Contains("\"usage_convention\":\"provider anthropic exact\"", Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_estimate_does_not_know_is_left_out()
    {
        var record = new UsageRecord
        {
            Request = GatewayFixture.Asked(),
            Tenant = "acme",
            TimeMs = 1_767_225_600_000,
            Usage = new GatewayUsage { TokensIn = 90, IsEstimated = true },
        };
        var bytes = _writer.Write(in record).ToArray();
        var usage = Decode(bytes, out _);
        Assert.Equal((true, false), (usage.Has(EventFields.TokensIn), usage.Has(EventFields.TokensOut)));
    }

    [Fact]
    public void A_blocked_request_says_what_it_would_have_used_and_has_one_id_for_all_its_retries()
    {
        var record = new UsageRecord
        {
            Request = GatewayFixture.Asked(tokensIn: 77) with { RequestId = "r1" },
            Tenant = "acme",
            TimeMs = 1_767_225_600_000,
            CommandId = "c-1",
            MaxTokens = 900,
        };
        var bytes = _writer.Write(in record).ToArray();
        Assert.Equal(
            """{"event_id":"blocked/r1","time":1767225600000,"tenant_id":"acme","environment":"prod","gateway_id":"g1","request_id":"r1","command_id":"c-1","provider":"openai","model":"gpt-5","model_requested":"gpt-5","max_tokens":900,"tokens_in":77,"result_type":"blocked_budget"}""",
            Encoding.UTF8.GetString(bytes));
        Assert.Equal(ResultType.BlockedBudget, Decode(bytes, out _).ResultType);
    }

    [Fact]
    public void A_cancelled_request_without_counts_is_taken_too()
    {
        var record = new UsageRecord
        {
            Request = GatewayFixture.Asked(), Tenant = "acme", TimeMs = 1_767_225_600_000, Usage = new GatewayUsage { Result = UsageResult.Cancelled },
        };
        Assert.Equal(ResultType.Cancelled, Decode(_writer.Write(in record).ToArray(), out _).ResultType);
    }

    [Theory]
    [InlineData("line\nbreak\u0001")]
    [InlineData("half \ud83d pair")]
    [InlineData("\"quoted\\\"")]
    public void Any_text_of_a_caller_makes_an_event_that_is_taken(string text)
    {
        foreach (var value in new[] { text, string.Concat(Enumerable.Repeat(text + "ä€", 100)) })
        {
            var record = new UsageRecord
            {
                Request = GatewayFixture.Asked(value, value, value) with { App = value, User = value, Session = value, RequestId = value },
                Tenant = value,
                TimeMs = 1_767_225_600_000,
            };
            Decode(_writer.Write(in record).ToArray(), out _);
        }
    }

    private static UsageEvent Decode(byte[] bytes, out EventDecoder decoder)
    {
        decoder = new EventDecoder([]);
        var usage = default(UsageEvent);
        Assert.True(decoder.TryDecode(bytes, ref usage, out var error), $"{error}: {Encoding.UTF8.GetString(bytes)}");
        return usage;
    }
}
