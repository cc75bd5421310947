/** The outbox in a whole engine: a real store, a real mail server, a clock that the test moves. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock, type MovableClock, passUntil } from '../../test/support/clock.ts';
import { anEndpoint, anEngine, aSqliteStore, type NewNotice, WORKSPACE } from '../../test/support/engine.ts';
import { type MailServer, startMailServer } from '../../test/support/mailServer.ts';
import { type Receiver, startReceiver } from '../../test/support/receiver.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../core/duration.ts';
import { formatId } from '../core/ids.ts';
import { renderDue } from '../mail/render.ts';
import { createMailSender } from '../mail/transport.ts';
import type { ListedNotice } from '../store/records/mails.ts';
import type { NoticeDetails, NoticeKind } from '../store/records/notices.ts';
import { DEFAULT_SETTINGS, type Recipient } from '../store/records/settings.ts';
import type { Store } from '../store/store.ts';
import type { SendMail } from '../world.ts';
import type { EngineDeps } from './deps.ts';
import type { Engine } from './engine.ts';
import type { Mailing } from './outbox.ts';

const LINKS = { publicUrl: 'https://hooks.example.com', webhooksPage: null };

const LAYLA: Recipient = { email: 'layla@example.com', language: 'ar' };
const SAM: Recipient = { email: 'sam@example.com', language: 'en' };
const CRM = { name: 'CRM', url: 'https://crm.example.com/hook' };
const BUDGET = { limit: 30, window_s: 1_800, scope: 'workspace' } as const;
const ALL = { limit: 1_000, before: null };

let clock: MovableClock;
let store: Store;
let insert: (rows: readonly NewNotice[]) => Promise<void>;
let dispose: () => Promise<void>;
let server: MailServer;
let receiver: Receiver;
const engines: Engine[] = [];
const said: Array<{ level: string; message: string }> = [];

beforeEach(async () => {
  clock = createMovableClock();
  const opened = await aSqliteStore(clock);
  ({ store, dispose } = opened);
  insert = opened.insertNotices;
  await nameRecipients([LAYLA, SAM]);
  server = await startMailServer();
  receiver = await startReceiver();
  said.length = 0;
});
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop();
  await dispose();
  await server.close();
  await receiver.close();
});

async function nameRecipients(notification_recipients: Recipient[]): Promise<void> {
  const settings = { ...DEFAULT_SETTINGS, notification_recipients };
  await store.updateWorkspace(WORKSPACE, { settings }, clock.now(), 'me');
}

function realMailing(send: SendMail = createMailSender({ url: server.url, from: 'm@example.com' })): Mailing {
  return { send, render: (mail) => renderDue(mail, LINKS), host: 'hooks.example.com' };
}

async function anOutbox(overrides: Partial<EngineDeps> = {}): Promise<Engine> {
  const note = (level: string) => (_fields: object, message: string) => {
    said.push({ level, message });
  };
  const engine = anEngine(store, clock, {
    mailing: realMailing(),
    log: {
      info: note('info'),
      warn: note('warn'),
      error: note('error'),
      debug() {},
      isLevelEnabled: () => false,
    },
    ...overrides,
  });
  engines.push(engine);
  await engine.start();
  return engine;
}

async function until<Found>(ask: () => Promise<Found>, isReady: (found: Found) => boolean): Promise<Found> {
  let found = await ask();
  await passUntil(clock, async () => {
    found = await ask();
    return isReady(found);
  });
  return found;
}

/** Until the mail server has taken so many. */
const mailed = (count: number) => passUntil(clock, () => server.received.length >= count);

/** Moves the clock, but not before the round has been set to which it leads. */
async function move(ms: number): Promise<void> {
  await until(
    async () => clock.pending(),
    (pending) => pending > 0,
  );
  clock.move(ms);
}

/** Stops it like a crash: what it is waiting for never comes. */
async function abandon(engine: Engine): Promise<void> {
  engines.splice(engines.indexOf(engine), 1);
  let isStopped = false;
  const stopped = engine.stop().then(() => {
    isStopped = true;
  });
  await until(
    async () => clock.move(SECOND),
    () => isStopped,
  );
  await stopped;
}

