using System.Text;
using TokenStream.Events;
using Xunit;

namespace TokenStream.Tests.Events;

public sealed class EventDecoderTests
{
    private readonly DecodeFixture _decode = new("team", "region_code");

    [Fact]
    public void Every_kept_field_arrives_in_the_event()
    {
        var e = _decode.Accept(DecodeFixture.Full);

        Assert.Equal(
            "ev-1|acme|shop|chat|staging|u1|s1|openai|gpt-5|7|ab12|batch|eu",
            string.Join(
                '|',
                new[]
                {
                    e.EventId, e.TenantId, e.App, e.Feature, e.Environment, e.UserId, e.SessionId, e.Provider, e.Model, e.PromptVersion,
                    e.PromptHash, e.ServiceTier, e.Region,
                }.Select(_decode.Text)));
        Assert.Equal(1_772_366_399_250, e.TimeMs);
        Assert.Equal((1000, 200, 300, 20, 10, 50), (e.TokensIn, e.TokensOut, e.TokensCached, e.TokensCacheWrite5m, e.TokensCacheWrite1h, e.TokensReasoning));
        Assert.Equal((2300, 410, 2, 4096), (e.LatencyMs, e.TtftMs, e.Attempt, e.MaxTokens));
        Assert.Equal((CacheStatus.Prefix, ResultType.Cancelled, Completeness.Partial, EventKind.Request), (e.CacheStatus, e.ResultType, e.Completeness, e.Kind));
        Assert.True(e.Pii);
        Assert.False(e.Accepted);
        Assert.Equal((EventFields)0x1FFF, e.Present);
        Assert.Equal(2, e.Units);
        Assert.Equal(("audio_tokens_in", 12L), (_decode.Text(e.UnitNames[0]), e.UnitCounts[0]));
        Assert.Equal(("searches", 1L), (_decode.Text(e.UnitNames[1]), e.UnitCounts[1]));
        Assert.Equal(("blue", ""), (_decode.Text(e.Labels[0]), _decode.Text(e.Labels[1])));
    }

    [Fact]
    public void An_absent_field_is_unknown_and_has_its_default()
    {
        var e = _decode.Accept(DecodeFixture.Least);

        Assert.Equal(EventFields.TokensIn | EventFields.TokensOut, e.Present);
        Assert.Equal("prod", _decode.Text(e.Environment));
        Assert.True(e.App.IsEmpty && e.Feature.IsEmpty && e.UserId.IsEmpty && e.Labels[0].IsEmpty);
        Assert.Equal((CacheStatus.None, ResultType.Ok, Completeness.Final, EventKind.Request), (e.CacheStatus, e.ResultType, e.Completeness, e.Kind));
        Assert.Equal(0, e.Units);
    }

    [Fact]
    public void A_tick_needs_its_time_alone()
    {
        var e = _decode.Accept("""{"kind":"tick","time":1767225600000}""");

        Assert.Equal((EventKind.Tick, 1_767_225_600_000), (e.Kind, e.TimeMs));
        _decode.Refuse("""{"kind":"tick"}""", DecodeReason.MissingField, EventField.Time);
    }

    [Fact]
    public void Escapes_are_undone_in_values_and_names()
    {
        var e = _decode.Accept(DecodeFixture.LeastWith("""
            "\u0061pp":"a\"\\\/b \u00e9\uD83D\uDE00","feature":"gr\u00fc\u00df"
            """));

        Assert.Equal("a\"\\/b é😀", _decode.Text(e.App));
        Assert.Equal("grüß", _decode.Text(e.Feature));
    }

    [Theory]
    [InlineData("", DecodeReason.EmptyRecord)]
    [InlineData(" \r\n\t", DecodeReason.EmptyRecord)]
    [InlineData("[]", DecodeReason.InvalidJson)]
    [InlineData("null", DecodeReason.InvalidJson)]
    [InlineData("\ufeff{}", DecodeReason.InvalidJson)]
    [InlineData("{}", DecodeReason.MissingField)]
    [InlineData("{} {}", DecodeReason.InvalidJson)]
    [InlineData("{\"x\":1,}", DecodeReason.InvalidJson)]
    [InlineData("{\"x\":01}", DecodeReason.InvalidJson)]
    [InlineData("{\"x\":\"\\x\"}", DecodeReason.InvalidJson)]
    [InlineData("{\"x\":\"a\nb\"}", DecodeReason.InvalidJson)]
    public void What_is_not_one_object_is_refused(string record, DecodeReason reason)
    {
        _decode.Refuse(record, reason);
    }

