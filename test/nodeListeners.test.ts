/** P10: an endpoint that points at any node of the installation is refused on every node, but for bins. */

import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { createDatabase } from './support/postgres.ts';
import { type Served, startServed, until } from './support/served.ts';

let first: Served;
let second: Served;

beforeEach(async () => {
  const url = await createDatabase(inject('postgresUrl'), `listeners_${process.pid}`);
  const env = { MIRSAL_DATABASE_URL: url, MIRSAL_SECRET: 'a secret of both nodes' };
  first = await startServed({ env });
  second = await startServed({ env });
});

afterEach(async () => {
  await second.close();
  await first.close();
});

test('at save, by the node that came first within a heartbeat, by the other at once', async () => {
  const connect = (served: Served, port: number) =>
    served.call('POST', '/v1/endpoints', { url: `http://127.0.0.1:${port}/v1/events`, event_types: ['*'] });
  const refused = { status: 422, body: { code: 'target_refused' } };
  expect(await connect(second, first.running.port)).toMatchObject(refused);
  const known = await until(
    () => connect(first, second.running.port),
    ({ status }) => status !== 201,
  );
  expect(known).toMatchObject(refused);
});
