using System.Text;
using FsCheck;
using FsCheck.Fluent;
using TokenStream.Commands;
using Xunit;

namespace TokenStream.Tests.Commands;

public sealed class GatewayAckFormatTests
{
    private const string Applied =
        """{"format":1,"kind":"applied","gateway_id":"g1","at_ms":30,"command_id":"c","key":"all|manual/1","epoch":2,"counter":3,"received_ms":10,"applied_ms":20}""";

    private const string Reservations =
        """{"format":1,"kind":"reservations","gateway_id":"g1","at_ms":30,"tenants":[{"tenant":"acme","requests":2,"tokens":3000}]}""";

    private static readonly Int128 Most = (Int128)long.MaxValue * long.MaxValue / 1_000_000;

    private const string Leases =
        """{"format":1,"kind":"leases","gateway_id":"g1","at_ms":30,"leases":[{"key":"tenant=acme|lease/acme","instance":"8f3a","epoch":7,"counter":6,"granted":"1200","settled":"800","reserved":"70","wanted":"9","largest":"5"},{"key":"all|lease/all","instance":"11c0","epoch":0,"counter":0}]}""";

    [Theory]
    [InlineData(Applied)]
    [InlineData(Reservations)]
    [InlineData(Leases)]
    public void What_is_written_is_read_back(string golden)
    {
        Assert.True(GatewayAckFormat.TryRead(Encoding.UTF8.GetBytes(golden), out var ack));
        Assert.Equal(golden, Encoding.UTF8.GetString(GatewayAckFormat.Write(ack)));
    }

    [Theory]
    [InlineData("\"kind\":\"applied\"", "\"kind\":\"other\"")]
    [InlineData("\"kind\":\"applied\"", "\"kind\":0")]
    [InlineData("\"kind\":\"applied\"", "\"kind\":\"reservations\"")]
    [InlineData("\"gateway_id\":\"g1\"", "\"gateway_id\":\"\"")]
    [InlineData("\"epoch\":2,", "")]
    [InlineData("\"counter\":3", "\"counter\":-3")]
    [InlineData("\"applied_ms\":20", "\"applied_ms\":5")]
    [InlineData("\"format\":1", "\"format\":2")]
    [InlineData("}", "")]
    public void Garbage_is_refused(string good, string bad) =>
        Assert.False(GatewayAckFormat.TryRead(Encoding.UTF8.GetBytes(Applied.Replace(good, bad, StringComparison.Ordinal)), out _));

    [Theory]
    [InlineData("\"settled\":\"800\"", "\"settled\":800")]
    [InlineData("\"settled\":\"800\"", "\"settled\":\"-800\"")]
    [InlineData("\"wanted\":\"9\"", "\"wanted\":\"170141183460469231731687303715884105727\"")]
    [InlineData("\"instance\":\"8f3a\"", "\"instance\":\"\"")]
    [InlineData("\"key\":\"all|lease/all\",", "")]
    [InlineData("\"counter\":6", "\"counter\":-6")]
    [InlineData("\"leases\":[", "\"leases\":[null,")]
    [InlineData("\"kind\":\"leases\"", "\"kind\":\"reservations\"")]
    public void A_report_of_leases_that_makes_no_sense_is_refused(string good, string bad)
    {
        Assert.Contains(good, Leases, StringComparison.Ordinal);
        Assert.False(GatewayAckFormat.TryRead(Encoding.UTF8.GetBytes(Leases.Replace(good, bad, StringComparison.Ordinal)), out _));
    }

    [Fact]
    public void The_most_leases_of_a_record_fit_into_it_with_the_longest_names()
    {
        var name = new string('n', 128);
        var report = new LeaseReport { Key = new string('k', 1024), Instance = name, Version = new(long.MaxValue, long.MaxValue), Granted = Most, Settled = Most, Reserved = Most, Wanted = Most, Largest = Most };
        var ack = new GatewayAck { Kind = GatewayAckKind.Leases, GatewayId = name, AtMs = 1, Leases = [.. Enumerable.Repeat(report, GatewayAckFormat.MostLeases)] };
        Assert.True(GatewayAckFormat.TryRead(GatewayAckFormat.Write(ack), out var read));
        Assert.Equal(ack.Leases, read.Leases);
        Assert.False(GatewayAckFormat.TryRead(GatewayAckFormat.Write(ack with { Leases = [.. ack.Leases, report] }), out _));
    }

    [Fact]
    public void Any_bytes_are_an_answer() => Prop.ForAll<byte[], int>((bytes, at) =>
    {
        GatewayAckFormat.TryRead(bytes, out _);
        var changed = Encoding.UTF8.GetBytes(Reservations);
        changed[(at & int.MaxValue) % changed.Length] = bytes.Length > 0 ? bytes[0] : (byte)0;
        GatewayAckFormat.TryRead(changed, out _);
    }).QuickCheckThrowOnFailure();
}
