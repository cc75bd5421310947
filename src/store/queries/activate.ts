/**
 * What the events of a call set off, in the publish transaction, for both databases (see Steps): the loop brake,
 * the runs that wait for them, the runs they begin, and the effects of those. Deliveries are not written here:
 * they join those of the events' subscriptions, in the order in which they stand in the call.
 *
 * Rows that other transactions may want, too, are taken in one order over the whole call, so that calls never wait
 * for each other in a circle: counts of activations by automation and subject, then waiting runs by key.
 */

import { SECOND } from '../../core/duration.ts';
import { firstKeyAt } from '../../core/ids.ts';
import type { NewActivation, RunAdvance, RunFailure } from '../records/automation.ts';
import type { NewDelivery } from '../records/delivery.ts';
import type { NewEvent, PublishCall } from '../records/publishing.ts';
import { type Happened, writeGrouped } from './groupedNotices.ts';
import type { Statement, Steps } from './statement.ts';
import { type DroppedMails, writeMails } from './stepMails.ts';

export interface Activated {
  /** What is to be queued, and how many runs began; of those events alone that set runs off. */
  events: ReadonlyMap<number, { deliveries: readonly NewDelivery[]; runs: number }>;
  /** Runs that the brake has stopped. */
  braked: number[];
}

/** Appended to a SELECT of rows that are about to be changed; nothing where transactions are alone anyway. */
export type RowLock = '' | 'FOR UPDATE';

/** Whether an event does more than to be delivered to subscriptions. */
export function setsOff({ activations, signals }: NewEvent): boolean {
  return signals || activations.length > 0;
}

/** Subjects whose events are looked for, or awaited, by what the events do. */
export function* subjectsOf(events: readonly NewEvent[]): Generator<string> {
  for (const { signals, subject, activations } of events) {
    if (signals && subject !== null) yield subject;
    for (const { listensSince, subject } of activations) {
      if (listensSince !== null && subject !== null) yield subject;
    }
  }
}

/** Of new events, whose rows are there already. */
export function* activate(
  call: PublishCall,
  events: readonly NewEvent[],
  rowLock: RowLock,
): Steps<Activated> {
  const braked = yield* countActivations(call, events);
  yield* signal(call.workspace, events, rowLock);
  const activated = new Map<number, { deliveries: readonly NewDelivery[]; runs: number }>();
  const happened: Happened[] = [];
  for (const event of events) {
    if (event.activations.length === 0) continue;
    const begun = event.activations.filter(({ run }) => !braked.has(run));
    for (const activation of event.activations) {
      const reason = braked.get(activation.run);
      if (reason === undefined) {
        const failure = yield* begin(call, event, activation);
        if (failure !== null) happened.push(failedOnce(event, activation, failure));
      } else {
        yield insertRun(call, event, activation, { ...BRAKED, reason }, 0);
        happened.push(brakedOnce(event, activation));
      }
    }
    const own = begun.flatMap(({ deliveries }) => deliveries);
    activated.set(event.key, { deliveries: [...event.deliveries, ...own], runs: begun.length });
    if (own.length === 0) continue;
    yield {
      sql: 'UPDATE events SET deliveries = ? WHERE workspace = ? AND key = ?',
      values: [event.deliveries.length + own.length, call.workspace, event.key],
    };
  }
  yield* writeGrouped(call.workspace, happened, call.acceptedAt);
  return { events: activated, braked: [...braked.keys()] };
}

function* begin(call: PublishCall, event: NewEvent, activation: NewActivation): Steps<RunFailure | null> {
  yield insertRun(call, event, activation, activation, 1);
  const failure = yield* writeEffects(call.workspace, activation.run, 1, activation, call.acceptedAt);
  const { run, subject } = activation;
  yield* listenBack({ workspace: call.workspace, key: run, event: event.key, subject }, activation);
  return failure;
}

function brakedOnce({ depth }: NewEvent, { automation, run, subject }: NewActivation): Happened {
  const details = { run, subject: subject ?? '' };
  return { kind: 'automation.braked', automation, count: 1, details, depth: depth + 1 };
}

/** What a run could not do, to be told of. */
export function failedOnce(
  { depth }: Pick<NewEvent, 'depth'>,
  { automation, run }: Pick<NewActivation, 'automation' | 'run'>,
  failure: RunFailure,
): Happened {
  const details = { run, ...failure };
  return { kind: 'automation.failed', automation, count: 1, details, depth: depth + 1 };
}

/** A count that begins anew: its period is over, or it was reset. */
const IS_OVER = 'activations.resets < excluded.resets OR activations.period_ends_at <= ?';

