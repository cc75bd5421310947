/** The contract's part on mails of rules and workflows: how many there may be, what became of them, and what is told of it. */

import { describe, expect, test } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../core/duration.ts';
import type { MailLimits, NewActivation, RunAdvance, StepMail } from '../records/automation.ts';
import type { MailFilter } from '../records/mails.ts';
import { DEFAULT_SETTINGS } from '../records/settings.ts';
import type { Store } from '../store.ts';
import {
  ALL,
  aKey,
  aNotice,
  anEvent,
  aResult,
  aWorkspace,
  DROPPED,
  type OpenStore,
  publishAccepted,
  publishSome,
  seed,
  T0,
  useStore,
  versionOf,
} from './builders.ts';
import { aStoredRule, WAITS } from './faultScenes.ts';

const FREE: MailLimits = { perDay: null, perRecipient: null };

function aMail(over: Partial<StepMail> = {}): StepMail {
  const messageId = `<${aKey()}@example.com>`;
  const text = { subject: 'Hello', text: 'There' };
  return {
    step: 'a',
    recipient: 'sam@example.com',
    language: 'en',
    ...text,
    messageId,
    limits: FREE,
    ...over,
  };
}

const ENTRY = { step: 'a', kind: 'email', details: '{"outcome":"done"}', at: T0 };

/** A rule and a workspace with somebody to mail to. */
async function aTenant(store: Store): Promise<{ workspace: number; automation: number }> {
  const owners = [{ email: 'owner@example.com', language: 'en' as const }];
  const workspace = aWorkspace({ settings: DEFAULT_SETTINGS, owners });
  await store.createWorkspace(workspace);
  const automation = await aStoredRule({ store, workspace: workspace.key } as Parameters<
    typeof aStoredRule
  >[0]);
  return { workspace: workspace.key, automation };
}

type Tenant = Awaited<ReturnType<typeof aTenant>>;

function anActivation({ automation }: Tenant, over: Partial<NewActivation>): NewActivation {
  const ended = { state: 'finished', dueAt: null, steps: [ENTRY] } as const;
  return {
    ...WAITS,
    ...ended,
    run: aKey(),
    automation,
    version: 1,
    subject: '7',
    limit: null,
    periodEndsAt: null,
    resets: 0,
    ...over,
  };
}

/** An event that sets the rule off once for each list of mails; the runs. */
async function mailing(
  store: Store,
  tenant: Tenant,
  mails: readonly StepMail[],
  { at = T0, ...over }: Partial<NewActivation> & { at?: number } = {},
): Promise<number> {
  const activation = anActivation(tenant, { mails, ...over });
  const event = anEvent([], { activations: [activation] });
  await publishAccepted(store, tenant.workspace, [event], { acceptedAt: at });
  return activation.run;
}

async function statesOf(store: Store, workspace: number, filter: MailFilter = {}): Promise<string[]> {
  return (await store.listMails(workspace, filter, ALL)).map(({ state }) => state).reverse();
}

async function detailsOf(
  store: Store,
  workspace: number,
  run: number,
): Promise<Array<Record<string, unknown>>> {
  return (await store.listRunSteps(workspace, run)).map(({ details }) => JSON.parse(details));
}

async function noticesOf(store: Store, workspace: number) {
  return (await store.listNotices(workspace, ALL)).reverse();
}

