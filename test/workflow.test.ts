/**
 * B3: a workflow through `kill -9` at every step, on both stores: each step's effect once, the history
 * complete. The clock of the node runs thirty times as fast as the world's.
 */

import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type MirsalProcess, startMirsal, temporaryDirectory } from './support/process.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { until } from './support/served.ts';
import { storeEnv } from './support/stores.ts';

const CONTACTS = 5;
const STEPS = ['one', 'two', 'three'];

let directory: ReturnType<typeof temporaryDirectory>;
let receiver: Receiver;
let node: MirsalProcess;
let start: () => Promise<MirsalProcess>;

beforeEach(async () => {
  directory = temporaryDirectory();
  receiver = await startReceiver();
});

afterEach(async () => {
  await node.kill();
  await receiver.close();
  directory.remove();
});

const contact = (id: number) => ({
  id,
  email: `reader-${id}@example.com`,
  fields: [],
  ip: null,
  referred_by_contact_id: null,
  referred_by_contact_email: null,
});

describe.each(['SQLite', 'PostgreSQL'] as const)('on %s', (kind) => {
  test('a workflow with a delay before each step survives a kill at each of them', async () => {
    const env = {
      ...(await storeEnv(kind)),
      HURRIED_FROM: String(Date.now()),
      HURRIED_BY: '30',
      MIRSAL_SECRET: 'one secret for all processes',
    };
    start = () =>
      startMirsal({
        directory: directory.path,
        script: join(import.meta.dirname, 'support/hurried.ts'),
        env,
      });
    node = await start();
    const made = await node.call('POST', '/v1/workflows', {
      name: 'After the tag',
      triggers: [{ event_type: 'contact.tag.added' }],
      steps: STEPS.flatMap((step) => [
        { id: `before_${step}`, type: 'delay', for: 'PT30S' },
        {
          id: step,
          type: 'webhook',
          url: `${receiver.url}/${step}`,
          template: { contact: '{{data.contact.id}}', step },
        },
      ]),
    });
    expect(made.body).toMatchObject({ enabled: true, version: 1 });
    const events = Array.from({ length: CONTACTS }, (_, n) => ({
      type: 'contact.tag.added',
      data: { tag: { id: 1, name: 'reader' }, contact: contact(n + 1) },
    }));
    const published = await node.call('POST', '/v1/events/batch', { events });
    expect(published.body.events.map(({ runs }: { runs: number }) => runs)).toEqual(events.map(() => 1));
    for (const step of STEPS) {
      // Some of this step's effects are out, others are not: then it dies.
      await until(
        async () => receiver.of(`/${step}`).length,
        (count) => count > 0,
      );
      await node.kill();
      node = await start();
    }
    const distinct = (step: string): number =>
      new Set(receiver.of(`/${step}`).map(({ headers }) => headers['webhook-id'])).size;
    await until(
      async () => STEPS.map(distinct),
      (counts) => counts.every((count) => count >= CONTACTS),
    );
    const { data: runs } = (
      await until(
        () => node.call('GET', '/v1/runs'),
        ({ body }) => body.data.every(({ state }: { state: string }) => state === 'finished'),
      )
    ).body;
    expect(runs).toHaveLength(CONTACTS);
    for (const { id } of runs) {
      const { steps } = (await node.call('GET', `/v1/runs/${id}`)).body;
      expect(
        steps.map(
          ({ step, details }: { step: string; details: { outcome: string } }) => `${step} ${details.outcome}`,
        ),
      ).toEqual(STEPS.flatMap((step) => [`before_${step} waiting`, `before_${step} passed`, `${step} done`]));
    }
    for (const step of STEPS) {
      expect(distinct(step)).toBe(CONTACTS);
      const bodies = new Set(receiver.of(`/${step}`).map(({ body }) => body));
      expect(bodies.size).toBe(CONTACTS);
    }
  }, 120_000);
});
