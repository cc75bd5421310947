/** `kill -9` in the middle of the work, on both stores (P1, P2, P3, P5). */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from './support/postgres.ts';
import { API_KEY, type MirsalProcess, startMirsal, temporaryDirectory } from './support/process.ts';
import { type Received, type Receiver, startReceiver } from './support/receiver.ts';
import { expireLeases } from './support/stores.ts';

const ENDPOINTS = 20;
const EVENTS = 250;
const KILL_AFTER = 1_500;

let postgres: PostgresServer;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres.stop();
});

function eventsFrom(first: number, count: number): unknown[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `event-${first + index}`,
    type: 'crash.test',
    data: { number: first + index },
  }));
}

/** Publishes like a client that does not give up: an unanswered batch is sent again, with the same ids. */
async function publishAll(current: () => Promise<MirsalProcess>): Promise<void> {
  for (let first = 0; first < EVENTS; first += 25) {
    for (;;) {
      const node = await current();
      const answer = await node
        .call('POST', '/v1/events/batch', { events: eventsFrom(first, 25) })
        .catch(() => null);
      if (answer?.status === 202) break;
    }
  }
}

const numberOf = ({ body }: Received): number =>
  (JSON.parse(body) as { data: { number: number } }).data.number;

/** Numbers in order of arrival with immediate repeats dropped, and how many were. */
function withoutRepeats(received: readonly Received[]): { numbers: number[]; repeats: number } {
  const numbers = received
    .map(numberOf)
    .filter((number, index, all) => index === 0 || all[index - 1] !== number);
  return { numbers, repeats: received.length - numbers.length };
}

async function prepare(node: MirsalProcess, receiver: Receiver): Promise<void> {
  await node.call('POST', '/v1/event-types', { name: 'crash.test', schema: { type: 'object' } });
  for (let n = 0; n < ENDPOINTS; n += 1) {
    const made = await node.call('POST', '/v1/endpoints', {
      url: `${receiver.url}/${n}`,
      event_types: ['crash.test'],
    });
    expect(made.status).toBe(201);
  }
}

describe.each(['SQLite', 'PostgreSQL'])('on %s', (kind) => {
  test('P1, P3, P5: after kill -9 amid 5,000 deliveries nothing is lost, order is kept, at most one repeat per lane', {
    timeout: 240_000,
  }, async () => {
    const directory = temporaryDirectory();
    const env: Record<string, string> =
      kind === 'SQLite' ? {} : { MIRSAL_DATABASE_URL: await postgres.createDatabase() };
    const receiver = await startReceiver();
    let node = startMirsal({ directory: directory.path, env });
    await prepare(await node, receiver);
    const published = publishAll(() => node);
    await receiver.count(KILL_AFTER);
    const killed = await node;
    node = killed
      .kill()
      .then(() => expireLeases(env))
      .then(() => startMirsal({ directory: directory.path, env }));
    await published;
    const distinct = new Set<string>();
    for (let seen = 0; distinct.size < ENDPOINTS * EVENTS; seen += 1) {
      await receiver.count(seen + 1);
      const request = receiver.received[seen];
      if (request !== undefined) distinct.add(`${request.path} ${numberOf(request)}`);
    }
    const restarted = await node;
    for (let n = 0; n < ENDPOINTS; n += 1) {
      const { numbers, repeats } = withoutRepeats(receiver.of(`/${n}`));
      expect(numbers).toEqual(Array.from({ length: EVENTS }, (_, index) => index));
      expect(repeats).toBeLessThanOrEqual(1);
      const ids = new Set(receiver.of(`/${n}`).map(({ headers }) => headers['webhook-id']));
      expect(ids.size).toBe(EVENTS);
    }
    expect(await restarted.stop()).toBe(0);
    await receiver.close();
    directory.remove();
  });
});

test('a second process on the same data directory is refused with a clear message', async () => {
  const directory = temporaryDirectory();
  const first = await startMirsal({ directory: directory.path });
  await expect(startMirsal({ directory: directory.path })).rejects.toThrow(
    /Another Mirsal process is using this data directory/,
  );
  expect((await first.call('GET', '/v1/meta')).status).toBe(200);
  await first.stop();
  directory.remove();
});