export function mailsContract(open: OpenStore): void {
  describe('mails of rules and workflows', () => {
    const opened = useStore(open);

    test('those of a suspended workspace wait until it is resumed', async () => {
      const { store } = opened();
      const tenant = await aTenant(store);
      const { workspace } = tenant;
      await mailing(store, tenant, [aMail()]);
      await store.suspendWorkspace(workspace, { mode: 'hold', reason: null, at: T0, by: 'me' });
      expect(await store.claimDueMails(workspace, T0 + DAY, 10, MINUTE)).toEqual([]);
      await store.resumeWorkspace(workspace, T0 + DAY, 'me');
      expect(await store.claimDueMails(workspace, T0 + DAY, 10, MINUTE)).toHaveLength(1);
    });

    test('no more are sent in a UTC day than the plan allows; what is stopped is a step that says so', async () => {
      const { store } = opened();
      const tenant = await aTenant(store);
      const limits = { ...FREE, perDay: 3 };
      const to = (n: number) => aMail({ recipient: `a${n}@example.com`, limits });
      await mailing(store, tenant, [to(1), to(2)]);
      const half = await mailing(store, tenant, [to(3), to(4)]);
      const none = await mailing(store, tenant, [to(5)]);
      const { workspace } = tenant;
      expect(await statesOf(store, workspace)).toEqual([
        'pending',
        'pending',
        'pending',
        'dropped',
        'dropped',
      ]);
      const failure = { code: 'mail_limit', message: expect.stringContaining('3 mails in a day') };
      expect(await detailsOf(store, workspace, half)).toEqual([{ outcome: 'done', failure, dropped: 1 }]);
      expect(await detailsOf(store, workspace, none)).toEqual([{ outcome: 'dropped', failure, dropped: 1 }]);
      const [dropped] = await store.listMails(workspace, { state: 'dropped' }, ALL);
      expect(dropped).toMatchObject({
        recipient: 'a5@example.com',
        error: expect.stringContaining('mail_limit: '),
        endedAt: T0,
        nextAttemptAt: null,
      });
      // The next day begins anew, and another workspace has days of its own.
      await mailing(store, tenant, [to(6)], { at: T0 + DAY });
      const other = await aTenant(store);
      await mailing(store, other, [to(7)]);
      expect((await statesOf(store, workspace)).at(-1)).toBe('pending');
      expect(await statesOf(store, other.workspace)).toEqual(['pending']);
      expect(await store.claimDueMails(workspace, T0 + DAY, 10, MINUTE)).toHaveLength(4);
    });

    test('nor to one address, however it is spelled; that costs the others nothing', async () => {
      const { store } = opened();
      const tenant = await aTenant(store);
      const limits = { perDay: 3, perRecipient: 1 };
      const to = (recipient: string) => aMail({ recipient, limits });
      await mailing(store, tenant, [to('sam@example.com')]);
      const twice = await mailing(store, tenant, [to('Sam@Example.com'), to('sam@example.com')]);
      await mailing(store, tenant, [to('layla@example.com'), to('omar@example.com')]);
      const { workspace } = tenant;
      const expected = ['pending', 'dropped', 'dropped', 'pending', 'pending'];
      expect(await statesOf(store, workspace)).toEqual(expected);
      const failure = { code: 'recipient_mail_limit', message: expect.stringContaining('may get 1 mails') };
      expect(await detailsOf(store, workspace, twice)).toEqual([{ outcome: 'dropped', failure, dropped: 2 }]);
      await mailing(store, tenant, [aMail({ recipient: 'x@example.com', limits: { ...FREE, perDay: 0 } })]);
      await mailing(store, tenant, [
        aMail({ recipient: 'x@example.com', limits: { ...FREE, perRecipient: 0 } }),
      ]);
      expect((await statesOf(store, workspace)).slice(5)).toEqual(['dropped', 'dropped']);
    });

    test('nodes that publish at once, and runs that go on meanwhile, send as many as there may be, and not one more', async () => {
      const { store, another } = opened();
      const stores = [store, await another(), await another()];
      const tenant = await aTenant(store);
      const { workspace } = tenant;
      const limits = { perDay: 25, perRecipient: 5 };
      // In opposite orders: who takes addresses one by one would wait for another that waits for him.
      const addresses = Array.from({ length: 6 }, (_, n) => `a${n}@example.com`);
      const some = (n: number) =>
        (n % 2 === 0 ? addresses : addresses.toReversed()).map((recipient) => aMail({ recipient, limits }));
      const waiting = await mailing(store, tenant, [], { state: 'waiting', dueAt: 1, steps: [] });
      const [run] = (await store.dueRuns(workspace, 10)).runs;
      if (run?.key !== waiting) throw new Error('The run is not due.');
      const next: RunAdvance = { ...WAITS, state: 'finished', dueAt: null, mails: some(0), steps: [ENTRY] };
      const version = await versionOf(store, workspace);
      await Promise.all([
        ...stores.flatMap((one, n) => [0, 1, 2].map((m) => mailing(one, tenant, some(n + m)))),
        store.advanceRuns(version, [{ run, next }], T0),
      ]);
      const mails = await store.listMails(workspace, {}, ALL);
      expect(mails).toHaveLength(60);
      const pending = mails.filter(({ state }) => state === 'pending');
      expect(pending).toHaveLength(25);
      const perAddress = Map.groupBy(pending, ({ recipient }) => recipient);
      for (const [address, own] of perAddress) expect(own.length, address).toBeLessThanOrEqual(5);
    });

    test('mails of notices have no part in it, and go first', async () => {
      const { store, insertNotices } = opened();
      const tenant = await aTenant(store);
      const { workspace } = tenant;
      const limits = { perDay: 5, perRecipient: 5 };
      await mailing(
        store,
        tenant,
        Array.from({ length: 20 }, () => aMail({ recipient: 'owner@example.com', limits })),
      );
      await insertNotices([aNotice({ workspace, at: T0 })]);
      const rules = {
        groupMs: MINUTE,
        droppedMs: HOUR,
        notBefore: 0,
        messageId: () => `<${aKey()}@example.com>`,
      };
      expect(await store.composeMails(workspace, { ...rules, now: T0 + MINUTE })).toEqual({
        mails: 1,
        named: true,
      });
      const due = await store.claimDueMails(workspace, T0 + MINUTE, 3, MINUTE);
      expect(due.map(({ kind }) => kind).toSorted()).toEqual(['disabled', 'step', 'step']);
    });

    test('counts of days that are over are swept', async () => {
      const { store } = opened();
      const tenant = await aTenant(store);
      const limits = { perDay: 1, perRecipient: 1 };
      await mailing(store, tenant, [aMail({ limits })]);
      expect(await store.sweepOld(T0 + DAY, 100)).toBe(0);
      await mailing(store, tenant, [aMail({ limits })]);
      expect(await statesOf(store, tenant.workspace)).toEqual(['pending', 'dropped']);
      // The workspace's and the address's.
      expect(await store.sweepOld(T0 + 3 * DAY, 100)).toBe(2);
    });

    test('are listed newest first, by state, recipient, run and notice, a page at a time', async () => {
      const { store, insertNotices } = opened();
      const tenant = await aTenant(store);
      const { workspace } = tenant;
      const first = await mailing(store, tenant, [aMail(), aMail({ recipient: 'layla@example.com' })]);
      await mailing(store, await aTenant(store), [aMail()]);
      await insertNotices([aNotice({ workspace, at: T0 })]);
      const messageId = () => `<${aKey()}@example.com>`;
      const rules = { groupMs: MINUTE, droppedMs: HOUR, notBefore: 0, messageId };
      await store.composeMails(workspace, { ...rules, now: T0 + MINUTE });
      const [notice] = await noticesOf(store, workspace);
      const all = await store.listMails(workspace, {}, ALL);
      expect(all.map(({ recipient, kind, run, step }) => [recipient, kind, run, step])).toEqual([
        ['owner@example.com', 'disabled', null, null],
        ['layla@example.com', 'step', first, 'a'],
        ['sam@example.com', 'step', first, 'a'],
      ]);
      const [told, layla, sam] = all;
      const list = (filter: MailFilter) => store.listMails(workspace, filter, ALL);
      expect(await list({ run: first })).toEqual([layla, sam]);
      expect(await list({ recipient: 'sam@example.com' })).toEqual([sam]);
      expect(await list({ notice: notice?.key ?? 0 })).toEqual([told]);
      expect(await list({ notice: 1_000_000 })).toEqual([]);
      await store.settleMail(workspace, sam?.key ?? 0, { kind: 'sent', at: T0 + 5 });
      expect(await list({ state: 'sent' })).toEqual([
        { ...sam, state: 'sent', endedAt: T0 + 5, nextAttemptAt: null },
      ]);
      expect(await list({ state: 'pending', recipient: 'sam@example.com' })).toEqual([]);
      expect(await store.listMails(workspace, {}, { limit: 1, before: told?.key ?? 0 })).toEqual([layla]);
    });
  });

  describe('a mail about a disabled endpoint', () => {
    const opened = useStore(open);

    test('says how many deliveries are held, and how many were dropped before; of that endpoint alone', async () => {
      const { store, insertNotices } = opened();
      const { workspace, endpoint, endpoints } = await seed(store, { endpoints: 2 });
      const owners = [{ email: 'owner@example.com', language: 'en' as const }];
      await store.updateWorkspace(workspace, { owners }, T0, 'me');
      for (const one of endpoints) {
        const items = await publishSome(store, one, one === endpoint ? 5 : 3);
        for (const [index, item] of items.slice(0, 2).entries()) {
          // The first was dropped long before.
          const next = { ...DROPPED, endedAt: index === 0 ? T0 - DAY : T0 - MINUTE };
          await store.record('node-a', workspace, [aResult(one, 1, item, { next })]);
        }
      }
      await insertNotices([aNotice({ workspace, endpoint: endpoint.key, at: T0 })]);
      const messageId = () => `<${aKey()}@example.com>`;
      const rules = { groupMs: MINUTE, droppedMs: HOUR, notBefore: 0, messageId };
      await store.composeMails(workspace, { ...rules, now: T0 + MINUTE });
      const [mail] = await store.claimDueMails(workspace, T0 + MINUTE, 10, MINUTE);
      expect([...(mail?.queues ?? [])]).toEqual([
        [endpoint.key, { held: 3, dropped: 1, droppedWithinMs: 30 * MINUTE }],
      ]);
    });
  });

  describe('what is told of automations', () => {
    const opened = useStore(open);

    test('one notice for each of them and hour, with a count, and one mail when the hour is over', async () => {
      const { store, another } = opened();
      const stores = [store, await another()];
      const tenant = await aTenant(store);
      const { workspace, automation } = tenant;
      const failure = { step: 'a', code: 'endpoint_gone', message: 'Its endpoint was deleted.' };
      const hour = Math.floor(T0 / HOUR) * HOUR;
      const first = await mailing(store, tenant, [], { failure, at: hour + 5 });
      await Promise.all(
        stores.flatMap((one) => [1, 2, 3].map(() => mailing(one, tenant, [], { failure, at: hour + 9 }))),
      );
      const other = { ...tenant, automation: await aStoredRule({ store, workspace } as never) };
      await mailing(store, other, [], { failure, at: hour + 10 });
      await mailing(store, tenant, [], { failure, at: hour + HOUR });
      const notices = await noticesOf(store, workspace);
      expect(notices.map(({ kind, count, at }) => [kind, count, at])).toEqual([
        ['automation.failed', 7, hour + 5],
        ['automation.failed', 1, hour + 10],
        ['automation.failed', 1, hour + HOUR],
      ]);
      expect(notices[0]?.details).toEqual({
        automation: { key: automation, kind: 'rule', name: expect.any(String) },
        run: first,
        ...failure,
      });
      const messageId = () => `<${aKey()}@example.com>`;
      const rules = { groupMs: MINUTE, droppedMs: HOUR, notBefore: 0, messageId };
      const composed = async (now: number) => {
        if (!(await store.workspacesToTell({ ...rules, now })).includes(workspace)) return 0;
        return (await store.composeMails(workspace, { ...rules, now })).mails;
      };
      expect(await composed(hour + HOUR + MINUTE - 1)).toBe(0);
      expect(await composed(hour + HOUR + MINUTE)).toBe(1);
      const [mail] = await store.claimDueMails(workspace, hour + 2 * HOUR, 10, MINUTE);
      expect(mail).toMatchObject({ kind: 'failed' });
      expect(mail?.notices.map(({ count }) => count)).toEqual([7, 1]);
    });

    test('a subject that the loop brake stops, and a mail that the limit stops', async () => {
      const { store } = opened();
      const tenant = await aTenant(store);
      const { workspace } = tenant;
      const limits = { ...FREE, perDay: 1 };
      for (const _ of [1, 2, 3, 4])
        await mailing(store, tenant, [aMail({ limits })], { limit: 2, subject: '76159' });
      const notices = await noticesOf(store, workspace);
      expect(notices.map(({ kind, count }) => [kind, count])).toEqual([
        ['automation.failed', 1],
        ['automation.braked', 2],
      ]);
      expect(notices.map(({ details }) => details)).toMatchObject([
        { step: 'a', code: 'mail_limit' },
        { subject: '76159' },
      ]);
      // The system events lie one deeper than what caused them.
      expect((await store.listUnpublishedNotices(workspace, 0, 10)).map(({ depth }) => depth)).toEqual([
        1, 1,
      ]);
    });

    test('a run that goes on and fails', async () => {
      const { store } = opened();
      const tenant = await aTenant(store);
      const { workspace } = tenant;
      await mailing(store, tenant, [], { state: 'waiting', dueAt: 1, steps: [] });
      const [run] = (await store.dueRuns(workspace, 10)).runs;
      if (run === undefined) throw new Error('No run is due.');
      const failure = { step: null, code: 'body_gone', message: 'the body is gone' };
      const next: RunAdvance = { ...WAITS, state: 'failed', dueAt: null, failure };
      const version = await versionOf(store, workspace);
      await store.advanceRuns(version, [{ run, next }], T0 + 5);
      // The same again writes nothing, and counts nothing.
      await store.advanceRuns(version, [{ run, next }], T0 + 6);
      expect(await noticesOf(store, workspace)).toMatchObject([
        { kind: 'automation.failed', count: 1, at: T0 + 5, details: { run: run.key, ...failure } },
      ]);
    });

    test('a mail that is refused for good, by the automation that sent it; a mail about that makes no other', async () => {
      const { store, insertNotices } = opened();
      const tenant = await aTenant(store);
      const { workspace, automation } = tenant;
      const run = await mailing(store, tenant, [aMail(), aMail()]);
      const [one, two] = await store.claimDueMails(workspace, T0, 10, MINUTE);
      const refused = (at: number) => ({ kind: 'refused', at, error: '550 no such mailbox' }) as const;
      for (const _ of [1, 2]) await store.settleMail(workspace, one?.key ?? 0, refused(T0 + 1));
      await store.settleMail(workspace, two?.key ?? 0, refused(T0 + 2));
      const [notice, ...none] = await noticesOf(store, workspace);
      expect(none).toEqual([]);
      expect(notice).toMatchObject({ kind: 'mail.refused', count: 2, at: T0 + 1 });
      expect(notice?.details).toEqual({
        automation: { key: automation, kind: 'rule', name: expect.any(String) },
        ...{ mail: one?.key, run, step: 'a', recipient: 'sam@example.com', error: '550 no such mailbox' },
      });
      const messageId = () => `<${aKey()}@example.com>`;
      const rules = { groupMs: MINUTE, droppedMs: HOUR, notBefore: 0, messageId };
      const next = async (now: number) => {
        await store.composeMails(workspace, { ...rules, now });
        const [due] = await store.claimDueMails(workspace, now, 10, MINUTE);
        await store.settleMail(workspace, due?.key ?? 0, refused(now));
        return due?.kind;
      };
      expect(await next(T0 + 2 * HOUR)).toBe('refused');
      expect(await noticesOf(store, workspace)).toHaveLength(1);
      // A mail about something else that is refused is told of.
      await insertNotices([aNotice({ workspace, at: T0 + 3 * HOUR })]);
      expect(await next(T0 + 4 * HOUR)).toBe('disabled');
      expect((await noticesOf(store, workspace)).at(-1)).toMatchObject({
        kind: 'mail.refused',
        details: { automation: null, run: null, recipient: 'owner@example.com' },
      });
    });
  });
}
