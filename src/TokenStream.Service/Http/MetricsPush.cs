using OpenTelemetry;
using OpenTelemetry.Metrics;
using TokenStream.Runtime;
using TokenStream.Service.Node;

namespace TokenStream.Service.Http;

/// <summary>Pushes the same instruments over OTLP (gRPC) to a collector, once a minute and at the end.</summary>
internal static class MetricsPush
{
    /// <exception cref="NodeStartException">The endpoint is no address.</exception>
    public static IDisposable Start(string endpoint)
    {
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var address))
        {
            throw new NodeStartException($"telemetry: otlp: '{endpoint}' is not an address such as http://collector:4317.");
        }

        return Sdk.CreateMeterProviderBuilder()
            .AddMeter(StreamMetrics.MeterName, "System.Runtime")
            .AddOtlpExporter(exporter => exporter.Endpoint = address)
            .Build();
    }
}
