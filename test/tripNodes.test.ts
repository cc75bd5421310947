/** A11: several nodes on one PostgreSQL share one error budget, and agree on who is disabled. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MirsalProcess, startMirsal, temporaryDirectory } from './support/process.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { until } from './support/served.ts';
import { storeEnv } from './support/stores.ts';

const LIMIT = 30;
const LANES = 12;

const directory = temporaryDirectory();
let nodes: [MirsalProcess, MirsalProcess, MirsalProcess];
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
  const env = {
    ...(await storeEnv('PostgreSQL')),
    MIRSAL_SECRET: 'one secret for all nodes of the database',
  };
  const start = () => startMirsal({ directory: directory.path, env });
  const first = await start();
  nodes = [first, ...(await Promise.all([start(), start()]))];
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await receiver.close();
  directory.remove();
});

test('a dead endpoint with lanes at every node is disabled once, at the 31st error; the healthy one goes on', async () => {
  receiver.answerWith(({ path }) => (path === '/dead' ? 500 : 200));
  const [node] = nodes;
  await node.call('POST', '/v1/event-types', { name: 'trip' });
  const connect = (path: string, more: object) =>
    node.call('POST', '/v1/endpoints', { url: receiver.url + path, event_types: ['trip'], ...more });
  const lanes = { ordering: { by: 'none', lanes: LANES }, retry: { preset: 'none' } };
  const { body: dead } = await connect('/dead', lanes);
  const { body: healthy } = await connect('/healthy', {});
  const events = (from: number) =>
    Array.from({ length: 20 }, (_, n) => ({ type: 'trip', data: { number: from + n } }));
  await Promise.all(
    Array.from({ length: 9 }, (_, index) =>
      nodes[index % 3]?.call('POST', '/v1/events/batch', { events: events(index * 20) }),
    ),
  );
  await until(
    async () => receiver.of('/healthy').length,
    (count) => count === 180,
  );
  for (const each of nodes) {
    const shown = await until(
      () => each.call('GET', `/v1/endpoints/${dead.id}`),
      ({ body }) => body.enabled === false,
    );
    expect(shown.body.disabled).toMatchObject({ reason: 'error_budget' });
    expect((await each.call('GET', `/v1/endpoints/${healthy.id}`)).body.enabled).toBe(true);
  }
  const { data } = (await node.call('GET', '/v1/notices')).body;
  const disabled = data.filter(({ kind }: { kind: string }) => kind === 'endpoint.disabled');
  expect(disabled).toHaveLength(1);
  expect(disabled[0].details.trip).toMatchObject({ errors: LIMIT + 1 });
  // Beyond the 31st, only what was in flight in the other lanes when it was recorded.
  const attempts = receiver.of('/dead').length;
  expect(attempts).toBeGreaterThan(LIMIT);
  expect(attempts).toBeLessThanOrEqual(LIMIT + LANES);
  const { body: budget } = await node.call('GET', '/v1/budget');
  expect(budget).toMatchObject({ errors: 0, endpoints: [] });
}, 180_000);
