/** People: who they are, where they are members, who is asked to come, and links into a workspace. */

import type {
  Accepting,
  AcceptOutcome,
  FoundSession,
  Invitation,
  InviteOutcome,
  Member,
  MemberOutcome,
  NewInvitation,
  NewPortalLink,
  Person,
  PersonPatch,
  PersonSession,
  PortalLink,
  Role,
  Setup,
} from '../records/people.ts';

export interface PeopleStore {
  /** Whether there is nobody yet. */
  needsSetup(): Promise<boolean>;
  /** The first person, once for an installation: false, and nothing is written, where there is somebody. */
  setUp(setup: Setup, at: number): Promise<boolean>;
  /** Null for a session that is unknown or over at `now`. */
  findSession(token: string, now: number): Promise<FoundSession | null>;
  /** From now on it is over at `expiresAt`. */
  prolongSession(session: string, expiresAt: number, at: number): Promise<void>;
  /** In force at `now`, the last used first. */
  listSessions(person: string, now: number): Promise<PersonSession[]>;
  /** How many there were: of one, or of all but one. */
  endSessions(person: string, which: { only: string } | { except: string }): Promise<number>;
  findPeople(ids: readonly string[]): Promise<Person[]>;
  findPersonByEmail(email: string): Promise<Person | null>;
  /** False where another has this e-mail. */
  updatePerson(person: string, patch: PersonPatch, at: number): Promise<boolean>;
}

/** The last owner of a workspace stays one. */
export interface MemberStore {
  /** In the order of their coming. */
  listMembers(workspace: number): Promise<Member[]>;
  /** `from`: the roles that may be taken away, all if absent; it is asked of the role that the member has by then. */
  changeRole(
    workspace: number,
    person: string,
    role: Role,
    at: number,
    by: string,
    from?: readonly Role[],
  ): Promise<MemberOutcome>;
  /** `from` as above. Where it was the last workspace of the person, the sessions end, too. */
  removeMember(
    workspace: number,
    person: string,
    at: number,
    by: string,
    from?: readonly Role[],
  ): Promise<MemberOutcome>;
}

export interface InvitationStore {
  /** In the place of one for the same e-mail. `most` people may be members or invited; null for any number. */
  invite(invitation: NewInvitation, most: number | null, by: string): Promise<InviteOutcome>;
  /** The open ones, newest first; those that have expired, too. */
  listInvitations(workspace: number): Promise<Invitation[]>;
  /** The one whose token has this hash, whatever has become of it. */
  findInvitation(
    workspace: number,
    key: number,
    hash: string,
  ): Promise<(Invitation & { workspaceName: string }) | null>;
  /** Another token in the place of the former. Null where there is no open one. */
  renewInvitation(
    workspace: number,
    key: number,
    token: { hash: string; expiresAt: number },
    at: number,
    by: string,
  ): Promise<Invitation | null>;
  revokeInvitation(workspace: number, key: number, at: number, by: string): Promise<boolean>;
  acceptInvitation(
    invitation: { workspace: number; key: number; hash: string },
    accepting: Accepting,
    most: number | null,
    at: number,
  ): Promise<AcceptOutcome>;
}

export interface PortalLinkStore {
  /** Those that ended long ago are forgotten. */
  createPortalLink(link: NewPortalLink, by: string): Promise<void>;
  /** Null where the token is another, the link was revoked, or is over at `now`. */
  findPortalLink(workspace: number, key: number, hash: string, now: number): Promise<PortalLink | null>;
  /** In force at `now`, newest first. */
  listPortalLinks(workspace: number, now: number): Promise<PortalLink[]>;
  revokePortalLink(workspace: number, key: number, at: number, by: string): Promise<boolean>;
}

/** Tables whose rows the identity library reads and writes by itself. */
export type IdentityTable = 'people' | 'person_accounts' | 'person_sessions' | 'verifications';

export type IdentityValue = string | number | null;
export type IdentityRow = Record<string, IdentityValue>;

/** All of them must hold. `field` is a column. */
export interface IdentityCondition {
  field: string;
  operator: 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte' | 'in';
  value: IdentityValue | readonly IdentityValue[];
}

export interface IdentityOrder {
  field: string;
  direction: 'asc' | 'desc';
}

export interface IdentityRows {
  insertIdentity(table: IdentityTable, row: IdentityRow): Promise<IdentityRow>;
  findIdentities(
    table: IdentityTable,
    where: readonly IdentityCondition[],
    page: { limit: number; order?: IdentityOrder },
  ): Promise<IdentityRow[]>;
  /** The rows as they are then. */
  updateIdentities(
    table: IdentityTable,
    where: readonly IdentityCondition[],
    set: IdentityRow,
  ): Promise<IdentityRow[]>;
  /** The rows as they were. */
  deleteIdentities(table: IdentityTable, where: readonly IdentityCondition[]): Promise<IdentityRow[]>;
}

export interface IdentityStore extends IdentityRows {
  /** One transaction, whatever `run` does with the rows it is given. */
  inIdentityTransaction<T>(run: (rows: IdentityRows) => Promise<T>): Promise<T>;
}
