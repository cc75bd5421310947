/** A12: somebody to tell from the first start on, named by the environment. */

import { afterEach, expect, test } from 'vitest';
import { callsTo, INSTANCE_KEY, temporaryDirectory } from './support/process.ts';
import { type Served, startServed } from './support/served.ts';

const directory = temporaryDirectory();
let served: Served | null = null;
afterEach(async () => {
  await served?.close();
  served = null;
  directory.remove();
});

async function start(owner: string): Promise<Served> {
  served = await startServed({ env: { MIRSAL_DATA_DIR: directory.path, MIRSAL_OWNER_EMAIL: owner } });
  return served;
}

const ownersOf = async ({ url }: Served): Promise<unknown> => {
  const answer = await callsTo(url)('GET', '/v1/workspaces', undefined, {
    authorization: `Bearer ${INSTANCE_KEY}`,
  });
  return answer.body.data[0].owners;
};

test('MIRSAL_OWNER_EMAIL names the first owner, in the workspace’s language, and replaces nobody', async () => {
  const first = await start('layla@example.com');
  expect(await ownersOf(first)).toEqual([{ email: 'layla@example.com', language: 'en' }]);
  await first.call('PATCH', '/v1/settings', { language: 'ar' });
  await first.close();
  served = null;
  const second = await start('sam@example.com');
  expect(await ownersOf(second)).toEqual([{ email: 'layla@example.com', language: 'en' }]);
});
