/** People, what they may do in a workspace, and links that let others into one, as a store keeps them. */

import { API_KEY_SCOPES, type ApiKeyScope } from './administration.ts';

export const ROLES = ['owner', 'admin', 'developer', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

export interface RoleRights {
  /** Those that an API key may have: a person of this role may do what a key with them may. */
  scopes: readonly ApiKeyScope[];
  /** The roles that this one may give, change and take away; to invite somebody is to give one. */
  gives: readonly Role[];
}

/** What each role may do: the one table of it (docs/people.md shows it). */
export const ROLE_RIGHTS: Readonly<Record<Role, RoleRights>> = {
  owner: { scopes: API_KEY_SCOPES, gives: ROLES },
  admin: { scopes: API_KEY_SCOPES, gives: ['admin', 'developer', 'viewer'] },
  developer: { scopes: API_KEY_SCOPES, gives: [] },
  viewer: { scopes: ['read'], gives: [] },
};

export type Language = 'ar' | 'en';

export interface Person {
  /** The public id, `usr_…`. */
  id: string;
  name: string;
  /** In lower case. */
  email: string;
  language: Language;
  createdAt: number;
}

export interface NewPerson extends Person {
  /** Of the row that holds the password. */
  accountId: string;
  /** Hashed, with its salt. */
  password: string;
}

export type PersonPatch = Partial<Pick<Person, 'name' | 'email' | 'language'>>;

/** What a person is in one workspace. */
export interface Membership {
  workspace: number;
  workspaceName: string;
  role: Role;
}

export interface Member {
  person: Person;
  role: Role;
  since: number;
}

/** Without its token: who has that may act. */
export interface PersonSession {
  /** `ses_…` */
  id: string;
  createdAt: number;
  /** When it was last prolonged. */
  usedAt: number;
  expiresAt: number;
  address: string | null;
  userAgent: string | null;
}

/** A session in force, whose it is, and where that person is a member. */
export interface FoundSession {
  session: PersonSession;
  person: Person;
  memberships: readonly Membership[];
}

export interface Setup {
  person: NewPerson;
  /** Of which the person becomes the owner. */
  workspace: number;
  /** Null where it stays as it is. */
  workspaceName: string | null;
}

export interface Invitation {
  key: number;
  workspace: number;
  /** In lower case. */
  email: string;
  role: Role;
  language: Language;
  /** `person:usr_…`, `key:…` */
  createdBy: string;
  createdAt: number;
  expiresAt: number;
  /** Who has come of it; null while it is open. */
  acceptedBy: string | null;
}

/** `hash` is the token's SHA-256, lower-case hex. */
export interface NewInvitation extends Omit<Invitation, 'acceptedBy'> {
  hash: string;
}

/** `full`: members and open invitations are as many as the plan allows. */
export type InviteOutcome = { kind: 'invited' } | { kind: 'member' } | { kind: 'full'; reached: number };

/** Who accepts: somebody who has an account, or somebody new. */
export type Accepting = { kind: 'known'; person: string } | { kind: 'new'; person: NewPerson };

/**
 * `void`: there is none under this token, it has expired, or it was taken back. `used`: somebody has come of it.
 * `other`: it is for another e-mail. `account_exists`: the e-mail has an account, whose owner must be signed in.
 */
export type AcceptOutcome =
  | { kind: 'joined'; role: Role }
  | { kind: 'void' | 'used' | 'other' | 'account_exists' }
  | { kind: 'full'; reached: number };

/** `refused`: the role of now is not among those that whoever asks may take away. */
export type MemberOutcome = 'changed' | 'unknown' | 'last_owner' | 'refused';

export interface PortalLink {
  key: number;
  workspace: number;
  name: string;
  scopes: readonly ApiKeyScope[];
  createdBy: string;
  createdAt: number;
  expiresAt: number;
}

export interface NewPortalLink extends PortalLink {
  /** SHA-256 of the token, lower-case hex. */
  hash: string;
}
