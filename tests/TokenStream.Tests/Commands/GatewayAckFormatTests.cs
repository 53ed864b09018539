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

    [Theory]
    [InlineData(Applied)]
    [InlineData(Reservations)]
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

    [Fact]
    public void Any_bytes_are_an_answer() => Prop.ForAll<byte[], int>((bytes, at) =>
    {
        GatewayAckFormat.TryRead(bytes, out _);
        var changed = Encoding.UTF8.GetBytes(Reservations);
        changed[(at & int.MaxValue) % changed.Length] = bytes.Length > 0 ? bytes[0] : (byte)0;
        GatewayAckFormat.TryRead(changed, out _);
    }).QuickCheckThrowOnFailure();
}
