/** People, sessions, invitations and portal links for the contract's tests. */

import { DAY } from '../../core/duration.ts';
import { formatId } from '../../core/ids.ts';
import type { NewInvitation, NewPerson, NewPortalLink, Role } from '../records/people.ts';
import type { Store } from '../store.ts';
import { aKey, T0 } from './builders.ts';

export function aPerson(over: Partial<NewPerson> = {}): NewPerson {
  const key = aKey();
  return {
    id: formatId('usr', key),
    name: 'سارة',
    email: `person-${key}@example.com`,
    language: 'ar',
    createdAt: T0,
    accountId: formatId('acc', key),
    password: 'hashed',
    ...over,
  };
}

export function anInvitation(workspace: number, over: Partial<NewInvitation> = {}): NewInvitation {
  const key = aKey();
  return {
    key,
    workspace,
    email: `person-${key}@example.com`,
    role: 'developer',
    language: 'en',
    createdBy: 'me',
    createdAt: T0,
    expiresAt: T0 + 7 * DAY,
    hash: `hash-${key}`,
    ...over,
  };
}

/** A member who has come by an invitation. */
export async function aMember(store: Store, workspace: number, role: Role = 'owner'): Promise<NewPerson> {
  const person = aPerson();
  const invitation = anInvitation(workspace, { role, email: person.email });
  await store.invite(invitation, null, 'me');
  const outcome = await store.acceptInvitation(invitation, { kind: 'new', person }, null, T0);
  if (outcome.kind !== 'joined') throw new Error(`Not joined: ${outcome.kind}`);
  return person;
}

/** As the identity library writes it; returns its id and token. */
export async function aSession(
  store: Store,
  person: string,
  expiresAt = T0 + DAY,
): Promise<{ id: string; token: string }> {
  const key = aKey();
  const [id, token] = [formatId('ses', key), `token-${key}`];
  await store.insertIdentity('person_sessions', {
    ...{ id, person, token, address: '192.0.2.1', user_agent: 'A browser' },
    ...{ created_at: T0, updated_at: T0, expires_at: expiresAt },
  });
  return { id, token };
}

export function aPortalLink(workspace: number, over: Partial<NewPortalLink> = {}): NewPortalLink {
  const key = aKey();
  return {
    key,
    workspace,
    name: 'A customer',
    scopes: ['read'],
    createdBy: 'me',
    createdAt: T0,
    expiresAt: T0 + DAY,
    hash: `hash-${key}`,
    ...over,
  };
}
