using System.Text;
using TokenStream.Mapping;

namespace TokenStream.Benchmarks;

/// <summary>Payloads of our own writing, in the forms that their tools send; of protobuf there is none, name a file instead.</summary>
internal static class MappingSamples
{
    private const int Deltas = 200;

    public static IEnumerable<(string Name, PayloadSource Source, byte[] Payload)> All()
    {
        yield return ("otlp, JSON, one span", PayloadSources.Otlp, Encoding.UTF8.GetBytes(Trace));
        yield return ("provider, whole answer", PayloadSources.Provider, Encoding.UTF8.GetBytes(Answer));
        yield return ($"provider, stream of {Deltas} pieces", PayloadSources.Provider, Encoding.UTF8.GetBytes(Stream()));
        yield return ("cloudevents, one", PayloadSources.CloudEvents, Encoding.UTF8.GetBytes(CloudEvent));
    }

    private static readonly string Trace = $$$"""
        {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"assistant"}},
         {"key":"deployment.environment.name","value":{"stringValue":"prod"}}]},"scopeSpans":[{"scope":
         {"name":"opentelemetry.util.genai.handler","version":"1.0b0"},"spans":[{"traceId":"669c173bce2f05bef6cd95d0fce84f07",
         "spanId":"4bde56798e2b7972","name":"chat gpt-4o-mini","kind":3,"startTimeUnixNano":"1795211372031240266",
         "endTimeUnixNano":"1795211372118339498","attributes":[{"key":"tenant.id","value":{"stringValue":"acme"}},
         {"key":"app.feature","value":{"stringValue":"search"}},{"key":"user.id","value":{"stringValue":"u-1"}},
         {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},
         {"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o-mini"}},
         {"key":"gen_ai.response.model","value":{"stringValue":"gpt-4o-mini-2024-07-18"}},
         {"key":"gen_ai.response.id","value":{"stringValue":"chatcmpl-1"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"812"}},
         {"key":"gen_ai.usage.output_tokens","value":{"intValue":"143"}},
         {"key":"gen_ai.input.messages","value":{"stringValue":"{{{new string('p', 1_000)}}}"}}],"status":{}}]}]}]}
        """;

    private static readonly string Answer = $$$"""
        {"id":"chatcmpl-1","object":"chat.completion","created":1795211372,"model":"gpt-4.1-2025-04-14","choices":[{"index":0,
         "message":{"role":"assistant","content":"{{{new string('a', 1_000)}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":14336,
         "completion_tokens":402,"total_tokens":14738,"prompt_tokens_details":{"cached_tokens":12288},
         "completion_tokens_details":{"reasoning_tokens":0}},"service_tier":"default"}
        """;

    private const string CloudEvent = """
        {"specversion":"1.0","id":"ce-1","source":"/gateway/eu-1","type":"com.example.llm.usage","datacontenttype":"application/json",
         "subject":"acme","time":"2026-11-20T22:04:24.086449Z","data":{"provider":"openai","model":"gpt-4o-mini-2024-07-18",
         "feature":"search","environment":"prod","user":"u-1","usage":{"prompt_tokens":812,"completion_tokens":143,"total_tokens":955}}}
        """;

    private static string Stream()
    {
        const string Head = """data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1795211372,"model":"gpt-4.1-2025-04-14" """;
        const string Piece = Head + ""","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}],"usage":null}""" + "\n\n";
        const string Last = Head +
            ""","choices":[],"usage":{"prompt_tokens":14336,"completion_tokens":200,"total_tokens":14536}}""" + "\n\ndata: [DONE]\n\n";
        return string.Concat(Enumerable.Repeat(Piece, Deltas)) + Last;
    }
}
