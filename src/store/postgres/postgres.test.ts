/** PostgreSQL: the contract, and what is its own: a server that goes away, several nodes, plans. */

import { Kysely, PostgresDialect } from 'kysely';
import { describe, expect, inject, test } from 'vitest';
import { createDatabase, MIGRATED, startPostgres } from '../../../test/support/postgres.ts';
import { realClock } from '../../real.ts';
import {
  ALL,
  aKey,
  anEvent,
  filledByTests,
  openItems,
  publish,
  publishAccepted,
  type Reusable,
  reusing,
  SLICES_AS_NEW,
  seed,
  versionOf,
} from '../contract/builders.ts';
import { type Explained, planContract } from '../contract/plans.ts';
import { storeContract } from '../contract.ts';
import type { Signal } from '../ports/signals.ts';
import { insertNotices } from '../queries/notices.ts';
import type { Schema } from '../schema/schema.ts';
import { type Store, StoreUnavailable } from '../store.ts';
import { POSTGRES_DIALECT } from './dialect.ts';
import { openPool } from './pool.ts';
import { LIST_SETTINGS, openPostgres } from './postgres.ts';

let databases = 0;

/** Empty, or a copy of another. */
function freshDatabase(template?: string): Promise<string> {
  databases += 1;
  return createDatabase(inject('postgresUrl'), `store_${process.pid}_${databases}`, template);
}

async function openNew(): Promise<Reusable> {
  const url = await freshDatabase(MIGRATED);
  const pool = openPool({ url, max: 1 });
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  const { rows } = await pool.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
  );
  const tables = filledByTests(rows.map(({ name }) => name));
  const filled = tables.map((table) => `SELECT '${table}' AS name WHERE EXISTS (SELECT FROM ${table})`);
  const stores: Store[] = [];
  const another = async (): Promise<Store> => {
    const store = openPostgres({ url, clock: realClock });
    stores.push(store);
    return store;
  };
  let store = await another();
  return {
    get store() {
      return store;
    },
    another,
    async reopen() {
      await stores.shift()?.close();
      store = openPostgres({ url, clock: realClock });
      stores.unshift(store);
      return store;
    },
    insertNotices: (notices) => db.transaction().execute((trx) => insertNotices(trx, notices)),
    async empty() {
      await Promise.all(stores.splice(1).map((opened) => opened.close()));
      const { rows: found } = await pool.query<{ name: string }>(filled.join(' UNION ALL '));
      const names = found.map(({ name }) => name);
      // Deleted rows would stay in the way of the next tests, and change their plans.
      if (names.length > 0) await pool.query(`TRUNCATE ${names.join(', ')}`);
      await pool.query(SLICES_AS_NEW);
    },
    async close() {
      await Promise.all(stores.map((opened) => opened.close()));
      await db.destroy();
      if (!pool.ended) await pool.end();
    },
  };
}

const open = reusing(openNew);

storeContract('PostgreSQL', open);

