/**
 * The outbox: notices of what happened go out as system events and as mails. The notices are written
 * with what they tell of, so nothing that was committed is left untold, whenever a node dies.
 *
 *   notice ─▶ system event   published under an id made of the notice's key: a second time is a repeat
 *   notice ─▶ mail           composed once, in one transaction; sent under one Message-ID for ever.
 *                            A node that dies between the server's yes and the record sends it once more.
 *
 * It runs in the background: neither lanes nor rounds wait for it.
 */

import { DAY, HOUR, MINUTE, SECOND } from '../core/duration.ts';
import type { MailStore, NoticeStore } from '../store/ports/notices.ts';
import type { ComposeRules, DueMail } from '../store/records/mails.ts';
import type { UnpublishedNotice } from '../store/records/notices.ts';
import type { Clock, MailResult, SendMail } from '../world.ts';
import type { WorkspaceView } from './directory.ts';
import type { Job, Turn } from './jobs.ts';
import { type SystemEventDraft, systemEventOf } from './systemEvents.ts';

/** How the engine hands mails on; main.ts fills it from src/mail. */
export interface Mailing {
  render(mail: DueMail): { subject: string; html: string; text: string };
  send: SendMail;
  /** What stands after the @ of Message-IDs. */
  host: string;
}

export interface OutboxLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
}

export interface NoticePublishingDeps {
  store: NoticeStore;
  clock: Clock;
  log: OutboxLog;
  /** The workspace as of now; null for an unknown one. */
  workspace(key: number): Promise<WorkspaceView | null>;
  /** False where the id was used before for something else. */
  publish(workspace: number, draft: SystemEventDraft, depth: number): Promise<boolean>;
  /** A notice was handled, whether or not somebody wants its event. */
  onNotice(kind: string): void;
}

export interface MailingDeps {
  store: MailStore;
  clock: Clock;
  uuid(): string;
  log: OutboxLog;
  mailing: Mailing;
  onError(error: unknown, where: string): void;
}

/** What happens within it becomes one mail. */
const GROUP_MS = MINUTE;
const DROPPED_DIGEST_MS = HOUR;
/** Mails that are switched on today do not tell of last month. */
const TOLD_FOR_MS = DAY;
const NOTICES_AT_ONCE = 200;
/** Connections to the mail server. */
const MAILS_AT_ONCE = 4;
/** Longer than a mail can take: each step of the exchange ends within 10 s. */
const MAIL_LEASE_MS = 5 * MINUTE;
/** The last one is repeated. */
const RETRY_WAITS_MS = [30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE];
const GIVE_UP_MS = 3 * DAY;

/** Publishes each notice as a system event, where somebody wants it. */
export function createNoticePublishing(deps: NoticePublishingDeps): Job {
  const { store, clock } = deps;
  /** Where to go on in a workspace that has more than a page: behind those that could not be published. */
  const places = new Map<number, number>();

  const publishSome = async (workspace: number, turn: Turn): Promise<boolean> => {
    const view = await deps.workspace(workspace);
    const notices = await store.listUnpublishedNotices(
      workspace,
      places.get(workspace) ?? 0,
      NOTICES_AT_ONCE,
    );
    const done: number[] = [];
    for (const notice of notices) {
      if (turn.stopped()) break;
      const published = await turn.attempt(`notice ${notice.key}`, async () => {
        await publishOne(deps, notice, view);
        deps.onNotice(notice.kind);
        return true;
      });
      if (published === true) done.push(notice.key);
    }
    await store.markPublished(workspace, done, clock.now());
    const last = notices.at(-1);
    if (last === undefined || notices.length < NOTICES_AT_ONCE) places.delete(workspace);
    else places.set(workspace, last.key);
    return notices.length === NOTICES_AT_ONCE;
  };

  return {
    name: 'publish notices',
    everyMs: null,
    async turn(turn) {
      for (;;) {
        const workspaces = await store.workspacesToPublish();
        const hasMore = await turn.each(workspaces, (workspace) => publishSome(workspace, turn));
        if (turn.stopped() || !hasMore) return;
      }
    },
  };
}

