/** The contract's part on people, members, invitations and portal links. */

import { describe, expect, test } from 'vitest';
import { DAY } from '../../core/duration.ts';
import { ALL, aWorkspace, type OpenStore, seed, T0, useStore } from './builders.ts';
import { aMember, anInvitation, aPerson, aPortalLink, aSession } from './peopleBuilders.ts';

export function peopleContract(open: OpenStore): void {
  describe('people', () => {
    const opened = useStore(open);

    test('of several set-ups at once one is done, at whichever node; afterwards none is needed', async () => {
      const { store } = opened();
      const other = await opened().another();
      const { workspace } = await seed(store);
      expect(await store.needsSetup()).toBe(true);
      const setups = Array.from({ length: 6 }, () => ({
        person: aPerson(),
        workspace,
        workspaceName: 'Ours',
      }));
      const done = await Promise.all(
        setups.map((setup, index) => (index % 2 === 0 ? store : other).setUp(setup, T0)),
      );
      expect(done.filter(Boolean)).toEqual([true]);
      expect(await store.needsSetup()).toBe(false);
      const owner = setups[done.indexOf(true)]?.person;
      const { accountId: _, password: __, ...person } = owner ?? aPerson();
      expect(await store.listMembers(workspace)).toEqual([{ person, role: 'owner', since: T0 }]);
      const found = await store.findWorkspace(workspace);
      expect(found).toMatchObject({ name: 'Ours', owners: [{ email: person.email, language: 'ar' }] });
      expect(await store.setUp({ person: aPerson(), workspace, workspaceName: null }, T0)).toBe(false);
    });

    test('a session tells whose it is and where they are members, until it is over or ended', async () => {
      const { store } = opened();
      const [one, two] = [aWorkspace({ name: 'One' }), aWorkspace({ name: 'Two' })];
      for (const workspace of [one, two]) await store.createWorkspace(workspace);
      const person = await aMember(store, one.key, 'viewer');
      const invitation = anInvitation(two.key, { email: person.email, role: 'admin' });
      await store.invite(invitation, null, 'me');
      await store.acceptInvitation(invitation, { kind: 'known', person: person.id }, null, T0);
      const { id, token } = await aSession(store, person.id);
      const found = await store.findSession(token, T0);
      expect(found).toMatchObject({
        session: { id, address: '192.0.2.1', userAgent: 'A browser', expiresAt: T0 + DAY },
        person: { id: person.id, email: person.email },
        memberships: [
          { workspace: one.key, workspaceName: 'One', role: 'viewer' },
          { workspace: two.key, workspaceName: 'Two', role: 'admin' },
        ],
      });
      expect(JSON.stringify(found)).not.toContain(token);
      expect(await store.findSession(token, T0 + DAY)).toBeNull();
      await store.prolongSession(id, T0 + 3 * DAY, T0 + DAY);
      expect(await store.findSession(token, T0 + DAY)).toMatchObject({ session: { usedAt: T0 + DAY } });
      const second = await aSession(store, person.id);
      expect((await store.listSessions(person.id, T0)).map((session) => session.id)).toEqual([id, second.id]);
      expect(await store.endSessions(person.id, { except: second.id })).toBe(1);
      expect(await store.findSession(token, T0)).toBeNull();
      expect(await store.endSessions('usr_other', { only: second.id })).toBe(0);
      expect(await store.endSessions(person.id, { only: second.id })).toBe(1);
    });

    test('sessions end with the last membership, and go on while there is another', async () => {
      const { store } = opened();
      const [one, two] = [aWorkspace(), aWorkspace()];
      for (const workspace of [one, two]) await store.createWorkspace(workspace);
      const person = await aMember(store, one.key, 'viewer');
      const invitation = anInvitation(two.key, { email: person.email });
      await store.invite(invitation, null, 'me');
      await store.acceptInvitation(invitation, { kind: 'known', person: person.id }, null, T0);
      const { token } = await aSession(store, person.id);
      expect(await store.removeMember(one.key, person.id, T0, 'me')).toBe('changed');
      expect((await store.findSession(token, T0))?.memberships).toHaveLength(1);
      expect(await store.removeMember(two.key, person.id, T0, 'me')).toBe('changed');
      expect(await store.findSession(token, T0)).toBeNull();
      expect(await store.findPersonByEmail(person.email)).toMatchObject({ id: person.id });
    });

    test('an e-mail is one person’s; name, language and e-mail can be changed', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const [one, two] = [await aMember(store, workspace), await aMember(store, workspace)];
      expect(await store.updatePerson(one.id, { email: two.email }, T0)).toBe(false);
      expect(
        await store.updatePerson(one.id, { email: 'new@example.com', name: 'Sam', language: 'en' }, T0),
      ).toBe(true);
      expect(await store.findPeople([one.id, 'usr_none'])).toEqual([
        { id: one.id, name: 'Sam', email: 'new@example.com', language: 'en', createdAt: T0 },
      ]);
      expect(await store.findPeople([])).toEqual([]);
    });

    test('two owners who demote or remove each other at once leave one', async () => {
      const { store } = opened();
      const other = await opened().another();
      for (const [role, by] of [
        ['admin', 'demoting'],
        [null, 'removing'],
      ] as const) {
        const { workspace } = await seed(store);
        const [one, two] = [await aMember(store, workspace), await aMember(store, workspace)];
        const outcomes = await Promise.all(
          [[store, two] as const, [other, one] as const].map(([node, { id }]) =>
            role === null
              ? node.removeMember(workspace, id, T0, by)
              : node.changeRole(workspace, id, role, T0, by),
          ),
        );
        expect(outcomes.sort()).toEqual(['changed', 'last_owner']);
        const owners = (await store.listMembers(workspace)).filter((member) => member.role === 'owner');
        expect(owners).toHaveLength(1);
      }
    });

    test('is refused to whoever may not take away the role that the member has by then', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const { id } = await aMember(store, workspace, 'viewer');
      await aMember(store, workspace);
      const roleNow = async () =>
        (await store.listMembers(workspace)).find(({ person }) => person.id === id)?.role;
      // An admin has read that it is a viewer; meanwhile an owner makes it one.
      await store.changeRole(workspace, id, 'owner', T0, 'an owner');
      const admins = ['admin', 'developer', 'viewer'] as const;
      expect(await store.changeRole(workspace, id, 'viewer', T0, 'an admin', admins)).toBe('refused');
      expect(await store.removeMember(workspace, id, T0, 'an admin', admins)).toBe('refused');
      expect(await roleNow()).toBe('owner');
      await store.changeRole(workspace, id, 'developer', T0, 'an owner');
      expect(await store.changeRole(workspace, id, 'viewer', T0, 'an admin', admins)).toBe('changed');
      expect(await store.removeMember(workspace, id, T0, 'an admin', admins)).toBe('changed');
      expect(await roleNow()).toBeUndefined();
    });

    test('a change of a role is told once, by whom, and of whom it is unknown not at all', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const { id } = await aMember(store, workspace, 'viewer');
      await store.changeRole(workspace, id, 'admin', T0 + 1, 'person:usr_1');
      await store.changeRole(workspace, id, 'admin', T0 + 2, 'person:usr_1');
      expect(await store.changeRole(workspace, 'usr_none', 'admin', T0, 'me')).toBe('unknown');
      expect(await store.removeMember(workspace, 'usr_none', T0, 'me')).toBe('unknown');
      const entries = await store.listAudit(workspace, { target: id }, ALL);
      expect(entries.map(({ action, actor }) => [action, actor])).toEqual([
        ['member.role_changed', 'person:usr_1'],
        ['member.joined', `person:${id}`],
      ]);
    });
  });

  describe('invitations', () => {
    const opened = useStore(open);

    test('one accepted twice at once makes one member', async () => {
      const { store } = opened();
      const other = await opened().another();
      const { workspace } = await seed(store);
      const invitation = anInvitation(workspace);
      await store.invite(invitation, null, 'me');
      const outcomes = await Promise.all(
        [store, other, store].map((node) =>
          node.acceptInvitation(invitation, { kind: 'new', person: aPerson() }, null, T0),
        ),
      );
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['joined', 'used', 'used']);
      const found = await store.listMembers(workspace);
      expect(found).toMatchObject([{ person: { email: invitation.email }, role: 'developer' }]);
      expect(await store.listInvitations(workspace)).toEqual([]);
    });

    test('only who was invited may accept, with the token, before it expires', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const member = await aMember(store, workspace);
      const invitation = anInvitation(workspace);
      await store.invite(invitation, null, 'me');
      const accepting = { kind: 'new', person: aPerson() } as const;
      const wrong = { ...invitation, hash: 'wrong' };
      expect(await store.acceptInvitation(wrong, accepting, null, T0)).toEqual({ kind: 'void' });
      const late = await store.acceptInvitation(invitation, accepting, null, invitation.expiresAt);
      expect(late).toEqual({ kind: 'void' });
      const known = { kind: 'known', person: member.id } as const;
      expect(await store.acceptInvitation(invitation, known, null, T0)).toEqual({ kind: 'other' });
      const elsewhere = aWorkspace();
      await store.createWorkspace(elsewhere);
      const second = anInvitation(elsewhere.key, { email: member.email });
      await store.invite(second, null, 'me');
      expect(await store.acceptInvitation(second, accepting, null, T0)).toEqual({ kind: 'account_exists' });
      expect(await store.acceptInvitation(second, known, null, T0)).toEqual({
        kind: 'joined',
        role: 'developer',
      });
    });

    test('another one for the same e-mail takes its place; a member is not invited', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const first = anInvitation(workspace);
      const second = anInvitation(workspace, { email: first.email, role: 'viewer' });
      for (const invitation of [first, second]) await store.invite(invitation, null, 'me');
      expect(await store.listInvitations(workspace)).toMatchObject([{ key: second.key, role: 'viewer' }]);
      expect(await store.findInvitation(workspace, first.key, first.hash)).toBeNull();
      const member = await aMember(store, workspace);
      const again = anInvitation(workspace, { email: member.email });
      expect(await store.invite(again, null, 'me')).toEqual({ kind: 'member' });
    });

    test('sent anew it has another token, revoked none; neither token is told', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const invitation = anInvitation(workspace, { hash: 'first-hash' });
      const { key } = invitation;
      await store.invite(invitation, null, 'me');
      const token = { hash: 'second-hash', expiresAt: T0 + 9 * DAY };
      const renewed = await store.renewInvitation(workspace, key, token, T0 + DAY, 'me');
      expect(renewed).toMatchObject({ expiresAt: T0 + 9 * DAY });
      expect(await store.findInvitation(workspace, key, 'first-hash')).toBeNull();
      const found = await store.findInvitation(workspace, key, 'second-hash');
      expect(found).toMatchObject({ email: invitation.email, workspaceName: 'Acme' });
      expect(await store.revokeInvitation(workspace, key, T0, 'me')).toBe(true);
      expect(await store.renewInvitation(workspace, key, token, T0, 'me')).toBeNull();
      const told = [found, renewed, await store.listAudit(workspace, {}, ALL)];
      expect(JSON.stringify(told)).not.toMatch(/(first|second)-hash/);
    });

    test('no more are invited, or come, than the plan allows', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      await aMember(store, workspace);
      const invitation = anInvitation(workspace);
      expect(await store.invite(invitation, 1, 'me')).toEqual({ kind: 'full', reached: 1 });
      const invited = await Promise.all([0, 1, 2].map(() => store.invite(anInvitation(workspace), 3, 'me')));
      expect(invited.map(({ kind }) => kind).sort()).toEqual(['full', 'invited', 'invited']);
      const last = anInvitation(workspace);
      await store.invite(last, null, 'me');
      const accepting = { kind: 'new', person: aPerson() } as const;
      expect(await store.acceptInvitation(last, accepting, 3, T0)).toEqual({ kind: 'full', reached: 3 });
      expect(await store.acceptInvitation(last, accepting, 4, T0)).toMatchObject({ kind: 'joined' });
    });
  });

  describe('portal links', () => {
    const opened = useStore(open);

    test('one is found by its token until it is over or revoked; its hash is never told', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const link = aPortalLink(workspace, { scopes: ['read', 'publish'] });
      await store.createPortalLink(link, 'key:abc');
      const { hash, ...shown } = link;
      expect(await store.findPortalLink(workspace, link.key, hash, T0)).toEqual(shown);
      expect(await store.findPortalLink(workspace, link.key, 'wrong', T0)).toBeNull();
      expect(await store.findPortalLink(workspace, link.key, hash, link.expiresAt)).toBeNull();
      expect(await store.listPortalLinks(workspace, T0)).toEqual([shown]);
      expect(await store.listPortalLinks(workspace, link.expiresAt)).toEqual([]);
      expect(await store.revokePortalLink(workspace, link.key, T0, 'key:abc')).toBe(true);
      expect(await store.revokePortalLink(workspace, link.key, T0, 'key:abc')).toBe(false);
      expect(await store.findPortalLink(workspace, link.key, hash, T0)).toBeNull();
      expect(await store.listPortalLinks(workspace, T0)).toEqual([]);
      expect(JSON.stringify(await store.listAudit(workspace, {}, ALL))).not.toContain(hash);
    });
  });

  describe('identity rows', () => {
    const opened = useStore(open);

    test('are found by their conditions, in order, and a transaction that fails leaves them as they were', async () => {
      const { store } = opened();
      for (const [index, value] of ['a', 'b', 'c'].entries()) {
        await store.insertIdentity('verifications', {
          ...{ id: `ver_${index}`, identifier: 'reset', value },
          ...{ created_at: T0 + index, updated_at: T0, expires_at: T0 + index },
        });
      }
      const valuesOf = async (...parameters: Parameters<typeof store.findIdentities>) =>
        (await store.findIdentities(...parameters)).map(({ value }) => value);
      const order = { field: 'created_at', direction: 'desc' } as const;
      const later = [
        { field: 'identifier', operator: 'eq', value: 'reset' },
        { field: 'expires_at', operator: 'gt', value: T0 },
      ] as const;
      expect(await valuesOf('verifications', later, { limit: 10, order })).toEqual(['c', 'b']);
      expect(await valuesOf('verifications', later, { limit: 1, order })).toEqual(['c']);
      const some = [{ field: 'value', operator: 'in', value: ['a', 'b'] }] as const;
      expect(await valuesOf('verifications', some, { limit: 10, order })).toEqual(['b', 'a']);
      const failed = store.inIdentityTransaction(async (rows) => {
        await rows.deleteIdentities('verifications', []);
        throw new Error('It was not to be.');
      });
      await expect(failed).rejects.toThrow('It was not to be.');
      expect(await valuesOf('verifications', [], { limit: 10, order })).toEqual(['c', 'b', 'a']);
    });
  });
}
