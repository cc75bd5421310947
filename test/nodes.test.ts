/**
 * Several nodes on one PostgreSQL, each a process of its own: together they keep what one promises
 * (P3, P4, P5), and what changes at one holds at all.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MirsalProcess, startMirsal, temporaryDirectory } from './support/process.ts';
import { type Received, type Receiver, startReceiver } from './support/receiver.ts';
import { until } from './support/served.ts';
import { storeEnv } from './support/stores.ts';

const ENDPOINTS = 30;
const NODES = 3;
/** A lease is 20 s: whatever takes much less did not wait for one. */
const WELL_BELOW_A_LEASE_MS = 10_000;

const directory = temporaryDirectory();
let env: Record<string, string>;
let nodes: MirsalProcess[];
let receiver: Receiver;
/** Requests that are being answered, per lane, and lanes that ever had two. */
const busy = new Map<string, number>();
/** When requests came, per lane, ms. */
const times = new Map<string, number[]>();
const overlaps: string[] = [];

/** Of requests under a prefix so many more are answered at once; the others wait until they are released. */
let hold = { prefix: '', left: 0, released: Promise.resolve() };

/** Keeps those who send from being done before they are stopped: answers are held back after so many requests. */
function holdAfter(prefix: string, count: number): () => void {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  hold = { prefix: `${prefix}/`, left: count, released };
  return release;
}

const start = (args: string[] = [], settings = env): Promise<MirsalProcess> =>
  startMirsal({ directory: directory.path, env: settings, args });

beforeAll(async () => {
  receiver = await startReceiver();
  receiver.answerWith(async ({ path }) => {
    times.set(path, [...(times.get(path) ?? []), performance.now()]);
    const before = busy.get(path) ?? 0;
    if (before > 0) overlaps.push(path);
    busy.set(path, before + 1);
    // Long enough for a second request to be seen beside the first, if there were one.
    await new Promise((resolve) => setTimeout(resolve, 3));
    if (path.startsWith(hold.prefix)) {
      hold.left -= 1;
      if (hold.left < 0) await hold.released;
    }
    busy.set(path, (busy.get(path) ?? 1) - 1);
    return 200;
  });
  env = { ...(await storeEnv('PostgreSQL')), MIRSAL_SECRET: 'one secret for all nodes of the database' };
  nodes = await Promise.all(Array.from({ length: NODES }, () => start()));
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await receiver.close();
  directory.remove();
});

function nodeAt(index: number): MirsalProcess {
  const node = nodes[index];
  if (node === undefined) throw new Error(`There is no node ${index} any more.`);
  return node;
}

async function aType(node: MirsalProcess, name: string): Promise<void> {
  expect((await node.call('POST', '/v1/event-types', { name })).status).toBe(201);
}

/** An endpoint at `path` of the receiver; resolves to its id. */
async function anEndpoint(node: MirsalProcess, path: string, type: string): Promise<string> {
  const made = await node.call('POST', '/v1/endpoints', { url: receiver.url + path, event_types: [type] });
  expect(made.status).toBe(201);
  return made.body.id;
}

const under = (prefix: string): Received[] =>
  receiver.received.filter(({ path }) => path.startsWith(`${prefix}/`));

/** Waits until that many different messages have come for the paths under `prefix`. */
async function arrived(prefix: string, count: number): Promise<void> {
  const distinct = new Set<string>();
  for (let seen = 0; distinct.size < count; seen += 1) {
    await receiver.count(seen + 1);
    const { path = '', headers } = receiver.received[seen] ?? {};
    if (path.startsWith(`${prefix}/`)) distinct.add(`${path} ${headers?.['webhook-id']}`);
  }
}

const numberOf = ({ body }: Received): number =>
  (JSON.parse(body) as { data: { number: number } }).data.number;
