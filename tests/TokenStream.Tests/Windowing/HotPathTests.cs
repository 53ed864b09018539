using System.Buffers.Text;
using System.Text;
using TokenStream.Scopes;
using TokenStream.Windowing;
using Xunit;
using static TokenStream.Tests.Windowing.AggregateFixture;

namespace TokenStream.Tests.Windowing;

/// <summary>What an event and a key cost in memory.</summary>
public sealed class HotPathTests
{
    [Theory]
    [InlineData]
    [InlineData("all", "tenant=<each>", "tenant=t1;model=*", "organisation=<each>", "tenant=t2;user=<each>")]
    public void An_event_of_known_names_allocates_nothing(params string[] patterns)
    {
        const int Events = 150_000;
        var rules = Rules with
        {
            Prices = Pricing.PriceFiles.Model("{input: 2, output: 10}"),
            DuplicateRecords = 20_000,
            Scopes = new ScopeIndex(
                patterns.Select(text => ScopePattern.TryParse(text, out var pattern, out _) ? pattern : throw new ArgumentException(text)),
                new TenantDirectory([new TenantEntry("t1", 0, "north", null, null, null)])),
        };
        using var processor = new AggregateProcessor("t", 0, rules, AggregateCommit.First(0, 1, 1));
        var records = Enumerable.Range(0, 60).Select(i => Encoding.UTF8.GetBytes(
            $$"""{"event_id":"0000000000","time":{{Start + (i * 500)}},"tenant_id":"t{{i % 7}}","provider":"acme","model":"{{(i % 9 == 0 ? "x" : "m")}}","user_id":"u{{i % 25}}","tokens_in":{{i * 7}},"tokens_out":{{i}},"latency_ms":{{i * 13}},"result_type":"{{(i % 11 == 0 ? "error" : "ok")}}"}"""))
            .ToArray();
        Read(processor, records, 0, Events);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Read(processor, records, Events, Events);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(2 * Events, processor.OpenWindows.Sum(w => Enumerable.Range(0, w.Count).Sum(i => w.Measures(in w[i]).Events)));
    }

    [Fact]
    public void An_open_key_of_13_events_with_latencies_and_users_takes_at_most_480_bytes()
    {
        using var partition = new AggregateFixture(Rules with { Prices = Pricing.PriceFiles.Model("{input: 2, output: 10}") });
        for (var i = 0; i < 13 * 2_000; i++)
        {
            partition.Read(
                partition.Event(Start, $"tenant_id:\"t{i % 2_000}\"", $"latency_ms:{i * 31 % 20_000}", $"user_id:\"u{i}\"", $"tokens_in:{i % 4_999}", $"tokens_out:{i % 499}"),
                Start);
        }

        var window = partition.Processor.OpenWindows.Single();
        Assert.Equal(2_000, window.Count);
        Assert.InRange(window.Bytes / window.Count, 1, 480);
    }

    private static void Read(AggregateProcessor processor, byte[][] records, int first, int count)
    {
        for (var i = first; i < first + count; i++)
        {
            var record = records[i % records.Length];
            Utf8Formatter.TryFormat(i, record.AsSpan(13, 10), out _, new System.Buffers.StandardFormat('D', 10));
            if (processor.Read(i, Start + 30_000, record) != ReadOutcome.Counted)
            {
                throw new InvalidOperationException($"record {i} was not counted: {processor.Refusal}");
            }
        }
    }
}
