/** What a rule or workflow would do with an event: on the loop where that takes little, else in a thread of its own. */

import { maskUrl } from '../core/egress/maskUrl.ts';
import { formatId } from '../core/ids.ts';
import { parseJson } from '../core/json/parse.ts';
import { LIGHT_LIMITS } from '../core/limits.ts';
import { eventBody } from '../core/routing/body.ts';
import { Work } from '../core/work.ts';
import { type AwaitedSample, explain } from '../core/workflow/explain.ts';
import { compileDefinition } from '../core/workflow/program.ts';
import { judgeTriggers } from '../core/workflow/trigger.ts';
import { typedEndpoint } from '../store/records/endpoints.ts';
import type { Routing } from '../store/records/routing.ts';
import { EVENT_DEPTH } from './bodies.ts';
import type { DryRun, DryRunAnswer, DryRuns } from './dryRuns.ts';
import { eventTypesOf } from './eventTypesOf.ts';
import { endView, pathView, verdictView } from './views/dryRun.ts';

/** Without a thread, all the work is done on the loop. */
export async function dryRunBeside(
  thread: DryRuns | null,
  routing: Routing,
  run: DryRun,
): Promise<DryRunAnswer> {
  if (thread === null) return dryRun(routing, run, new Work());
  const work = new Work(LIGHT_LIMITS.work.value);
  const answer = dryRun(routing, run, work);
  return work.isExhausted ? thread.dryRun(routing, run) : answer;
}

/** Pure, but for what it keeps of the routing. */
export function dryRun(routing: Routing, run: DryRun, work: Work): DryRunAnswer {
  const { kind, definition, type, raw, waits, showUrls, language, now } = run;
  const program = compileDefinition(kind, definition);
  const parsed = parseJson(raw, { maxDepth: EVENT_DEPTH });
  if (!parsed.ok) throw new Error(`A stored body is not valid JSON: ${parsed.message}`);
  const body = eventBody(raw, parsed.value, work);
  // Its type may have been deleted since.
  const eventType = eventTypesOf(routing).get(type) ?? { name: type, scopes: [] };
  const verdict = judgeTriggers(program.triggers, { eventType, body });
  const head = { verdict: verdictView(verdict, language) };
  if (verdict === null || !verdict.matched) return { ...head, path: [], end: null };
  const explanation = explain(
    program,
    { runId: 'run_test', now, body },
    waits,
    awaitedSamples(routing, work),
  );
  const shownUrl = showUrls ? (url: string) => url : maskUrl;
  const places = { body: raw, language, shownUrl, ...endpointsOf(routing) };
  return { ...head, path: pathView(explanation.path, places), end: endView(explanation) };
}

/** In the place of an awaited event: the first sample of its type. */
function awaitedSamples(routing: Routing, work: Work): AwaitedSample {
  const types = eventTypesOf(routing);
  return (eventType) => {
    const sample = types.get(eventType)?.samples[0];
    return sample === undefined ? null : eventBody(sample.body, JSON.parse(sample.body), work);
  };
}

function endpointsOf({ endpoints }: Routing) {
  return {
    typedEndpoint: (url: string) => typedEndpoint(endpoints, url)?.key ?? null,
    urlOf: (id: string) => endpoints.find(({ key }) => formatId('ep', key) === id)?.url ?? null,
  };
}
