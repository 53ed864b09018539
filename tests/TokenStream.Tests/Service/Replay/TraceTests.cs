using TokenStream.Service.Replay;
using Xunit;

namespace TokenStream.Tests.Service.Replay;

/// <summary>The forms of public traces, each by the header it is known by, and the errors of those that are none.</summary>
public sealed class TraceTests
{
    /// <summary>2024-01-01T00:00:00Z: where traces begin that tell only the time since their start.</summary>
    private const long RelativeStart = 1_704_067_200_000;

    [Fact]
    public void The_azure_form_is_known()
    {
        var row = Single("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10");
        Assert.Equal(new TraceRow(0, 1_700_158_623_979, 4_808, 10), row);
    }

    [Fact]
    public void The_mooncake_form_is_known()
    {
        Assert.Equal(
            new TraceRow(0, RelativeStart + 27_482, 6_955, 52),
            Single("timestamp_ms,input_length,output_length,hash_ids\n27482,6955,52,\"[1, 2]\""));
    }

    [Fact]
    public void The_form_with_request_arrivals_is_known()
    {
        Assert.Equal(
            new TraceRow(0, RelativeStart + 1_500, 100, 20)
            {
                Model = "anthropic/claude", Session = "s1", LatencyMs = 2_346, TtftMs = 450, PromptHash = "abc",
            },
            Single(
                "session_id,request_arrival_delta_s,model_id,input_tokens,output_tokens,api_time_s,ttft_s,block_hashes_hash\n" +
                "s1,1.5,anthropic/claude,100,20,2.3456,0.45,abc"));
    }

    [Fact]
    public void The_form_of_agents_is_known()
    {
        Assert.Equal(
            new TraceRow(0, 1_767_225_600_250, 7, 3)
            {
                Model = "m", Session = "s", LatencyMs = 12, PromptHash = "h", App = "harness-a", Feature = "bench", Failed = true,
            },
            Single(
                "end_time_iso,input_tokens,output_tokens,response_model,session_id,duration_ms,input_messages_hash,harness,benchmark,is_error\n" +
                "2026-01-01T00:00:00.250Z,7,3,m,s,12.4,h,harness-a,bench,True"));
    }

    [Fact]
    public void The_form_with_completion_times_is_known()
    {
        Assert.Equal(
            new TraceRow(0, 1_700_000_000_500, 7, 3)
            {
                Model = "deepseek-r1", User = "u", Session = "t", LatencyMs = 1_250, TtftMs = 300, App = "r1", Failed = true,
            },
            Single("request_complete_time,input_tokens,output_tokens_actual,user_id,trace_id,ttlt,ttft,run,success\n1700000000.5,7,3,u,t,1.25,0.3,r1,False"));
    }

    [Fact]
    public void The_form_of_conversations_is_known_and_its_cached_share_becomes_tokens()
    {
        Assert.Equal(
            new TraceRow(0, RelativeStart + 250, 1_001, 3)
            {
                Model = "llama-3.3-70b-versatile", User = "c", Session = "v", LatencyMs = 20, TtftMs = 10, App = "r", TokensCached = 500,
            },
            Single(
                "relative_time_sec,input_num_tokens,output_num_tokens,latency_ms,ttft_ms,approx_cached_percent,conversation_id,client_id,run\n" +
                "0.25,1001,3,20,10,50,v,c,r"));
    }

    [Fact]
    public void Any_other_form_is_read_with_a_map()
    {
        Assert.Equal(
            new TraceRow(0, 1_700_000_000_000, 5, 6) { Tenant = "acme", Model = "fixed" },
            Single("when,in,out,who\n1700000000,5,6,acme", "time=when:s,tokens_in=in,tokens_out=out,tenant=who,model='fixed'"));
    }

    [Fact]
    public void Rows_are_ordered_by_time_whatever_zone_each_is_in_and_ties_keep_their_order()
    {
        var trace = Trace.Read(
            new StringReader(
                "TIMESTAMP,ContextTokens,GeneratedTokens\n" +
                "2026-03-01T12:00:00+02:00,1,0\n" +
                "2026-03-01 10:00:00,2,0\n" +
                "2026-03-01T05:00:00-04:30,3,0\n" +
                "2026-03-01T10:00:00Z,4,0\n\n"),
            null);
        Assert.Equal([3, 1, 2, 4], trace.Rows.Select(r => r.TokensIn));
        Assert.Equal([1_772_357_400_000, 1_772_359_200_000, 1_772_359_200_000, 1_772_359_200_000], trace.Rows.Select(r => r.TimeMs));
    }

    [Theory]
    [InlineData("", null, "empty")]
    [InlineData("TIMESTAMP,ContextTokens,GeneratedTokens\n", null, "no rows")]
    [InlineData("a,b\n1,2", null, "'time'")]
    [InlineData("TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,1,2", null, "line 2")]
    [InlineData("TIMESTAMP,ContextTokens,GeneratedTokens\n2026-01-01,1,2\n2026-01-01,x,2", null, "line 3")]
    [InlineData("TIMESTAMP,ContextTokens,GeneratedTokens\n2026-01-01,-1,2", null, "line 2")]
    [InlineData("TIMESTAMP,ContextTokens,GeneratedTokens\n2026-01-01,1.5,2", null, "line 2")]
    [InlineData("TIMESTAMP,ContextTokens,GeneratedTokens\n,1,2", null, "line 2")]
    [InlineData("t,i,o\n79228162514264337593543950335,1,2", "time=t:s,tokens_in=i,tokens_out=o", "line 2")]
    [InlineData("t,i,o\n79228162514264337593543950,1,2", "time=t:ms,tokens_in=i,tokens_out=o", "line 2")]
    [InlineData("t,i,o,l\n1,1,2,79228162514264337593543950335", "time=t:ms,tokens_in=i,tokens_out=o,latency=l:s", "line 2")]
    [InlineData("t,i,o\n1,1,2", "time=t:days,tokens_in=i,tokens_out=o", "'days'")]
    [InlineData("t,i,o\n1,1,2", "time=nowhere,tokens_in=i,tokens_out=o", "'nowhere'")]
    [InlineData("t,i,o\n1,1,2", "speed=t", "'speed=t'")]
    public void What_is_wrong_is_said_with_its_place(string text, string? map, string named)
    {
        var refusal = Assert.Throws<FormatException>(() => Trace.Read(new StringReader(text), map));
        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
    }

    private static TraceRow Single(string text, string? map = null) => Trace.Read(new StringReader(text), map).Rows.Single();
}
