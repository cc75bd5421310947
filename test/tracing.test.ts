/** Traces: what publishes an event is passed on to who gets it, and told to a collector where one is set. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { type Served, startServed, until } from './support/served.ts';
import { STORES, storeEnv } from './support/stores.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const EVENT = { type: 'lead.created', data: { email: 'layla@example.com' } };

interface CollectedSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  status: { code?: number };
  attributes: Array<{ key: string; value: Record<string, unknown> }>;
}

/** A collector that speaks OTLP over HTTP, as JSON. */
async function startCollector() {
  const spans: CollectedSpan[] = [];
  const services: unknown[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString());
      for (const { resource, scopeSpans } of resourceSpans) {
        services.push(...resource.attributes);
        for (const scope of scopeSpans) spans.push(...scope.spans);
      }
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    services,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

let mirsal: Served | null = null;
let receiver: Receiver | null = null;
afterEach(async () => {
  await mirsal?.close();
  await receiver?.close();
  mirsal = null;
  receiver = null;
  vi.unstubAllEnvs();
});

async function start(env: Record<string, string>): Promise<{ mirsal: Served; receiver: Receiver }> {
  receiver = await startReceiver();
  mirsal = await startServed({ env });
  await mirsal.call('POST', '/v1/event-types', { name: EVENT.type, schema: { type: 'object' } });
  await mirsal.call('POST', '/v1/endpoints', { url: receiver.url, event_types: [EVENT.type] });
  return { mirsal, receiver };
}

const attributesOf = ({ attributes }: CollectedSpan) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

describe.each(STORES)('on %s', (store) => {
  test('without a collector, a delivery passes on the traceparent that came with its event, and shows it', async () => {
    const { mirsal, receiver } = await start(await storeEnv(store));
    for (const traceparent of [PARENT, 'nonsense', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`]) {
      expect((await mirsal.call('POST', '/v1/events', EVENT, { traceparent })).status).toBe(202);
    }
    await mirsal.call('POST', '/v1/events', EVENT);
    await receiver.count(4);
    const passedOn = receiver.received.map(({ headers }) => headers.traceparent ?? null);
    expect(passedOn).toEqual([PARENT, null, null, null]);
    const { body } = await mirsal.call('GET', '/v1/deliveries');
    const first = await mirsal.call('GET', `/v1/deliveries/${body.data.at(-1).id}`);
    expect(first.body.attempts[0].request.headers).toContainEqual(['traceparent', PARENT]);
  });

  test('with a collector, each attempt is a span below the publish, which is below what asked for it', async () => {
    const collector = await startCollector();
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.url);
    vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '20');
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'deployment.environment.name=test');
    const env = { ...(await storeEnv(store)), OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    const { mirsal, receiver } = await start(env);
    receiver.answerWith((_request, index) => (index === 0 ? 500 : 200));
    await mirsal.call('POST', '/v1/events', EVENT, { traceparent: PARENT });
    await until(
      async () => (await mirsal.call('GET', '/v1/deliveries')).body.data[0],
      ({ state }) => state === 'waiting',
    );
    const { id } = (await mirsal.call('GET', '/v1/deliveries')).body.data[0];
    expect((await mirsal.call('POST', `/v1/deliveries/${id}/retry`)).status).toBe(202);
    await until(
      async () => collector.spans.length,
      (count) => count >= 3,
    );
    const [publish] = collector.spans.filter(({ name }) => name === 'publish');
    const attempts = collector.spans.filter(({ name }) => name === 'deliver');
    expect(publish).toMatchObject({ traceId: TRACE, parentSpanId: '00f067aa0ba902b7' });
    expect(attempts).toMatchObject([1, 2].map(() => ({ traceId: TRACE, parentSpanId: publish?.spanId })));
    expect(attempts.map(attributesOf)).toMatchObject([
      { 'error.type': 'http', 'http.response.status_code': 500, 'mirsal.delivery_id': id },
      {
        'http.response.status_code': 200,
        'http.request.resend_count': 1,
        'mirsal.delivery_state': 'delivered',
      },
    ]);
    expect(receiver.received.map(({ headers }) => headers.traceparent)).toEqual(
      attempts.map(({ spanId }) => `00-${TRACE}-${spanId}-01`),
    );
    const names = collector.services.map((attribute) => JSON.stringify(attribute));
    expect(names).toContain('{"key":"service.name","value":{"stringValue":"mirsal"}}');
    expect(names.join()).toContain('deployment.environment.name');
    await collector.close();
  });
});

test('a collector that does not answer costs spans and nothing else', async () => {
  const collector = await startCollector();
  await collector.close();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.url);
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '20');
  const { mirsal, receiver } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  expect((await mirsal.call('POST', '/v1/events', EVENT)).status).toBe(202);
  await receiver.count(1);
  expect(receiver.received[0]?.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});
