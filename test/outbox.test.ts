/** The outbox on both databases: what is committed is published once and in order, whatever fails, and what is not committed never. */

import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  createOutbox,
  createRelay,
  Mirsal,
  type Outbox,
  type OutboxDatabase,
  startRelay,
} from '../src/sdk/sdk.ts';
import { createDatabase } from './support/postgres.ts';
import { API_KEY } from './support/process.ts';
import { type Served, startServed, until } from './support/served.ts';

const TYPE = 'order.placed';
let served: Served;

beforeAll(async () => {
  served = await startServed();
  const made = await served.call('POST', '/v1/event-types', {
    name: TYPE,
    schema: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } },
  });
  expect(made.status).toBe(201);
});
afterAll(() => served.close());

const mirsal = (fetchWith: typeof fetch = fetch): Mirsal =>
  new Mirsal({ url: served.url, apiKey: API_KEY, fetch: fetchWith, retries: 0 });

/** What was accepted of these, in the order of acceptance. */
async function accepted(key: string): Promise<number[]> {
  const found: number[] = [];
  for await (const { id } of mirsal().events.list({ type: TYPE, limit: 100 })) {
    if (!id.startsWith(`${key}.`)) continue;
    found.unshift(((await mirsal().events.get(id)).data as { n: number }).n);
  }
  return found;
}

