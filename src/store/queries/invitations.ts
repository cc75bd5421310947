/** Invitations, and links into a workspace: the queries, for both databases. Of their tokens only hashes are kept. */

import type { Kysely, Selectable, Transaction } from 'kysely';
import { DAY } from '../../core/duration.ts';
import { formatId } from '../../core/ids.ts';
import type { InvitationStore, PortalLinkStore } from '../ports/people.ts';
import type { ApiKeyScope } from '../records/administration.ts';
import type { Accepting, AcceptOutcome, Invitation, Language, PortalLink, Role } from '../records/people.ts';
import type { InvitationsTable, PortalLinksTable } from '../schema/peopleTables.ts';
import type { Schema } from '../schema/schema.ts';
import { lockWorkspace } from './administration.ts';
import { insertAudit } from './audit.ts';
import { insertMember, insertPerson, roleOf } from './people.ts';

/** What ended is kept so long, so that whoever follows an old link is told what became of it. */
const KEPT_MS = 30 * DAY;

function toInvitation(row: Selectable<InvitationsTable>): Invitation {
  return {
    key: row.key,
    workspace: row.workspace,
    email: row.email,
    role: row.role as Role,
    language: row.language as Language,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    acceptedBy: row.accepted_by,
  };
}

/** How many are members, and how many more may become so: those whose invitation is open. */
async function countExpected(trx: Transaction<Schema>, workspace: number, now: number): Promise<number> {
  const { members } = await trx
    .selectFrom('members')
    .select((eb) => eb.fn.countAll<number>().as('members'))
    .where('workspace', '=', workspace)
    .executeTakeFirstOrThrow();
  const { open } = await trx
    .selectFrom('invitations')
    .select((eb) => eb.fn.countAll<number>().as('open'))
    .where('workspace', '=', workspace)
    .where('accepted_by', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return Number(members) + Number(open);
}

async function isMember(trx: Transaction<Schema>, workspace: number, email: string): Promise<boolean> {
  const person = await trx.selectFrom('people').select('id').where('email', '=', email).executeTakeFirst();
  return person !== undefined && (await roleOf(trx, workspace, person.id)) !== null;
}

export function invitations(write: Kysely<Schema>, read: Kysely<Schema>): InvitationStore {
  const findOpen = (db: Kysely<Schema>, workspace: number, key: number) =>
    db
      .selectFrom('invitations')
      .selectAll()
      .where('workspace', '=', workspace)
      .where('key', '=', key)
      .where('accepted_by', 'is', null)
      .executeTakeFirst();
  return {
    invite: (invitation, most, by) =>
      write.transaction().execute(async (trx) => {
        const { workspace, key, email, role, language, hash, createdAt, expiresAt } = invitation;
        await lockWorkspace(trx, workspace);
        if (await isMember(trx, workspace, email)) return { kind: 'member' };
        const open = trx.deleteFrom('invitations').where('workspace', '=', workspace);
        await open
          .where('email', '=', email)
          .where('accepted_by', 'is', null)
          .where('key', '<>', key)
          .execute();
        await open.where('expires_at', '<', createdAt - KEPT_MS).execute();
        const reached = await countExpected(trx, workspace, createdAt);
        if (most !== null && reached >= most) return { kind: 'full', reached };
        await trx
          .insertInto('invitations')
          .values({
            ...{ key, workspace, email, role, language, hash, created_by: invitation.createdBy },
            ...{ created_at: createdAt, expires_at: expiresAt, accepted_by: null, accepted_at: null },
          })
          .execute();
        await insertAudit(trx, {
          workspace,
          actor: by,
          action: 'invitation.created',
          target: formatId('inv', key),
          details: { email, role },
          at: createdAt,
        });
        return { kind: 'invited' };
      }),
    async listInvitations(workspace) {
      const rows = await read
        .selectFrom('invitations')
        .selectAll()
        .where('workspace', '=', workspace)
        .where('accepted_by', 'is', null)
        .orderBy('key', 'desc')
        .execute();
      return rows.map(toInvitation);
    },
    async findInvitation(workspace, key, hash) {
      const row = await read
        .selectFrom('invitations as i')
        .innerJoin('workspaces as w', 'w.key', 'i.workspace')
        .selectAll('i')
        .select('w.name')
        .where('i.workspace', '=', workspace)
        .where('i.key', '=', key)
        .where('i.hash', '=', hash)
        .executeTakeFirst();
      return row === undefined ? null : { ...toInvitation(row), workspaceName: row.name };
    },
    renewInvitation: (workspace, key, { hash, expiresAt }, at, by) =>
      write.transaction().execute(async (trx) => {
        await lockWorkspace(trx, workspace);
        const found = await findOpen(trx, workspace, key);
        if (found === undefined) return null;
        await trx
          .updateTable('invitations')
          .set({ hash, expires_at: expiresAt })
          .where('workspace', '=', workspace)
          .where('key', '=', key)
          .execute();
        const { email, role } = found;
        const target = formatId('inv', key);
        const details = { email, role };
        await insertAudit(trx, { workspace, actor: by, action: 'invitation.resent', target, details, at });
        return toInvitation({ ...found, expires_at: expiresAt });
      }),
    revokeInvitation: (workspace, key, at, by) =>
      write.transaction().execute(async (trx) => {
        await lockWorkspace(trx, workspace);
        const found = await findOpen(trx, workspace, key);
        if (found === undefined) return false;
        await trx
          .deleteFrom('invitations')
          .where('workspace', '=', workspace)
          .where('key', '=', key)
          .execute();
        const { email, role } = found;
        const target = formatId('inv', key);
        const details = { email, role };
        await insertAudit(trx, { workspace, actor: by, action: 'invitation.revoked', target, details, at });
        return true;
      }),
    acceptInvitation: ({ workspace, key, hash }, accepting, most, at) =>
      write.transaction().execute(async (trx) => {
        await lockWorkspace(trx, workspace);
        const row = await trx
          .selectFrom('invitations')
          .selectAll()
          .where('workspace', '=', workspace)
          .where('key', '=', key)
          .where('hash', '=', hash)
          .executeTakeFirst();
        if (row === undefined) return { kind: 'void' };
        return accept(trx, toInvitation(row), accepting, { most, at });
      }),
  };
}

async function accept(
  trx: Transaction<Schema>,
  invitation: Invitation,
  accepting: Accepting,
  { most, at }: { most: number | null; at: number },
): Promise<AcceptOutcome> {
  const { workspace, key, email, role } = invitation;
  if (invitation.acceptedBy !== null) return { kind: 'used' };
  if (invitation.expiresAt <= at) return { kind: 'void' };
  // Its own place is among those that are expected.
  const reached = (await countExpected(trx, workspace, at)) - 1;
  if (most !== null && reached >= most) return { kind: 'full', reached };
  if (accepting.kind === 'known') {
    const known = await trx
      .selectFrom('people')
      .select('email')
      .where('id', '=', accepting.person)
      .executeTakeFirst();
    if (known?.email !== email) return { kind: 'other' };
  } else if (!(await insertPerson(trx, { ...accepting.person, email }))) return { kind: 'account_exists' };
  const person = accepting.kind === 'known' ? accepting.person : accepting.person.id;
  await insertMember(trx, { workspace, person, role, at });
  await trx
    .updateTable('invitations')
    .set({ accepted_by: person, accepted_at: at })
    .where('workspace', '=', workspace)
    .where('key', '=', key)
    .execute();
  return { kind: 'joined', role };
}

function toPortalLink(row: Selectable<PortalLinksTable>): PortalLink {
  return {
    key: row.key,
    workspace: row.workspace,
    name: row.name,
    scopes: row.scopes.split(' ') as ApiKeyScope[],
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}

export function portalLinks(write: Kysely<Schema>, read: Kysely<Schema>): PortalLinkStore {
  return {
    createPortalLink: ({ createdBy, createdAt, expiresAt, scopes, ...link }, by) =>
      write.transaction().execute(async (trx) => {
        const { workspace, key, name } = link;
        await trx
          .insertInto('portal_links')
          .values({
            ...link,
            scopes: scopes.join(' '),
            ...{ created_by: createdBy, created_at: createdAt, expires_at: expiresAt, revoked_at: null },
          })
          .execute();
        await trx
          .deleteFrom('portal_links')
          .where('workspace', '=', workspace)
          .where('expires_at', '<', createdAt - KEPT_MS)
          .execute();
        await insertAudit(trx, {
          workspace,
          actor: by,
          action: 'portal_link.created',
          target: formatId('ptl', key),
          details: { name, scopes, expires_at: expiresAt },
          at: createdAt,
        });
      }),
    async findPortalLink(workspace, key, hash, now) {
      const row = await read
        .selectFrom('portal_links')
        .selectAll()
        .where('workspace', '=', workspace)
        .where('key', '=', key)
        .where('hash', '=', hash)
        .where('expires_at', '>', now)
        .where('revoked_at', 'is', null)
        .executeTakeFirst();
      return row === undefined ? null : toPortalLink(row);
    },
    async listPortalLinks(workspace, now) {
      const rows = await read
        .selectFrom('portal_links')
        .selectAll()
        .where('workspace', '=', workspace)
        .where('expires_at', '>', now)
        .where('revoked_at', 'is', null)
        .orderBy('key', 'desc')
        .execute();
      return rows.map(toPortalLink);
    },
    revokePortalLink: (workspace, key, at, by) =>
      write.transaction().execute(async (trx) => {
        const [revoked] = await trx
          .updateTable('portal_links')
          .set({ revoked_at: at })
          .where('workspace', '=', workspace)
          .where('key', '=', key)
          .where('revoked_at', 'is', null)
          .returning('name')
          .execute();
        if (revoked === undefined) return false;
        const target = formatId('ptl', key);
        await insertAudit(trx, {
          workspace,
          actor: by,
          action: 'portal_link.revoked',
          target,
          details: revoked,
          at,
        });
        return true;
      }),
  };
}
