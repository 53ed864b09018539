using System.Text;
using FsCheck;
using FsCheck.Fluent;
using TokenStream.Detection;
using Xunit;

namespace TokenStream.Tests.Detection;

public sealed class AnomalyFormatTests
{
    private const string Golden =
        "{\"format\":1,\"anomaly\":{\"id\":\"00112233445566ff\",\"scope\":{\"environment\":\"prod\",\"tenant\":\"acme\",\"feature\":\"chat\"},\"measure\":\"cost\","
        + "\"direction\":\"up\",\"kind\":\"spike\",\"opened_ms\":1700000040000,\"last_seen_ms\":1700000100000,\"peak_ms\":1700000100000,\"severity\":\"warning\","
        + "\"peak_score\":17.25,\"threshold\":13,\"target_rate\":0.1,\"value\":5000000000000,\"expected\":1000000000000,\"lower\":null,\"upper\":2500000000000,"
        + "\"excess\":8000000000000,\"excess_cost\":\"8000000000000\",\"cost_per_hour\":\"170141183460469231731687303715884105727\",\"detector\":\"evidence\","
        + "\"detector_version\":1,\"members\":[{\"environment\":\"prod\",\"tenant\":\"acme\",\"feature\":\"chat\"},"
        + "{\"environment\":\"prod\",\"tenant\":\"acme\",\"feature\":\"chat\",\"model\":\"m-1\"}],\"further_members\":0,"
        + "\"cause\":{\"change\":\"8000000000000\",\"minutes\":2,\"shares\":[{\"factor\":\"cache_share\",\"cost\":\"-7999999999999\",\"before\":0.92,\"after\":null,"
        + "\"dimension\":\"prompt_version\",\"value\":\"47\"}],\"sentence\":\"cache share fell\"},\"note\":\"watched\"}}";

    [Fact]
    public void An_anomaly_has_exactly_these_bytes_and_reads_back()
    {
        Assert.Equal(Golden, Encoding.UTF8.GetString(AnomalyFormat.Write(Anomalies.Chat())));
        Assert.True(AnomalyFormat.TryRead(Encoding.UTF8.GetBytes(Golden), out var read));
        Assert.Equal(Golden, Encoding.UTF8.GetString(AnomalyFormat.Write(read)));
        Assert.Equal(double.NaN, read.Lower);
        Assert.Equal(Int128.MaxValue, read.CostPerHour);
        Assert.Equal(double.NaN, read.Cause!.Shares[0].After);
    }

    [Fact]
    public void An_end_has_its_time_and_its_reason_or_neither()
    {
        var ended = Anomalies.Chat() with { EndedMs = 1_700_000_700_000, End = AnomalyEnd.LateData };
        Assert.True(AnomalyFormat.TryRead(AnomalyFormat.Write(ended), out var read));
        Assert.Equal((1_700_000_700_000, AnomalyEnd.LateData), (read.EndedMs, read.End));
        Assert.False(Reads(ended with { End = null }));
        Assert.False(Reads(ended with { EndedMs = null }));
    }

    [Fact]
    public void Times_out_of_order_or_that_cannot_be_shown_are_refused()
    {
        var anomaly = Anomalies.Chat();
        Assert.False(Reads(anomaly with { LastSeenMs = anomaly.OpenedMs - 1 }));
        Assert.False(Reads(anomaly with { EndedMs = anomaly.OpenedMs - 1, End = AnomalyEnd.Quiet }));
        Assert.False(Reads(anomaly with { OpenedMs = -1 }));
        Assert.False(Reads(anomaly with { LastSeenMs = 253_402_300_800_000 }));
        Assert.True(Reads(anomaly with { LastSeenMs = 253_402_300_799_999 }));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("0a_-Z", true)]
    [InlineData("a/b", false)]
    [InlineData("a.critical", false)]
    public void An_id_is_a_word(string id, bool isOne)
    {
        Assert.Equal(isOne, AnomalyFormat.IsId(id));
        Assert.Equal(isOne, Reads(Anomalies.Chat() with { Id = id }));
    }

    [Fact]
    public void Members_beyond_the_most_are_counted()
    {
        var members = Enumerable.Range(0, AnomalyFormat.MostMembers + 3).Select(i => new SeriesPath("prod", $"t{i}", null, null)).ToList();
        Assert.True(AnomalyFormat.TryRead(AnomalyFormat.Write(Anomalies.Chat() with { Members = members, FurtherMembers = 2 }), out var read));
        Assert.Equal(members[..AnomalyFormat.MostMembers], read.Members);
        Assert.Equal(5, read.FurtherMembers);
    }

