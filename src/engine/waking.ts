/** A waiting run's next stretch. No I/O, so that it can be done in a thread of its own (offload.ts). */

import { formatId } from '../core/ids.ts';
import { parseJson } from '../core/json/parse.ts';
import { eventBody } from '../core/routing/body.ts';
import type { Work } from '../core/work.ts';
import { type Advance, type RunContext, type RunState, nextOf as whatFor } from '../core/workflow/advance.ts';
import { withAwaited } from '../core/workflow/awaited.ts';
import type { Program } from '../core/workflow/program.ts';
import { lookAtRun, type Standing } from '../core/workflow/wake.ts';
import type { DueRun, HeardEvent, RunAdvance } from '../store/records/automation.ts';
import { capabilitiesOf, type EffectPlaces, listensSince, toRunAdvance } from './automations.ts';
import type { WorkspaceView } from './directory.ts';

/** Deeper than anything that publishing takes in. */
const MAX_DEPTH = 1_000;

/** A run that is due, with all that its next stretch reads. */
export interface Waking {
  run: DueRun & { body: string };
  /** Events that it has waited for, where later steps read them. */
  heard: readonly HeardEvent[];
  standing: Standing;
  now: number;
}

/** The characters that are to be parsed. */
export function sizeOf({ run, heard }: Waking): number {
  return [run, ...run.signals, ...heard].reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
}

/** What its next stretch comes to; what no longer fits `work` is a failed step that says so. */
export function wake(
  { run, heard, standing, now }: Waking,
  program: Program,
  view: WorkspaceView,
  places: EffectPlaces,
  work: Work,
): RunAdvance {
  const can = capabilitiesOf(places);
  const body = heard.reduce(
    (before, { step, body }) => withAwaited(before, step, bodyOf(body ?? 'null', work)),
    bodyOf(run.body, work),
  );
  const context = { runId: formatId('run', run.key), now, body, can };
  const state = JSON.parse(run.progress) as RunState;
  const came = run.signals.map(({ id, type, acceptedAt, body }) => ({
    id,
    // Its type may have been deleted since; its body may not be kept any more.
    eventType: view.eventType(type) ?? { name: type, scopes: [] },
    body: bodyOf(body ?? 'null', work),
    acceptedAt,
  }));
  const done = lookAtRun(program, state, came, context, standing, { moreToCome: run.moreSignals });
  const event = { id: run.eventId, subject: run.subject, acceptedAt: run.createdAt };
  const advanced = toRunAdvance({ key: run.automation, kind: 'workflow' }, event, done, program, places);
  const next = { ...advanced, ...heardIn(done, run) };
  // Moved to another version, its step may wait for an event of another type from now on.
  const turnsTo = next.waitsFor !== null && next.waitsFor !== run.waitsFor;
  if (!turnsTo || next.listensSince !== null) return next;
  const waits = whatFor(program, done.state);
  if (waits.kind !== 'wait_event') return next;
  const since = listensSince(waits.awaited, { startedAt: run.createdAt, enteredAt: now });
  return { ...next, listensSince: since };
}

/** The event that the run's wait was for, where it goes on because of one. */
function heardIn({ history }: Advance, { signals }: DueRun): Pick<RunAdvance, 'heard'> {
  for (const entry of history) {
    if (entry.type !== 'wait_for_event' || entry.outcome !== 'received') continue;
    const signal = signals.find(({ id }) => id === entry.event_id);
    if (signal !== undefined) return { heard: { step: entry.step, event: signal.event } };
  }
  return {};
}

function bodyOf(raw: string, work: Work): RunContext['body'] {
  const parsed = parseJson(raw, { maxDepth: MAX_DEPTH });
  return eventBody(raw, parsed.ok ? parsed.value : null, work);
}
