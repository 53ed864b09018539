using System.Text;
using TokenStream.Mapping;
using TokenStream.Mapping.Langfuse;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>Small batches as Langfuse's SDKs send them.</summary>
internal static class LangfusePayloads
{
    public const string Trace =
        """
        {"id":"e-1","type":"trace-create","timestamp":"2026-11-20T22:01:38.100Z","body":{"id":"tr-1","name":"answer","userId":"u-7",
         "sessionId":"s-1","metadata":{"tenant":"acme","feature":"search"},"tags":["app:shop"],"environment":"staging"}}
        """;

    public const string Create =
        """
        {"id":"e-2","type":"generation-create","timestamp":"2026-11-20T22:01:38.200Z","body":{"id":"gen-1","traceId":"tr-1",
         "startTime":"2026-11-20T22:01:38.000Z","model":"claude-sonnet-4-5","modelParameters":{"max_tokens":4096},"input":"dropped"}}
        """;

    public const string Usage = """{"input":250,"cache_read_input_tokens":39800,"cache_creation_input_tokens":1200,"output":812}""";

    public static string Update(string usageDetails = Usage, string more = "", string end = "\"2026-11-20T22:01:39.250Z\"") =>
        $$"""
        {"id":"e-3","type":"generation-update","timestamp":"2026-11-20T22:01:39.300Z","body":{"id":"gen-1","traceId":"tr-1",
         "model":"claude-sonnet-4-5-20250929","endTime":{{end}},"usageDetails":{{usageDetails}}{{more}} } }
        """;

    public static string Batch(params string[] events) =>
        $$"""{"batch":[{{string.Join(',', events)}}],"metadata":{"sdk_name":"python","sdk_version":"2.60.10"} }""";

    public static MappedEvents Map(LangfuseMapper mapper, string payload, PayloadHeaders? headers = null)
    {
        var events = new MappedEvents();
        mapper.Map(new Payload(Encoding.UTF8.GetBytes(payload), 1_795_212_400_000, headers), events);
        return events;
    }

    /// <summary>The one event that batches, sent one after another, become.</summary>
    public static MappedEvent Accept(params string[] batches) => Accept(new LangfuseMapper(), batches);

    public static MappedEvent Accept(LangfuseMapper mapper, params string[] batches)
    {
        var mapped = new List<MappedEvent>();
        foreach (var batch in batches)
        {
            var events = Map(mapper, batch);
            for (var item = 0; item < events.Count; item++)
            {
                Assert.True(events[item].IsEvent, events[item].Error.ToString());
                mapped.Add(new MappedEvent(events.Event(item), events[item]));
            }
        }

        return Assert.Single(mapped);
    }

    public static MappingError Refuse(string payload)
    {
        var events = Map(new LangfuseMapper(), payload);
        Assert.Equal(1, events.Count);
        return events[0].Error;
    }
}
