/**
 * What a person says of an endpoint, beyond what the schema can check: types that exist, a condition
 * that holds together, headers that may be set, a URL that may be a target.
 */

import { isSystemEvent } from '../core/catalog/systemEvents.ts';
import { laneCount, type Ordering } from '../core/delivery/order.ts';
import { mayRound, readExact } from '../core/json/exact.ts';
import type { Condition } from '../core/routing/condition.ts';
import { parseCondition } from '../core/routing/parse.ts';
import { MAX_WARNINGS, warnOfCondition } from '../core/workflow/warnings.ts';
import type { Endpoint } from '../store/records/endpoints.ts';
import type { Routing } from '../store/records/routing.ts';
import type { HttpDeps } from './deps.ts';
import { eventTypesOf, suggestionsFrom } from './eventTypesOf.ts';
import { requestHeaderFaults } from './headerRules.ts';
import { type Fault, faulty, Problem } from './problem.ts';
import type { Warning } from './views/warning.ts';

interface Input {
  url?: string;
  event_types?: readonly string[];
  condition?: unknown;
  headers?: Record<string, string>;
}

/** The body of a request; the numbers of its condition with all of their digits. */
export function withExactCondition<Body extends { condition?: unknown }>({
  body,
  rawText,
}: {
  body: Body;
  rawText: string;
}): Body {
  if (body.condition === undefined || !mayRound(rawText)) return body;
  const { condition } = readExact(rawText) as Body;
  return { ...body, condition };
}

/** The condition, checked and rebuilt; undefined where the input does not speak of one. Throws a Problem. */
export async function checkEndpointInput(
  deps: Pick<HttpDeps, 'checkTarget'>,
  routing: Routing,
  input: Input,
): Promise<{ condition: Condition | null | undefined }> {
  const headers = requestHeaderFaults(input.headers ?? {});
  if (headers.length > 0) throw faulty('invalid_request', headers);
  const types = eventTypeFaults(routing, input.event_types ?? []);
  if (types.length > 0) throw faulty('unknown_event_type', types);
  const condition = readCondition(input.condition);
  if (input.url !== undefined) await checkUrl(deps, input.url);
  return { condition };
}

function eventTypeFaults(routing: Routing, names: readonly string[]): Fault[] {
  const types = eventTypesOf(routing);
  const unknown = suggestionsFrom(types);
  return names.flatMap((name, index) => {
    const field = `/event_types/${index}`;
    if (name === '*') {
      return names.length === 1
        ? []
        : [{ field, message: '"*" stands for all types and cannot be mixed with others' }];
    }
    return types.has(name) ? [] : [{ field, message: unknown(name) }];
  });
}

function readCondition(input: unknown): Condition | null | undefined {
  if (input === undefined || input === null) return input;
  const parsed = parseCondition(input);
  if (parsed.ok) return parsed.condition;
  throw faulty(
    'invalid_condition',
    parsed.faults.map(({ path, message }) => ({ field: `/condition${path}`, message })),
  );
}

async function checkUrl(deps: Pick<HttpDeps, 'checkTarget'>, url: string): Promise<void> {
  const verdict = await deps.checkTarget(url);
  if (verdict.ok) return;
  const errors = [{ field: '/url', message: verdict.message }];
  throw new Problem('target_refused', `${verdict.message} (${verdict.code})`, { errors });
}

/** What is most likely a slip in the condition, for the types that the endpoint gets. */
export function endpointWarnings(
  routing: Routing,
  { eventTypes, condition }: Pick<Endpoint, 'eventTypes' | 'condition'>,
): Warning[] {
  if (condition === null) return [];
  const known = eventTypesOf(routing);
  const types = eventTypes.includes('*')
    ? [...known.values()].filter(({ name }) => !isSystemEvent(name))
    : eventTypes.flatMap((name) => known.get(name) ?? []);
  return warnOfCondition(condition, types, '/condition')
    .slice(0, MAX_WARNINGS)
    .map(({ path, code, message }) => ({ field: path, code, message }));
}

/** Keys of new lanes for an ordering. */
export function newLanes(deps: Pick<HttpDeps, 'engine'>, ordering: Ordering): number[] {
  return Array.from({ length: laneCount(ordering) }, () => deps.engine.nextKey());
}
