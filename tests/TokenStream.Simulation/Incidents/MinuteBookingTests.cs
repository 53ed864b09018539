using System.Globalization;
using System.Text;
using TokenStream.Events;
using TokenStream.Incidents;
using TokenStream.Pricing;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Simulation.Incidents;

/// <summary>That what the incidents' fleet books directly is what the aggregate stage makes of the same traffic as events.</summary>
public sealed class MinuteBookingTests
{
    private const int Minutes = 40;

    [Fact]
    public void Events_through_the_aggregate_stage_come_to_the_same_sums()
    {
        IncidentKind[] kinds = [IncidentKind.CacheLoss, IncidentKind.RetryStorm, IncidentKind.AgentLoop, IncidentKind.ModelSwap];
        var fleet = Fleet.Build(11, 12, 1, new SyntheticRates(), kinds);
        var (booking, booked) = (new MinuteBooking(fleet), new Dictionary<(RollupKey, long), RollupMeasures>());
        var rules = new AggregateRules { Version = 1, Prices = DefaultPriceBook.Book, RollupsPartitions = 1 };
        using var aggregate = new AggregateProcessor("llm.requests", 0, rules, AggregateCommit.First(0, 1, 1));
        var events = 0L;
        var all = fleet.Tenants.SelectMany(tenant => tenant.Features);
        var features = all.Select((feature, number) => new FleetTraffic(feature, number)).ToArray();
        var first = fleet.Incidents.Min(incident => incident.FromMinute);
        for (var minute = first; minute < first + Minutes; minute++)
        {
            foreach (var feature in features)
            {
                feature.Draw(minute, (int at, in FleetRequest request) =>
                {
                    booking.Add(at, request);
                    var timeMs = fleet.Calendar.TimeMs(at) + (events * 37 % 60_000);
                    var record = Encoding.UTF8.GetBytes(Text(request, events, timeMs));
                    Assert.Equal(ReadOutcome.Counted, aggregate.Read(events, timeMs, record));
                    events++;
                });
            }

            booking.Take(minute, rollup => Add(booked, rollup));
        }

        Assert.True(events > 1_000, $"only {events} events were drawn");
        Assert.Equal(Texts(booked), Texts(Close(aggregate, fleet.Calendar.TimeMs(first + Minutes + 10), events)));
    }

    private static Dictionary<(RollupKey, long), RollupMeasures> Close(AggregateProcessor aggregate, long timeMs, long offset)
    {
        var (sums, rollups) = (new Dictionary<(RollupKey, long), RollupMeasures>(), new List<Rollup>());
        var tick = string.Create(CultureInfo.InvariantCulture, $$"""{"kind":"tick","time":{{timeMs}}}""");
        Assert.Equal(ReadOutcome.Tick, aggregate.Read(offset, timeMs, Encoding.UTF8.GetBytes(tick)));
        var decision = aggregate.Decide();
        Assert.NotNull(decision);
        aggregate.WriteValues(decision, (_, _, value) => RollupDecoder.Read(value, rollups));
        rollups.ForEach(rollup => Add(sums, rollup));
        return sums;
    }

    private static void Add(Dictionary<(RollupKey, long), RollupMeasures> sums, Rollup rollup)
    {
        var at = (rollup.Key, rollup.Block.WindowStartMs / 60_000);
        var sum = sums.GetValueOrDefault(at);
        sum.Add(rollup.Measures);
        sums[at] = sum;
    }

    private static List<string> Texts(Dictionary<(RollupKey Key, long Minute), RollupMeasures> sums)
    {
        var fields = new Int128[RollupMeasures.FieldCount];
        return [.. sums.Select(pair =>
        {
            pair.Value.CopyTo(fields);
            return $"{pair.Key.Minute} {pair.Key.Key} {string.Join(' ', fields)}";
        }).Order(StringComparer.Ordinal)];
    }

    private static string Text(in FleetRequest request, long number, long timeMs)
    {
        var result = request.Result switch { ResultType.Ok => "ok", ResultType.Error => "error", _ => "timeout" };
        return string.Create(CultureInfo.InvariantCulture, $$"""
            {"event_id":"e{{number}}","time":{{timeMs}},"tenant_id":"{{request.Feature.Tenant}}","app":"app",
             "feature":"{{request.Feature.Name}}","environment":"{{Fleet.Environment}}","provider":"{{request.Model.Provider}}",
             "model":"{{request.Model.Name}}","prompt_version":"{{request.PromptVersion}}","tokens_in":{{request.TokensIn}},
             "tokens_out":{{request.TokensOut}},"tokens_cached":{{request.TokensCached}},"latency_ms":{{request.LatencyMs}},
             "attempt":{{request.Attempt}},"result_type":"{{result}}"}
            """);
    }
}
