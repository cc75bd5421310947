/**
 * The shared store: PostgreSQL, any number of nodes.
 *
 * Three pools: the hot one publishes and records, one is the lease's, and the third serves everything else. So no
 * list, however long, stands before an acknowledgement, and nothing at all before a heartbeat.
 */

import { Kysely, PostgresDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import type pg from 'pg';
import type { Clock } from '../../world.ts';
import type { StoreLoad } from '../ports/lifecycle.ts';
import { administration } from '../queries/administration.ts';
import { audit } from '../queries/audit.ts';
import { automations } from '../queries/automations.ts';
import { bins } from '../queries/bins.ts';
import { bulk } from '../queries/bulk.ts';
import { customers } from '../queries/customers.ts';
import { deletion } from '../queries/deletion.ts';
import { endpoints } from '../queries/endpoints.ts';
import { erasing } from '../queries/erasing.ts';
import { identities } from '../queries/identity.ts';
import { indexing } from '../queries/indexing.ts';
import { invitations, portalLinks } from '../queries/invitations.ts';
import { jobs } from '../queries/jobs.ts';
import { lanes } from '../queries/lanes.ts';
import { log } from '../queries/log.ts';
import { mails } from '../queries/mails.ts';
import { nodes } from '../queries/nodes.ts';
import { notices } from '../queries/notices.ts';
import { members, people } from '../queries/people.ts';
import { replays } from '../queries/replays.ts';
import { requests } from '../queries/requests.ts';
import { resending } from '../queries/resend.ts';
import { retention } from '../queries/retention.ts';
import { runs } from '../queries/runs.ts';
import { search } from '../queries/search.ts';
import { skips } from '../queries/skips.ts';
import { stats } from '../queries/stats.ts';
import { watching } from '../queries/watching.ts';
import { DatabaseRefused, migrate } from '../schema/migrate.ts';
import { migrations, POSTGRES_TYPES } from '../schema/migrations.ts';
import type { Schema } from '../schema/schema.ts';
import { type Store, StoreUnavailable } from '../store.ts';
import { guard, guardAll, storableTexts } from './connection.ts';
import { POSTGRES_DIALECT } from './dialect.ts';
import { DEFAULT_LIMITS, type Limits, openPool } from './pool.ts';
import { publish } from './publish.ts';
import { record } from './record.ts';
import { openSignals } from './signals.ts';

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database` */
  url: string;
  clock: Clock;
  /** In the place of the usual ones. */
  limits?: Partial<Limits>;
}

const HOT_CONNECTIONS = 8;
const OTHER_CONNECTIONS = 8;
/** A heartbeat, a balance and a release may be under way, each once at the most: none waits for another. */
const LEASE_CONNECTIONS = 3;

/**
 * Half of what others may take: a heartbeat on a connection that has gone silent is given up after 6 s, and the next
 * one, 3 s later, is in time for a lease of 18 s.
 */
function leaseLimits(limits: Limits): Limits {
  return { ...limits, statementMs: limits.statementMs / 2, answerMs: limits.answerMs / 2 };
}

/**
 * Each batch is a transaction and a round trip of its own: few large ones cost least. Several workspaces are
 * written side by side, and half of the hot connections stay for publishing.
 */
const RECORDING = { batch: 500, writers: 4, writersPerWorkspace: 2 };

/**
 * The hot statements reach every row by an index, row by row. Plans are kept, and one made while
 * the tables were still empty would read whole tables later on: those ways are closed.
 */
const HOT_SETTINGS = 'SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off';

/**
 * Lists end at a limit: rows that an index yields in order are read as far as that, while a bitmap is made of all of
 * them first, and where a planner's guess is wrong, that is the whole log.
 */
export const LIST_SETTINGS = 'SET enable_seqscan = off; SET enable_bitmapscan = off';

/**
 * The names of the steps that the database has seen. These are a start's first statements: unless the server is
 * away, what fails is how Mirsal comes in, such as a password, TLS, or a database that is not there. Throws
 * DatabaseRefused then.
 */
async function readDone(pool: pg.Pool): Promise<string[]> {
  try {
    const { rows } = await guard(() =>
      pool.query<{ there: boolean }>(`SELECT to_regclass('kysely_migration') IS NOT NULL AS there`),
    );
    if (rows[0]?.there !== true) return [];
    const done = await guard(() => pool.query<{ name: string }>('SELECT name FROM kysely_migration'));
    return done.rows.map(({ name }) => name);
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new DatabaseRefused(`PostgreSQL does not let Mirsal in: ${said}. Check MIRSAL_DATABASE_URL.`, {
      cause: error,
    });
  }
}

function loadOf(name: string, { totalCount, idleCount, waitingCount }: pg.Pool): StoreLoad {
  return { pool: name, busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
}

/** Opens the store. Connections are made when they are first needed. */
export function openPostgres({ url, clock, ...options }: PostgresOptions): Store {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const hot = openPool({ url, max: HOT_CONNECTIONS, settings: HOT_SETTINGS, limits });
  const pool = openPool({ url, max: OTHER_CONNECTIONS, settings: LIST_SETTINGS, limits });
  const leasePool = openPool({
    url,
    max: LEASE_CONNECTIONS,
    settings: LIST_SETTINGS,
    limits: leaseLimits(limits),
  });
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }), plugins: [storableTexts] });
  const lease = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: leasePool }) });
  const signals = openSignals(url, clock, limits, pool);
  const verbs = guardAll({
    ...administration(db, db),
    ...customers(db, db),
    ...deletion(db, POSTGRES_DIALECT),
    // What rows have held stays in their tables' files until the server vacuums them.
    ...erasing(db, db, POSTGRES_DIALECT, async () => true),
    ...people(db, db),
    ...members(db, db),
    ...invitations(db, db),
    ...portalLinks(db, db),
    ...identities(db, db),
    ...endpoints(db, db, POSTGRES_DIALECT),
    ...nodes(lease, lease, POSTGRES_DIALECT),
    ...lanes(db, db),
    ...log(db, db, POSTGRES_DIALECT),
    ...bins(db, db),
    ...notices(db, db),
    ...mails(db, db, POSTGRES_DIALECT),
    ...audit(db),
    ...resending(db, POSTGRES_DIALECT),
    ...automations(db, db, POSTGRES_DIALECT),
    ...runs(db, db, POSTGRES_DIALECT),
    ...replays(db, db, POSTGRES_DIALECT),
    ...bulk(db, db, POSTGRES_DIALECT),
    ...jobs(db, db),
    ...requests(db),
    ...retention(db, db, POSTGRES_DIALECT),
    ...skips(db, db, POSTGRES_DIALECT),
    ...stats(db, db, POSTGRES_DIALECT),
    ...watching(db),
    ...search(db, POSTGRES_DIALECT.search),
    ...indexing(db, db, POSTGRES_DIALECT.search),
    publish: (call: Parameters<Store['publish']>[0]) => publish(hot, call),
    record: (...parameters: Parameters<Store['record']>) => record(hot, ...parameters),
  });
  return {
    ...verbs,
    recording: RECORDING,
    async migrate() {
      // Steps may take longer than any other statement is allowed to.
      const own = openPool({ url, max: 2, limited: false, limits });
      const schema = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: own }) });
      const steps = migrations(POSTGRES_TYPES);
      const provider = { getMigrations: async () => steps };
      try {
        return await guard(() => migrate(new Migrator({ db: schema, provider }), steps, () => readDone(own)));
      } finally {
        await schema.destroy();
        if (!own.ended) await own.end();
      }
    },
    async ping() {
      await guard(() => hot.query('SELECT 1'));
    },
    load: () => [loadOf('hot', hot), loadOf('other', pool), loadOf('lease', leasePool)],
    async close() {
      await signals.close();
      await hot.end();
      for (const queries of [lease, db]) await queries.destroy();
      // Kysely leaves alone what it has never used.
      for (const left of [leasePool, pool]) if (!left.ended) await left.end();
    },
    notify: signals.notify,
    listen: signals.listen,
  };
}
