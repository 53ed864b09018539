// OpenTelemetry's exporters (protobuf, packed; JSON) and Langfuse's SDK send requests to a receiver and check that it takes them.
// usage: node exporters_walk.mjs http://HOST:PORT
import { SpanKind } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Langfuse } from 'langfuse';

const base = process.argv[2];

async function traces(name, exporter, requests) {
  const codes = [];
  const send = exporter.export.bind(exporter);
  exporter.export = (spans, done) => send(spans, (result) => {
    codes.push(result.code);
    done(result);
  });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop', 'tenant.id': 'acme' }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('opentelemetry.instrumentation.openai_v2', '2.4b0');
  for (let i = 0; i < requests; i++) {
    tracer.startSpan('chat gpt-4o', {
      kind: SpanKind.CLIENT,
      attributes: {
        'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-4o',
        'gen_ai.response.model': 'gpt-4o', 'gen_ai.response.id': `${name}-${i}`,
        'gen_ai.usage.input_tokens': 100 + i, 'gen_ai.usage.output_tokens': 10 + i,
      },
    }).end();
  }

  await provider.forceFlush();
  await provider.shutdown();
  if (codes.length !== 1 || codes[0] !== 0) {
    throw new Error(`${name}: the exporter was answered ${codes}`);
  }
}

await traces('protobuf', new ProtobufExporter({ url: `${base}/v1/traces`, compression: 'gzip' }), 3);
await traces('json', new JsonExporter({ url: `${base}/v1/traces` }), 2);

const langfuse = new Langfuse({ publicKey: 'pk-lf-1', secretKey: 'sk-lf-1', baseUrl: base });
const trace = langfuse.trace({ name: 'shop', userId: 'u1', metadata: { tenant: 'globex' } });
trace.generation({ name: 'chat', model: 'gpt-4o', usage: { input: 50, output: 5, unit: 'TOKENS' } }).end();
await langfuse.shutdownAsync();
console.log('ok');
