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
import type { ComposeRules, DueMail } from '../store/records/mails.ts';
import type { UnpublishedNotice } from '../store/records/notices.ts';
import { type Store, StoreUnavailable } from '../store/store.ts';
import type { Clock, MailResult, SendMail } from '../world.ts';
import type { WorkspaceView } from './directory.ts';
import { Overloaded } from './engine.ts';
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

export interface OutboxDeps {
  store: Pick<
    Store,
    'listUnpublishedNotices' | 'markPublished' | 'composeMails' | 'claimDueMails' | 'settleMail'
  >;
  clock: Clock;
  uuid(): string;
  log: OutboxLog;
  /** Null where no mail server is set. */
  mailing: Mailing | null;
  /** The workspace as of now; null for an unknown one. */
  workspace(key: number): Promise<WorkspaceView | null>;
  /** False where the id was used before for something else. */
  publish(workspace: number, draft: SystemEventDraft, depth: number): Promise<boolean>;
  onError(error: unknown, where: string): void;
}

export interface Outbox {
  /** Starts whatever is due, unless that is under way. */
  tick(): void;
  /** Starts nothing new; resolves when what is under way has ended, or the patience has. */
  stop(): Promise<void>;
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
const STOP_PATIENCE_MS = 5 * SECOND;

export function createOutbox(deps: OutboxDeps): Outbox {
  const { store, clock, log, mailing } = deps;
  const running = new Map<string, Promise<void>>();
  const unnamed = new Set<number>();
  let stopped = false;
  if (mailing === null) {
    log.info(
      {},
      'No mail server is set (MIRSAL_SMTP_URL): notices are listed by the API, and nobody is mailed.',
    );
  }

  const start = (name: string, task: () => Promise<void>): void => {
    if (stopped || running.has(name)) return;
    const turn = task()
      .catch((error: unknown) => deps.onError(error, name))
      .then(() => {
        running.delete(name);
      });
    running.set(name, turn);
  };

  const publishAll = async (): Promise<void> => {
    for (;;) {
      const notices = await store.listUnpublishedNotices(NOTICES_AT_ONCE);
      const done = await publishSome(deps, notices);
      await store.markPublished(done, clock.now());
      if (stopped || done.length < NOTICES_AT_ONCE) return;
    }
  };

  const compose = async (host: string): Promise<void> => {
    const now = clock.now();
    const rules: ComposeRules = {
      now,
      groupMs: GROUP_MS,
      droppedMs: DROPPED_DIGEST_MS,
      notBefore: now - TOLD_FOR_MS,
      messageId: () => `<mirsal-${deps.uuid()}@${host}>`,
    };
    const composed = await store.composeMails(rules);
    for (const workspace of composed.unnamed) {
      if (unnamed.has(workspace)) continue;
      unnamed.add(workspace);
      log.warn(
        { workspace },
        'There is something to tell and nobody to mail it to: name notification_recipients in the settings, or owners of the workspace.',
      );
    }
  };

  const mailAll = async (mailing: Mailing): Promise<void> => {
    await compose(mailing.host);
    for (;;) {
      const due = stopped ? [] : await store.claimDueMails(clock.now(), MAILS_AT_ONCE, MAIL_LEASE_MS);
      await Promise.all(due.map(async (mail) => settle(mail, await deliver(mailing, mail))));
      if (due.length < MAILS_AT_ONCE) return;
    }
  };

  const deliver = async ({ render, send }: Mailing, mail: DueMail): Promise<MailResult> => {
    const { messageId, recipient } = mail;
    try {
      return await send({ ...render(mail), messageId, to: recipient.email, language: recipient.language });
    } catch (error) {
      deps.onError(error, 'mail');
      return { kind: 'failed', error: String(error) };
    }
  };

  const settle = async (mail: DueMail, result: MailResult): Promise<void> => {
    const now = clock.now();
    const about = { workspace: mail.workspace, mail: mail.key, attempts: mail.attempts };
    if (result.kind === 'accepted') {
      await store.settleMail(mail.key, { kind: 'sent', at: now });
      log.info(about, 'mail sent');
      return;
    }
    const { error } = result;
    const waitMs = RETRY_WAITS_MS[mail.attempts - 1] ?? RETRY_WAITS_MS.at(-1) ?? MINUTE;
    const isLast = result.kind === 'refused' || now + waitMs > mail.createdAt + GIVE_UP_MS;
    if (isLast) {
      await store.settleMail(mail.key, { kind: 'refused', at: now, error });
      log.warn({ ...about, error }, 'mail refused');
    } else {
      await store.settleMail(mail.key, { kind: 'retry', at: now + waitMs, error });
      log.warn({ ...about, error, waitMs }, 'mail not sent; it will be tried again');
    }
  };

  return {
    tick() {
      start('publish notices', publishAll);
      if (mailing !== null) start('mail', () => mailAll(mailing));
    },
    async stop() {
      stopped = true;
      const patience = Promise.withResolvers<void>();
      const timer = clock.after(STOP_PATIENCE_MS, patience.resolve);
      await Promise.race([Promise.all(running.values()), patience.promise]);
      timer.cancel();
    },
  };
}

/** The keys of those that are done with: published, or wanted by no endpoint. */
async function publishSome(deps: OutboxDeps, notices: readonly UnpublishedNotice[]): Promise<number[]> {
  const done: number[] = [];
  const views = new Map<number, WorkspaceView | null>();
  for (const notice of notices) {
    try {
      const { workspace } = notice;
      let view = views.get(workspace);
      if (view === undefined) {
        view = await deps.workspace(workspace);
        views.set(workspace, view);
      }
      await publishOne(deps, notice, view);
      done.push(notice.key);
    } catch (error) {
      deps.onError(error, 'publish notice');
      if (error instanceof StoreUnavailable || error instanceof Overloaded) break;
    }
  }
  return done;
}

async function publishOne(
  deps: OutboxDeps,
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
