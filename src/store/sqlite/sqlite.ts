/**
 * The embedded store: one SQLite file, one process. Three threads: one writes (thread.ts), one reads what
 * the engine and each request need, and one reads lists, so that a long list holds up neither.
 */

import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Clock } from '../../world.ts';
import type { StoreLoad } from '../ports/lifecycle.ts';
import { administration } from '../queries/administration.ts';
import { audit } from '../queries/audit.ts';
import { automations } from '../queries/automations.ts';
import { bins } from '../queries/bins.ts';
import { bulk } from '../queries/bulk.ts';
import { customers } from '../queries/customers.ts';
import { deletion } from '../queries/deletion.ts';
import { countOpen } from '../queries/enabling.ts';
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
import type { PublishAnswer } from '../records/publishing.ts';
import type { RecordAnswer } from '../records/results.ts';
import { migrate } from '../schema/migrate.ts';
import { migrations, SQLITE_TYPES } from '../schema/migrations.ts';
import type { Schema } from '../schema/schema.ts';
import type { Store } from '../store.ts';
import { sqliteDialect } from './dialect.ts';
import { checkFile, lockDirectory } from './lock.ts';
import { packCall, packResults } from './packing.ts';
import type { QueryRows } from './protocol.ts';
import { lazyThread, startThread, type Thread, threadDialect } from './thread-client.ts';

export interface SqliteOptions {
  /** An existing directory; the files `mirsal.db` and `mirsal.lock` are made in it. */
  directory: string;
  clock: Clock;
}

/** Opens the store. Throws DirectoryInUse where another process has it, DatabaseRefused for a foreign file. */
export function openSqlite({ directory, clock }: SqliteOptions): Store {
  const lock = lockDirectory(join(directory, 'mirsal.lock'));
  const path = join(directory, 'mirsal.db');
  try {
    checkFile(path);
  } catch (error) {
    lock.release();
    throw error;
  }
  const store = createStore({
    writer: startThread({ path, mode: 'write' }),
    // The file exists only when the writer has made it, so the reader is opened on first use.
    reader: lazyThread({ path, mode: 'read' }),
    lister: lazyThread({ path, mode: 'read' }),
    clock,
  });
  return {
    ...store,
    async close() {
      await store.close();
      lock.release();
    },
  };
}

/**
 * The thread commits what lies before it as one, so small batches cost it nothing, and let it begin while
 * the rest of a turn's results are on their way. With 200 lanes: two of up to 500 leave the main thread idle
 * for 21 % of the time, eight of 25 for 16 % and carry 10 % more; sixteen of 16 no more than that.
 */
const RECORDING = { batch: 25, writers: 8, writersPerWorkspace: 8 };

/** A thread does one thing after the other: it is what all its connections come to. */
function loadOf(name: string, thread: Thread): StoreLoad {
  const open = thread.open();
  return { pool: name, busy: Math.min(1, open), idle: open === 0 ? 1 : 0, waiting: Math.max(0, open - 1) };
}

/**
 * Empties the log of writes, which holds what pages held before; in the pages themselves nothing stays that was deleted
 * (thread.ts). False where somebody reads at this moment.
 */
async function scrub(writer: Thread): Promise<boolean> {
  const { rows } = (await writer.run({ kind: 'scrub' })) as QueryRows;
  return (rows[0] as { busy: number } | undefined)?.busy === 0;
}

/** The store on threads of one file; lists are read by `lister`. */
export function createStore({
  writer,
  reader,
  lister = reader,
  clock,
}: {
  writer: Thread;
  reader: Thread;
  lister?: Thread;
  clock: Clock;
}): Store {
  const write = new Kysely<Schema>({ dialect: threadDialect(writer) });
  const read = new Kysely<Schema>({ dialect: threadDialect(reader) });
  const lists = new Kysely<Schema>({ dialect: threadDialect(lister) });
  const dialect = sqliteDialect(clock);
  const shownReplays = replays(write, lists, dialect);
  return {
    ...administration(write, read),
    ...customers(write, read),
    ...deletion(write, dialect),
    ...erasing(write, read, dialect, () => scrub(writer)),
    ...people(write, read),
    ...members(write, read),
    ...invitations(write, read),
    ...portalLinks(write, read),
    ...identities(write, read),
    ...endpoints(write, read, dialect),
    ...nodes(write, read, dialect),
    ...lanes(write, read),
    ...log(write, lists, dialect),
    ...bins(write, read),
    ...notices(write, read),
    ...mails(write, read, dialect),
    ...audit(lists),
    ...resending(write, dialect),
    ...automations(write, read, dialect),
    ...runs(write, read, dialect),
    listRuns: runs(write, lists, dialect).listRuns,
    ...replays(write, read, dialect),
    countOriginals: shownReplays.countOriginals,
    listReplays: shownReplays.listReplays,
    countOpen: (workspace, keys) => countOpen(lists, workspace, keys),
    ...bulk(write, lists, dialect),
    ...jobs(write, read),
    ...requests(write),
    listJobs: jobs(write, lists).listJobs,
    ...retention(write, read, dialect),
    ...skips(write, read, dialect),
    ...stats(write, lists, dialect),
    ...watching(read),
    ...search(lists, dialect.search),
    ...indexing(write, read, dialect.search),
    publish: async (call) =>
      (await writer.run({
        kind: 'publish',
        workspace: call.workspace,
        call: packCall(call),
      })) as PublishAnswer,
    record: async (node, workspace, results) =>
      (await writer.run({
        kind: 'record',
        workspace,
        node,
        results: packResults(workspace, results),
      })) as RecordAnswer,
    recording: RECORDING,
    async migrate() {
      const steps = migrations(SQLITE_TYPES);
      const migrator = new Migrator({ db: write, provider: { getMigrations: async () => steps } });
      const done = await migrate(migrator, steps, async () => {
        const { rows } = await sql<{ name: string }>`
          SELECT 1 FROM sqlite_master WHERE name = 'kysely_migration'`.execute(write);
        if (rows.length === 0) return [];
        const names = await sql<{ name: string }>`SELECT name FROM kysely_migration`.execute(write);
        return names.rows.map(({ name }) => name);
      });
      // This process holds the directory's lock: whoever is in the table is dead.
      await write.deleteFrom('nodes').execute();
      await write.updateTable('slices').set({ owner: null }).execute();
      return done;
    },
    async ping() {
      await sql`SELECT 1`.execute(write);
    },
    load: () => [loadOf('writer', writer), loadOf('reader', reader), loadOf('lists', lister)],
    async close() {
      await lists.destroy();
      await read.destroy();
      await write.destroy();
      // Kysely leaves alone what it has never used.
      await lister.close();
      await reader.close();
      await writer.close();
    },
    notify() {},
    listen() {},
  };
}
