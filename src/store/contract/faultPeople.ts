/** The verbs of people, invitations and portal links, for faults.ts; see faultCases.ts. */

import { expect } from 'vitest';
import { DAY } from '../../core/duration.ts';
import { T0 } from './builders.ts';
import { aCase, REFUSED, SAME } from './faultScenes.ts';
import { aMember, anInvitation, aPerson, aPortalLink, aSession } from './peopleBuilders.ts';

/** Verbs that only read. */
export type PeopleReading =
  | 'needsSetup'
  | 'findSession'
  | 'listSessions'
  | 'findPeople'
  | 'findPersonByEmail'
  | 'listMembers'
  | 'listInvitations'
  | 'findInvitation'
  | 'findPortalLink'
  | 'listPortalLinks'
  | 'findIdentities';

const IDENTITY_CASES = {
  insertIdentity: aCase(async ({ store }) => {
    const person = aPerson();
    const row = {
      ...{ id: person.accountId, person: person.id, provider: 'credential', account: person.id },
      ...{ password: 'hashed', created_at: T0, updated_at: T0 },
    };
    return { call: () => store.insertIdentity('person_accounts', row), first: row, again: REFUSED };
  }),
  updateIdentities: aCase(async ({ store, workspace }) => {
    const { id } = await aMember(store, workspace);
    const where = [{ field: 'person', operator: 'eq', value: id }] as const;
    const call = () => store.updateIdentities('person_accounts', where, { password: 'another' });
    return { call, first: [expect.objectContaining({ password: 'another' })], again: SAME };
  }),
  deleteIdentities: aCase(async ({ store, workspace }) => {
    const { id } = await aSession(store, (await aMember(store, workspace)).id);
    const where = [{ field: 'id', operator: 'eq', value: id }] as const;
    const call = () => store.deleteIdentities('person_sessions', where);
    return { call, first: [expect.objectContaining({ id })], again: [] };
  }),
  inIdentityTransaction: aCase(async ({ store, workspace }) => {
    const person = await aMember(store, workspace);
    const { id } = await aSession(store, person.id);
    const call = () =>
      store.inIdentityTransaction(async (rows) => {
        const where = [{ field: 'person', operator: 'eq', value: person.id }] as const;
        await rows.updateIdentities('person_accounts', where, { password: 'another' });
        return rows.deleteIdentities('person_sessions', where);
      });
    return { call, first: [expect.objectContaining({ id })], again: [] };
  }),
};

const OWN_CASES = {
  setUp: aCase(async ({ store, workspace }) => {
    // Of earlier scenes on the same store.
    await store.deleteIdentities('people', []);
    const person = aPerson();
    const call = () => store.setUp({ person, workspace, workspaceName: 'Ours' }, T0);
    return { call, first: true, again: false };
  }),
  prolongSession: aCase(async ({ store, workspace }) => {
    const { id } = await aSession(store, (await aMember(store, workspace)).id);
    const call = () => store.prolongSession(id, T0 + 2 * DAY, T0 + 1);
    return { call, first: undefined, again: SAME };
  }),
  endSessions: aCase(async ({ store, workspace }) => {
    const person = await aMember(store, workspace);
    const { id } = await aSession(store, person.id);
    return { call: () => store.endSessions(person.id, { only: id }), first: 1, again: 0 };
  }),
  updatePerson: aCase(async ({ store, workspace }) => {
    const { id } = await aMember(store, workspace);
    return { call: () => store.updatePerson(id, { name: 'Sam' }, T0 + 1), first: true, again: SAME };
  }),
};

const MEMBER_CASES = {
  changeRole: aCase(async ({ store, workspace }) => {
    const { id } = await aMember(store, workspace, 'viewer');
    const call = () => store.changeRole(workspace, id, 'admin', T0, 'me');
    return { call, first: 'changed', again: SAME };
  }),
  removeMember: aCase(async ({ store, workspace }) => {
    const { id } = await aMember(store, workspace, 'viewer');
    await aSession(store, id);
    const call = () => store.removeMember(workspace, id, T0, 'me');
    return { call, first: 'changed', again: 'unknown' };
  }),
};

const INVITATION_CASES = {
  invite: aCase(async ({ store, workspace }) => {
    const invitation = anInvitation(workspace);
    const call = () => store.invite(invitation, 10, 'me');
    return { call, first: { kind: 'invited' }, again: REFUSED };
  }),
  renewInvitation: aCase(
    async ({ store, workspace }) => {
      const invitation = anInvitation(workspace);
      await store.invite(invitation, null, 'me');
      const token = { hash: 'another', expiresAt: T0 + 8 * DAY };
      const call = () => store.renewInvitation(workspace, invitation.key, token, T0, 'me');
      return { call, first: expect.objectContaining({ email: invitation.email }), again: SAME };
    },
    { audited: true },
  ),
  revokeInvitation: aCase(async ({ store, workspace }) => {
    const { key, ...invitation } = anInvitation(workspace);
    await store.invite({ key, ...invitation }, null, 'me');
    const call = () => store.revokeInvitation(workspace, key, T0, 'me');
    return { call, first: true, again: false };
  }),
  acceptInvitation: aCase(async ({ store, workspace }) => {
    const invitation = anInvitation(workspace);
    await store.invite(invitation, null, 'me');
    const person = aPerson({ email: invitation.email });
    const call = () => store.acceptInvitation(invitation, { kind: 'new', person }, 10, T0);
    return { call, first: { kind: 'joined', role: 'developer' }, again: { kind: 'used' } };
  }),
};

const PORTAL_CASES = {
  createPortalLink: aCase(async ({ store, workspace }) => {
    const link = aPortalLink(workspace);
    return { call: () => store.createPortalLink(link, 'me'), first: undefined, again: REFUSED };
  }),
  revokePortalLink: aCase(async ({ store, workspace }) => {
    const link = aPortalLink(workspace);
    await store.createPortalLink(link, 'me');
    const call = () => store.revokePortalLink(workspace, link.key, T0, 'me');
    return { call, first: true, again: false };
  }),
};

export const PEOPLE_CASES = {
  ...IDENTITY_CASES,
  ...OWN_CASES,
  ...MEMBER_CASES,
  ...INVITATION_CASES,
  ...PORTAL_CASES,
};