    [Theory]
    [InlineData("\"event_id\":\"\"", DecodeReason.DuplicateField, EventField.EventId)]
    [InlineData("\"app\":7", DecodeReason.WrongType, EventField.App)]
    [InlineData("\"pii\":\"true\"", DecodeReason.WrongType, EventField.Pii)]
    [InlineData("\"units\":[1]", DecodeReason.WrongType, EventField.Units)]
    [InlineData("\"labels\":\"x\"", DecodeReason.WrongType, EventField.Labels)]
    [InlineData("\"labels\":{\"team\":1}", DecodeReason.WrongType, EventField.Labels)]
    [InlineData("\"latency_ms\":\"12\"", DecodeReason.WrongType, EventField.LatencyMs)]
    [InlineData("\"latency_ms\":12.0", DecodeReason.NotAnInteger, EventField.LatencyMs)]
    [InlineData("\"latency_ms\":1e3", DecodeReason.NotAnInteger, EventField.LatencyMs)]
    [InlineData("\"latency_ms\":-1", DecodeReason.CountNegative, EventField.LatencyMs)]
    [InlineData("\"latency_ms\":1000000000001", DecodeReason.CountOutOfRange, EventField.LatencyMs)]
    [InlineData("\"latency_ms\":99999999999999999999999999", DecodeReason.CountOutOfRange, EventField.LatencyMs)]
    [InlineData("\"max_tokens\":-1", DecodeReason.CountNegative, EventField.MaxTokens)]
    [InlineData("\"attempt\":0", DecodeReason.CountOutOfRange, EventField.Attempt)]
    [InlineData("\"tokens_cached\":11", DecodeReason.SubsetAboveTotal, EventField.TokensCached)]
    [InlineData("\"tokens_cached\":5,\"tokens_cache_write_1h\":6", DecodeReason.SubsetAboveTotal, EventField.TokensCacheWrite1h)]
    [InlineData("\"tokens_reasoning\":6", DecodeReason.SubsetAboveTotal, EventField.TokensReasoning)]
    [InlineData("\"cache_status\":\"hit\"", DecodeReason.UnknownValue, EventField.CacheStatus)]
    [InlineData("\"result_type\":\"OK\"", DecodeReason.UnknownValue, EventField.ResultType)]
    [InlineData("\"kind\":\"refund\"", DecodeReason.UnknownValue, EventField.Kind)]
    [InlineData("\"kind\":\"adjustment\"", DecodeReason.MissingField, EventField.Adjusts)]
    [InlineData("\"v\":2", DecodeReason.UnsupportedVersion, EventField.V)]
    [InlineData("\"app\":\"\\u0000\"", DecodeReason.ControlCharacter, EventField.App)]
    [InlineData("\"app\":\"\\uD800\"", DecodeReason.InvalidUtf8, EventField.App)]
    [InlineData("\"units\":{\"searches\":-1}", DecodeReason.CountNegative, EventField.Units)]
    [InlineData("\"units\":{\"a\":1,\"\\u0061\":1}", DecodeReason.DuplicateField, EventField.Units)]
    [InlineData("\"units\":{\"\":1}", DecodeReason.UnitNameEmpty, EventField.Units)]
    [InlineData("\"units\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1}", DecodeReason.TooManyUnits, EventField.Units)]
    public void A_field_is_refused_with_its_reason(string field, DecodeReason reason, EventField blamed)
    {
        _decode.Refuse(DecodeFixture.LeastWith(field), reason, blamed);
    }

    [Theory]
    [InlineData("event_id")]
    [InlineData("time")]
    [InlineData("tenant_id")]
    [InlineData("provider")]
    [InlineData("model")]
    [InlineData("tokens_in")]
    [InlineData("tokens_out")]
    public void A_required_field_may_not_be_absent_nor_null(string field)
    {
        var absent = DecodeFixture.Least.Replace($"\"{field}\":", "\"other\":", StringComparison.Ordinal);
        var value = DecodeFixture.LeastMembers.Single(member => member.StartsWith($"\"{field}\":", StringComparison.Ordinal));
        var isNull = DecodeFixture.Least.Replace(value, $"\"{field}\":null", StringComparison.Ordinal);

        Assert.Equal(field, _decode.Refuse(absent, DecodeReason.MissingField).FieldName);
        Assert.Equal(field, _decode.Refuse(isNull, DecodeReason.MissingField).FieldName);
    }

