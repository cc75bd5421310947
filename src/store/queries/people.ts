/** People, their sessions, and where they are members: the queries, for both databases. */

import type { Kysely, Selectable, Transaction } from 'kysely';
import type { MemberStore, PeopleStore } from '../ports/people.ts';
import {
  type FoundSession,
  type Language,
  type Member,
  type Membership,
  type NewPerson,
  type Person,
  type PersonSession,
  ROLES,
  type Role,
} from '../records/people.ts';
import type { PeopleTable, PersonSessionsTable } from '../schema/peopleTables.ts';
import type { Schema } from '../schema/schema.ts';
import { lockWorkspace, moveRouting } from './administration.ts';
import { insertAudit } from './audit.ts';

/** As the identity library names those who have a password. */
export const PASSWORD_PROVIDER = 'credential';

function toPerson(row: Selectable<PeopleTable>): Person {
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    language: row.language as Language,
    createdAt: row.created_at,
  };
}

function toSession(row: Selectable<PersonSessionsTable>): PersonSession {
  return {
    id: row.id,
    createdAt: row.created_at,
    usedAt: row.updated_at,
    expiresAt: row.expires_at,
    address: row.address || null,
    userAgent: row.user_agent || null,
  };
}

/** False, and nothing is written, where somebody has this e-mail. */
export async function insertPerson(trx: Transaction<Schema>, person: NewPerson): Promise<boolean> {
  const { id, name, email, language, createdAt, accountId, password } = person;
  const times = { created_at: createdAt, updated_at: createdAt };
  const result = await trx
    .insertInto('people')
    .values({ id, name, email, email_verified: 0, language, ...times })
    .onConflict((conflict) => conflict.column('email').doNothing())
    .executeTakeFirst();
  if (result.numInsertedOrUpdatedRows === 0n) return false;
  await trx
    .insertInto('person_accounts')
    .values({ id: accountId, person: id, provider: PASSWORD_PROVIDER, account: id, password, ...times })
    .execute();
  return true;
}

/** To be part of the transaction that has the workspace's lock. */
export async function insertMember(
  trx: Transaction<Schema>,
  { workspace, person, role, at }: { workspace: number; person: string; role: Role; at: number },
): Promise<void> {
  await trx
    .insertInto('members')
    .values({ workspace, person, role, created_at: at })
    .onConflict((conflict) => conflict.columns(['workspace', 'person']).doNothing())
    .execute();
  await insertAudit(trx, {
    workspace,
    actor: `person:${person}`,
    action: 'member.joined',
    target: person,
    details: { role },
    at,
  });
}

export async function roleOf(db: Kysely<Schema>, workspace: number, person: string): Promise<Role | null> {
  const row = await db
    .selectFrom('members')
    .select('role')
    .where('workspace', '=', workspace)
    .where('person', '=', person)
    .executeTakeFirst();
  return row === undefined ? null : (row.role as Role);
}

/** Whether the workspace would be without an owner if this one were none. */
async function isLastOwner(trx: Transaction<Schema>, workspace: number, person: string): Promise<boolean> {
  const other = await trx
    .selectFrom('members')
    .select('person')
    .where('workspace', '=', workspace)
    .where('role', '=', 'owner')
    .where('person', '<>', person)
    .limit(1)
    .executeTakeFirst();
  return other === undefined;
}

export function people(write: Kysely<Schema>, read: Kysely<Schema>): PeopleStore {
  const isNobodyThere = async (db: Kysely<Schema>): Promise<boolean> =>
    (await db.selectFrom('people').select('id').limit(1).executeTakeFirst()) === undefined;
  return {
    needsSetup: () => isNobodyThere(read),
    setUp: ({ person, workspace, workspaceName }, at) =>
      write.transaction().execute(async (trx) => {
        if (!(await isNobodyThere(trx))) return false;
        // Whoever comes second waits here until the first one has committed, and then finds somebody.
        await trx
          .insertInto('owner_setup')
          .values({ id: 1, person: person.id, at })
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ id: 1 }))
          .execute();
        if (!(await isNobodyThere(trx))) return false;
        await lockWorkspace(trx, workspace);
        if (!(await insertPerson(trx, person))) return false;
        await insertMember(trx, { workspace, person: person.id, role: 'owner', at });
        await becomeRecipient(trx, workspace, person, workspaceName);
        return true;
      }),
    findSession: (token, now) => findSession(read, token, now),
    async prolongSession(session, expiresAt, at) {
      await write
        .updateTable('person_sessions')
        .set({ expires_at: expiresAt, updated_at: at })
        .where('id', '=', session)
        .execute();
    },
    async listSessions(person, now) {
      const rows = await read
        .selectFrom('person_sessions')
        .selectAll()
        .where('person', '=', person)
        .where('expires_at', '>', now)
        .orderBy('updated_at', 'desc')
        .orderBy('id', 'desc')
        .execute();
      return rows.map(toSession);
    },
    async endSessions(person, which) {
      const base = write.deleteFrom('person_sessions').where('person', '=', person);
      const query =
        'only' in which ? base.where('id', '=', which.only) : base.where('id', '<>', which.except);
      return Number((await query.executeTakeFirst()).numDeletedRows);
    },
    async findPeople(ids) {
      if (ids.length === 0) return [];
      const rows = await read
        .selectFrom('people')
        .selectAll()
        .where('id', 'in', [...ids])
        .execute();
      return rows.map(toPerson);
    },
    async findPersonByEmail(email) {
      const row = await read.selectFrom('people').selectAll().where('email', '=', email).executeTakeFirst();
      return row === undefined ? null : toPerson(row);
    },
    updatePerson: (person, patch, at) =>
      write.transaction().execute(async (trx) => {
        if (patch.email !== undefined) {
          const taken = await trx
            .selectFrom('people')
            .select('id')
            .where('email', '=', patch.email)
            .where('id', '<>', person)
            .executeTakeFirst();
          if (taken !== undefined) return false;
        }
        await trx
          .updateTable('people')
          .set({ ...patch, updated_at: at })
          .where('id', '=', person)
          .execute();
        return true;
      }),
  };
}

