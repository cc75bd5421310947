/**
 * A11, A12, P8: `kill -9` at each step of a trip of the error budget, with a real SMTP server. The clock
 * of the node runs twenty times as fast as the world's, so that a minute's grouping takes three seconds.
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { built } from './support/built.ts';
import { type MailServer, startMailServer } from './support/mailServer.ts';
import { type MirsalProcess, startMirsal, temporaryDirectory } from './support/process.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { until } from './support/served.ts';
import { copyMigrated } from './support/sqlite.ts';

const LIMIT = 30;

let directory: ReturnType<typeof temporaryDirectory>;
let receiver: Receiver;
let mails: MailServer;
let node: MirsalProcess;
let from: number;

const start = (): Promise<MirsalProcess> =>
  startMirsal({
    directory: directory.path,
    script: built('hurried'),
    env: { HURRIED_FROM: String(from), HURRIED_BY: '20', MIRSAL_SMTP_URL: mails.url },
  });

beforeEach(async () => {
  directory = temporaryDirectory();
  copyMigrated(directory.path);
  receiver = await startReceiver();
  mails = await startMailServer();
  from = Date.now();
  node = await start();
});

afterEach(async () => {
  await node.kill();
  await mails.close();
  await receiver.close();
  directory.remove();
});

async function prepare(): Promise<{ dead: string }> {
  const recipient = { email: 'owner@example.com', language: 'ar' };
  await node.call('PATCH', '/v1/settings', { notification_recipients: [recipient] });
  await node.call('POST', '/v1/event-types', { name: 'trip.test', schema: { type: 'object' } });
  const dead = await node.call('POST', '/v1/endpoints', {
    url: `${receiver.url}/dead`,
    event_types: ['trip.test'],
    retry: { preset: 'none' },
  });
  await node.call('POST', '/v1/endpoints', {
    url: `${receiver.url}/told`,
    event_types: ['endpoint.disabled'],
  });
  return { dead: dead.body.id };
}

const publish = (): Promise<unknown> =>
  node
    .call('POST', '/v1/events/batch', {
      events: Array.from({ length: 40 }, (_, n) => ({ id: `trip-${n}`, type: 'trip.test', data: { n } })),
    })
    .catch(() => null);

/** Kills the node as soon as it is so, and starts it anew. */
async function killOnce(when: () => Promise<unknown>): Promise<void> {
  await when();
  await node.kill();
  node = await start();
}

/** Resolves when the receiver gets the `count`th request of a path; it is then never answered. */
function requestTo(path: string, count: number): Promise<void> {
  return new Promise((resolve) => {
    receiver.answerWith((request, index) => {
      if (request.path === path && index === count - 1) {
        resolve();
        return null;
      }
      return request.path === '/dead' ? 500 : 200;
    });
  });
}

const steps: Array<[string, () => Promise<unknown>]> = [
  ['the 31st attempt is in flight', () => requestTo('/dead', LIMIT + 1)],
  [
    'it was recorded and the endpoint disabled',
    () =>
      until(
        () => node.call('GET', '/v1/endpoints'),
        ({ body }) => body.data.some(({ enabled }: { enabled: boolean }) => !enabled),
      ),
  ],
  ['the system event is in flight', () => requestTo('/told', 1)],
  [
    'the mail is handed over, and its acceptance not yet known',
    () => new Promise<void>((resolve) => mails.onMail(() => new Promise(() => resolve()))),
  ],
];

describe('kill -9 when', () => {
  test.each(steps)(
    '%s: one transition, told once, or twice under the same Message-ID',
    async (_name, step) => {
      const { dead } = await prepare();
      receiver.answerWith(({ path }) => (path === '/dead' ? 500 : 200));
      const reached = step();
      await publish();
      await killOnce(() => reached);
      receiver.answerWith(({ path }) => (path === '/dead' ? 500 : 200));
      mails.onMail(() => {});
      // What the killed node did not answer for is sent again, under the same ids.
      await publish();
      await until(
        () => node.call('GET', '/v1/notices'),
        ({ body }) =>
          body.data.some(
            ({ kind, mails }: { kind: string; mails: Array<{ state: string }> }) =>
              kind === 'endpoint.disabled' && mails.some(({ state }) => state === 'sent'),
          ),
      );
      await until(
        async () => receiver.of('/told').length,
        (count) => count > 0,
      );
      const { data } = (await node.call('GET', '/v1/notices')).body;
      const disabled = data.filter(({ kind }: { kind: string }) => kind === 'endpoint.disabled');
      expect(disabled).toHaveLength(1);
      expect(disabled[0]).toMatchObject({ endpoint_id: dead });
      // One attempt may have been repeated; what came after the trip was held.
      expect(receiver.of('/dead').length).toBeGreaterThanOrEqual(LIMIT + 1);
      expect(receiver.of('/dead').length).toBeLessThanOrEqual(LIMIT + 2);
      const shown = (await node.call('GET', `/v1/endpoints/${dead}`)).body;
      expect(shown).toMatchObject({
        enabled: false,
        disabled: { reason: 'error_budget' },
        held: 40 - LIMIT - 1,
      });
      // One mail tells of the transition; where the restart took long, the warnings before it had one, too.
      expect(disabled[0].mails).toHaveLength(1);
      const copies = Map.groupBy(mails.received, ({ messageId }) => messageId);
      expect(copies.size).toBeLessThanOrEqual(2);
      for (const same of copies.values()) expect(same.length).toBeLessThanOrEqual(2);
      expect(mails.received.every(({ to }) => to.join() === 'owner@example.com')).toBe(true);
      const events = new Set(receiver.of('/told').map(({ headers }) => headers['webhook-id']));
      expect(events.size).toBe(1);
      expect(receiver.of('/told').length).toBeLessThanOrEqual(2);
    },
    60_000,
  );
});
