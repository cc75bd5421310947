/** A request that waits at one node is answered through another. */

import { expect, test } from 'vitest';
import { Mirsal } from '../src/sdk/sdk.ts';
import { API_KEY } from './support/process.ts';
import { type Served, startServed } from './support/served.ts';
import { storeEnv } from './support/stores.ts';

test('on two nodes of one PostgreSQL, an answer reaches its request whichever node takes it', async () => {
  const env = {
    ...(await storeEnv('PostgreSQL')),
    MIRSAL_SECRET: 'one secret for all nodes of the database',
  };
  const nodes: Served[] = [await startServed({ env }), await startServed({ env })];
  try {
    const [one, other] = nodes.map(({ url }) => new Mirsal({ url, apiKey: API_KEY })) as [Mirsal, Mirsal];
    const bin = await one.bins.create({ answer: { relay_ms: 30_000, status: 504 } });
    const path = new URL(bin.url).pathname;
    const sent = fetch(`${nodes[0]?.url}${path}/hooks?a=1`, { method: 'PUT', body: 'مرحبا' });
    const { data } = await other.bins.listRequests(bin.id, { wait: 30, bodies: true });
    expect(data).toMatchObject([{ method: 'PUT', path: '/hooks?a=1', body: 'مرحبا' }]);
    await other.bins.answerRequest(bin.id, data[0]?.id ?? '', { status: 202, body: 'from afar' });
    const answer = await sent;
    expect([answer.status, await answer.text()]).toEqual([202, 'from afar']);
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
  }
});
