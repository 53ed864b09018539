using TokenStream.Mapping.CloudEvents;
using TokenStream.Mapping.Envoy;
using TokenStream.Mapping.Kong;
using TokenStream.Mapping.Langfuse;
using TokenStream.Mapping.LiteLlm;
using TokenStream.Mapping.Native;
using TokenStream.Mapping.Otlp;
using TokenStream.Mapping.ProviderUsage;

namespace TokenStream.Mapping;

/// <summary>The formats that can be mapped.</summary>
public static class PayloadSources
{
    public static PayloadSource LiteLlm { get; } = new(
        "litellm", "LiteLLM's StandardLoggingPayload, one, an array or lines", LiteLlmMapper.DefaultAttribution,
        paths => new LiteLlmMapper(paths));

    public static PayloadSource Provider { get; } = new(
        "provider", "a provider's own answer, whole or as a stream", ProviderPayloadMapper.DefaultAttribution,
        paths => new ProviderPayloadMapper(paths));

    public static PayloadSource Langfuse { get; } = new(
        "langfuse", "batches of Langfuse's SDKs that POST /api/public/ingestion takes", LangfuseMapper.DefaultAttribution,
        paths => new LangfuseMapper(paths), LangfuseMapper.Sharing);

    public static PayloadSource CloudEvents { get; } = new(
        "cloudevents", "CloudEvents, as OpenMeter's clients send them, too; one, a batch, or in headers",
        CloudEventsMapper.DefaultAttribution, paths => new CloudEventsMapper(paths));

    public static PayloadSource Kong { get; } = new(
        "kong", "Kong AI Gateway's audit log, as its log plugins write it", KongMapper.DefaultAttribution, paths => new KongMapper(paths));

    public static PayloadSource Envoy { get; } = new(
        "envoy", "Envoy AI Gateway's access log, JSON lines", EnvoyMapper.DefaultAttribution, paths => new EnvoyMapper(paths));

    public static PayloadSource Otlp { get; } = new(
        "otlp", "OpenTelemetry traces, protobuf or JSON, whatever the instrumentation", OtlpMapper.DefaultAttribution,
        paths => new OtlpMapper(paths));

    public static PayloadSource Native { get; } = new(
        "native", "native events, one, an array or lines", new AttributionPaths(), _ => new NativeMapper());

    public static IReadOnlyList<PayloadSource> All { get; } = [LiteLlm, Langfuse, CloudEvents, Otlp, Kong, Envoy, Provider, Native];

    /// <summary>The source of a name; null where there is none.</summary>
    public static PayloadSource? Find(string name) =>
        All.FirstOrDefault(source => string.Equals(source.Name, name, StringComparison.OrdinalIgnoreCase));
}