/** The first owner gets the workspace's mails, unless somebody is named already. */
async function becomeRecipient(
  trx: Transaction<Schema>,
  workspace: number,
  { email, language }: NewPerson,
  name: string | null,
): Promise<void> {
  const row = await trx
    .selectFrom('workspaces')
    .select('owners')
    .where('key', '=', workspace)
    .executeTakeFirst();
  const owners = row?.owners === '[]' ? { owners: JSON.stringify([{ email, language }]) } : {};
  const changed = { ...owners, ...(name === null ? {} : { name }) };
  if (Object.keys(changed).length === 0) return;
  await trx.updateTable('workspaces').set(changed).where('key', '=', workspace).execute();
  await moveRouting(trx, workspace);
}

async function findSession(db: Kysely<Schema>, token: string, now: number): Promise<FoundSession | null> {
  const session = await db
    .selectFrom('person_sessions')
    .selectAll()
    .where('token', '=', token)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  if (session === undefined) return null;
  const person = await db
    .selectFrom('people')
    .selectAll()
    .where('id', '=', session.person)
    .executeTakeFirst();
  if (person === undefined) return null;
  return {
    session: toSession(session),
    person: toPerson(person),
    memberships: await membershipsOf(db, person.id),
  };
}

/** In two statements: joined, SQLite may go through all workspaces to find those of one person. */
async function membershipsOf(db: Kysely<Schema>, person: string): Promise<Membership[]> {
  const rows = await db
    .selectFrom('members')
    .select(['workspace', 'role'])
    .where('person', '=', person)
    .orderBy('workspace')
    .execute();
  if (rows.length === 0) return [];
  const keys = rows.map(({ workspace }) => workspace);
  const named = await db.selectFrom('workspaces').select(['key', 'name']).where('key', 'in', keys).execute();
  const names = new Map(named.map(({ key, name }) => [key, name]));
  return rows.map(({ workspace, role }) => ({
    workspace,
    workspaceName: names.get(workspace) ?? '',
    role: role as Role,
  }));
}

/** Each change of a workspace's members holds the workspace's lock, so that two owners cannot both be the other's last. */
export function members(write: Kysely<Schema>, read: Kysely<Schema>): MemberStore {
  return {
    async listMembers(workspace) {
      const rows = await read
        .selectFrom('members as m')
        .innerJoin('people as p', 'p.id', 'm.person')
        .selectAll('p')
        .select(['m.role', 'm.created_at as since'])
        .where('m.workspace', '=', workspace)
        .orderBy('m.created_at')
        .orderBy('m.person')
        .execute();
      return rows.map(
        ({ role, since, ...person }): Member => ({ person: toPerson(person), role: role as Role, since }),
      );
    },
    changeRole: (workspace, person, role, at, by, from = ROLES) =>
      write.transaction().execute(async (trx) => {
        await lockWorkspace(trx, workspace);
        const before = await roleOf(trx, workspace, person);
        if (before === null) return 'unknown';
        if (before === role) return 'changed';
        if (!from.includes(before)) return 'refused';
        if (before === 'owner' && (await isLastOwner(trx, workspace, person))) return 'last_owner';
        await trx
          .updateTable('members')
          .set({ role })
          .where('workspace', '=', workspace)
          .where('person', '=', person)
          .execute();
        await insertAudit(trx, {
          workspace,
          actor: by,
          action: 'member.role_changed',
          target: person,
          details: { changed: { role: { from: before, to: role } } },
          at,
        });
        return 'changed';
      }),
    removeMember: (workspace, person, at, by, from = ROLES) =>
      write.transaction().execute(async (trx) => {
        await lockWorkspace(trx, workspace);
        const role = await roleOf(trx, workspace, person);
        if (role === null) return 'unknown';
        if (!from.includes(role)) return 'refused';
        if (role === 'owner' && (await isLastOwner(trx, workspace, person))) return 'last_owner';
        await trx
          .deleteFrom('members')
          .where('workspace', '=', workspace)
          .where('person', '=', person)
          .execute();
        const details = { role };
        await insertAudit(trx, {
          workspace,
          actor: by,
          action: 'member.removed',
          target: person,
          details,
          at,
        });
        const elsewhere = await trx
          .selectFrom('members')
          .select('workspace')
          .where('person', '=', person)
          .limit(1)
          .executeTakeFirst();
        if (elsewhere === undefined) {
          await trx.deleteFrom('person_sessions').where('person', '=', person).execute();
        }
        return 'changed';
      }),
  };
}
