/** What takes more work than is done on the loop is done in a thread of its own, with the same outcome. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LIGHT_LIMITS } from '../src/core/limits.ts';
import type { Answer } from './support/process.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { type Served, startServed, until } from './support/served.ts';

let receiver: Receiver;
let served: Served;

beforeEach(async () => {
  receiver = await startReceiver();
  served = await startServed();
});
afterEach(async () => {
  await served.close();
  await receiver.close();
});

const call = async (method: string, path: string, body?: unknown): Promise<Answer> => {
  const answer = await served.call(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
};

const TYPE = 'order.placed';
/** A text that a hundred clauses search through takes more than the work that is light, or no more. */
const HEAVY = 'x'.repeat(LIGHT_LIMITS.work.value / 50);
const LIGHT = 'x'.repeat(100);
const clauses = Array.from({ length: 99 }, (_, n) => ({
  ...{ field: 'data.text', op: 'not_contains', value: `y${n}` },
}));
const condition = { all: [...clauses, { field: 'data.wanted', op: 'equals', value: true }] };

/** Two endpoints, of which one asks much, and a rule. */
async function setUp(): Promise<void> {
  const schema = { type: 'object', required: ['wanted'], properties: { wanted: { type: 'boolean' } } };
  await call('POST', '/v1/event-types', { name: TYPE, schema, subject: '/data/subject' });
  for (const path of ['/asks', '/takes-all']) {
    const endpoint = { url: receiver.url + path, event_types: [TYPE] };
    await call('POST', '/v1/endpoints', path === '/asks' ? { ...endpoint, condition } : endpoint);
  }
  await call('POST', '/v1/rules', {
    name: 'A rule',
    trigger: { event_type: TYPE },
    condition,
    actions: [{ type: 'webhook', url: `${receiver.url}/rule`, template: { about: '{{data.subject}}' } }],
  });
}

/** Makes an event large, and nothing looks at it. */
const PAD = 'x'.repeat(LIGHT_LIMITS.text.value);

const event = (id: string, over: object = {}) => ({
  ...{ id, type: TYPE, data: { subject: id, wanted: true, n: '@', text: LIGHT, ...over } },
});

/** What became of an event, without what differs from one to the next. */
async function fateOf(id: string) {
  const { body } = await call('GET', `/v1/events/${id}`);
  const { deliveries, verdicts, runs, warnings, reason } = body;
  return {
    ...{ warnings, verdicts, reason },
    deliveries: deliveries.map((one: { endpoint_id: string; source: Record<string, unknown> }) => {
      const { run_id, ...source } = one.source;
      return [one.endpoint_id, source];
    }),
    runs: runs.map(({ state }: { state: string }) => state),
  };
}

describe('an event', () => {
  test.each([
    ['whose conditions take much work', { text: HEAVY }],
    ['that is large', { pad: PAD }],
  ])('%s meets the same fate as a small one, digit for digit', async (_, much) => {
    await setUp();
    await call('POST', '/v1/events', event('small'));
    await call('POST', '/v1/events', event('other', { wanted: false }));
    const raw = (id: string, over?: object) =>
      JSON.stringify(event(id, { ...much, ...over })).replace('"@"', '1.10e400');
    await call('POST', '/v1/events', raw('heavy'));
    await call('POST', '/v1/events', raw('heavy-other', { wanted: false }));
    expect(await fateOf('heavy')).toEqual(await fateOf('small'));
    expect(await fateOf('heavy-other')).toEqual(await fateOf('other'));
    expect((await fateOf('heavy')).deliveries).toHaveLength(3);
    expect((await fateOf('heavy')).runs).toEqual(['finished']);
    expect((await fateOf('other')).runs).toEqual([]);
    const arrived = await until(
      async () => receiver.received.filter(({ body }) => body.includes('1.10e400')),
      (found) => found.length === 3,
    );
    // The two that take it as it is, and the one of the refused event.
    expect(arrived.map(({ path }) => path).sort()).toEqual(['/asks', '/takes-all', '/takes-all']);
  });

  test('is refused with the same words and places', async () => {
    await setUp();
    const faults = { wanted: 'yes' };
    const small = await served.call('POST', '/v1/events', event('a', faults));
    const large = await served.call('POST', '/v1/events', event('b', { ...faults, pad: PAD }));
    expect(small).toMatchObject({ status: 422, body: { code: 'schema_violation' } });
    expect({ ...large.body, detail: '' }).toEqual({ ...small.body, detail: '' });
    const torn = await served.call('POST', '/v1/events', `{"type": "${PAD}`);
    expect(torn).toMatchObject({ status: 400, body: { code: 'invalid_json' } });
  });

  test('P1: of a known id is the same event again, or another one', async () => {
    await setUp();
    const [first, again] = [
      await call('POST', '/v1/events', event('a', { pad: PAD })),
      await call('POST', '/v1/events', event('a', { pad: PAD })),
    ];
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const batch = { events: [event('new'), event('a', { pad: `${PAD}!` })] };
    const conflict = await served.call('POST', '/v1/events/batch', batch);
    expect(conflict).toMatchObject({ status: 409, body: { errors: [{ field: '/events/1/id' }] } });
  });
});

