/** A replay through `kill -9`, on both stores (P2, P3, P13). */

import { describe, expect, test } from 'vitest';
import { type MirsalProcess, startMirsal, temporaryDirectory } from './support/process.ts';
import { until } from './support/served.ts';
import { expireLeases, STORES, storeEnv } from './support/stores.ts';

const BATCHES = 10;
const BATCH = 500;
const COUNT = BATCHES * BATCH;

interface Listed {
  id: string;
  sequence: number;
  replay_of: string | null;
}

/** Deliveries of the endpoint in that state, by sequence. */
async function listAll(node: MirsalProcess, endpoint: string, state: string): Promise<Listed[]> {
  const all: Listed[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = `endpoint_id=${endpoint}&state=${state}&limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const { body } = await node.call('GET', `/v1/deliveries?${query}`);
    all.push(...body.data);
    cursor = body.next_cursor;
  }
  return all.sort((one, other) => one.sequence - other.sequence);
}

/** An endpoint that is off, with what was skipped of it. */
async function prepare(node: MirsalProcess): Promise<string> {
  await node.call('POST', '/v1/event-types', { name: 'replay.test', schema: { type: 'object' } });
  const made = await node.call('POST', '/v1/endpoints', {
    url: 'http://127.0.0.1:9/never',
    event_types: ['replay.test'],
  });
  const endpoint: string = made.body.id;
  await node.call('POST', `/v1/endpoints/${endpoint}/disable`);
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const events = Array.from({ length: BATCH }, (_, n) => ({
      id: `event-${batch * BATCH + n}`,
      type: 'replay.test',
      data: {},
    }));
    expect((await node.call('POST', '/v1/events/batch', { events })).status).toBe(202);
  }
  await node.call('POST', `/v1/endpoints/${endpoint}/enable`, { held: 'skip' });
  await node.call('POST', `/v1/endpoints/${endpoint}/disable`);
  return endpoint;
}

describe.each(STORES)('on %s', (kind) => {
  test('P2, P13: a replay that is killed goes on with the next node: each original once, in order', {
    timeout: 240_000,
  }, async () => {
    const directory = temporaryDirectory();
    const env = await storeEnv(kind, directory.path);
    const first = await startMirsal({ directory: directory.path, env });
    const endpoint = await prepare(first);
    // The rows of a long queue are written as skipped by and by.
    const originals = await until(
      () => listAll(first, endpoint, 'skipped'),
      (all) => all.length === COUNT,
    );
    const started = await first.call('POST', `/v1/endpoints/${endpoint}/replay`, {
      since: '2020-01-01T00:00:00Z',
    });
    expect(started).toMatchObject({ status: 202, body: { total: COUNT, gone: 0 } });
    const job = async (node: MirsalProcess) =>
      (await node.call('GET', `/v1/replays/${started.body.id}`)).body;
    await until(
      () => job(first),
      ({ done }) => done > 0,
    );
    await first.kill();
    await expireLeases(env);
    const second = await startMirsal({ directory: directory.path, env });
    const found = await job(second);
    expect(found).toMatchObject({ state: 'running' });
    expect(found.done).toBeLessThan(COUNT);
    const finished = await until(
      () => job(second),
      ({ state }) => state !== 'running',
    );
    expect(finished).toMatchObject({ state: 'finished', done: COUNT, total: COUNT, gone: 0, progress: 1 });
    const held = await listAll(second, endpoint, 'held');
    expect(held.map(({ replay_of }) => replay_of)).toEqual(originals.map(({ id }) => id));
    expect(held.map(({ sequence }) => sequence)).toEqual(held.map((_, index) => COUNT + 1 + index));
    expect(await second.stop()).toBe(0);
    directory.remove();
  });
});