/** Counts each subject's activations of its period, all of one at once; the runs that are more than is allowed, and why. */
function* countActivations(
  { workspace, acceptedAt }: PublishCall,
  events: readonly NewEvent[],
): Steps<ReadonlyMap<number, string>> {
  const limited = events
    .flatMap(({ activations }) => activations)
    .filter(({ subject, limit }) => subject !== null && limit !== null);
  const groups = Map.groupBy(limited, ({ automation, subject }) => `${automation} ${subject}`);
  const inOrder = [...groups.values()].sort(([one], [other]) => compareCounted(one, other));
  const braked = new Map<number, string>();
  for (const group of inOrder) {
    const [{ automation, subject, limit, periodEndsAt, resets } = NOBODY] = group;
    const rows = yield {
      sql: `INSERT INTO activations (workspace, automation, subject, count, period_ends_at, resets)
        VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (workspace, automation, subject) DO UPDATE SET
          count = excluded.count + CASE WHEN ${IS_OVER} THEN 0 ELSE activations.count END,
          period_ends_at = CASE WHEN ${IS_OVER} THEN excluded.period_ends_at ELSE activations.period_ends_at END,
          resets = excluded.resets
        RETURNING count, period_ends_at`,
      values: [
        ...[workspace, automation, subject, group.length, periodEndsAt, resets],
        ...[acceptedAt, acceptedAt],
      ],
    };
    const before = Number(rows[0]?.count) - group.length;
    const allowed = Math.max(0, (limit ?? 0) - before);
    const reason = brakedReason(limit ?? 0, rows[0]?.period_ends_at ?? null);
    for (const { run } of group.slice(allowed)) braked.set(run, reason);
  }
  return braked;
}

type Counted = Pick<NewActivation, 'automation' | 'subject' | 'limit' | 'periodEndsAt' | 'resets'>;
const NOBODY: Counted = { automation: 0, subject: '', limit: 0, periodEndsAt: null, resets: 0 };

function compareCounted(one: Counted = NOBODY, other: Counted = NOBODY): number {
  if (one.automation !== other.automation) return one.automation - other.automation;
  const [first, second] = [one.subject ?? '', other.subject ?? ''];
  if (first === second) return 0;
  return first < second ? -1 : 1;
}

/** Rows of one statement: far below the number of values that a statement may have. */
const ROWS_AT_ONCE = 1_000;

/** Wakes the runs that wait for these events: they are looked at next, and what was read of them before is void. */
function* signal(workspace: number, events: readonly NewEvent[], rowLock: RowLock): Steps<void> {
  const signals = events.filter((event) => event.signals && event.subject !== null);
  const byWait = Map.groupBy(signals, ({ type, subject }) => waitOf(type, subject));
  const pairs = [...byWait.values()].flatMap(([event]) => (event === undefined ? [] : [event]));
  if (pairs.length === 0) return;
  const waiting = yield {
    sql: `SELECT key, waits_for, subject FROM runs
      WHERE workspace = ? AND state = 'waiting' AND waits_for IS NOT NULL
        AND (waits_for, subject) IN (VALUES ${pairs.map(() => '(?, ?)').join(', ')})
      ORDER BY key ${rowLock}`,
    values: [workspace, ...pairs.flatMap(({ type, subject }) => [type, subject])],
  };
  const heard = waiting.flatMap(({ key, waits_for, subject }) => {
    const came = byWait.get(waitOf(String(waits_for), String(subject))) ?? [];
    return came.map((event) => [workspace, Number(key), event.key]);
  });
  for (let from = 0; from < heard.length; from += ROWS_AT_ONCE) {
    const rows = heard.slice(from, from + ROWS_AT_ONCE);
    yield {
      sql: `INSERT INTO run_signals (workspace, run, event) VALUES ${rows.map(() => '(?, ?, ?)').join(', ')}`,
      values: rows.flat(),
    };
  }
  for (let from = 0; from < waiting.length; from += ROWS_AT_ONCE) {
    const keys = waiting.slice(from, from + ROWS_AT_ONCE).map(({ key }) => Number(key));
    yield {
      sql: `UPDATE runs SET wake_at = 0, revision = revision + 1
        WHERE workspace = ? AND key IN (${keys.map(() => '?').join(', ')})`,
      values: [workspace, ...keys],
    };
  }
}

function waitOf(type: string, subject: string | null): string {
  return `${type} ${subject}`;
}

/**
 * A run that begins to wait hears the events that were accepted since, but committed before it; or since it began
 * itself, where the wait says so. What an earlier wait of the run was for is not heard again.
 */
