/**
 * What an event sets off, in the publish transaction, for both databases (see Steps): the loop brake,
 * the run, its first steps and their effects. Deliveries are not written here: they join those of the
 * event's subscriptions, in the order in which they stand in the call.
 */

import type { NewActivation, RunAdvance } from './records/automation.ts';
import type { NewDelivery } from './records/delivery.ts';
import type { NewEvent, PublishCall } from './records.ts';
import type { Steps } from './statement.ts';

export interface Activated {
  /** Per event of the call: what is to be queued, and how many runs began. */
  deliveries: NewDelivery[];
  runs: number;
  /** Runs that the brake has stopped. */
  braked: number[];
}

/** Whether an event does more than to be delivered to subscriptions. */
export function setsOff({ activations, signals }: NewEvent): boolean {
  return signals || activations.length > 0;
}

/** Of one new event, whose row is there already. */
export function* activate(call: PublishCall, event: NewEvent): Steps<Activated> {
  if (event.signals) yield* signal(call, event);
  const activated: Activated = { deliveries: [...event.deliveries], runs: 0, braked: [] };
  if (event.activations.length === 0) return activated;
  for (const activation of event.activations) {
    if (yield* isBraked(call.workspace, activation)) {
      activated.braked.push(activation.run);
      yield* insertRun(call, event, activation, BRAKED, 0);
      continue;
    }
    yield* insertRun(call, event, activation, activation, 1);
    yield* writeEffects(call.workspace, activation.run, 1, activation, call.acceptedAt);
    activated.deliveries.push(...activation.deliveries);
    activated.runs += 1;
  }
  yield {
    sql: 'UPDATE events SET deliveries = ? WHERE workspace = ? AND key = ?',
    values: [activated.deliveries.length, call.workspace, event.key],
  };
  return activated;
}

/** Wakes the runs that wait for an event of this type about this subject. */
function* signal({ workspace, acceptedAt }: PublishCall, { key, type, subject }: NewEvent): Steps<void> {
  const waiting = "workspace = ? AND waits_for = ? AND subject = ? AND state = 'waiting'";
  yield {
    sql: `INSERT INTO run_signals (workspace, run, event) SELECT workspace, key, ? FROM runs WHERE ${waiting}`,
    values: [key, workspace, type, subject],
  };
  yield {
    sql: `UPDATE runs SET due_at = ? WHERE ${waiting}`,
    values: [acceptedAt, workspace, type, subject],
  };
}

function* isBraked(workspace: number, { automation, subject, limit }: NewActivation): Steps<boolean> {
  if (limit === null || subject === null) return false;
  const rows = yield {
    sql: `INSERT INTO activations (workspace, automation, subject, count) VALUES (?, ?, ?, 1)
      ON CONFLICT (workspace, automation, subject) DO UPDATE SET count = activations.count + 1
      RETURNING count`,
    values: [workspace, automation, subject],
  };
  return Number(rows[0]?.count) > limit;
}

const BRAKED = {
  state: 'skipped',
  reason: 'loop_brake: this subject has set it off as often as is allowed',
  progress: '{}',
  dueAt: null,
  waitsFor: null,
} as const;

/** A run of revision 0 never began. */
function* insertRun(
  { workspace, acceptedAt }: PublishCall,
  event: NewEvent,
  { run, automation, version, subject }: NewActivation,
  { state, reason, progress, dueAt, waitsFor }: Pick<RunAdvance, keyof typeof BRAKED>,
  revision: 0 | 1,
): Steps<void> {
  yield {
    sql: `INSERT INTO runs (key, workspace, automation, version, event, subject, state, reason, revision, progress,
        due_at, waits_for, created_at, ended_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    values: [
      ...[run, workspace, automation, version, event.key, subject, state, reason, revision, progress],
      ...[dueAt, waitsFor, acceptedAt, state === 'waiting' ? null : acceptedAt],
    ],
  };
}

/** History, mails and bodies of a run's steps. `from` is the number of the first entry. */
export function* writeEffects(
  workspace: number,
  run: number,
  from: number,
  { steps, mails, deliveries }: Pick<RunAdvance, 'steps' | 'mails' | 'deliveries'>,
  now: number,
): Steps<void> {
  for (const [index, { step, kind, details, at }] of steps.entries()) {
    yield {
      sql: 'INSERT INTO run_steps (workspace, run, number, step, kind, details, at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      values: [workspace, run, from + index, step, kind, details, at],
    };
  }
  for (const { recipient, language, subject, text, messageId } of mails) {
    yield {
      sql: `INSERT INTO mails (workspace, recipient, language, message_id, kind, notices, state, attempts,
          next_attempt_at, created_at, subject, text)
        VALUES (?, ?, ?, ?, 'step', '[]', 'pending', 0, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      values: [workspace, recipient, language, messageId, now, now, subject, text],
    };
  }
  for (const { key, body } of deliveries) {
    if (body === null) continue;
    yield {
      sql: 'INSERT INTO delivery_bodies (delivery, workspace, body) VALUES (?, ?, ?)',
      values: [key, workspace, body],
    };
  }
}
