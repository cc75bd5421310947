/** Members, roles, invitations, new passwords by mail, and what people change about themselves. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { DAY } from '../core/duration.ts';
import type { PersonMail } from '../core/personMail.ts';
import { DEFAULT_PLANS } from '../core/plan.ts';
import { realRandom } from '../real.ts';
import type { MailResult } from '../world.ts';
import {
  aMember,
  asNobody,
  cookieOf,
  PASSWORD,
  type SignedIn,
  signIn,
  theOwner,
  tokenIn,
} from './testing/people.ts';
import { aServer, callApp, PUBLIC_URL, type TestServer } from './testing/server.ts';
import { TRY_LIMITS } from './throttle.ts';

const parts = {
  ...support,
  workspace: support.WORKSPACE,
  random: realRandom,
  createMovableClock: () => createMovableClock(Date.now()),
};

let server: TestServer;
let owner: SignedIn;
let mails: PersonMail[];
let mailResult: MailResult;
/** Called with each mail. */
let onMail: (mail: PersonMail) => void;

const starter = DEFAULT_PLANS.map((plan) => ({ ...plan, limits: { ...plan.limits, members: 3 } }));

beforeEach(async () => {
  mails = [];
  mailResult = { kind: 'accepted' };
  onMail = () => {};
  server = await aServer(parts, {
    plans: starter,
    async mailPerson(mail) {
      mails.push(mail);
      onMail(mail);
      return mailResult;
    },
  });
  owner = await theOwner(server);
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

const nextMail = () =>
  new Promise<PersonMail>((resolve) => {
    onMail = resolve;
  });

describe('an invitation', () => {
  const invite = (over: object = {}) =>
    owner.call('POST', '/v1/members/invitations', { email: 'Omar@example.com', role: 'developer', ...over });

  test('is mailed in its language, and its link is in the answer this once', async () => {
    const { status, body } = await invite({ language: 'ar' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ email: 'omar@example.com', role: 'developer', state: 'open', mail: 'sent' });
    expect(body.link).toMatch(/^https:\/\/hooks\.test\/invite\/inv_1_/);
    expect(mails).toMatchObject([
      {
        kind: 'invitation',
        to: 'omar@example.com',
        language: 'ar',
        by: 'مالك',
        workspace: 'Test',
        url: body.link,
      },
    ]);
    const listed = await owner.call('GET', '/v1/members/invitations');
    expect(listed.body.data).toMatchObject([{ id: body.id, created_by: `person:${owner.id}` }]);
    const told = listed.text + (await owner.call('GET', '/v1/audit')).text;
    expect(told).not.toContain(tokenIn(body.link));
    expect(told).not.toContain(tokenIn(body.link).slice(-32));
  });

  test('that the mail server refuses is made all the same, and says so', async () => {
    mailResult = { kind: 'refused', error: '550 no such mailbox' };
    expect((await invite()).body).toMatchObject({ mail: 'failed', mail_error: '550 no such mailbox' });
    expect((await owner.call('GET', '/v1/members/invitations')).body.data).toHaveLength(1);
  });

  test('offers what it is to whoever has its link, and makes an account; asked again it says that it is used', async () => {
    const token = tokenIn((await invite()).body.link);
    const call = asNobody(server);
    expect((await call('POST', '/v1/invitations/look', { token })).body).toMatchObject({
      ...{ workspace_name: 'Test', email: 'omar@example.com', role: 'developer', has_account: false },
    });
    const missing = await call('POST', '/v1/invitations/accept', { token });
    expect(missing.body.errors.map(({ field }: { field: string }) => field)).toEqual(['/name', '/password']);
    const accepting = { token, name: 'عمر', password: PASSWORD };
    const accepted = await call('POST', '/v1/invitations/accept', accepting);
    expect(accepted).toMatchObject({ status: 200, body: { id: 'ws_1', name: 'Test', role: 'developer' } });
    const again = await call('POST', '/v1/invitations/accept', accepting);
    expect(again).toMatchObject({ status: 409, body: { code: 'invitation_used' } });
    expect((await call('POST', '/v1/invitations/look', { token })).body.code).toBe('invitation_used');
    const omar = await signIn(server, 'omar@example.com');
    expect((await omar.call('GET', '/v1/me')).body.workspace.role).toBe('developer');
    expect((await owner.call('GET', '/v1/members')).body.data).toMatchObject([
      { person: { name: 'مالك' }, role: 'owner' },
      { person: { name: 'عمر', email: 'omar@example.com' }, role: 'developer' },
    ]);
  });

  test('accepted several times at once makes one account', async () => {
    const token = tokenIn((await invite()).body.link);
    const answers = await Promise.all(
      [1, 2, 3].map((number) =>
        asNobody(server)('POST', '/v1/invitations/accept', { token, name: `${number}`, password: PASSWORD }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect((await owner.call('GET', '/v1/members')).body.data).toHaveLength(2);
  });

  test('for somebody who has an account is accepted signed in, by that person alone', async () => {
    await support.aWorkspace(server.store, 77);
    const instance = await server.key([], null);
    const there = { authorization: `Bearer ${instance}`, 'mirsal-workspace': 'ws_25' };
    const body = { email: owner.email, role: 'admin' };
    const invited = await callApp(server.app, 'POST', '/v1/members/invitations', body, there);
    const token = tokenIn(invited.body.link);
    const accept = (call: SignedIn['call'], over = {}) =>
      call('POST', '/v1/invitations/accept', { token, ...over });
    const nobody = await accept(asNobody(server), { name: 'x', password: PASSWORD });
    expect(nobody).toMatchObject({ status: 409, body: { code: 'account_exists' } });
    expect((await asNobody(server)('POST', '/v1/invitations/look', { token })).body.has_account).toBe(true);
    const other = await aMember(server, owner, 'viewer');
    expect((await accept(other.call)).body.code).toBe('invitation_for_other');
    const cross = await callApp(
      server.app,
      'POST',
      '/v1/invitations/accept',
      { token },
      { cookie: owner.cookie },
    );
    expect(cross.body.code).toBe('origin_refused');
    expect((await accept(owner.call)).body).toMatchObject({ id: 'ws_25', role: 'admin' });
  });

  test('leads nowhere once it has expired, was revoked, or was sent again', async () => {
    const first = await invite();
    const look = async (link: string) =>
      (await asNobody(server)('POST', '/v1/invitations/look', { token: tokenIn(link) })).body.code;
    const resent = await owner.call('POST', `/v1/members/invitations/${first.body.id}/resend`);
    expect(resent).toMatchObject({ status: 200, body: { id: first.body.id, mail: 'sent' } });
    expect(await look(first.body.link)).toBe('invitation_void');
    expect(await look(resent.body.link)).toBeUndefined();
    expect((await owner.call('DELETE', `/v1/members/invitations/${first.body.id}`)).status).toBe(204);
    expect((await owner.call('DELETE', `/v1/members/invitations/${first.body.id}`)).status).toBe(404);
    expect(await look(resent.body.link)).toBe('invitation_void');
    const second = await invite();
    const token = tokenIn(second.body.link);
    server.clock.move(7 * DAY);
    const late = { token, name: 'x', password: PASSWORD };
    expect((await asNobody(server)('POST', '/v1/invitations/accept', late)).body.code).toBe(
      'invitation_void',
    );
    expect(await look(token.replace(/.$/, 'A'))).toBe('invitation_void');
    expect(await look('made up')).toBe('invitation_void');
  });

  test('is given by owners and admins, each what they may give; not by a key', async () => {
    const admin = await aMember(server, owner, 'admin');
    const developer = await aMember(server, owner, 'developer');
    const invites = async (call: SignedIn['call'], role: string) =>
      (await call('POST', '/v1/members/invitations', { email: 'x@example.com', role })).body.code;
    expect(await invites(admin.call, 'owner')).toBe('role_required');
    expect(await invites(developer.call, 'viewer')).toBe('role_required');
    expect(await invites(server.call, 'viewer')).toBe('person_required');
    // Three is what the plan allows.
    expect(await invites(admin.call, 'viewer')).toBe('limit_reached');
    await owner.call('DELETE', `/v1/members/${developer.id}`);
    expect(await invites(admin.call, 'viewer')).toBeUndefined();
  });

  test('of a member is refused, and beyond what the plan allows, with the numbers', async () => {
    const member = await aMember(server, owner, 'viewer');
    expect((await invite({ email: member.email })).body.code).toBe('already_member');
    expect((await invite()).status).toBe(201);
    expect((await invite({ email: 'x@example.com' })).body).toMatchObject({
      ...{ code: 'limit_reached', limit: 3, reached: 3 },
    });
  });
});

describe('members', () => {
  test('the last owner neither leaves nor is demoted; of two who demote each other at once one stays', async () => {
    const demote = (by: SignedIn, { id }: SignedIn) =>
      by.call('PATCH', `/v1/members/${id}`, { role: 'viewer' });
    expect(await demote(owner, owner)).toMatchObject({ status: 409, body: { code: 'last_owner' } });
    expect((await owner.call('DELETE', `/v1/members/${owner.id}`)).body.code).toBe('last_owner');
    const second = await aMember(server, owner, 'owner');
    const outcomes = await Promise.all([demote(owner, second), demote(second, owner)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual([200, 409]);
    const members = (await owner.call('GET', '/v1/members')).body.data;
    expect(members.filter(({ role }: { role: string }) => role === 'owner')).toHaveLength(1);
  });

  test('a change of role holds at once, and everybody may leave', async () => {
    const member = await aMember(server, owner, 'developer');
    expect((await member.call('POST', '/v1/bins', {})).status).toBe(201);
    const changed = await owner.call('PATCH', `/v1/members/${member.id}`, { role: 'viewer' });
    expect(changed.body).toMatchObject({ person: { id: member.id }, role: 'viewer' });
    expect((await member.call('POST', '/v1/bins', {})).body.code).toBe('scope_required');
    expect((await member.call('DELETE', `/v1/members/${member.id}`)).status).toBe(204);
    expect((await member.call('GET', '/v1/me')).status).toBe(401);
    expect((await owner.call('DELETE', `/v1/members/${member.id}`)).status).toBe(404);
  });

  test('an admin changes neither owners nor what makes one', async () => {
    const admin = await aMember(server, owner, 'admin');
    const viewer = await aMember(server, owner, 'viewer');
    const change = async (id: string, role: string) =>
      (await admin.call('PATCH', `/v1/members/${id}`, { role })).body.code;
    expect(await change(owner.id, 'viewer')).toBe('role_required');
    expect(await change(viewer.id, 'owner')).toBe('role_required');
    expect((await admin.call('DELETE', `/v1/members/${owner.id}`)).body.code).toBe('role_required');
    expect(await change(viewer.id, 'developer')).toBeUndefined();
    expect((await viewer.call('DELETE', `/v1/members/${admin.id}`)).body.code).toBe('role_required');
  });
});

describe('a new password by mail', () => {
  const ask = (email: string) => asNobody(server)('POST', '/v1/password-resets', { email });

  test('is the same answer whether or not there is an account; the link works once and ends all sessions', async () => {
    const mailed = nextMail();
    const [known, unknown] = [await ask(owner.email), await ask('nobody@example.com')];
    expect([known.status, known.text]).toEqual([202, '']);
    expect([unknown.status, unknown.text]).toEqual([202, '']);
    const mail = await mailed;
    expect(mail).toMatchObject({ kind: 'reset', to: owner.email, name: 'مالك', language: 'en' });
    const token = mail.url.split('#')[1];
    const confirm = (password: string) =>
      asNobody(server)('POST', '/v1/password-resets/confirm', { token, password });
    expect((await confirm('short')).status).toBe(400);
    expect((await confirm('another horse battery')).status).toBe(204);
    expect((await confirm('a third horse battery')).body.code).toBe('reset_token_void');
    expect((await owner.call('GET', '/v1/me')).status).toBe(401);
    await signIn(server, owner.email, 'another horse battery');
    expect(mails).toHaveLength(1);
  });

  test('says so where no mail server is set, and is throttled by e-mail', async () => {
    const silent = await aServer(parts);
    const refused = await asNobody(silent)('POST', '/v1/password-resets', { email: 'a@example.com' });
    expect(refused).toMatchObject({ status: 409, body: { code: 'mail_not_set_up' } });
    expect(refused.body.detail).toContain('MIRSAL_SMTP_URL');
    const theirs = await theOwner(silent);
    const invited = await theirs.call('POST', '/v1/members/invitations', {
      email: 'a@example.com',
      role: 'viewer',
    });
    expect(invited.body).toMatchObject({ mail: 'not_set_up', link: expect.stringContaining('/invite/') });
    await silent.close();
    for (let count = 0; count < TRY_LIMITS.reset_email.value; count += 1) {
      expect((await ask('nobody@example.com')).status).toBe(202);
    }
    expect(await ask('nobody@example.com')).toMatchObject({ status: 429 });
  });
});

describe('what people change about themselves', () => {
  test('name and language at once, the e-mail with the password', async () => {
    const { call } = owner;
    expect((await call('PATCH', '/v1/me', { name: 'Sam', language: 'ar' })).body).toMatchObject({
      ...{ name: 'Sam', language: 'ar', email: owner.email },
    });
    expect((await call('PATCH', '/v1/me', { email: 'new@example.com' })).body.errors[0].field).toBe(
      '/current_password',
    );
    const wrong = await call('PATCH', '/v1/me', { email: 'new@example.com', current_password: 'wrong' });
    expect(wrong).toMatchObject({ status: 403, body: { code: 'wrong_password' } });
    const member = await aMember(server, owner, 'viewer');
    const taken = { email: member.email.toUpperCase(), current_password: PASSWORD };
    expect((await call('PATCH', '/v1/me', taken)).body.code).toBe('email_taken');
    const right = await call('PATCH', '/v1/me', { email: 'New@example.com', current_password: PASSWORD });
    expect(right.body.email).toBe('new@example.com');
    expect((await call('GET', '/v1/me')).body.person).toMatchObject({
      name: 'Sam',
      email: 'new@example.com',
    });
    await signIn(server, 'new@example.com');
  });

  test('the password with the former one; other sessions end, this one goes on under its new cookie', async () => {
    const other = await signIn(server, owner.email);
    const change = (current: string) =>
      owner.call('POST', '/v1/me/password', {
        current_password: current,
        new_password: 'another horse battery',
      });
    expect((await change('wrong')).body.code).toBe('wrong_password');
    const changed = await change(PASSWORD);
    expect(changed.status).toBe(204);
    const cookie = cookieOf(changed);
    const me = await callApp(server.app, 'GET', '/v1/me', undefined, { cookie, origin: PUBLIC_URL });
    expect(me.status).toBe(200);
    for (const { call } of [owner, other]) expect((await call('GET', '/v1/me')).status).toBe(401);
    await signIn(server, owner.email, 'another horse battery');
  });

  test('a password cannot be guessed by an open session', async () => {
    const guess = () =>
      owner.call('POST', '/v1/me/password', {
        current_password: 'wrong',
        new_password: 'another horse battery',
      });
    for (let count = 0; count < TRY_LIMITS.sign_in_email.value; count += 1) {
      expect((await guess()).status).toBe(403);
    }
    expect((await guess()).status).toBe(429);
  });
});
