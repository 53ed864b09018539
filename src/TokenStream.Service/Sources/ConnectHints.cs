namespace TokenStream.Service.Sources;

/// <summary>How each gateway is connected, in a few lines each: what <c>tokenstream connect</c> says where nothing came yet.</summary>
internal static class ConnectHints
{
    /// <summary>Gateway, its page below docs, what to set.</summary>
    internal static readonly IReadOnlyList<(string Gateway, string Page, IReadOnlyList<string> Set)> All =
    [
        ("LiteLLM proxy", "connect/litellm.md",
            ["litellm_settings: callbacks: [generic_api]", "GENERIC_LOGGER_ENDPOINT=http://127.0.0.1:8080/v1/events/litellm"]),
        ("OpenTelemetry: GenAI spans, Traceloop, OpenInference, pydantic-ai, LiteLLM's otel callback", "connect/otlp.md",
            ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:8080/v1/traces", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf"]),
        ("Langfuse's SDKs", "connect/langfuse.md",
            [
                "LANGFUSE_HOST=http://127.0.0.1:8080 (v2: LANGFUSE_BASEURL in JavaScript)",
                "LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY: anything, or a token as the secret",
            ]),
        ("CloudEvents, OpenMeter", "connect/cloudevents.md",
            ["POST http://127.0.0.1:8080/v1/events, content-type: application/cloudevents+json"]),
        ("Kong", "connect/kong.md", ["plugin http-log: http_endpoint: http://127.0.0.1:8080/v1/events/kong"]),
        ("Envoy AI Gateway", "connect/envoy.md", ["its JSON access log to http://127.0.0.1:8080/v1/events/envoy, or to a topic"]),
        ("your own program", "event-format.md", ["POST http://127.0.0.1:8080/v1/events, a native event, an array or lines"]),
        ("no gateway at all", "connect/proxy.md",
            ["tokenstream proxy --upstream https://api.openai.com", "OPENAI_BASE_URL=http://127.0.0.1:8090/v1"]),
    ];

    public static IEnumerable<string> Lines(int width)
    {
        foreach (var (gateway, page, set) in All)
        {
            foreach (var line in SourcesText.Wrap($"{gateway} (docs/{page})", width, ""))
            {
                yield return line;
            }

            foreach (var line in set.SelectMany(text => SourcesText.Wrap(text, width, "    ")))
            {
                yield return line;
            }
        }

        yield return "";
        const string Addresses =
            "The addresses are those of a node with its defaults (--listen). What a payload becomes: tokenstream inspect FILE.";
        foreach (var line in SourcesText.Wrap(Addresses, width, ""))
        {
            yield return line;
        }
    }
}
