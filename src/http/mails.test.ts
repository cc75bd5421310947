/** Mails of rules and workflows from the API to a real mail server and back: limits, outcomes, notices, and what failures mean. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock, type MovableClock, passUntil } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { type MailServer, startMailServer } from '../../test/support/mailServer.ts';
import { HOUR, MINUTE } from '../core/duration.ts';
import { DEFAULT_PLANS, planOf } from '../core/plan.ts';
import { renderDue } from '../mail/render.ts';
import { createMailSender } from '../mail/transport.ts';
import { realRandom } from '../real.ts';
import { CODE_NAMES, CODES } from './codes.ts';
import { aResult, aServer, callApp, type TestServer } from './testing/server.ts';
import { ARABIC_TITLES } from './titles.ts';

const THRIFTY = {
  name: 'thrifty',
  webhooks: true,
  limits: { ...planOf([], 'any').limits, mails_per_day: 3, mails_per_recipient_per_day: 2 },
};
const plans = [...DEFAULT_PLANS, THRIFTY];
const LINKS = { publicUrl: 'https://hooks.example.com', webhooksPage: null };

let mails: MailServer;
let server: TestServer;
let clock: MovableClock;
beforeEach(async () => {
  mails = await startMailServer();
  const send = createMailSender({ url: mails.url, from: 'm@example.com' });
  const mailing = {
    send,
    render: (mail: Parameters<typeof renderDue>[0]) => renderDue(mail, LINKS),
    host: 'hooks.example.com',
  };
  clock = createMovableClock();
  server = await aServer(
    {
      ...support,
      workspace: support.WORKSPACE,
      random: realRandom,
      createMovableClock: () => clock,
      anEngine: (store, time, overrides) => support.anEngine(store, time, { ...overrides, plans, mailing }),
    },
    { plans },
  );
});
afterEach(async () => {
  await server.close();
  await mails.close();
  expect(server.check.failures).toEqual([]);
});

const aRule = async (actions: object[], more: object = {}) => {
  const rule = { name: 'Welcome', trigger: { event_type: 'contact.tag.added' }, actions, ...more };
  const { status, body } = await server.call('POST', '/v1/rules', rule);
  expect(status).toBe(201);
  return body.id as string;
};
const toContact = { type: 'email', to: { field: 'data.contact.email' }, subject: 'Hello', text: 'There' };

async function publish(email: string): Promise<void> {
  const { value } = support.aTagEvent(1) as { value: { contact: object } };
  const data = { ...value, contact: { ...value.contact, email } };
  expect((await server.call('POST', '/v1/events', { type: 'contact.tag.added', data })).status).toBe(202);
}

const list = async (query = ''): Promise<Array<Record<string, unknown>>> =>
  (await server.call('GET', `/v1/mails${query}`)).body.data;
const until = (isSo: () => Promise<boolean>) => passUntil(clock, isSo);
const isSettled = async () => (await list('?state=pending')).length === 0;

async function runs(headers: Record<string, string> = {}) {
  const { data } = (await server.call('GET', '/v1/runs')).body;
  const shown = [];
  for (const { id } of data.toReversed()) {
    shown.push((await server.call('GET', `/v1/runs/${id}`, undefined, headers)).body);
  }
  return shown;
}

describe('mails to addresses from event data', () => {
  test('stop at the plan’s limits, and each run says what became of its mail', async () => {
    await server.store.updateWorkspace(support.WORKSPACE, { plan: 'thrifty' }, clock.now(), 'test');
    await server.engine.routingChanged(support.WORKSPACE);
    await aRule([toContact]);
    for (const name of ['sam', 'Sam', 'sam', 'layla', 'omar']) await publish(`${name}@example.com`);
    await until(isSettled);
    const shown = await runs({ 'accept-language': 'ar' });
    expect(shown.map(({ steps: [{ details }] }) => details.outcome)).toEqual([
      'sent',
      'sent',
      'dropped',
      'sent',
      'dropped',
    ]);
    expect(shown.map(({ steps: [{ details }] }) => details.failure?.code ?? null)).toEqual([
      null,
      null,
      'recipient_mail_limit',
      null,
      'mail_limit',
    ]);
    expect(shown[4].steps[0].details.failure).toMatchObject({
      message: expect.stringContaining('3 mails in a day'),
      text: 'أرسلت قواعد التشغيل وسير العمل اليوم كل ما تسمح به الخطة من رسائل.',
    });
    expect(mails.received.map(({ to }) => to[0]).toSorted()).toEqual([
      'Sam@example.com',
      'layla@example.com',
      'sam@example.com',
    ]);
    expect(await list('?state=dropped')).toMatchObject([
      { recipient: 'omar@example.com', subject: 'Hello', kind: 'step', run_id: shown[4].id },
      { recipient: 'sam@example.com', run_id: shown[2].id },
    ]);
    const { data } = (await server.call('GET', '/v1/notices')).body;
    expect(data).toMatchObject([
      {
        kind: 'automation.failed',
        count: 2,
        details: { automation: { kind: 'rule', name: 'Welcome' }, code: 'recipient_mail_limit' },
      },
    ]);
  });

  test('that the mail server refuses for good are shown by their step, listed, and told of', async () => {
    await server.call('PATCH', '/v1/settings', {
      notification_recipients: [{ email: 'owner@example.com', language: 'en' }],
    });
    await server.call('POST', '/v1/endpoints', {
      url: 'https://ops.example.com/',
      event_types: ['mail.refused'],
    });
    mails.refuseWith((step, address) =>
      step === 'to' && address.startsWith('gone') ? '550 5.1.1 no such mailbox' : null,
    );
    const rule = await aRule([{ ...toContact, to: ['sam@example.com', toContact.to] }]);
    for (const name of ['gone1', 'gone2']) await publish(`${name}@example.com`);
    await until(isSettled);
    const [run] = await runs();
    expect(run).toMatchObject({ state: 'finished' });
    expect(run.steps[0].details).toMatchObject({
      outcome: 'refused',
      mails: [
        { recipient: 'sam@example.com', state: 'sent', error: null },
        { recipient: 'gone1@example.com', state: 'refused', error: expect.stringContaining('550 5.1.1') },
      ],
    });
    expect(await list(`?run_id=${run.id}&state=refused`)).toMatchObject([{ recipient: 'gone1@example.com' }]);
    expect(await list('?recipient=%E2%80%8Egone2@example.com')).toMatchObject([{ state: 'refused' }]);
    await until(async () => server.sent.length > 0);
    expect(JSON.parse(server.sent[0]?.body ?? '')).toMatchObject({
      type: 'mail.refused',
      data: { automation: { id: rule }, error: expect.stringContaining('no such mailbox') },
    });
    clock.move(HOUR + 2 * MINUTE);
    await until(async () => mails.received.some(({ to }) => to[0] === 'owner@example.com'));
    const told = mails.received.find(({ to }) => to[0] === 'owner@example.com')?.raw ?? '';
    expect(told).toContain('Subject: =?UTF-8?Q?2_mails_were_refused');
    const [notice] = (await server.call('GET', '/v1/notices')).body.data;
    expect(notice).toMatchObject({
      kind: 'mail.refused',
      count: 2,
      mails: [{ recipient: 'owner@example.com' }],
    });
    expect(await list(`?notice_id=${notice.id}`)).toMatchObject([
      { recipient: 'owner@example.com', kind: 'refused', notice_ids: [notice.id], run_id: null },
    ]);
  });

  test('are listed a page at a time; what is no filter is refused with its name', async () => {
    await aRule([{ ...toContact, to: ['a@example.com', 'b@example.com', 'c@example.com'] }]);
    await publish('sam@example.com');
    const first = (await server.call('GET', '/v1/mails?limit=2')).body;
    expect(first.data.map(({ recipient }: { recipient: string }) => recipient)).toEqual([
      'c@example.com',
      'b@example.com',
    ]);
    const rest = (await server.call('GET', `/v1/mails?limit=2&cursor=${first.next_cursor}`)).body;
    expect(rest).toMatchObject({ data: [{ recipient: 'a@example.com' }], next_cursor: null });
    for (const [query, field] of [
      ['run_id=evt_1', '/run_id'],
      ['notice_id=x', '/notice_id'],
      ['recipient=sam', '/recipient'],
      ['state=done', '/state'],
    ]) {
      const { status, body } = await server.call('GET', `/v1/mails?${query}`);
      expect([status, body.errors[0].field, body.errors[0].in]).toEqual([400, field, 'query']);
    }
    const publisher = await server.key(['publish']);
    const refused = await callApp(server.app, 'GET', '/v1/mails', undefined, {
      authorization: `Bearer ${publisher}`,
    });
    expect(refused.body.code).toBe('scope_required');
  });
});

describe('Accept-Language', () => {
  const ARABIC = { 'accept-language': 'ar-SA,en;q=0.5' };

  test('has what failed told in Arabic or English, beside codes that stay as they are', async () => {
    server.answerWith(() => ({ ...aResult(503), outcome: { kind: 'answered' } }));
    await server.call('POST', '/v1/endpoints', {
      url: 'https://crm.example.com/',
      event_types: ['*'],
      retry: { preset: 'none' },
    });
    await publish('sam@example.com');
    const one = async (headers = {}) =>
      (await server.call('GET', '/v1/deliveries', undefined, headers)).body.data[0];
    await until(async () => (await one())?.state === 'dropped');
    const inEnglish = await one();
    expect(inEnglish).toMatchObject({
      reason: 'retries_exhausted: 1 attempt, the last: HTTP 503',
      reason_text: 'The only attempt failed. The receiver answered 503.',
      attempts: [{ error: null, error_text: 'The receiver answered 503.' }],
    });
    const inArabic = await one(ARABIC);
    expect(inArabic).toMatchObject({
      reason: inEnglish.reason,
      reason_text: 'فشلت المحاولة الوحيدة. أجاب المستقبِل بالرمز 503.',
      attempts: [{ error_text: 'أجاب المستقبِل بالرمز 503.' }],
    });
    for (const url of [`/v1/deliveries/${inArabic.id}`, `/v1/events/${inArabic.event_id}`]) {
      expect((await server.call('GET', url, undefined, ARABIC)).text).toContain(inArabic.reason_text);
    }
  });

  test('has problems titled in Arabic or English, by the same code', async () => {
    const problem = async (headers = {}) =>
      (await server.call('GET', '/v1/nothing', undefined, headers)).body;
    expect(await problem()).toMatchObject({ code: 'route_not_found', title: 'There is no such address.' });
    expect(await problem(ARABIC)).toMatchObject({ code: 'route_not_found', title: 'لا يوجد هذا العنوان.' });
  });

  test.each(CODE_NAMES)('%s has a title in both languages', (code) => {
    expect(CODES[code].title).toMatch(/^[A-Z].*[.?]$/);
    expect(ARABIC_TITLES[code]).toMatch(/^[\u0600-\u06ff].*[.؟]$/);
  });
});
