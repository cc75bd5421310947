/**
 * B3: a workflow through `kill -9` at every step, on both stores: each step's effect once, the history
 * complete. The clock of the node runs thirty times as fast as the world's.
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { built } from './support/built.ts';
import { type MirsalProcess, startMirsal, temporaryDirectory } from './support/process.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { until } from './support/served.ts';
import { storeEnv } from './support/stores.ts';

const CONTACTS = 5;
/** Of them, those whose tag is removed again before the time is out. */
const REMOVED = 2;
/** Where each step sends: one path for the branches of a step. */
const STEPS = ['one', 'two', 'three'];

/**
 * On PostgreSQL it is the server's clock that counts, which cannot be hurried. On both, 24 s for what comes in time,
 * of which a restart on a busy machine takes ten.
 */
const TIMES = {
  SQLite: { pause: 'PT30S', timeout: 'PT12M', hurriedBy: '30' },
  PostgreSQL: { pause: 'PT1S', timeout: 'PT24S', hurriedBy: '1' },
};

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
  test('a workflow with delays, a decision and a wait for an event survives a kill at each of its steps', async () => {
    const { pause, timeout, hurriedBy } = TIMES[kind];
    const env = {
      ...(await storeEnv(kind, directory.path)),
      HURRIED_FROM: String(Date.now()),
      HURRIED_BY: hurriedBy,
      MIRSAL_SECRET: 'one secret for all processes',
    };
    start = () =>
      startMirsal({
        directory: directory.path,
        script: built('hurried'),
        env,
      });
    node = await start();
    const send = (id: string, step: string) => ({
      id,
      type: 'webhook',
      url: `${receiver.url}/${step}`,
      template: { contact: '{{data.contact.id}}', step: id },
    });
    const made = await node.call('POST', '/v1/workflows', {
      name: 'After the tag',
      triggers: [{ event_type: 'contact.tag.added' }],
      max_overdue: 'P1D',
      steps: [
        { id: 'pause', type: 'delay', for: pause },
        send('first', 'one'),
        {
          id: 'which',
          type: 'decision',
          condition: { field: 'data.contact.id', op: 'less_or_equal', value: REMOVED },
          yes: [{ id: 'longer', type: 'delay', for: pause }, send('yes', 'two')],
          no: [{ id: 'shorter', type: 'delay', for: pause }, send('no', 'two')],
        },
        {
          id: 'removal',
          type: 'wait_for_event',
          event_type: 'contact.tag.removed',
          timeout,
          received: [send('received', 'three')],
          timed_out: [send('timed_out', 'three')],
        },
      ],
    });
    expect(made.body).toMatchObject({ enabled: true, version: 1 });
    const events = Array.from({ length: CONTACTS }, (_, n) => ({
      type: 'contact.tag.added',
      data: { tag: { id: 1, name: 'reader' }, contact: contact(n + 1) },
    }));
    const published = await node.call('POST', '/v1/events/batch', { events });
    expect(published.body.events.map(({ runs }: { runs: number }) => runs)).toEqual(events.map(() => 1));
    const distinct = (step: string): number =>
      new Set(receiver.of(`/${step}`).map(({ headers }) => headers['webhook-id'])).size;
    for (const step of STEPS) {
      if (step === 'three') {
        // The runs go on at once, whoever owns the lanes that their deliveries wait in.
        await until(
          () => node.call('GET', '/v1/runs'),
          ({ body }) =>
            body.data.every(
              ({ waits_for }: { waits_for: string | null }) => waits_for === 'contact.tag.removed',
            ),
        );
        const removed = events
          .slice(0, REMOVED)
          .map((event, n) => ({ ...event, id: `removed-${n}`, type: 'contact.tag.removed' }));
        expect((await node.call('POST', '/v1/events/batch', { events: removed })).status).toBe(202);
      }
      // Some of this step's effects are out, others are not: then it dies.
      await until(
        async () => receiver.of(`/${step}`).length,
        (count) => count > 0,
      );
      await node.kill();
      node = await start();
    }
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
    const histories = await Promise.all(
      runs.map(async ({ id }: { id: string }) => {
        const { steps } = (await node.call('GET', `/v1/runs/${id}`)).body;
        return steps.map(
          ({ step, details }: { step: string; details: { outcome: string } }) => `${step} ${details.outcome}`,
        );
      }),
    );
    const history = (answer: string, delay: string, end: string): string[] => [
      ...['pause waiting', 'pause passed', 'first done', `which ${answer}`],
      ...[`${delay} waiting`, `${delay} passed`, `${answer} done`],
      ...['removal waiting', `removal ${end}`, `${end} done`],
    ];
    // Newest first.
    expect(histories.toReversed()).toEqual(
      Array.from({ length: CONTACTS }, (_, n) =>
        n < REMOVED ? history('yes', 'longer', 'received') : history('no', 'shorter', 'timed_out'),
      ),
    );
    for (const step of STEPS) {
      expect(distinct(step)).toBe(CONTACTS);
      const bodies = new Set(receiver.of(`/${step}`).map(({ body }) => body));
      expect(bodies.size).toBe(CONTACTS);
    }
  }, 240_000);
});