const notices = (): Promise<ListedNotice[]> => store.listNotices(WORKSPACE, ALL);
const states = async (): Promise<string[]> =>
  (await notices()).flatMap(({ mails }) => mails.map(({ recipient, state }) => `${recipient} ${state}`));

function hasMails(notice: ListedNotice | undefined): notice is ListedNotice {
  return notice !== undefined && notice.mails.length > 0;
}

function aNotice<Kind extends NoticeKind>(
  kind: Kind,
  details: NoticeDetails[Kind],
  over: Partial<NewNotice> = {},
): NewNotice {
  return { workspace: WORKSPACE, kind, endpoint: 7, delivery: null, details, at: clock.now(), ...over };
}

function aDisabling(over: Partial<NewNotice> = {}, name = CRM.name): NewNotice {
  const details: NoticeDetails['endpoint.disabled'] = {
    name,
    url: CRM.url,
    reason: 'error_budget',
    by: 'mirsal',
    error: 'HTTP 503',
    trip: { errors: 31, own: 31, budget: BUDGET },
  };
  return aNotice('endpoint.disabled', details, over);
}

function aDrop(over: Partial<NewNotice> = {}): NewNotice {
  const details = { ...CRM, event: 'e', event_type: 'call.ended', reason: 'retries_exhausted', attempts: 4 };
  return aNotice('delivery.dropped', details, { delivery: 9, ...over });
}