export function* listenBack(
  run: { workspace: number; key: number; event: number; subject: string | null },
  { listensSince, waitsFor }: Pick<RunAdvance, 'listensSince' | 'waitsFor'>,
): Steps<void> {
  if (listensSince === null || waitsFor === null || run.subject === null) return;
  // Within one millisecond keys tell what came after the event that set it off.
  const heard = yield {
    sql: `INSERT INTO run_signals (workspace, run, event)
      SELECT e.workspace, CAST(? AS bigint), e.key FROM events e
      WHERE e.workspace = ? AND e.subject = ? AND e.type = ? AND e.key >= ? AND e.test = 0
        AND (e.accepted_at > ? OR (e.accepted_at = ? AND e.key > ?))
        AND NOT EXISTS (SELECT 1 FROM run_events h WHERE h.workspace = ? AND h.run = ? AND h.event = e.key)
      ON CONFLICT DO NOTHING RETURNING event`,
    values: [
      ...[run.key, run.workspace, run.subject, waitsFor, firstKeyAt(listensSince)],
      ...[listensSince, listensSince, run.event, run.workspace, run.key],
    ],
  };
  if (heard.length === 0) return;
  yield {
    sql: 'UPDATE runs SET wake_at = 0 WHERE workspace = ? AND key = ?',
    values: [run.workspace, run.key],
  };
}

/** What was accepted before a timeout has been committed by then, unless the database was away. */
const COMMITTED_MS = 2 * SECOND;

/** When a run is to be looked at next: for the timeout of an awaited event a little after it. */
export function wakeAtOf({ dueAt, waitsFor }: Pick<RunAdvance, 'dueAt' | 'waitsFor'>): number | null {
  return dueAt === null || waitsFor === null ? dueAt : dueAt + COMMITTED_MS;
}

/** `until` in ms; null for ever. */
function brakedReason(limit: number, until: unknown): string {
  const times = limit === 1 ? 'once' : `${limit} times`;
  const period = until === null ? '' : ` until ${new Date(Number(until)).toISOString()}`;
  return `loop_brake: this subject has set it off ${times}, as often as is allowed${period}`;
}

const BRAKED = {
  state: 'skipped',
  progress: '{}',
  dueAt: null,
  waitsFor: null,
} as const;

/** A run of revision 0 never began. */
function insertRun(
  { workspace, acceptedAt }: PublishCall,
  event: NewEvent,
  { run, automation, version, subject }: NewActivation,
  next: Pick<RunAdvance, keyof typeof BRAKED | 'reason'>,
  revision: 0 | 1,
): Statement {
  const { state, reason, progress, dueAt, waitsFor } = next;
  return {
    sql: `INSERT INTO runs (key, workspace, automation, version, event, subject, state, reason, revision, progress,
        due_at, wake_at, waits_for, created_at, ended_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    values: [
      ...[run, workspace, automation, version, event.key, subject, state, reason, revision, progress],
      ...[dueAt, wakeAtOf(next), waitsFor, acceptedAt, state === 'waiting' ? null : acceptedAt],
    ],
  };
}

/**
 * History, mails, and what is beside the deliveries of a run's steps. `from` is the number of the first entry. Answers
 * what could not be done.
 */
export function* writeEffects(
  workspace: number,
  run: number,
  from: number,
  {
    steps,
    mails,
    deliveries,
    heard,
    failure,
  }: Pick<RunAdvance, 'steps' | 'mails' | 'deliveries' | 'heard' | 'failure'>,
  now: number,
): Steps<RunFailure | null> {
  const dropped = yield* writeMails(workspace, run, mails, now);
  for (const [index, entry] of steps.entries()) {
    const { step, kind, details, at } = entry;
    const tooMany = kind === 'email' && step !== null ? dropped.get(step) : undefined;
    yield {
      sql: 'INSERT INTO run_steps (workspace, run, number, step, kind, details, at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      values: [workspace, run, from + index, step, kind, withDropped(details, tooMany), at],
    };
  }
  if (heard !== undefined) {
    yield {
      sql: 'INSERT INTO run_events (workspace, run, step, event) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      values: [workspace, run, heard.step, heard.event],
    };
  }
  for (const { key, body, step } of deliveries) {
    if (step !== undefined) {
      yield {
        sql: 'INSERT INTO run_deliveries (workspace, delivery, run, step) VALUES (?, ?, ?, ?)',
        values: [workspace, key, run, step],
      };
    }
    if (body === null) continue;
    yield {
      sql: 'INSERT INTO delivery_bodies (delivery, workspace, body) VALUES (?, ?, ?)',
      values: [key, workspace, body],
    };
  }
  const [first] = dropped;
  if (failure !== null || first === undefined) return failure;
  const [step, { code, message }] = first;
  return { step, code, message };
}

/** The step's entry says what was not sent, and why; where it was nothing at all, that is its outcome. */
function withDropped(details: string, dropped: DroppedMails | undefined): string {
  if (dropped === undefined) return details;
  const { code, message, count, all } = dropped;
  const outcome = all ? { outcome: 'dropped' } : {};
  return JSON.stringify({ ...JSON.parse(details), ...outcome, failure: { code, message }, dropped: count });
}