/** Composes mails of notices, and sends those that are due. */
export function createMailer(deps: MailingDeps): Job {
  const { store, clock, log, mailing } = deps;
  const unnamed = new Set<number>();

  const compose = async (turn: Turn): Promise<void> => {
    const now = clock.now();
    const rules: ComposeRules = {
      now,
      groupMs: GROUP_MS,
      droppedMs: DROPPED_DIGEST_MS,
      notBefore: now - TOLD_FOR_MS,
      messageId: () => `<mirsal-${deps.uuid()}@${mailing.host}>`,
    };
    await turn.each(await store.workspacesToTell(rules), async (workspace) => {
      const { named } = await store.composeMails(workspace, rules);
      if (named || unnamed.has(workspace)) return false;
      unnamed.add(workspace);
      log.warn(
        { workspace },
        'There is something to tell and nobody to mail it to: name notification_recipients in the settings, or owners of the workspace.',
      );
      return false;
    });
  };

  const sendSome = async (workspace: number, turn: Turn): Promise<boolean> => {
    const due = await store.claimDueMails(workspace, clock.now(), MAILS_AT_ONCE, MAIL_LEASE_MS);
    await Promise.all(
      due.map((mail) => turn.attempt(`mail ${mail.key}`, async () => settle(mail, await deliver(mail)))),
    );
    return due.length === MAILS_AT_ONCE;
  };

  const deliver = async (mail: DueMail): Promise<MailResult> => {
    const { messageId, recipient } = mail;
    try {
      const rendered = mailing.render(mail);
      return await mailing.send({
        ...rendered,
        messageId,
        to: recipient.email,
        language: recipient.language,
      });
    } catch (error) {
      deps.onError(error, `mails: mail ${mail.key}`);
      return { kind: 'failed', error: String(error) };
    }
  };

  const settle = async (mail: DueMail, result: MailResult): Promise<void> => {
    const now = clock.now();
    const about = { workspace: mail.workspace, mail: mail.key, attempts: mail.attempts };
    if (result.kind === 'accepted') {
      await store.settleMail(mail.workspace, mail.key, { kind: 'sent', at: now });
      log.info(about, 'mail sent');
      return;
    }
    const { error } = result;
    const waitMs = RETRY_WAITS_MS[mail.attempts - 1] ?? RETRY_WAITS_MS.at(-1) ?? MINUTE;
    const isLast = result.kind === 'refused' || now + waitMs > mail.createdAt + GIVE_UP_MS;
    if (isLast) {
      await store.settleMail(mail.workspace, mail.key, { kind: 'refused', at: now, error });
      log.warn({ ...about, error }, 'mail refused');
    } else {
      await store.settleMail(mail.workspace, mail.key, { kind: 'retry', at: now + waitMs, error });
      log.warn({ ...about, error, waitMs }, 'mail not sent; it will be tried again');
    }
  };

  return {
    name: 'mails',
    everyMs: null,
    async turn(turn) {
      await compose(turn);
      while (!turn.stopped()) {
        const workspaces = await store.workspacesToMail(clock.now());
        if (!(await turn.each(workspaces, (workspace) => sendSome(workspace, turn)))) return;
      }
    },
  };
}

async function publishOne(
  deps: NoticePublishingDeps,
  notice: UnpublishedNotice,
  view: WorkspaceView | null,
): Promise<void> {
  const draft = systemEventOf(notice);
  if (draft === null || view === null || !isWanted(view, draft)) return;
  if (await deps.publish(notice.workspace, draft, notice.depth)) return;
  const { id, type } = draft.event;
  deps.log.warn({ id, type }, 'a system event was not published: another event has its id');
}

function isWanted(view: WorkspaceView, { event, except }: SystemEventDraft): boolean {
  const isTaken = view.routing.endpoints.some(
    ({ key, eventTypes }) => eventTypes.includes(event.type) && !except.includes(key),
  );
  return isTaken || view.automations.names(event.type);
}