test('a port that is taken, a setting that is wrong and a database that is away are said in a sentence', async () => {
  const directory = temporaryDirectory();
  const other = temporaryDirectory();
  const first = await startMirsal({ directory: directory.path });
  const port = new URL(first.url).port;
  const start = (env: Record<string, string>) => startMirsal({ directory: other.path, env });
  await expect(start({ MIRSAL_PORT: port })).rejects.toThrow(
    `mirsal: Port ${port} is taken. Choose another with MIRSAL_PORT.\n`,
  );
  await expect(start({ MIRSAL_PORT: 'x' })).rejects.toThrow(/mirsal: MIRSAL_PORT is a port number/);
  await expect(start({ MIRSAL_DATABASE_URL: 'postgres://127.0.0.1:1/none' })).rejects.toThrow(
    /mirsal: PostgreSQL cannot be used: connect ECONNREFUSED [^\n]+\n$/,
  );
  await first.stop();
  directory.remove();
  other.remove();
});

test('stopping waits for the answer in flight and records it: nothing is sent again', async () => {
  const directory = temporaryDirectory();
  const receiver = await startReceiver();
  const release = Promise.withResolvers<number>();
  receiver.answerWith(() => release.promise);
  const first = await startMirsal({ directory: directory.path });
  await prepare(first, receiver);
  const published = await first.call('POST', '/v1/events', eventsFrom(0, 1)[0]);
  expect(published.status).toBe(202);
  await receiver.count(ENDPOINTS);
  const stopped = first.stop();
  // The node says that it is stopping; only then is the answer given.
  while ((await first.call('GET', '/readyz')).body.code !== 'stopping');
  release.resolve(200);
  expect(await stopped).toBe(0);
  const second = await startMirsal({ directory: directory.path });
  const { body } = await second.call('GET', '/v1/deliveries?state=delivered&limit=100');
  expect(body.data).toHaveLength(ENDPOINTS);
  await second.stop();
  expect(receiver.received).toHaveLength(ENDPOINTS);
  await receiver.close();
  directory.remove();
});

test('P14: while the database is away publishing answers 503 with Retry-After, and goes on when it is back', async () => {
  const own = await startPostgres();
  const directory = temporaryDirectory();
  const receiver = await startReceiver();
  const node = await startMirsal({
    directory: directory.path,
    env: { MIRSAL_DATABASE_URL: await own.createDatabase() },
  });
  await prepare(node, receiver);
  const send = (n: number) => node.call('POST', '/v1/events', eventsFrom(n, 1)[0]);
  expect((await send(0)).status).toBe(202);
  await own.stopServer();
  const refused = await send(1);
  expect(refused.status).toBe(503);
  expect(refused.body).toMatchObject({ code: 'store_unavailable' });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await node.call('GET', '/readyz')).status).toBe(503);
  await own.startServer();
  let answer = await send(1);
  while (answer.status === 503) answer = await send(1);
  expect(answer.status).toBe(202);
  await receiver.count(ENDPOINTS * 2);
  for (let n = 0; n < ENDPOINTS; n += 1) expect(receiver.of(`/${n}`).map(numberOf)).toEqual([0, 1]);
  await node.stop();
  await receiver.close();
  await own.stop();
  directory.remove();
});

test('P1, P14: a disk that takes no more answers 503 with Retry-After; what was acknowledged is there after a restart', async () => {
  const directory = temporaryDirectory();
  // No file of this process may grow beyond 6 MiB; the signal that says so is ignored, the write fails.
  const wrapper = ['bash', '-c', 'trap "" XFSZ; ulimit -f 6144; exec "$@"', 'limited'];
  const limited = await startMirsal({ directory: directory.path, wrapper });
  await limited.call('POST', '/v1/event-types', { name: 'crash.test', schema: { type: 'object' } });
  const acknowledged: string[] = [];
  const padding = 'x'.repeat(100_000);
  let refused = null;
  for (let n = 0; refused === null && n < 500; n += 1) {
    const id = `event-${n}`;
    const answer = await limited.call('POST', '/v1/events', { id, type: 'crash.test', data: { padding } });
    if (answer.status === 202) acknowledged.push(id);
    else refused = answer;
  }
  expect(refused?.status).toBe(503);
  expect(refused?.body).toMatchObject({ code: 'store_unavailable' });
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(acknowledged.length).toBeGreaterThan(10);
  await limited.kill();
  const free = await startMirsal({ directory: directory.path });
  for (const id of acknowledged) {
    const found = await fetch(`${free.url}/v1/events/${id}`, {
      headers: { authorization: `Bearer ${API_KEY}` },
    });
    expect(found.status).toBe(200);
  }
  expect((await free.call('POST', '/v1/events', { type: 'crash.test', data: {} })).status).toBe(202);
  await free.stop();
  directory.remove();
});