describe('mails', () => {
  test('A12: five hundred endpoints disabled within a minute are one mail for each recipient', async () => {
    await anOutbox();
    await insert(Array.from({ length: 500 }, (_, n) => aDisabling({ endpoint: 1_000 + n }, `Customer ${n}`)));
    await move(MINUTE);
    await mailed(2);
    await until(states, (all) => all.length > 0 && all.every((state) => state.endsWith(' sent')));
    expect(server.received.flatMap(({ to }) => to).sort()).toEqual([LAYLA.email, SAM.email]);
    expect(new Set(server.received.map(({ messageId }) => messageId)).size).toBe(2);
    expect(server.received[0]?.messageId).toMatch(/^<mirsal-[0-9a-f-]{36}@hooks\.example\.com>$/);
    await move(HOUR);
    await move(HOUR);
    expect(server.received).toHaveLength(2);
  });

  test('the mail server away and back again: nothing is lost, nothing is sent twice', async () => {
    const port = Number(new URL(server.url).port);
    await server.close();
    await anOutbox();
    await insert([aDisabling()]);
    await move(MINUTE);
    const waiting = await until(
      notices,
      ([notice]) => hasMails(notice) && notice.mails.every(({ error }) => error !== null),
    );
    expect(waiting[0]?.mails).toMatchObject([{ state: 'pending' }, { state: 'pending' }]);
    server = await startMailServer(port);
    await move(30 * SECOND);
    await mailed(2);
    await until(states, (all) => all.length > 0 && all.every((state) => state.endsWith(' sent')));
    expect(server.received.flatMap(({ to }) => to).sort()).toEqual([LAYLA.email, SAM.email]);
  });

  test('a recipient whom the server refuses is recorded with its words; the others get theirs', async () => {
    server.refuseWith((step, address) =>
      step === 'to' && address === SAM.email ? '550 No such user' : null,
    );
    await anOutbox();
    await insert([aDisabling()]);
    await move(MINUTE);
    const [notice] = await until(
      // The refusal is a notice of its own.
      async () => (await notices()).filter(({ kind }) => kind === 'endpoint.disabled'),
      ([one]) => hasMails(one) && one.mails.every(({ state }) => state !== 'pending'),
    );
    expect(notice?.mails).toMatchObject([
      { recipient: LAYLA.email, state: 'sent', error: null },
      { recipient: SAM.email, state: 'refused', error: expect.stringContaining('No such user') },
    ]);
  });

  test('a server that stays away is given up after three days', async () => {
    const failing: SendMail = async () => ({ kind: 'failed', error: 'connection refused' });
    let tries = 0;
    const counting: SendMail = async (mail) => {
      tries += 1;
      return failing(mail);
    };
    await nameRecipients([SAM]);
    await anOutbox({ mailing: realMailing(counting) });
    await insert([aDisabling()]);
    await move(MINUTE);
    const begun = clock.now();
    // Later on there is a mail about that refusal, too.
    while (!(await states()).includes(`${SAM.email} refused`)) {
      await move(15 * MINUTE);
      // Tried about this time, before the clock goes on.
      while ((await store.workspacesToMail(clock.now())).length > 0) await move(SECOND);
    }
    expect(clock.now() - begun).toBeGreaterThanOrEqual(3 * DAY - 15 * MINUTE);
    expect(clock.now() - begun).toBeLessThanOrEqual(3 * DAY + HOUR);
    // A try about every quarter of an hour.
    expect(tries).toBeGreaterThan(100);
    expect(tries).toBeLessThan(310);
  });

  test('a crash after the server’s yes sends the mail once more, under the same Message-ID', async () => {
    await nameRecipients([SAM]);
    const real = realMailing();
    const { promise: taken, resolve } = Promise.withResolvers<void>();
    const dying: SendMail = async (mail) => {
      await real.send(mail);
      resolve();
      return new Promise(() => {});
    };
    const first = await anOutbox({ mailing: { ...real, send: dying } });
    await insert([aDisabling()]);
    await move(MINUTE);
    await taken;
    await abandon(first);
    await anOutbox();
    await move(MINUTE);
    expect(server.received).toHaveLength(1);
    await move(5 * MINUTE);
    await mailed(2);
    await until(states, (all) => all.join() === `${SAM.email} sent`);
    expect(server.received[1]?.messageId).toBe(server.received[0]?.messageId);
  });

  test('without a mail server the log says so once; switched on later, the last day is told of', async () => {
    await nameRecipients([SAM]);
    const silent = await anOutbox({ mailing: null });
    await insert([aDisabling({}, 'Long ago')]);
    await move(2 * DAY);
    await insert([aDisabling({}, 'Lately')]);
    await move(HOUR);
    await until(
      () => store.listUnpublishedNotices(WORKSPACE, 0, 10),
      (left) => left.length === 0,
    );
    expect(said.filter(({ message }) => message.includes('MIRSAL_SMTP_URL'))).toHaveLength(1);
    await abandon(silent);
    await anOutbox();
    await move(SECOND);
    await mailed(1);
    expect(server.received[0]?.raw).toContain('Lately');
    expect(server.received[0]?.raw).not.toContain('Long ago');
    expect((await notices()).map(({ mails }) => mails.length)).toEqual([1, 0]);
  });

  test('with nobody named the log says so once, and the notices stay listed', async () => {
    await nameRecipients([]);
    await anOutbox();
    for (const name of ['one', 'two']) {
      await insert([aDisabling({}, name)]);
      await move(2 * MINUTE);
      await until(
        async () => said.filter(({ message }) => message.includes('nobody to mail')),
        (found) => found.length > 0,
      );
      await move(SECOND);
    }
    expect(said.filter(({ message }) => message.includes('nobody to mail'))).toHaveLength(1);
    expect(await notices()).toHaveLength(2);
    expect(server.received).toEqual([]);
  });

  test('a process that only takes events in neither mails nor publishes', async () => {
    await anOutbox({ sends: false });
    await insert([aDisabling()]);
    for (let round = 0; round < 3; round += 1) await move(MINUTE);
    expect(await store.listUnpublishedNotices(WORKSPACE, 0, 10)).toHaveLength(1);
    expect(server.received).toEqual([]);
  });
});

