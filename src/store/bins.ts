/** Bins and what they captured, and the sweeping of what has expired: the queries, for both databases. */

import { type Kysely, type Selectable, type SqlBool, sql, type Transaction } from 'kysely';
import type { Bin, BinAnswer, BinRequest } from './records/bins.ts';
import type { BinRequestsTable, BinsTable, Schema } from './schema.ts';
import type { Store } from './store.ts';
import { sweepRows } from './sweeping.ts';

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

function binQuery(db: Kysely<Schema>, workspace: number) {
  return db
    .selectFrom('bins')
    .selectAll('bins')
    .select((eb) =>
      eb
        .selectFrom('bin_requests')
        .select((inner) => inner.fn.countAll<number>().as('count'))
        .whereRef('bin_requests.workspace', '=', 'bins.workspace')
        .whereRef('bin_requests.bin', '=', 'bins.key')
        .$asScalar()
        .$notNull()
        .as('requests'),
    )
    .where('workspace', '=', workspace);
}

/** Where the bin of a token stands; null for a token that is none. */
async function placeOf(
  db: Kysely<Schema>,
  token: string,
): Promise<{ workspace: number; key: number } | null> {
  const row = await db
    .selectFrom('bin_tokens')
    .select(['workspace', 'bin as key'])
    .where('token', '=', token)
    .executeTakeFirst();
  return row ?? null;
}

/** Bins with what they captured; how many there were. */
async function deleteBins(
  trx: Transaction<Schema>,
  workspace: number,
  bins: readonly number[],
): Promise<number> {
  const deleted = await trx
    .deleteFrom('bins')
    .where('workspace', '=', workspace)
    .where('key', 'in', bins)
    .returning('token')
    .execute();
  const tokens = deleted.map(({ token }) => token);
  if (tokens.length === 0) return 0;
  await trx.deleteFrom('bin_tokens').where('token', 'in', tokens).execute();
  await trx.deleteFrom('bin_requests').where('workspace', '=', workspace).where('bin', 'in', bins).execute();
  return tokens.length;
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
    createBin: ({ answer, createdAt, expiresAt, ...bin }) =>
      write.transaction().execute(async (trx) => {
        const { token, workspace, key } = bin;
        await trx.insertInto('bin_tokens').values({ token, workspace, bin: key }).execute();
        await trx
          .insertInto('bins')
          .values({ ...bin, answer: JSON.stringify(answer), created_at: createdAt, expires_at: expiresAt })
          .execute();
      }),
    async findBin(by) {
      const place = 'token' in by ? await placeOf(read, by.token) : by;
      if (place === null) return null;
      const row = await binQuery(read, place.workspace).where('key', '=', place.key).executeTakeFirst();
      return row === undefined ? null : toBin(row);
    },
    async listBins(workspace) {
      const rows = await binQuery(read, workspace).orderBy('key', 'desc').execute();
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
      write.transaction().execute(async (trx) => (await deleteBins(trx, workspace, [bin])) > 0),
    sweep: (now, idempotencyBefore, limit) =>
      write.transaction().execute(async (trx) => {
        const expired = await trx
          .selectFrom('bins')
          .select(['workspace', 'key'])
          .where('expires_at', '<=', now)
          .limit(limit)
          .execute();
        let swept = 0;
        for (const [workspace, bins] of Map.groupBy(expired, (bin) => bin.workspace)) {
          const keys = bins.map(({ key }) => key);
          swept += await deleteBins(trx, workspace, keys);
        }
        const answers = {
          table: 'idempotency_keys',
          key: { idempotency_key: 'text' },
          is: sql<SqlBool>`created_at < ${idempotencyBefore}`,
        } as const;
        const secrets = {
          table: 'secrets',
          key: { key: 'bigint' },
          is: sql<SqlBool>`expires_at <= ${now}`,
        } as const;
        for (const old of [answers, secrets]) swept += await sweepRows(trx, trx, old, limit);
        return swept;
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
          .where('workspace', '=', request.workspace)
          .where('bin', '=', request.bin)
          .where('key', '<', (eb) =>
            eb
              .selectFrom('bin_requests')
              .select('key')
              .where('workspace', '=', request.workspace)
              .where('bin', '=', request.bin)
              .orderBy('key', 'desc')
              .offset(keep - 1)
              .limit(1),
          )
          .execute();
      }),
    async listBinRequests(workspace, bin, page) {
      const query = read
        .selectFrom('bin_requests')
        .selectAll()
        .where('workspace', '=', workspace)
        .where('bin', '=', bin)
        .limit(page.limit);
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