interface Database {
  db: OutboxDatabase;
  /** Runs `work` in a transaction that is committed, or rolled back where it throws. */
  transaction(work: (tx: OutboxDatabase) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

function openSqlite(): Database {
  const database = new DatabaseSync(':memory:');
  const db: OutboxDatabase = {
    query: (sql, params) => database.prepare(sql).all(...(params as string[])),
  };
  return {
    db,
    async transaction(work) {
      database.exec('BEGIN');
      try {
        await work(db);
        database.exec('COMMIT');
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    },
    close: async () => database.close(),
  };
}

let databases = 0;
async function openPostgres(): Promise<Database> {
  databases += 1;
  const name = `outbox_${process.pid}_${databases}`;
  const pool = new pg.Pool({ connectionString: await createDatabase(inject('postgresUrl'), name) });
  return {
    db: pool,
    async transaction(work) {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        await work(client);
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}

describe.each([
  ['sqlite', openSqlite],
  ['postgres', openPostgres],
] as const)('on %s', (dialect, open) => {
  const outbox: Outbox = createOutbox({ dialect });
  let database: Database;
  beforeAll(async () => {
    database = await open();
    for (const sql of [...outbox.schema, ...outbox.schema]) await database.db.query(sql, []);
  });
  afterAll(() => database.close());

  const event = (key: string, n: number) => ({ id: `${key}.${n}`, type: TYPE, data: { n } });
  const write = (key: string, ...numbers: number[]): Promise<void> =>
    database.transaction(async (tx) => {
      for (const n of numbers) await outbox.write(tx, event(key, n), { key });
    });
  const relayBy = (client: Mirsal, maxEvents = 100) =>
    createRelay({ mirsal: client, outbox, db: database.db, maxEvents });
  const left = async () => (await outbox.read(database.db, 1000)).length;

  test('what is committed is published in order, and what is rolled back is not', async () => {
    const key = `${dialect}-commit`;
    await write(key, 1, 2);
    const failing = database.transaction(async (tx) => {
      await outbox.write(tx, event(key, 3), { key });
      throw new Error('The change itself failed.');
    });
    await expect(failing).rejects.toThrow('The change itself');
    await write(key, 4);
    const relay = relayBy(mirsal());
    expect(await relay.round()).toEqual({ published: 3, refused: 0 });
    expect(await relay.round()).toEqual({ published: 0, refused: 0 });
    expect(await accepted(key)).toEqual([1, 2, 4]);
    await relay.letGo();
  });

  test('an answer that is lost has the same ids sent again, and each is accepted once', async () => {
    const key = `${dialect}-lost`;
    await write(key, 1, 2, 3);
    let lost = 0;
    const losing: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init);
      if (lost++ > 0) return answer;
      await answer.body?.cancel();
      throw new TypeError('The connection broke after it was sent.');
    };
    const relay = relayBy(mirsal(losing));
    await expect(relay.round()).rejects.toMatchObject({ code: 'network_error' });
    expect(await left()).toBe(3);
    // What is written meanwhile goes with the repeat.
    await write(key, 4);
    expect(await relay.round()).toEqual({ published: 4, refused: 0 });
    expect(await accepted(key)).toEqual([1, 2, 3, 4]);
    await relay.letGo();
  });

  test('one relay publishes while others wait, and a lease that has run out is taken over', async () => {
    const key = `${dialect}-two`;
    await write(key, 1, 2);
    const [one, other] = [relayBy(mirsal(), 1), relayBy(mirsal(), 1)];
    expect(await one.round()).toEqual({ published: 1, refused: 0 });
    expect(await other.round()).toBeNull();
    await database.db.query('UPDATE mirsal_outbox_relay SET held_until = 0', []);
    expect(await other.round()).toEqual({ published: 1, refused: 0 });
    expect(await one.round()).toBeNull();
    await other.letGo();
    expect(await accepted(key)).toEqual([1, 2]);
  });

  test('a relay that comes back with a call of before changes nothing', async () => {
    const key = `${dialect}-late`;
    await write(key, 1, 2, 3);
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = (): void => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const late = relayBy(
      mirsal(async (input, init) => {
        asked();
        await held;
        return fetch(input, init);
      }),
      2,
    );
    const round = late.round();
    await isAsked;
    await database.db.query('UPDATE mirsal_outbox_relay SET held_until = 0', []);
    const other = relayBy(mirsal());
    expect(await other.round()).toEqual({ published: 3, refused: 0 });
    release();
    expect(await round).toEqual({ published: 2, refused: 0 });
    expect(await accepted(key)).toEqual([1, 2, 3]);
    await other.letGo();
  });

  test('what is refused for what it says is set aside and told of; it is published once it is released', async () => {
    const key = `${dialect}-refused`;
    await database.transaction(async (tx) => {
      await outbox.write(tx, event(key, 1), { key });
      await outbox.write(tx, { ...event(key, 2), data: { n: 'two' } }, { key });
      await outbox.write(tx, { ...event(key, 3), type: 'order.unheard' }, { key });
      await outbox.write(tx, event(key, 4), { key });
    });
    const relay = relayBy(mirsal());
    expect(await relay.round()).toEqual({ published: 2, refused: 2 });
    expect(await outbox.refused(database.db)).toEqual([
      { id: `${key}.2`, error: expect.stringMatching(/^schema_violation: \/data\/n /) },
      { id: `${key}.3`, error: expect.stringMatching(/: \/type /) },
    ]);
    expect(await relay.round()).toEqual({ published: 0, refused: 0 });
    await served.call('POST', '/v1/event-types', { name: 'order.unheard' });
    expect(await outbox.release(database.db, [`${key}.3`])).toBe(1);
    expect(await relay.round()).toEqual({ published: 1, refused: 0 });
    expect((await served.call('GET', `/v1/events/${key}.3`)).body.data).toEqual({ n: 3 });
    await served.call('DELETE', '/v1/event-types/order.unheard');
    await relay.letGo();
  });

  test('several writers and several running relays: all arrives once, each key in the order of its commits', async () => {
    const keys = [0, 1, 2].map((index) => `${dialect}-many${index}`);
    const relays = [0, 1].map(() =>
      startRelay({ mirsal: mirsal(), outbox, db: database.db, maxEvents: 7, pollMs: 5 }),
    );
    const committed = new Map<string, number[]>(keys.map((key) => [key, []]));
    let count = 0;
    const writeAll = async (): Promise<void> => {
      for (let n = 0; n < 12; n += 1) {
        const key = keys[n % 3] ?? '';
        count += 1;
        const mine = count;
        await database.transaction(async (tx) => {
          await outbox.write(tx, event(key, mine), { key });
          committed.get(key)?.push(mine);
        });
        relays[0]?.wake();
      }
    };
    // On PostgreSQL the writers' transactions overlap; `committed` grows under the key's lock.
    await Promise.all(Array.from({ length: dialect === 'sqlite' ? 1 : 3 }, writeAll));
    await until(left, (rows) => rows === 0);
    await Promise.all(relays.map((relay) => relay.stop()));
    for (const key of keys) expect(await accepted(key)).toEqual(committed.get(key));
    expect(await database.db.query('SELECT * FROM mirsal_outbox_relay', [])).toMatchObject(
      dialect === 'sqlite' ? [] : { rows: [] },
    );
  });
});

test('for drivers that do not wait there are the statements themselves', () => {
  const outbox = createOutbox({ dialect: 'sqlite', table: 'events_to_send' });
  const database = new DatabaseSync(':memory:');
  for (const sql of outbox.schema) database.exec(sql);
  for (const { sql, params } of outbox.statements({ type: TYPE, data: { n: 1 } }, { key: 'a' })) {
    database.prepare(sql).run(...(params as string[]));
  }
  expect(database.prepare('SELECT count(*) AS n FROM events_to_send').get()).toEqual({ n: 1 });
  database.close();
  expect(() => createOutbox({ dialect: 'sqlite', table: 'a; DROP TABLE b' })).toThrow('no plain name');
});
