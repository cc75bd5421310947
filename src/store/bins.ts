/** Bins and what they captured, and the sweeping of what has expired: the queries, for both databases. */

import { type Kysely, type Selectable, sql } from 'kysely';
import type { Bin, BinAnswer, BinRequest } from './records/bins.ts';
import type { BinRequestsTable, BinsTable, Schema } from './schema.ts';
import type { Store } from './store.ts';

function toBin(row: Selectable<BinsTable> & { requests: number }): Bin {
  return {
    key: row.key,
    workspace: row.workspace,
    token: row.token,
    answer: JSON.parse(row.answer) as BinAnswer,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    requests: Number(row.requests),
  };
}

function toRequest({ truncated, ...row }: Selectable<BinRequestsTable>): BinRequest {
  return { ...row, truncated: truncated === 1 };
}

function binQuery(db: Kysely<Schema>) {
  return db
    .selectFrom('bins')
    .selectAll('bins')
    .select((eb) =>
      eb
        .selectFrom('bin_requests')
        .select((inner) => inner.fn.countAll<number>().as('count'))
        .whereRef('bin_requests.bin', '=', 'bins.key')
        .$asScalar()
        .$notNull()
        .as('requests'),
    );
}

type Bins = Pick<
  Store,
  | 'createBin'
  | 'findBin'
  | 'listBins'
  | 'updateBinAnswer'
  | 'deleteBin'
  | 'captureRequest'
  | 'listBinRequests'
  | 'sweep'
>;

export function bins(write: Kysely<Schema>, read: Kysely<Schema>): Bins {
  return {
    ...captures(write, read),
    async createBin({ answer, createdAt, expiresAt, ...bin }) {
      await write
        .insertInto('bins')
        .values({ ...bin, answer: JSON.stringify(answer), created_at: createdAt, expires_at: expiresAt })
        .execute();
    },
    async findBin(by) {
      const query =
        'token' in by
          ? binQuery(read).where('token', '=', by.token)
          : binQuery(read).where('workspace', '=', by.workspace).where('key', '=', by.key);
      const row = await query.executeTakeFirst();
      return row === undefined ? null : toBin(row);
    },
    async listBins(workspace) {
      const rows = await binQuery(read).where('workspace', '=', workspace).orderBy('key', 'desc').execute();
      return rows.map(toBin);
    },
    updateBinAnswer: (workspace, bin, patch) =>
      write.transaction().execute(async (trx) => {
        // Writing the row first makes other changes of it wait, so that what is read is what is replaced.
        const [row] = await trx
          .updateTable('bins')
          .set((eb) => ({ answer: eb.ref('answer') }))
          .where('workspace', '=', workspace)
          .where('key', '=', bin)
          .returning('answer')
          .execute();
        if (row === undefined) return false;
        const answer: BinAnswer = { ...(JSON.parse(row.answer) as BinAnswer), ...patch };
        await trx
          .updateTable('bins')
          .set({ answer: JSON.stringify(answer) })
          .where('workspace', '=', workspace)
          .where('key', '=', bin)
          .execute();
        return true;
      }),
    deleteBin: (workspace, bin) =>
      write.transaction().execute(async (trx) => {
        const result = await trx
          .deleteFrom('bins')
          .where('workspace', '=', workspace)
          .where('key', '=', bin)
          .executeTakeFirst();
        if (result.numDeletedRows === 0n) return false;
        await trx.deleteFrom('bin_requests').where('bin', '=', bin).execute();
        return true;
      }),
    sweep: (now, idempotencyBefore, limit) =>
      write.transaction().execute(async (trx) => {
        const expired = await trx
          .selectFrom('bins')
          .select('key')
          .where('expires_at', '<=', now)
          .limit(limit)
          .execute();
        const keys = expired.map((row) => row.key);
        if (keys.length > 0) {
          await trx.deleteFrom('bin_requests').where('bin', 'in', keys).execute();
          await trx.deleteFrom('bins').where('key', 'in', keys).execute();
        }
        const answers = await sql`
          DELETE FROM idempotency_keys WHERE created_at < ${idempotencyBefore}
            AND (workspace, idempotency_key) IN (
              SELECT workspace, idempotency_key FROM idempotency_keys
              WHERE created_at < ${idempotencyBefore} ORDER BY created_at LIMIT ${limit})`.execute(trx);
        const secrets = await trx.deleteFrom('secrets').where('expires_at', '<=', now).executeTakeFirst();
        return keys.length + Number(answers.numAffectedRows ?? 0n) + Number(secrets.numDeletedRows);
      }),
  };
}

function captures(
  write: Kysely<Schema>,
  read: Kysely<Schema>,
): Pick<Bins, 'captureRequest' | 'listBinRequests'> {
  return {
    captureRequest: (request, keep) =>
      write.transaction().execute(async (trx) => {
        await trx
          .insertInto('bin_requests')
          .values({ ...request, truncated: request.truncated ? 1 : 0 })
          .execute();
        await trx
          .deleteFrom('bin_requests')
          .where('bin', '=', request.bin)
          .where('key', '<', (eb) =>
            eb
              .selectFrom('bin_requests')
              .select('key')
              .where('bin', '=', request.bin)
              .orderBy('key', 'desc')
              .offset(keep - 1)
              .limit(1),
          )
          .execute();
      }),
    async listBinRequests(bin, page) {
      const query = read.selectFrom('bin_requests').selectAll().where('bin', '=', bin).limit(page.limit);
      const ordered =
        'after' in page
          ? query.where('key', '>', page.after).orderBy('key', 'asc')
          : query
              .$if(page.before !== null, (older) => older.where('key', '<', page.before))
              .orderBy('key', 'desc');
      return (await ordered.execute()).map(toRequest);
    },
  };
}
