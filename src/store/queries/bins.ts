/** Bins and what they captured, and the sweeping of what has expired: the queries, for both databases. */

import { type Kysely, type Selectable, type SqlBool, sql, type Transaction } from 'kysely';
import type { BinStore } from '../ports/bins.ts';
import type { SweepStore } from '../ports/retention.ts';
import type { Bin, BinAnswer } from '../records/bins.ts';
import type { BinsTable, Schema } from '../schema/schema.ts';
import { lockWorkspace } from './administration.ts';
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

/** SQLite has null for no bytes of a blob. */
const NOTHING = new Uint8Array(0);

type Bins = BinStore & SweepStore;

export function bins(write: Kysely<Schema>, read: Kysely<Schema>): Bins {
  return {
    ...captures(write, read),
    createBin: ({ answer, createdAt, expiresAt, ...bin }, most) =>
      write.transaction().execute(async (trx) => {
        const { token, workspace, key } = bin;
        await lockWorkspace(trx, workspace);
        const { count } = await trx
          .selectFrom('bins')
          .select((eb) => eb.fn.countAll<number>().as('count'))
          .where('workspace', '=', workspace)
          .where('expires_at', '>', createdAt)
          .executeTakeFirstOrThrow();
        if (Number(count) >= most) return false;
        await trx.insertInto('bin_tokens').values({ token, workspace, bin: key }).execute();
        await trx
          .insertInto('bins')
          .values({ ...bin, answer: JSON.stringify(answer), created_at: createdAt, expires_at: expiresAt })
          .execute();
        return true;
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
        const requests = {
          table: 'request_keys',
          key: { caller: 'text', idempotency_key: 'text' },
          is: sql<SqlBool>`claimed_at < ${idempotencyBefore}`,
        } as const;
        for (const old of [answers, requests, secrets]) swept += await sweepRows(trx, trx, old, limit);
        return swept;
      }),
  };
}

function captures(
  write: Kysely<Schema>,
  read: Kysely<Schema>,
): Pick<Bins, 'captureRequest' | 'listBinRequests'> {
  return {
    // Two statements and no transaction, which would keep SQLite's writer from others between the two; what is too
    // much, the next request's removal finds as well.
    async captureRequest(request, room) {
      await write
        .insertInto('bin_requests')
        .values({ ...request, truncated: request.truncated ? 1 : 0 })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const { workspace, bin } = request;
      await sql`
          DELETE FROM bin_requests WHERE workspace = ${workspace} AND bin = ${bin} AND key IN (
            SELECT newest.key FROM (
              SELECT key, row_number() OVER (ORDER BY key DESC) AS place,
                sum(octet_length(body)) OVER (ORDER BY key DESC) AS bytes
              FROM bin_requests WHERE workspace = ${workspace} AND bin = ${bin}) AS newest
            WHERE newest.place > ${room.requests} OR (newest.place > 1 AND newest.bytes > ${room.bytes}))`.execute(
        write,
      );
    },
    async listBinRequests(workspace, bin, page) {
      const ofBin = read.selectFrom('bin_requests').where('workspace', '=', workspace).where('bin', '=', bin);
      const some =
        'after' in page
          ? ofBin.where('key', '>', page.after).orderBy('key', 'asc')
          : ofBin
              .$if(page.before !== null, (older) => older.where('key', '<', page.before))
              .orderBy('key', 'desc');
      // Sizes first: a hundred bodies may be 100 MB.
      const sizes = await some
        .select(['key', sql<number>`octet_length(body)`.as('bytes')])
        .limit(page.limit)
        .execute();
      let bytes = 0;
      const shown = sizes.filter((row, place) => {
        bytes += Math.min(row.bytes, page.bodyBytes);
        return place === 0 || bytes <= page.maxBytes;
      });
      if (shown.length === 0) return [];
      const rows = await ofBin
        .select(['key', 'workspace', 'bin', 'at', 'method', 'path', 'headers', 'truncated', 'signature'])
        .select(sql<Uint8Array | null>`substr(body, 1, ${sql.lit(page.bodyBytes)})`.as('body'))
        .select(sql<number>`octet_length(body)`.as('bodyBytes'))
        .where(
          'key',
          'in',
          shown.map((row) => row.key),
        )
        .execute();
      const byKey = new Map(
        rows.map((row) => [row.key, { ...row, body: row.body ?? NOTHING, truncated: row.truncated === 1 }]),
      );
      return shown.flatMap(({ key }) => byKey.get(key) ?? []);
    },
  };
}