describe('system events', () => {
  const published = async (type: string) => store.listEvents(WORKSPACE, { type }, ALL);
  const allDone = async () => {
    await move(SECOND);
    await until(
      () => store.listUnpublishedNotices(WORKSPACE, 0, 10),
      (left) => left.length === 0,
    );
  };

  test('reach the endpoints that name them, and none that takes "*"', async () => {
    const engine = await anOutbox({ mailing: null });
    await anEndpoint(engine, store, { url: `${receiver.url}/all`, eventTypes: ['*'] });
    await anEndpoint(engine, store, { url: `${receiver.url}/ops`, eventTypes: ['endpoint.disabled'] });
    await insert([aDisabling({ endpoint: 77 })]);
    await allDone();
    await receiver.count(1);
    const [{ path, body } = { path: '', body: '{}' }] = receiver.received;
    expect(path).toBe('/ops');
    expect(JSON.parse(body)).toEqual({
      type: 'endpoint.disabled',
      timestamp: expect.stringMatching(/^2026-/),
      data: {
        endpoint: { id: formatId('ep', 77), ...CRM },
        reason: 'error_budget',
        by: 'mirsal',
        last_error: 'HTTP 503',
        trip: { errors: 31, own_errors: 31, budget: BUDGET },
      },
    });
    const [event] = await published('endpoint.disabled');
    expect(event?.id).toBe(formatId('ntc', (await notices())[0]?.key ?? 0));
  });

  test('are published exactly once, also when a node dies between publishing and noting it', async () => {
    const dying = { ...store, markPublished: () => Promise.reject(new Error('killed')) };
    const first = await anOutbox({ mailing: null, store: dying });
    await anEndpoint(first, store, { url: `${receiver.url}/ops`, eventTypes: ['endpoint.disabled'] });
    await insert([aDisabling({ endpoint: 77 })]);
    await move(SECOND);
    await receiver.count(1);
    await abandon(first);
    await anOutbox({ mailing: null });
    await allDone();
    expect(await published('endpoint.disabled')).toHaveLength(1);
    expect(await store.listDeliveries(WORKSPACE, {}, ALL)).toHaveLength(1);
  });

  test('are never sent to the endpoint that they are about, and the event says why', async () => {
    const engine = await anOutbox({ mailing: null });
    const types = ['endpoint.disabled', 'endpoint.enabled', 'delivery.dropped', 'budget.warning'];
    const own = await anEndpoint(engine, store, { url: `${receiver.url}/own`, eventTypes: types });
    await anEndpoint(engine, store, { url: `${receiver.url}/ops`, eventTypes: types });
    const culprit = { endpoint: own.key, ...CRM, errors: 15, error: '' };
    await insert([
      aDisabling({ endpoint: own.key }),
      aNotice('endpoint.enabled', { ...CRM, by: 'me', held: 1, choice: 'send' }, { endpoint: own.key }),
      aDrop({ endpoint: own.key }),
      aNotice(
        'budget.warning',
        { level: 50, errors: 15, budget: BUDGET, endpoints: [culprit] },
        { endpoint: null },
      ),
    ]);
    await allDone();
    await receiver.count(4);
    expect(receiver.received.map(({ path }) => path)).toEqual(['/ops', '/ops', '/ops', '/ops']);
    const [warning] = await published('budget.warning');
    expect(warning?.verdicts).toContain('about this very endpoint');
    expect(receiver.received.map(({ body }) => (JSON.parse(body) as { type: string }).type)).toEqual(types);
  });

  test('none is published where nobody but the endpoint in question names it, nor for what is about to expire', async () => {
    const engine = await anOutbox({ mailing: null });
    const own = await anEndpoint(engine, store, {
      url: `${receiver.url}/own`,
      eventTypes: ['endpoint.disabled'],
    });
    const expiring = { ...CRM, held: 1, oldest_at: 0, expires_at: DAY };
    await insert([aDisabling({ endpoint: own.key }), aDrop(), aNotice('held.expiring', expiring)]);
    await allDone();
    expect(await store.listEvents(WORKSPACE, {}, ALL)).toEqual([]);
  });
});