    [Theory]
    [InlineData("error", "final", true)]
    [InlineData("blocked_budget", "final", true)]
    [InlineData("ok", "final", false)]
    [InlineData("ok", "partial", false)]
    [InlineData("ok", "estimated", true)]
    public void Token_totals_are_required_only_where_the_result_is_ok_and_no_estimate(string result, string completeness, bool accepted)
    {
        var record = $$"""
            {"event_id":"e","time":1767225600000,"tenant_id":"t","provider":"p","model":"m","result_type":"{{result}}","completeness":"{{completeness}}"}
            """;

        Assert.Equal(accepted, _decode.TryDecode(Encoding.UTF8.GetBytes(record), out _, out _));
    }

    [Fact]
    public void An_adjustment_carries_signed_deltas_without_totals()
    {
        var e = _decode.Accept("""
            {"kind":"adjustment","adjusts":"e0","event_id":"e","time":1767225600000,"tenant_id":"t","provider":"p","model":"m",
             "tokens_cached":100,"tokens_out":-1000000000000,"units":{"searches":-3}}
            """);

        Assert.Equal((100, -1_000_000_000_000, -3), (e.TokensCached, e.TokensOut, e.UnitCounts[0]));
    }

    [Fact]
    public void Counts_and_texts_are_accepted_at_their_bounds()
    {
        var longest = new string('x', EventLimits.TextBytes);
        var name = new string('n', EventLimits.NameBytes);
        var bounds = $"\"latency_ms\":1000000000000,\"user_id\":\"{longest}\",\"units\":{{\"{name}\":1000000000000}}";

        _decode.Accept(DecodeFixture.LeastWith(bounds));
        _decode.Refuse(DecodeFixture.LeastWith($"\"user_id\":\"{longest}x\""), DecodeReason.TextTooLong, EventField.UserId);
        _decode.Refuse(DecodeFixture.LeastWith($"\"user_id\":\"\\u0041{longest}\""), DecodeReason.TextTooLong, EventField.UserId);
        _decode.Refuse(DecodeFixture.LeastWith($"\"units\":{{\"{name}n\":1}}"), DecodeReason.TextTooLong, EventField.Units);
    }

    [Fact]
    public void Unknown_fields_are_skipped_to_the_depth_bound()
    {
        var deepest = new string('[', EventLimits.Depth - 1) + new string(']', EventLimits.Depth - 1);

        _decode.Accept(DecodeFixture.LeastWith($"\"x\":{deepest},\"y\":{{\"app\":1,\"z\":[null,-1.5e-7,true,\"\\ud800\"]}}"));
        _decode.Refuse(DecodeFixture.LeastWith($"\"x\":[{deepest}]"), DecodeReason.TooDeep);
    }

    [Fact]
    public void A_record_beyond_its_bound_is_refused()
    {
        var atBound = DecodeFixture.Least.PadRight(EventLimits.RecordBytes);

        _decode.Accept(atBound);
        _decode.Refuse(atBound + " ", DecodeReason.RecordTooLarge);
    }

    [Fact]
    public void Errors_point_at_the_value()
    {
        var record = DecodeFixture.LeastWith("\"app\": 7");

        var error = _decode.Refuse(record, DecodeReason.WrongType, EventField.App);

        Assert.Equal(record.IndexOf('7', StringComparison.Ordinal), error.Offset);
    }

    [Fact]
    public void Texts_that_are_not_utf8_are_refused_in_known_fields_only()
    {
        byte[] Broken(string field) =>
            [.. Encoding.UTF8.GetBytes(DecodeFixture.LeastWith($"\"{field}\":\"")[..^1]), 0xC3, 0x28, .. "\"}"u8];

        Assert.False(_decode.TryDecode(Broken("user_id"), out _, out var error));
        Assert.Equal((DecodeReason.InvalidUtf8, EventField.UserId), (error.Reason, error.Field));
        Assert.True(_decode.TryDecode(Broken("unknown"), out _, out _));
    }
}
