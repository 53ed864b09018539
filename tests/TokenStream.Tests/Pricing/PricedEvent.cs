using System.Text;
using TokenStream.Events;
using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Pricing;

/// <summary>An event as the decoder would hand it over, with its units' names in a record of its own, for pricing in tests.</summary>
internal sealed class PricedEvent
{
    /// <summary>The day that the cases of the oracle were priced on, at noon.</summary>
    public static readonly long OracleDay = Ms("2026-08-21T12:00:00Z");

    private readonly List<byte> _record = [];

    public UsageEvent Usage;

    public PricedEvent(long tokensIn = 0, long tokensOut = 0, long cached = 0, long write5m = 0, long write1h = 0, long reasoning = 0)
    {
        Usage.TokensIn = tokensIn;
        Usage.TokensOut = tokensOut;
        Usage.TokensCached = cached;
        Usage.TokensCacheWrite5m = write5m;
        Usage.TokensCacheWrite1h = write1h;
        Usage.TokensReasoning = reasoning;
        Usage.Present = EventFields.TokensIn | EventFields.TokensOut;
    }

    public ReadOnlySpan<byte> Record => _record.ToArray();

    public static long Ms(string time) =>
        DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal)
            .ToUnixTimeMilliseconds();

    public PricedEvent With(string unit, long count)
    {
        var bytes = Encoding.UTF8.GetBytes(unit);
        Usage.UnitNames[Usage.Units] = new Utf8Slice(_record.Count, bytes.Length);
        Usage.UnitCounts[Usage.Units] = count;
        Usage.Units++;
        _record.AddRange(bytes);
        return this;
    }

    public PricedEvent AsAdjustment()
    {
        Usage.Kind = EventKind.Adjustment;
        return this;
    }

    public PricedUsage Price(PricePlan plan, long? timeMs = null)
    {
        PricedUsage result = default;
        Assert.True(Pricer.TryPrice(in Usage, timeMs ?? OracleDay, plan, Record, default, ref result));
        return result;
    }

    public bool CanPrice(PricePlan plan)
    {
        PricedUsage result = default;
        return Pricer.TryPrice(in Usage, OracleDay, plan, Record, default, ref result);
    }
}
