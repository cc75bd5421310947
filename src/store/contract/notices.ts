/** The contract's part on notices and the mails that tell of them. */

import { describe, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../core/duration.ts';
import type { ComposeRules, DueMail, ListedNotice } from '../records/mails.ts';
import type { NoticeKind } from '../records/notices.ts';
import { DEFAULT_SETTINGS, type Recipient } from '../records/settings.ts';
import type { Store } from '../store.ts';
import { ALL, aNotice, aWorkspace, type OpenStore, T0, useStore } from './builders.ts';

const LAYLA: Recipient = { email: 'layla@example.com', language: 'ar' };
const SAM: Recipient = { email: 'sam@example.com', language: 'en' };

let mailCount = 0;

/** Composes for every workspace that has something to tell. */
async function compose(store: Store, now: number, over: Partial<ComposeRules> = {}) {
  const rules: ComposeRules = {
    now,
    groupMs: MINUTE,
    droppedMs: HOUR,
    notBefore: T0 - 24 * HOUR,
    messageId: () => {
      mailCount += 1;
      return `<mirsal-${mailCount}@example.com>`;
    },
    ...over,
  };
  const composed = { mails: 0, unnamed: [] as number[] };
  for (const workspace of await store.workspacesToTell(rules)) {
    const { mails, named } = await store.composeMails(workspace, rules);
    composed.mails += mails;
    if (!named) composed.unnamed.push(workspace);
  }
  return composed;
}

async function aTenant(store: Store, recipients: Recipient[] = [LAYLA, SAM]): Promise<number> {
  const settings = { ...DEFAULT_SETTINGS, notification_recipients: recipients };
  const workspace = aWorkspace({ settings });
  await store.createWorkspace(workspace);
  return workspace.key;
}

async function listed(store: Store, workspace: number): Promise<ListedNotice[]> {
  return store.listNotices(workspace, ALL);
}

const kindsOf = (mails: readonly DueMail[]): NoticeKind[][] =>
  mails.map(({ notices }) => notices.map(({ kind }) => kind));

export function noticesContract(open: OpenStore): void {
  describe('notices', () => {
    const opened = useStore(open);

    test('come back as they were written, newest first, a page at a time', async () => {
      const { store, insertNotices } = opened();
      const workspace = await aTenant(store);
      const rows = [
        aNotice({ workspace, endpoint: 7 }),
        aNotice({ workspace, kind: 'delivery.dropped', endpoint: 7, delivery: 9, at: T0 + 1 }),
        aNotice({ workspace, kind: 'held.expiring', at: T0 + 2 }),
      ];
      await insertNotices([...rows, aNotice({ workspace: await aTenant(store) })]);
      const all = await listed(store, workspace);
      expect(all.map(({ key, ...notice }) => notice)).toEqual(
        rows.toReversed().map((row) => ({ ...row, count: 1, mails: [] })),
      );
      const [first, second] = all;
      expect(await store.listNotices(workspace, { limit: 1, before: first?.key ?? 0 })).toEqual([second]);
    });

    test('are unpublished, oldest first, until they are marked', async () => {
      const { store, insertNotices } = opened();
      const workspace = await aTenant(store);
      await insertNotices([1, 2, 3].map((n) => aNotice({ workspace, at: T0 + n })));
      const two = await store.listUnpublishedNotices(workspace, 0, 2);
      expect(two.map(({ at }) => at)).toEqual([T0 + 1, T0 + 2]);
      await store.markPublished(
        workspace,
        two.map(({ key }) => key),
        T0 + 9,
      );
      await store.markPublished(workspace, [], T0 + 9);
      expect((await store.listUnpublishedNotices(workspace, 0, 10)).map(({ at }) => at)).toEqual([T0 + 3]);
    });
  });

  describe('mails', () => {
    const opened = useStore(open);

    test('A12: what happened within a minute becomes one mail for each recipient', async () => {
      const { store, insertNotices } = opened();
      const workspace = await aTenant(store);
      await insertNotices([
        aNotice({ workspace, kind: 'budget.warning' }),
        aNotice({ workspace, at: T0 + 10 }),
        aNotice({ workspace, at: T0 + MINUTE - 1 }),
      ]);
      expect(await compose(store, T0 + MINUTE - 1)).toEqual({ mails: 0, unnamed: [] });
      expect(await compose(store, T0 + MINUTE)).toEqual({ mails: 2, unnamed: [] });
      expect(await compose(store, T0 + 9 * MINUTE)).toEqual({ mails: 0, unnamed: [] });
      const due = await store.claimDueMails(workspace, T0 + MINUTE, 10, MINUTE);
      expect(due.map(({ recipient }) => recipient)).toEqual([LAYLA, SAM]);
      expect(kindsOf(due)[0]).toEqual(['budget.warning', 'endpoint.disabled', 'endpoint.disabled']);
      expect(due[0]).toMatchObject({ kind: 'disabled', workspace, workspaceName: 'Acme', attempts: 1 });
      expect(new Set(due.map(({ messageId }) => messageId)).size).toBe(2);
    });

    test('no second mail is made within the minute after the first', async () => {
      const { store, insertNotices } = opened();
      const workspace = await aTenant(store, [SAM]);
      await insertNotices([aNotice({ workspace })]);
      await compose(store, T0 + MINUTE);
      await insertNotices([aNotice({ workspace, at: T0 }), aNotice({ workspace, at: T0 + MINUTE + 5 })]);
      expect((await compose(store, T0 + 2 * MINUTE - 1)).mails).toBe(0);
      expect((await compose(store, T0 + 2 * MINUTE)).mails).toBe(1);
      expect(
        (await store.claimDueMails(workspace, T0 + 2 * MINUTE, 10, MINUTE)).map((m) => m.notices.length),
      ).toEqual([1, 2]);
    });

    test('dropped deliveries wait for their hour, and hold up nothing else', async () => {
      const { store, insertNotices } = opened();
      const workspace = await aTenant(store, [SAM]);
      const drop = (at: number) => aNotice({ workspace, kind: 'delivery.dropped', at });
      await insertNotices([drop(T0), aNotice({ workspace, at: T0 + 1 }), drop(T0 + 2)]);
      await compose(store, T0 + MINUTE + 1);
      await compose(store, T0 + HOUR - 1);
      const first = await store.claimDueMails(workspace, T0 + HOUR - 1, 10, HOUR);
      expect(kindsOf(first)).toEqual([['endpoint.disabled']]);
      await compose(store, T0 + HOUR);
      const digest = await store.claimDueMails(workspace, T0 + HOUR, 10, HOUR);
      expect(kindsOf(digest)).toEqual([['delivery.dropped', 'delivery.dropped']]);
      expect(digest[0]?.kind).toBe('dropped');
    });

    test('nobody is mailed about what a person did, nor about what is old', async () => {
      const { store, insertNotices } = opened();
      const workspace = await aTenant(store);
      const manual = aNotice({ workspace });
      await insertNotices([
        { ...manual, details: { ...manual.details, reason: 'manual' } },
        aNotice({ workspace, at: T0 - 25 * HOUR }),
      ]);
      expect(await compose(store, T0 + HOUR)).toEqual({ mails: 0, unnamed: [] });
      expect((await listed(store, workspace)).map(({ mails }) => mails)).toEqual([[], []]);
      // They are done with: a later mail does not bring them up.
      await insertNotices([aNotice({ workspace, at: T0 + HOUR })]);
      await compose(store, T0 + 2 * HOUR);
      expect((await store.claimDueMails(workspace, T0 + 2 * HOUR, 10, HOUR))[0]?.notices).toHaveLength(1);
    });

    test('the owners are told where the settings name nobody, and nobody twice', async () => {
      const { store, insertNotices } = opened();
      const workspace = aWorkspace({ owners: [SAM, { ...SAM, email: 'SAM@example.com' }, LAYLA] });
      await store.createWorkspace(workspace);
      await insertNotices([aNotice({ workspace: workspace.key })]);
      await compose(store, T0 + MINUTE);
      const due = await store.claimDueMails(workspace.key, T0 + MINUTE, 10, MINUTE);
      expect(due.map(({ recipient }) => recipient)).toEqual([SAM, LAYLA]);
    });

    test('with nobody to tell, the notice stays and the caller hears of it once', async () => {
      const { store, insertNotices } = opened();
      const workspace = await aTenant(store, []);
      await insertNotices([aNotice({ workspace })]);
      expect(await compose(store, T0 + HOUR)).toEqual({ mails: 0, unnamed: [workspace] });
      expect(await compose(store, T0 + HOUR)).toEqual({ mails: 0, unnamed: [] });
      expect(await listed(store, workspace)).toMatchObject([{ kind: 'endpoint.disabled', mails: [] }]);
    });

    test('a claimed mail is nobody else’s until its lease is over, and keeps its Message-ID', async () => {
      const { store, insertNotices } = opened();
      const workspace = await aTenant(store, [SAM]);
      await insertNotices([aNotice({ workspace })]);
      const now = T0 + MINUTE;
      await compose(store, now);
      const [first] = await store.claimDueMails(workspace, now, 10, MINUTE);
      expect(await store.claimDueMails(workspace, now + MINUTE - 1, 10, MINUTE)).toEqual([]);
      const [again] = await store.claimDueMails(workspace, now + MINUTE, 10, MINUTE);
      expect(again).toEqual({ ...first, attempts: 2 });
    });

    test('a mail is tried again at its time, and once sent or refused stays so', async () => {
      const { store, insertNotices } = opened();
      const workspace = await aTenant(store);
      // The refusal is a notice of its own.
      const told = async () =>
        (await listed(store, workspace)).find(({ kind }) => kind === 'endpoint.disabled');
      await insertNotices([aNotice({ workspace })]);
      const now = T0 + MINUTE;
      await compose(store, now);
      const [one, two] = await store.claimDueMails(workspace, now, 10, HOUR);
      await store.settleMail(workspace, one?.key ?? 0, {
        kind: 'retry',
        at: now + 5,
        error: 'connection refused',
      });
      await store.settleMail(workspace, two?.key ?? 0, {
        kind: 'refused',
        at: now + 6,
        error: '550 no such user',
      });
      expect((await told())?.mails).toEqual([
        {
          recipient: LAYLA.email,
          language: 'ar',
          state: 'pending',
          error: 'connection refused',
          sentAt: null,
        },
        { recipient: SAM.email, language: 'en', state: 'refused', error: '550 no such user', sentAt: null },
      ]);
      const again = await store.claimDueMails(workspace, now + 5, 10, HOUR);
      expect(again.map(({ key, attempts }) => [key, attempts])).toEqual([[one?.key, 2]]);
      await store.settleMail(workspace, one?.key ?? 0, { kind: 'sent', at: now + 7 });
      await store.settleMail(workspace, one?.key ?? 0, { kind: 'retry', at: now + 8, error: 'late answer' });
      expect((await told())?.mails[0]).toMatchObject({
        state: 'sent',
        error: null,
        sentAt: now + 7,
      });
      expect(await store.claimDueMails(workspace, now + 9 * HOUR, 10, HOUR)).toEqual([]);
    });

    test('nodes that compose and claim at once make one set of mails and send each once', async () => {
      const { store, another, insertNotices } = opened();
      const stores = [store, await another(), await another()];
      const workspace = await aTenant(store);
      await insertNotices(Array.from({ length: 300 }, (_, n) => aNotice({ workspace, at: T0 + n })));
      const now = T0 + MINUTE;
      const composed = await Promise.all(stores.map((one) => compose(one, now)));
      expect(composed.reduce((sum, { mails }) => sum + mails, 0)).toBe(2);
      const claimed = await Promise.all(stores.map((one) => one.claimDueMails(workspace, now, 10, HOUR)));
      expect(claimed.flat().map((mail) => mail.notices.length)).toEqual([300, 300]);
    });
  });
}
