using System.Globalization;

namespace TokenStream.IntegrationTests.Governing;

/// <summary>What a gateway tells of requests, all of one price.</summary>
internal static class Requests
{
    /// <summary>A request of gpt-4o with 40,000 input tokens at 2.50 USD a million, in picodollars.</summary>
    internal const long Pico = 100_000_000_000;

    internal static string Event(string id, string tenant, DateTimeOffset time) => string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"event_id\":\"{id}\",\"time\":{time.ToUnixTimeMilliseconds()},\"tenant_id\":\"{tenant}\",") +
        "\"environment\":\"prod\",\"feature\":\"chat\",\"provider\":\"openai\",\"model\":\"gpt-4o\",\"tokens_in\":40000,\"tokens_out\":0}";

    /// <summary>Closes what the time of an event lies in, two minutes later.</summary>
    internal static string Tick(DateTimeOffset start) =>
        string.Create(CultureInfo.InvariantCulture, $"{{\"kind\":\"tick\",\"time\":{start.ToUnixTimeMilliseconds() + 120_000}}}");
}