const counted = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Publishes 0, 1, 2 … of a type in batches of 25. */
async function publishNumbers(node: MirsalProcess, type: string, count: number): Promise<void> {
  for (let first = 0; first < count; first += 25) {
    const events = counted(25).map((index) => ({ type, data: { number: first + index } }));
    expect((await node.call('POST', '/v1/events/batch', { events })).status).toBe(202);
  }
}

test('P3, P4: published at all nodes at once, every endpoint gets one request at a time, in order of acceptance', async () => {
  await aType(nodeAt(0), 'order');
  for (let n = 0; n < ENDPOINTS; n += 1) await anEndpoint(nodeAt(n % NODES), `/order/${n}`, 'order');
  const PER_NODE = 25;
  let tick = 0;
  const spans: Array<{ submitted: number; acknowledged: number }> = [];
  await Promise.all(
    nodes.map(async (node) => {
      for (let n = 0; n < PER_NODE; n += 1) {
        const number = spans.length;
        const span = { submitted: tick++, acknowledged: Number.NaN };
        spans.push(span);
        const answer = await node.call('POST', '/v1/events', { type: 'order', data: { number } });
        expect(answer.body).toMatchObject({ deliveries: ENDPOINTS });
        span.acknowledged = tick++;
      }
    }),
  );
  await arrived('/order', ENDPOINTS * NODES * PER_NODE);
  expect(overlaps).toEqual([]);
  for (let n = 0; n < ENDPOINTS; n += 1) {
    const requests = receiver.of(`/order/${n}`);
    expect(requests.map(({ headers }) => Number(headers['mirsal-sequence']))).toEqual(
      counted(NODES * PER_NODE).map((index) => index + 1),
    );
    // Nothing came after an event that had been submitted only once it was acknowledged itself.
    let acknowledged = Number.POSITIVE_INFINITY;
    for (const request of requests.toReversed()) {
      const span = spans[numberOf(request)];
      if (span === undefined) throw new Error('Nobody published this.');
      expect(acknowledged).toBeGreaterThan(span.submitted);
      acknowledged = Math.min(acknowledged, span.acknowledged);
    }
  }
});

test('an endpoint changed through one node applies at once to what is published at another (exact routing)', async () => {
  const [first, second, third] = [nodeAt(0), nodeAt(1), nodeAt(2)];
  await aType(first, 'routing');
  await aType(first, 'routing.other');
  const id = await anEndpoint(first, '/routing/0', 'routing');
  const deliveries = async (node: MirsalProcess): Promise<number> =>
    (await node.call('POST', '/v1/events', { type: 'routing', data: {} })).body.deliveries;
  expect(await deliveries(second)).toBe(1);
  let wanted = 1;
  for (let round = 0; round < 10; round += 1) {
    const [changing, publishing] = round % 2 === 0 ? [first, second] : [third, first];
    await changing.call('PATCH', `/v1/endpoints/${id}`, { event_types: ['routing.other'] });
    expect(await deliveries(publishing)).toBe(0);
    await changing.call('PATCH', `/v1/endpoints/${id}`, { event_types: ['routing'] });
    expect(await deliveries(publishing)).toBe(1);
    wanted += 1;
  }
  const another = await anEndpoint(third, '/routing/1', 'routing');
  expect(await deliveries(first)).toBe(2);
  // What is open when its endpoint is deleted is skipped.
  await arrived('/routing', wanted + 2);
  await second.call('DELETE', `/v1/endpoints/${another}`);
  expect(await deliveries(first)).toBe(1);
  wanted += 2;
  await arrived('/routing', wanted + 1);
  expect(receiver.of('/routing/0')).toHaveLength(wanted);
});

