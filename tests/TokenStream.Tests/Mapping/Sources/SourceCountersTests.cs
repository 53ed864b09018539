using System.Text;
using TokenStream.Mapping;
using TokenStream.Mapping.LiteLlm;
using TokenStream.Mapping.Sources;
using Xunit;

namespace TokenStream.Tests.Mapping.Sources;

public sealed class SourceCountersTests
{
    private const long T0 = 1_767_225_600_000;

    private readonly SourceCounters _counters = new("node-1");
    private readonly MappedEvents _events = new();

    [Fact]
    public void Items_are_counted_by_emitter_and_tenant_and_by_how_sure_they_are()
    {
        Count(T0, LiteLlmPayloads.With());
        Count(T0 + 1, LiteLlmPayloads.With(), "LiteLLM/1.106.2 (x)");
        Count(T0 + 2, $"[{LiteLlmPayloads.With(("custom_llm_provider", "\"nobody\""))},{LiteLlmPayloads.With(("endTime", "-1"))}]");
        Count(T0 + 3, LiteLlmPayloads.With(("metadata/user_api_key_team_id", null)));
        Count(T0 + 59_999, LiteLlmPayloads.With(("metadata/user_api_key_team_id", "\"b\\u00e9ta\"")));
        Assert.Equal(
            [
                "litellm  events 0 refused time_unusable 1 default 0",
                "litellm acme events 2 assumed 1 exact 1 default 0",
                "litellm béta events 1 exact 1 default 0",
                "litellm default events 1 exact 1 default 1",
                "litellm/1.106.2 acme events 1 exact 1 default 0",
            ],
            Lines(_counters.Take(T0 + 59_999)));
    }

    [Fact]
    public void A_request_that_failed_has_no_usage_and_is_not_unknown()
    {
        Count(T0, LiteLlmPayloads.With(
            ("status", "\"failure\""), ("metadata/usage_object", null), ("prompt_tokens", "0"), ("completion_tokens", "0"),
            ("total_tokens", "0")));
        Assert.Equal(["litellm acme events 1 failed 1 default 0"], Lines(_counters.Take(T0)));
    }

    [Fact]
    public void A_minute_is_told_again_as_a_whole_where_it_changed()
    {
        Count(T0, LiteLlmPayloads.With());
        Assert.Equal(1, Assert.Single(_counters.Take(T0)).Events);
        Assert.Empty(_counters.Take(T0 + 1));
        Count(T0 + 2, LiteLlmPayloads.With());
        var again = Assert.Single(_counters.Take(T0 + 3));
        Assert.Equal((2, T0, $"node-1|{T0}|litellm|litellm|acme"), (again.Events, again.MinuteMs, again.Key));
    }

    [Fact]
    public void What_was_not_told_of_a_minute_is_told_after_it()
    {
        Count(T0 + 59_000, LiteLlmPayloads.With());
        Count(T0 + 60_000, LiteLlmPayloads.With());
        Assert.Equal([(T0, 1L), (T0 + 60_000, 1L)], _counters.Take(T0 + 120_000).Select(record => (record.MinuteMs, record.Events)));
        Assert.Empty(_counters.Take(T0 + 180_000));
    }

    [Fact]
    public void A_clock_that_goes_back_counts_on_in_its_minute()
    {
        Count(T0 + 60_000, LiteLlmPayloads.With());
        Count(T0 + 59_000, LiteLlmPayloads.With());
        var record = Assert.Single(_counters.Take(T0));
        Assert.Equal((T0 + 60_000, 2L), (record.MinuteMs, record.Events));
    }

    [Fact]
    public void What_no_mapper_saw_is_counted_by_its_reason()
    {
        _counters.Refuse(PayloadSources.LiteLlm, "body_too_large", T0);
        _counters.Refuse(PayloadSources.LiteLlm, "body_too_large", T0);
        Assert.Equal(
            ["litellm|  events 0 refused body_too_large 2 default 0"], Lines(_counters.Take(T0)).Select(line => "litellm|" + line));
    }

    [Fact]
    public void Beyond_the_bound_tenants_and_emitters_are_counted_together_and_none_is_lost()
    {
        var counters = new SourceCounters("node-1", mostKeys: 8);
        for (var tenant = 0; tenant < 100; tenant++)
        {
            Count(counters, T0, LiteLlmPayloads.With(("metadata/user_api_key_team_id", $"\"t{tenant}\"")));
            Count(counters, T0, LiteLlmPayloads.With(), $"litellm/1.{tenant}");
        }

        var records = counters.Take(T0);
        Assert.Equal(200, records.Sum(record => record.Events));
        Assert.InRange(records.Count, 9, 12);
        Assert.Contains(records, record => (record.Emitter, record.Tenant) == ("litellm", SourceRecord.Other));
        Assert.Contains(records, record => (record.Emitter, record.Tenant) == (SourceRecord.Other, SourceRecord.Other));
    }

    [Fact]
    public void The_most_active_keep_a_count_of_their_own_in_the_next_minute()
    {
        var counters = new SourceCounters("node-1", mostKeys: 8);
        for (var tenant = 0; tenant < 8; tenant++)
        {
            for (var again = 0; again <= tenant; again++)
            {
                Count(counters, T0, LiteLlmPayloads.With(("metadata/user_api_key_team_id", $"\"t{tenant}\"")));
            }
        }

        counters.Take(T0);
        for (var tenant = 100; tenant < 110; tenant++)
        {
            Count(counters, T0 + 60_000, LiteLlmPayloads.With(("metadata/user_api_key_team_id", $"\"t{tenant}\"")));
        }

        Count(counters, T0 + 60_000, LiteLlmPayloads.With(("metadata/user_api_key_team_id", "\"t2\"")));
        Count(counters, T0 + 60_000, LiteLlmPayloads.With(("metadata/user_api_key_team_id", "\"t0\"")));
        var tenants = counters.Take(T0 + 60_000).ToDictionary(record => record.Tenant, record => record.Events);
        Assert.Equal(1, tenants["t2"]);
        Assert.DoesNotContain("t0", tenants.Keys);
        Assert.Equal(12, tenants.Values.Sum());
    }

    [Fact]
    public void What_is_known_is_counted_without_allocating()
    {
        Count(T0, LiteLlmPayloads.With());
        Count(T0, LiteLlmPayloads.With());
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var again = 0; again < 1000; again++)
        {
            _counters.Count(PayloadSources.LiteLlm, _events, T0);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(1002, Assert.Single(_counters.Take(T0)).Events);
    }

    [Fact]
    public void A_record_is_read_as_it_was_written_and_others_are_left_out()
    {
        Count(T0, $"[{LiteLlmPayloads.With()},{LiteLlmPayloads.With(("endTime", "-1"))}]");
        foreach (var record in _counters.Take(T0))
        {
            var again = SourceRecord.Parse(record.ToBytes())!;
            Assert.Equal((record.Key, record.Events), (again.Key, again.Events));
            Assert.Equal(record.Standings, again.Standings);
            Assert.Equal(record.Refused, again.Refused);
        }

        var text = Encoding.UTF8.GetString(
            new SourceRecord { Node = "n", MinuteMs = T0, Source = "s", Emitter = "e", Tenant = "t", Events = 3 }.ToBytes());
        Assert.Equal(
            """{"format":1,"node":"n","minute_ms":1767225600000,"source":"s","emitter":"e","tenant":"t","events":3,"standings":{},"refused":{},"default_tenant":0,"omitted_texts":0}""",
            text);
        Assert.NotNull(SourceRecord.Parse(Encoding.UTF8.GetBytes(text)));
        foreach (var (from, to) in new[] { ("\"format\":1", "\"format\":2"), ("600000", "600001"), (":3", ":-3"), ("\"n\"", "null"), ("{", "["), ("17672", "99917672") })
        {
            Assert.Null(SourceRecord.Parse(Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal))));
        }
    }

    private void Count(long nowMs, string payload, string agent = "") => Count(_counters, nowMs, payload, agent);

    private void Count(SourceCounters counters, long nowMs, string payload, string agent = "")
    {
        var headers = new PayloadHeaders();
        headers.Add("user-agent", agent);
        new LiteLlmMapper().Map(new Payload(Encoding.UTF8.GetBytes(payload), nowMs, headers), _events);
        counters.Count(PayloadSources.LiteLlm, _events, nowMs);
    }

    private static IEnumerable<string> Lines(IEnumerable<SourceRecord> records) => records
        .Select(
            record =>
                $"{record.Emitter} {record.Tenant} events {record.Events}{Text("", record.Standings)}{Text(" refused", record.Refused)} " +
                $"default {record.DefaultTenant}")
        .Order(StringComparer.Ordinal);

    private static string Text(string before, IReadOnlyDictionary<string, long> counts) => counts.Count == 0
        ? ""
        : before + string.Concat(counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $" {count.Key} {count.Value}"));
}
