/**
 * The identity library's tables behind the store's port: no connection of its own, the store's threads and pools,
 * times as integers and booleans as 0 or 1 as everywhere in the schema.
 */

import type { BetterAuthOptions } from 'better-auth';
import { type CleanedWhere, type CustomAdapter, createAdapterFactory } from 'better-auth/adapters';
import type {
  IdentityCondition,
  IdentityRow,
  IdentityRows,
  IdentityStore,
  IdentityTable,
} from '../store/ports/people.ts';

/** The library's names of tables and columns, in the schema's. */
export const IDENTITY_SCHEMA = {
  user: {
    modelName: 'people',
    fields: { emailVerified: 'email_verified', createdAt: 'created_at', updatedAt: 'updated_at' },
    additionalFields: { language: { type: 'string', required: true } },
  },
  account: {
    modelName: 'person_accounts',
    fields: {
      userId: 'person',
      providerId: 'provider',
      accountId: 'account',
      createdAt: 'created_at',
      updatedAt: 'updated_at',
    },
  },
  session: {
    modelName: 'person_sessions',
    fields: {
      userId: 'person',
      ipAddress: 'address',
      userAgent: 'user_agent',
      createdAt: 'created_at',
      updatedAt: 'updated_at',
      expiresAt: 'expires_at',
    },
  },
  verification: {
    modelName: 'verifications',
    fields: { createdAt: 'created_at', updatedAt: 'updated_at', expiresAt: 'expires_at' },
  },
} as const satisfies BetterAuthOptions;

const TABLES: readonly IdentityTable[] = ['people', 'person_accounts', 'person_sessions', 'verifications'];
const OPERATORS = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'in'] as const;

function tableOf(model: string): IdentityTable {
  const table = TABLES.find((known) => known === model);
  if (table === undefined) throw new Error(`The identity library asks for a table "${model}".`);
  return table;
}

function conditionsOf(where: readonly CleanedWhere[] = []): IdentityCondition[] {
  return where.map(({ field, operator: asked, value, connector }, index) => {
    const operator = OPERATORS.find((known) => known === asked);
    if (operator === undefined || (connector === 'OR' && index > 0)) {
      throw new Error(`The identity library asks by "${asked}" and "${connector}".`);
    }
    return { field, operator, value: value as IdentityCondition['value'] };
  });
}

function adapterOver(rows: IdentityRows): CustomAdapter {
  const update = (model: string, where: readonly CleanedWhere[], set: unknown): Promise<IdentityRow[]> =>
    rows.updateIdentities(tableOf(model), conditionsOf(where), set as IdentityRow);
  const remove = (model: string, where: readonly CleanedWhere[]): Promise<IdentityRow[]> =>
    rows.deleteIdentities(tableOf(model), conditionsOf(where));
  return {
    create: async ({ model, data }) => (await rows.insertIdentity(tableOf(model), data)) as typeof data,
    update: async <T>({ model, where, update: set }: { model: string; where: CleanedWhere[]; update: T }) =>
      ((await update(model, where, set))[0] ?? null) as T | null,
    updateMany: async ({ model, where, update: set }) => (await update(model, where, set)).length,
    async findOne<T>({ model, where }: { model: string; where: CleanedWhere[] }) {
      const [found] = await rows.findIdentities(tableOf(model), conditionsOf(where), { limit: 1 });
      return (found ?? null) as T | null;
    },
    async findMany<T>({
      model,
      where,
      limit,
      sortBy,
    }: {
      model: string;
      where?: CleanedWhere[] | undefined;
      limit: number;
      sortBy?: { field: string; direction: 'asc' | 'desc' } | undefined;
    }) {
      const order = sortBy && { ...sortBy, field: columnOf(sortBy.field) };
      const page = { limit, ...(order === undefined ? {} : { order }) };
      return (await rows.findIdentities(tableOf(model), conditionsOf(where), page)) as T[];
    },
    delete: async ({ model, where }) => void (await remove(model, where)),
    deleteMany: async ({ model, where }) => (await remove(model, where)).length,
    consumeOne: async <T>({ model, where }: { model: string; where: CleanedWhere[] }) =>
      ((await remove(model, where))[0] ?? null) as T | null,
    count: () => Promise.reject(new Error('Nothing here is counted.')),
  };
}

/** Lists are only ever sorted by times: the library names them its own way there. */
function columnOf(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** For the `database` of the library's options. */
export function identityStorage(store: IdentityStore): NonNullable<BetterAuthOptions['database']> {
  return (options: BetterAuthOptions) => {
    type Transaction = NonNullable<Parameters<typeof createAdapterFactory>[0]['config']['transaction']>;
    const over = (rows: IdentityRows, transaction: Transaction) =>
      createAdapterFactory({
        config: {
          adapterId: 'mirsal',
          supportsBooleans: false,
          supportsNumericIds: false,
          transaction,
          customTransformInput: ({ data }) => (data instanceof Date ? data.getTime() : data),
          customTransformOutput: ({ data, fieldAttributes }) =>
            fieldAttributes.type === 'date' && typeof data === 'number' ? new Date(data) : data,
        },
        adapter: () => adapterOver(rows),
      })(options);
    return over(store, (run) => store.inIdentityTransaction((rows) => run(over(rows, false))));
  };
}