test('what is made at one node is known to the very next call at any other', async () => {
  for (let round = 0; round < 10; round += 1) {
    const [making, using, asking] = [0, 1, 2].map((place) => nodeAt((round + place) % NODES));
    if (making === undefined || using === undefined || asking === undefined) throw new Error('Three nodes.');
    const type = `made.${round}`;
    await aType(making, type);
    const id = await anEndpoint(using, `/made/${round}`, type);
    expect((await asking.call('GET', `/v1/endpoints/${id}`)).status).toBe(200);
    expect((await making.call('GET', '/v1/endpoints?limit=1')).body.data[0].id).toBe(id);
    await aType(using, `${type}.second`);
    const event = { type: `${type}.second`, data: {} };
    expect((await asking.call('POST', '/v1/events', event)).body).toMatchObject({ deliveries: 0 });
    await asking.call('PATCH', `/v1/endpoints/${id}`, { event_types: [`${type}.second`] });
    expect((await making.call('POST', '/v1/events', event)).body).toMatchObject({ deliveries: 1 });
    expect((await making.call('DELETE', `/v1/endpoints/${id}`)).status).toBe(204);
    expect((await using.call('GET', `/v1/endpoints/${id}`)).status).toBe(404);
    expect((await making.call('DELETE', `/v1/event-types/${type}.second`)).status).toBe(204);
    const refused = await asking.call('POST', '/v1/events', event);
    expect([refused.status, refused.body.code]).toEqual([422, 'unknown_event_type']);
  }
});

test('a schema tightened at one node holds for the very next publish at any other, and so does a loosened one', async () => {
  const strict = { type: 'object', required: ['order'], properties: { order: { type: 'integer' } } };
  await aType(nodeAt(0), 'tightened');
  for (let round = 0; round < 10; round += 1) {
    const [changing, publishing] = [nodeAt(round % NODES), nodeAt((round + 1) % NODES)];
    const publish = () => publishing.call('POST', '/v1/events', { type: 'tightened', data: { order: 'x' } });
    await changing.call('PATCH', '/v1/event-types/tightened', { schema: strict });
    const refused = await publish();
    expect([refused.status, refused.body.code]).toEqual([422, 'schema_violation']);
    expect(refused.body.errors).toMatchObject([{ field: '/data/order' }]);
    await changing.call('PATCH', '/v1/event-types/tightened', { schema: { type: 'object' } });
    expect((await publish()).status).toBe(202);
  }
});

test('P9: disabled through one node, an endpoint holds what is published at another; enabled through a third, it gets all in order', async () => {
  const [first, second, third] = [nodeAt(0), nodeAt(1), nodeAt(2)];
  await aType(first, 'held');
  const id = await anEndpoint(first, '/held/0', 'held');
  await first.call('POST', `/v1/endpoints/${id}/disable`);
  await publishNumbers(second, 'held', 25);
  expect((await third.call('GET', `/v1/endpoints/${id}`)).body).toMatchObject({ enabled: false, held: 25 });
  const { body } = await first.call('GET', `/v1/deliveries?endpoint_id=${id}&state=held&limit=100`);
  expect(body.data).toHaveLength(25);
  expect(receiver.of('/held/0')).toEqual([]);
  await third.call('POST', `/v1/endpoints/${id}/enable`, { held: 'send' });
  await arrived('/held', 25);
  expect(receiver.of('/held/0').map(numberOf)).toEqual(counted(25));
});

test('an API key revoked at one node stops working there at once, at the others long before a lease has ended', async () => {
  const [first, second, third] = [nodeAt(0), nodeAt(1), nodeAt(2)];
  const made = await first.call('POST', '/v1/api-keys', { name: 'short-lived', scopes: ['read'] });
  const headers = { authorization: `Bearer ${made.body.key}` };
  const status = async (node: MirsalProcess): Promise<number> =>
    (await node.call('GET', '/v1/endpoints?limit=1', undefined, headers)).status;
  for (const node of [first, second, third]) expect(await status(node)).toBe(200);
  expect((await first.call('DELETE', `/v1/api-keys/${made.body.id}`)).status).toBe(204);
  const revokedAt = performance.now();
  expect(await status(first)).toBe(401);
  for (const node of [second, third]) {
    await until(
      () => status(node),
      (answer) => answer === 401,
    );
  }
  expect(performance.now() - revokedAt).toBeLessThan(WELL_BELOW_A_LEASE_MS);
});