    [Fact]
    public void The_longest_names_make_no_record_that_is_too_long()
    {
        // 256 bytes of control characters, each six characters of JSON.
        var name = new string('\u0001', 256);
        var path = new SeriesPath(name, name, name, name) { Provider = name };
        var share = new CauseShare(CauseFactor.Volume, Int128.MinValue, double.MinValue, double.MaxValue, name, name);
        var anomaly = Anomalies.Chat() with
        {
            Scope = path,
            Members = [.. Enumerable.Repeat(path, 1000)],
            Cause = new Cause(Int128.MinValue, int.MaxValue, [.. Enumerable.Repeat(share, 8)], name),
        };
        Assert.True(Reads(anomaly));
    }

    [Theory]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(-0.1)]
    [InlineData(double.Epsilon)]
    public void A_number_keeps_its_bits(double value)
    {
        Assert.True(AnomalyFormat.TryRead(AnomalyFormat.Write(Anomalies.Chat() with { Value = value }), out var read));
        Assert.Equal(value, read.Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"format\":1}")]
    [InlineData("{\"format\":1,\"anomaly\":null}")]
    [InlineData("{\"format\":1,\"anomaly\":{\"id\":\"a\"}}")]
    public void What_is_no_anomaly_is_refused(string text) => Assert.False(AnomalyFormat.TryRead(Encoding.UTF8.GetBytes(text), out _));

    [Theory]
    [InlineData("\"format\":1", "\"format\":2")]
    [InlineData("\"measure\":\"cost\"", "\"measure\":0")]
    [InlineData("\"8000000000000\"", "8000000000000")]
    [InlineData("\"value\":5000000000000", "\"value\":\"5\"")]
    [InlineData("\"value\":5000000000000", "\"value\":1E999")]
    [InlineData("\"severity\":\"warning\",", "")]
    [InlineData("\"environment\":\"prod\"", "\"environment\":null")]
    [InlineData("\"environment\":\"prod\",", "")]
    [InlineData("\"members\":[{", "\"members\":[null,{")]
    [InlineData("\"shares\":[{", "\"shares\":[null,{")]
    [InlineData(",\"sentence\":\"cache share fell\"", "")]
    public void What_another_wrote_is_refused(string what, string instead) =>
        Assert.False(AnomalyFormat.TryRead(Encoding.UTF8.GetBytes(Golden.Replace(what, instead, StringComparison.Ordinal)), out _));

    [Fact]
    public void No_bytes_make_the_reader_throw()
    {
        // Golden bytes with some overwritten come closer to the format than random ones.
        var golden = Encoding.UTF8.GetBytes(Golden);
        Check.QuickThrowOnFailure(Prop.ForAll((byte[] noise, int place) =>
        {
            var bytes = golden.ToArray();
            var start = (place & int.MaxValue) % bytes.Length;
            noise.AsSpan(0, Math.Min(noise.Length, bytes.Length - start)).CopyTo(bytes.AsSpan(start));
            AnomalyFormat.TryRead(bytes, out _);
            AnomalyFormat.TryRead(noise, out _);
        }));
    }

    private static bool Reads(Anomaly anomaly) => AnomalyFormat.TryRead(AnomalyFormat.Write(anomaly), out _);
}

/// <summary>Anomalies to try things with.</summary>
internal static class Anomalies
{
    /// <summary>Open, and sent: a feature's cost is five times what was expected.</summary>
    public static Anomaly Chat() => new()
    {
        Id = "00112233445566ff",
        Scope = new SeriesPath("prod", "acme", "chat", null),
        Measure = SeriesMeasure.Cost,
        Direction = AnomalyDirection.Up,
        Kind = AnomalyKind.Spike,
        OpenedMs = 1_700_000_040_000,
        LastSeenMs = 1_700_000_100_000,
        PeakMs = 1_700_000_100_000,
        Severity = AnomalySeverity.Warning,
        PeakScore = 17.25,
        Threshold = 13,
        TargetRate = 0.1,
        Value = 5e12,
        Expected = 1e12,
        Lower = double.NaN,
        Upper = 2.5e12,
        Excess = 8e12,
        ExcessCost = 8_000_000_000_000,
        CostPerHour = Int128.MaxValue,
        Detector = "evidence",
        DetectorVersion = 1,
        Members = [new SeriesPath("prod", "acme", "chat", null), new SeriesPath("prod", "acme", "chat", "m-1")],
        Cause = new Cause(
            8_000_000_000_000, 2,
            [new CauseShare(CauseFactor.CacheShare, -7_999_999_999_999, 0.92, double.NaN, "prompt_version", "47")], "cache share fell"),
        Note = "watched",
    };
}
