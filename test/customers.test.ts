/**
 * Fifty customers of a platform, over HTTP and on both stores: made under the platform's own ids, counted, suspended,
 * deleted; and a person whose data are erased and then found nowhere (P2, P9).
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MINUTE } from '../src/core/duration.ts';
import { createMovableClock, type MovableClock, passUntil } from './support/clock.ts';
import { type Answer, INSTANCE_KEY, temporaryDirectory } from './support/process.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { type Served, startServed } from './support/served.ts';
import { STORES, storeEnv } from './support/stores.ts';

const CUSTOMERS = 50;
const SUSPENDED = 7;
const HELD = 8;
const DELETED = 9;
const CONCERNED = 10;

const LAYLA = { id: 471108151, email: 'layla.haddad@example.com', phone: '+962790001122' };
const OTHER = { id: 123450001, email: 'omar@example.com', phone: '+962790009999' };

interface Customer {
  number: number;
  id: string;
  externalId: string;
  key: string;
}

/** More for some than for others. */
const eventsOf = (number: number): number => 1 + (number % 3);

const contactOf = ({ id, email, phone }: typeof LAYLA) => ({
  ...{ id, email, fields: { phone }, ip: null },
  ...{ referred_by_contact_id: null, referred_by_contact_email: null },
});

describe.each(STORES)('on %s, fifty customers of a platform', (store) => {
  let clock: MovableClock;
  let receiver: Receiver;
  let served: Served;
  let directory: ReturnType<typeof temporaryDirectory>;
  let env: Record<string, string>;
  const customers: Customer[] = [];

  const call = (key: string, method: string, path: string, body?: unknown): Promise<Answer> =>
    served.call(method, path, body, { authorization: `Bearer ${key}` });
  const operate = (method: string, path: string, body?: unknown) => call(INSTANCE_KEY, method, path, body);
  const customer = (number: number): Customer => {
    const found = customers[number - 1];
    if (found === undefined) throw new Error(`There is no customer ${number}.`);
    return found;
  };
  const publish = ({ key }: Customer, contact = OTHER): Promise<Answer> =>
    call(key, 'POST', '/v1/events', {
      type: 'contact.tag.added',
      data: { tag: { id: 1, name: 'vip' }, contact: contactOf(contact) },
    });
  const received = ({ number }: Customer): number => receiver.of(`/cus_${number}`).length;
  const jobOnceEnded = async (key: string, id: string): Promise<Answer['body']> => {
    let job: Answer['body'];
    await passUntil(clock, async () => {
      job = (await call(key, 'GET', `/v1/jobs/${id}`)).body;
      return job.state !== 'running';
    });
    return job;
  };

  beforeAll(async () => {
    clock = createMovableClock();
    receiver = await startReceiver();
    directory = temporaryDirectory();
    env = { ...(await storeEnv(store, directory.path)), MIRSAL_DATA_DIR: directory.path };
    served = await startServed({ env, parts: { clock } });
    for (let number = 1; number <= CUSTOMERS; number += 1) {
      const externalId = `cus_${number}`;
      const metadata = { tier: number % 2 === 0 ? 'gold' : 'free' };
      const made = await operate('POST', '/v1/workspaces', {
        name: `Shop ${number}`,
        ...{ external_id: externalId, metadata },
      });
      expect(made.status).toBe(201);
      const one = { number, externalId, id: made.body.id, key: made.body.api_key.key };
      customers.push(one);
      const url = `${receiver.url}/cus_${number}`;
      const event_types = ['contact.tag.added'];
      expect((await call(one.key, 'POST', '/v1/endpoints', { url, event_types })).status).toBe(201);
    }
  });
  afterAll(async () => {
    await served.close();
    await receiver.close();
    directory.remove();
  });

  test('they are found by the platform’s own ids; made again, the answer names the one that exists', async () => {
    const { id } = customer(33);
    const again = await operate('POST', '/v1/workspaces', { name: 'Shop', external_id: 'cus_33' });
    expect(again).toMatchObject({ status: 409, body: { code: 'external_id_taken', workspace_id: id } });
    const found = await operate('GET', '/v1/workspaces?external_id=cus_33');
    expect(found.body.data).toEqual([expect.objectContaining({ id, external_id: 'cus_33' })]);
    const gold = await operate('GET', '/v1/workspaces?metadata=tier:gold&limit=100');
    expect(gold.body.data).toHaveLength(CUSTOMERS / 2);
    expect((await operate('GET', '/v1/workspaces?search=SHOP%2033')).body.data).toHaveLength(1);
  });

  test('each has its own usage, by day and type, and the platform that of all', async () => {
    let total = 0;
    for (const one of customers) {
      for (let n = 0; n < eventsOf(one.number); n += 1) expect((await publish(one)).status).toBe(202);
      total += eventsOf(one.number);
    }
    await passUntil(clock, () => receiver.received.length === total);
    const [event] = (await call(customer(1).key, 'GET', '/v1/events')).body.data;
    const day = String(event.accepted_at).slice(0, 10);
    const all: Answer['body'][] = [];
    await passUntil(clock, async () => {
      all.length = 0;
      let cursor = '';
      for (;;) {
        const page = await operate('GET', `/v1/usage?from=${day}&limit=20${cursor}`);
        all.push(...page.body.data);
        if (page.body.next_cursor === null) break;
        cursor = `&cursor=${page.body.next_cursor}`;
      }
      // What has arrived is recorded a moment later.
      return all.reduce((sum, row) => sum + row.delivered, 0) === total;
    });
    const expected = customers.map(({ id, externalId, number }) => {
      const count = eventsOf(number);
      const none = { dropped: 0, skipped: 0 };
      return {
        ...{ workspace_id: id, external_id: externalId, day, event_type: 'contact.tag.added' },
        ...{ events: count, attempts: count, delivered: count, ...none },
      };
    });
    expect(all).toEqual(expected);
    const own = await call(customer(5).key, 'GET', `/v1/usage?from=${day}`);
    expect(own.body.data).toEqual([expected[4]]);
    const others = await call(customer(5).key, 'GET', `/v1/usage?from=${day}&external_id=cus_6`);
    expect(others).toMatchObject({ status: 403, body: { code: 'instance_key_required' } });
  });

  test('P9: suspended with `refuse`, one publishes nothing and reads on; with `hold`, all waits and comes in order', async () => {
    const [refused, held] = [customer(SUSPENDED), customer(HELD)];
    const suspend = ({ id }: Customer, mode: string) =>
      operate('POST', `/v1/workspaces/${id}/suspend`, { mode, reason: 'unpaid' });
    expect((await suspend(refused, 'refuse')).body.suspended).toMatchObject({ mode: 'refuse' });
    expect((await suspend(held, 'hold')).status).toBe(200);
    const before = received(held);
    const answer = await publish(refused);
    expect(answer).toMatchObject({ status: 409, body: { code: 'workspace_suspended' } });
    expect(answer.body.detail).toContain('unpaid');
    const batch = { events: [{ type: 'contact.tag.added', data: {} }] };
    expect((await call(refused.key, 'POST', '/v1/events/batch', batch)).status).toBe(409);
    expect((await call(refused.key, 'GET', '/v1/events')).status).toBe(200);
    expect((await publish(customer(11))).status).toBe(202);
    for (let n = 0; n < 3; n += 1) expect((await publish(held)).status).toBe(202);
    const [endpoint] = (await call(held.key, 'GET', '/v1/endpoints')).body.data;
    expect(endpoint).toMatchObject({ enabled: false, held: 3, disabled: { reason: 'suspended' } });
    const enabling = await call(held.key, 'POST', `/v1/endpoints/${endpoint.id}/enable`, { held: 'send' });
    expect(enabling).toMatchObject({ status: 409, body: { code: 'workspace_suspended' } });
    const tried = await call(held.key, 'POST', `/v1/endpoints/${endpoint.id}/test`, {
      event_type: 'contact.tag.added',
    });
    expect(tried).toMatchObject({ status: 409, body: { code: 'workspace_suspended' } });
    const list = await operate('GET', '/v1/workspaces?state=suspended');
    expect(list.body.data.map(({ id }: { id: string }) => id)).toEqual([held.id, refused.id]);
    expect(received(held)).toBe(before);
    const ids = (await call(held.key, 'GET', '/v1/deliveries?state=held')).body.data
      .map((row: { event_id: string }) => row.event_id)
      .toReversed();
    expect((await operate('POST', `/v1/workspaces/${held.id}/resume`)).body.suspended).toBeNull();
    await passUntil(clock, () => received(held) === before + 3);
    const arrived = receiver.of(`/cus_${HELD}`).slice(before);
    const delivered = (await call(held.key, 'GET', '/v1/deliveries?limit=3')).body.data.toReversed();
    expect(delivered.map((row: { event_id: string }) => row.event_id)).toEqual(ids);
    const sequences = arrived.map(({ headers }) => Number(headers['mirsal-sequence']));
    expect(sequences).toEqual(sequences.toSorted((one, other) => one - other));
    expect((await operate('POST', `/v1/workspaces/${refused.id}/resume`)).status).toBe(200);
    expect((await publish(refused)).status).toBe(202);
  });

  test('a deleted one is gone at once; a job deletes its rows and says what there was', async () => {
    const gone = customer(DELETED);
    const deleting = await operate('DELETE', `/v1/workspaces/${gone.id}`);
    expect(deleting).toMatchObject({ status: 202, body: { kind: 'delete_workspace', state: 'running' } });
    expect((await publish(gone)).status).toBe(401);
    expect((await operate('GET', `/v1/workspaces/${gone.id}`)).status).toBe(404);
    expect((await operate('GET', '/v1/workspaces?external_id=cus_9')).body.data).toEqual([]);
    expect((await operate('DELETE', `/v1/workspaces/${gone.id}`)).status).toBe(404);
    expect((await operate('DELETE', '/v1/workspaces/ws_1')).body.code).toBe('first_workspace');
    let job: Answer['body'];
    await passUntil(clock, async () => {
      job = (await operate('GET', `/v1/jobs/${deleting.body.id}`)).body;
      return job.report.deleted.endpoints === 1;
    });
    const deleted = { events: 1, deliveries: 1, attempts: 1 };
    expect(job.report).toMatchObject({ workspace_id: gone.id, external_id: 'cus_9', deleted });
    const again = await operate('POST', '/v1/workspaces', { name: 'Shop 9', external_id: 'cus_9' });
    expect(again.status).toBe(201);
    if (store === 'SQLite') {
      // On PostgreSQL the time is the server's own, which nobody moves.
      clock.move(MINUTE);
      expect(await jobOnceEnded(INSTANCE_KEY, deleting.body.id)).toMatchObject({ state: 'finished' });
    }
  });

  test('an erased person is found nowhere: by no list, and in no file or table of the database', async () => {
    const one = customer(CONCERNED);
    const bin = (await call(one.key, 'POST', '/v1/bins', {})).body;
    const event_types = ['contact.tag.added'];
    expect((await call(one.key, 'POST', '/v1/endpoints', { url: bin.url, event_types })).status).toBe(201);
    await call(one.key, 'POST', '/v1/workflows', {
      name: 'Later',
      triggers: [{ event_type: 'contact.tag.added' }],
      steps: [
        { id: 'pause', type: 'delay', for: 'P1D' },
        {
          id: 'send',
          type: 'webhook',
          url: `${receiver.url}/later`,
          template: { to: '{{data.contact.email}}' },
        },
      ],
      enabled: true,
    });
    for (let n = 0; n < 40; n += 1) {
      expect((await publish(one, n % 2 === 0 ? LAYLA : OTHER)).status).toBe(202);
    }
    const requests = async () =>
      (await call(one.key, 'GET', `/v1/bins/${bin.id}/requests?limit=100`)).body.data.length;
    await passUntil(clock, async () => (await requests()) === 40);
    expect(await textsOf(store, directory.path, env)).toContain(LAYLA.email);
    const erasing = await call(one.key, 'POST', '/v1/erasures', {
      subject: String(LAYLA.id),
      terms: [LAYLA.email],
    });
    expect(erasing).toMatchObject({ status: 202, body: { kind: 'erase' } });
    expect(erasing.text).not.toContain(LAYLA.email);
    const job = await jobOnceEnded(one.key, erasing.body.id);
    const erased = { events: 20, bodies: 20, captures: 20, runs: 20 };
    expect(job).toMatchObject({ state: 'finished', report: { subject: '47…', erased } });
    expect(job.report.erased.attempts).toBeGreaterThanOrEqual(20);
    expect((await call(one.key, 'GET', `/v1/events?subject=${LAYLA.id}`)).body.data).toEqual([]);
    const listed = (await call(one.key, 'GET', '/v1/events?limit=100')).body.data;
    const gone = listed.filter(({ erased_at }: { erased_at: string | null }) => erased_at !== null);
    expect(gone).toHaveLength(20);
    const shown = (await call(one.key, 'GET', `/v1/events/${gone[0].id}`)).body;
    expect(shown).toMatchObject({ data: null, subject: null, body_expired: true });
    expect(await requests()).toBe(20);
    const text = await textsOf(store, directory.path, env);
    for (const word of [LAYLA.email, String(LAYLA.id), LAYLA.phone]) {
      expect(text.includes(word), word).toBe(false);
      expect(text.includes(Buffer.from(word).toString('hex')), word).toBe(false);
    }
    // Of others all is still there.
    expect(text).toContain(OTHER.email);
    const [entry] = (await call(one.key, 'GET', '/v1/audit?action=job.started')).body.data;
    expect(entry.details).toMatchObject({ kind: 'erase', subject: '47…' });
  });
});

/** All that the database holds: the bytes of its files, or the text of every row. */
async function textsOf(store: string, directory: string, env: Record<string, string>): Promise<string> {
  if (store === 'SQLite') {
    const files = readdirSync(directory).filter((name) => name.startsWith('mirsal.db'));
    return files.map((name) => readFileSync(join(directory, name)).toString('latin1')).join('\n');
  }
  const client = new pg.Client({ connectionString: env.MIRSAL_DATABASE_URL });
  await client.connect();
  const { rows: tables } = await client.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
    texts.push(...rows.map(({ text }) => text));
  }
  await client.end();
  return texts.join('\n');
}