test('a batch with a change of routing in between is matched by what is in force', async () => {
  await setUp();
  const batch = (from: number) => ({
    events: Array.from({ length: 20 }, (_, n) => event(`e${from + n}`, { text: HEAVY })),
  });
  await call('POST', '/v1/events/batch', batch(0));
  const { body } = await call('GET', '/v1/endpoints');
  const asks = body.data.find(({ url }: { url: string }) => url.endsWith('/asks'));
  const publishing = call('POST', '/v1/events/batch', batch(20));
  await call('DELETE', `/v1/endpoints/${asks.id}`);
  await call('POST', '/v1/events/batch', batch(40));
  await publishing;
  expect((await fateOf('e0')).deliveries).toHaveLength(3);
  for (let n = 40; n < 60; n += 1) expect((await fateOf(`e${n}`)).deliveries).toHaveLength(2);
});

test('a schema that takes much work is checked in full', async () => {
  const codes = Array.from({ length: 1_000 }, (_, n) => `code ${n}`);
  const schema = { type: 'object', properties: { list: { type: 'array', items: { enum: codes } } } };
  await call('POST', '/v1/event-types', { name: TYPE, schema });
  const data = { list: Array.from({ length: 500 }, () => 'code 999') };
  await call('POST', '/v1/events', { type: TYPE, data });
  data.list.push('another');
  const refused = await served.call('POST', '/v1/events', { type: TYPE, data });
  expect(refused).toMatchObject({
    ...{ status: 422, body: { code: 'schema_violation', errors: [{ field: '/data/list/500' }] } },
  });
});

test.each([
  ['whose condition takes much work', { text: HEAVY }],
  ['that is large', { pad: PAD }],
])('W8: a run goes on by an awaited event %s', async (_, much) => {
  await setUp();
  await call('POST', '/v1/event-types', {
    name: 'order.paid',
    schema: { type: 'object' },
    subject: '/data/subject',
  });
  const webhook = (id: string) => ({
    id,
    type: 'webhook',
    url: `${receiver.url}/${id}`,
    template: { by: '{{steps.wait.data.wanted}}' },
  });
  await call('POST', '/v1/workflows', {
    name: 'A workflow',
    triggers: [{ event_type: TYPE }],
    steps: [
      {
        ...{ id: 'wait', type: 'wait_for_event', event_type: 'order.paid', condition, timeout: 'PT1H' },
        ...{ received: [webhook('paid')], timed_out: [] },
      },
    ],
  });
  await call('POST', '/v1/events', event('a', { wanted: false }));
  const paid = { subject: 'a', wanted: true, text: LIGHT, ...much };
  await call('POST', '/v1/events', { type: 'order.paid', data: { ...paid, wanted: false } });
  await call('POST', '/v1/events', { type: 'order.paid', data: paid });
  const [arrived] = await until(
    async () => receiver.of('/paid'),
    (found) => found.length > 0,
  );
  expect(JSON.parse(arrived?.body ?? '')).toEqual({ by: true });
  const { body } = await call('GET', '/v1/runs?state=finished');
  expect(body.data).toHaveLength(1);
});

test('a dry run that takes much work explains the same', async () => {
  await setUp();
  await call('POST', '/v1/events', event('small'));
  await call('POST', '/v1/events', event('heavy', { text: HEAVY }));
  const definition = {
    name: 'A rule',
    trigger: { event_type: TYPE },
    condition,
    actions: [{ type: 'webhook', url: receiver.url }],
  };
  const explained = async (id: string) => {
    const { body } = await call('POST', '/v1/rules/test', { definition, event_id: id });
    expect(body.verdict.matched).toBe(true);
    return body.path.map(({ step, outcome }: { step: string; outcome: unknown }) => [step, outcome]);
  };
  expect(await explained('heavy')).toEqual(await explained('small'));
});

test('P14: whoever waits for the thread when the node stops is told to come back', async () => {
  await setUp();
  const publishing = Array.from({ length: 10 }, (_, n) =>
    served.call('POST', '/v1/events', event(`e${n}`, { pad: PAD })),
  );
  await served.running.stop();
  const answers = await Promise.all(publishing.map((answer) => answer.catch(() => null)));
  for (const answer of answers) if (answer !== null) expect([202, 503]).toContain(answer.status);
});