describe('PostgreSQL', () => {
  test('another node hears a signal, whatever its length; a node does not hear itself', async () => {
    const opened = await open();
    const { store } = opened;
    const other = await opened.another();
    /** Resolves when the store listens; `told`, when it has heard of the bin. */
    const listening = async (own: Store, heard: Signal[]): Promise<{ told: Promise<void> }> => {
      const begun = Promise.withResolvers<void>();
      const told = Promise.withResolvers<void>();
      own.listen((signal) => {
        if (signal.kind === 'everything') begun.resolve();
        else heard.push(signal);
        if (signal.kind === 'bin') told.resolve();
      });
      await begun.promise;
      return { told: told.promise };
    };
    const mine: Signal[] = [];
    const heard: Signal[] = [];
    const { told: answered } = await listening(store, mine);
    const { told } = await listening(other, heard);
    const lanes = Array.from({ length: 2_000 }, () => aKey());
    store.notify({ kind: 'lanes', lanes });
    store.notify({ kind: 'bin', bin: 3 });
    await told;
    expect(heard.flatMap((signal) => (signal.kind === 'lanes' ? signal.lanes : []))).toEqual(lanes);
    // Notifications come in the order in which they are sent: what comes first now was not one's own.
    other.notify({ kind: 'bin', bin: 4 });
    await answered;
    expect(mine).toEqual([{ kind: 'bin', bin: 4 }]);
    await opened.close();
  });

  test('an endpoint is changed while several nodes publish without a pause, and from then on it counts', async () => {
    const opened = await open();
    const stores = [opened.store, await opened.another()];
    const { workspace, endpoint } = await seed(opened.store);
    const old = await versionOf(opened.store, workspace);
    let changed = false;
    let accepted = 0;
    const publishers = Array.from({ length: 16 }, async (_, index) => {
      const store = stores[index % 2] ?? opened.store;
      for (;;) {
        const late = changed;
        const answer = await publish(store, workspace, [anEvent([endpoint])], { routingVersion: old });
        if (answer.kind === 'stale') return;
        expect(late).toBe(false);
        accepted += 1;
        if (accepted === 100) {
          await opened.store.updateEndpoint(workspace, endpoint.key, { name: 'changed' }, 1, 'me');
          changed = true;
        }
      }
    });
    await Promise.all(publishers);
    expect(accepted).toBeGreaterThanOrEqual(100);
    expect((await opened.store.listDeliveries(workspace, {}, ALL)).length).toBe(
      Math.min(accepted, ALL.limit),
    );
    await opened.close();
  });

  test('nodes that start at once on an empty database all find it ready', async () => {
    const url = await freshDatabase();
    const stores = Array.from({ length: 4 }, () => openPostgres({ url, clock: realClock }));
    const done = await Promise.all(stores.map((store) => store.migrate()));
    expect(done.flat()).toEqual([
      '0001_first',
      '0002_failure_policy',
      '0003_automation',
      '0004_attempts_by_row',
      '0005_slices',
      '0006_runs',
      '0008_start',
      '0009_log_cost',
      '0010_shardable',
      '0011_mails',
      '0012_flows',
      '0013_network',
      '0014_stats',
      '0015_people',
      '0016_jobs',
      '0017_customers',
      '0018_search',
      '0019_trace',
    ]);
    await Promise.all(stores.map((store) => store.close()));
  });

  test('a server that is away is StoreUnavailable for every verb; what was accepted is there afterwards (P1)', async () => {
    const server = await startPostgres();
    try {
      const store = openPostgres({ url: await server.createDatabase(), clock: realClock });
      await store.migrate();
      const { workspace, endpoint } = await seed(store);
      store.listen(() => {});
      const before = anEvent([endpoint]);
      await publishAccepted(store, workspace, [before]);
      await server.killServer();
      const event = anEvent([endpoint]);
      for (const verb of [
        () => publish(store, workspace, [event], { routingVersion: 2 }),
        () => store.ping(),
        () => store.takeSlices('node-a', 10),
        () => store.listEvents(workspace, {}, { limit: 10, before: null }),
        () => store.updateEndpoint(workspace, endpoint.key, { name: 'x' }, 1, 'me'),
        () => store.migrate(),
      ]) {
        await expect(verb()).rejects.toBeInstanceOf(StoreUnavailable);
      }
      await server.startServer();
      await store.ping();
      await publishAccepted(store, workspace, [event]);
      expect((await openItems(store, endpoint)).map((item) => item.event)).toEqual([before.key, event.key]);
      await store.close();
    } finally {
      await server.stop();
    }
  });
});

interface PlanNode {
  'Node Type': string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
}

/** What its scans have looked at, over all loops. */
function rowsOf(node: PlanNode): number {
  const own =
    /Scan$/.test(node['Node Type']) && node['Node Type'] !== 'Subquery Scan'
      ? (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
      : 0;
  return (node.Plans ?? []).reduce((sum, child) => sum + rowsOf(child), own);
}

planContract('PostgreSQL', async (logged): Promise<Explained> => {
  const url = await freshDatabase(MIGRATED);
  const pool = openPool({ url, max: 2, settings: LIST_SETTINGS, limited: false });
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }), log: logged });
  return {
    db,
    dialect: POSTGRES_DIALECT,
    async indexes() {
      const { rows } = await pool.query<{ name: string; definition: string }>(
        `SELECT indexname AS name, indexdef AS definition FROM pg_indexes WHERE schemaname = 'public'
          AND indexname NOT IN (SELECT conname FROM pg_constraint)`,
      );
      return rows;
    },
    async ready() {
      await pool.query('ANALYZE');
    },
    async explain(text, parameters) {
      const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, [...parameters]);
      return rows.map((row) => row['QUERY PLAN'].trim());
    },
    async rowsRead(text, parameters) {
      const { rows } = await pool.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
        `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
        [...parameters],
      );
      const [row] = rows;
      if (row === undefined) throw new Error('There is no plan.');
      return rowsOf(row['QUERY PLAN'][0].Plan);
    },
    readsAll: /Seq Scan on (events|event_bodies|deliveries|attempts|notices|mails)/,
    readsWorkspace: /Seq Scan on runs|^Index Cond: \(workspace = [^()]*\)$/,
    statistics: {
      'of these rows': async () => {},
      none: async () => {
        await pool.query('DELETE FROM pg_statistic');
      },
    },
    close: () => db.destroy(),
  };
});
