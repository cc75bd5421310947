/** Spans by OpenTelemetry, which reads its standard variables (OTEL_…) itself. Loaded only where they name a backend. */

import type { SpanContext } from '@opentelemetry/api';
import type { Span, Tracing } from './world.ts';

export interface RunningTracing extends Tracing {
  /** Sends what has not been sent yet. */
  close(): Promise<void>;
}

/** `onError` is told of what could not be sent; spans are lost then, and nothing else is. */
export async function createTracing(
  version: string,
  onError: (message: string) => void,
): Promise<RunningTracing> {
  const [api, sdk, otlp, resources] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const { diag, DiagLogLevel, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = api;
  const quiet = { info() {}, debug() {}, verbose() {} };
  diag.setLogger({ ...quiet, warn: onError, error: onError }, DiagLogLevel.WARN);
  const { detectResources, envDetector, resourceFromAttributes } = resources;
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'mirsal', 'service.version': version }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [new sdk.BatchSpanProcessor(new otlp.OTLPTraceExporter())],
  });
  const tracer = provider.getTracer('mirsal', version);
  return {
    begin(name, { kind, parent, attributes }): Span {
      const within = parent === null ? undefined : contextOf(parent);
      const span = tracer.startSpan(
        name,
        { kind: kind === 'server' ? SpanKind.SERVER : SpanKind.CLIENT, attributes: { ...attributes } },
        within === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, within),
      );
      return {
        traceparent: traceparentOf(span.spanContext()),
        end(more, error) {
          span.setAttributes({ ...more });
          if (error !== null) {
            span.setAttribute('error.type', error);
            span.setStatus({ code: SpanStatusCode.ERROR });
          }
          span.end();
        },
      };
    },
    async close() {
      // A backend that does not answer must not keep the process; it is told of by `onError`.
      await provider.shutdown().catch((error: unknown) => onError(String(error)));
      diag.disable();
    },
  };
}

function contextOf(traceparent: string): SpanContext {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-');
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}