test('--roles api takes events in without sending them; a node with the engine sends them', async () => {
  const settings = { ...env, ...(await storeEnv('PostgreSQL')) };
  const intake = await start(['--roles', 'api'], settings);
  await aType(intake, 'roles');
  await anEndpoint(intake, '/roles/0', 'roles');
  await publishNumbers(intake, 'roles', 25);
  const { body } = await intake.call('GET', '/v1/deliveries?state=pending&limit=100');
  expect(body.data).toHaveLength(25);
  expect(under('/roles')).toEqual([]);
  const sending = await start(['--roles', 'engine'], settings);
  await arrived('/roles', 25);
  await intake.call('POST', '/v1/events', { type: 'roles', data: { number: 25 } });
  await arrived('/roles', 26);
  expect(receiver.of('/roles/0').map(numberOf)).toEqual(counted(26));
  expect(await Promise.all([intake.stop(), sending.stop()])).toEqual([0, 0]);
});

test('a node that is told to stop hands its lanes over at once; nothing is sent twice', async () => {
  await aType(nodeAt(0), 'handover');
  const lanes = 10;
  const events = 75;
  for (let n = 0; n < lanes; n += 1) await anEndpoint(nodeAt(0), `/handover/${n}`, 'handover');
  const release = holdAfter('/handover', 100);
  await publishNumbers(nodeAt(0), 'handover', events);
  await arrived('/handover', 100);
  const toldAt = performance.now();
  const stopped = nodeAt(0).stop();
  expect(under('/handover').length).toBeLessThan(lanes * events);
  release();
  expect(await stopped).toBe(0);
  await arrived('/handover', lanes * events);
  expect(under('/handover')).toHaveLength(lanes * events);
  for (let n = 0; n < lanes; n += 1) {
    expect(receiver.of(`/handover/${n}`).map(numberOf)).toEqual(counted(events));
    // The longest that the lane stood still: how long all of it takes is the machine's affair.
    const moments = [toldAt, ...(times.get(`/handover/${n}`) ?? []).filter((at) => at > toldAt)];
    const silences = moments.map((at, index) => at - (moments[index - 1] ?? at));
    expect(Math.max(...silences)).toBeLessThan(WELL_BELOW_A_LEASE_MS);
  }
  expect(overlaps).toEqual([]);
  nodes = [await start(), nodeAt(1), nodeAt(2)];
});

test('P5: a node that is killed is taken over once its lease is out; at most one repeat per lane, in order', async () => {
  await aType(nodeAt(0), 'killed');
  const lanes = 10;
  const events = 50;
  for (let n = 0; n < lanes; n += 1) await anEndpoint(nodeAt(1), `/killed/${n}`, 'killed');
  const release = holdAfter('/killed', 100);
  await publishNumbers(nodeAt(0), 'killed', events);
  await arrived('/killed', 100);
  await nodeAt(0).kill();
  nodes = [nodeAt(1), nodeAt(2)];
  const before = under('/killed').length;
  expect(before).toBeLessThan(lanes * events);
  release();
  // Published at a living node into lanes that are still the dead one's: accepted, and sent in their turn.
  const last = await nodeAt(0).call('POST', '/v1/events', { type: 'killed', data: { number: events } });
  expect(last.body).toMatchObject({ deliveries: lanes });
  await arrived('/killed', lanes * (events + 1));
  for (let n = 0; n < lanes; n += 1) {
    const numbers = receiver.of(`/killed/${n}`).map(numberOf);
    const distinct = numbers.filter((number, index) => number !== numbers[index - 1]);
    expect(distinct).toEqual(counted(events + 1));
    expect(numbers.length - distinct.length).toBeLessThanOrEqual(1);
  }
  expect(overlaps).toEqual([]);
});
