/**
 * What a person says of a rule or a workflow: checked against the workspace, all faults at once, each
 * with its pointer in the body; and the endpoints that its typed URLs need.
 */

import { formatId } from '../core/ids.ts';
import { jsonText } from '../core/json/raw.ts';
import type { Rule, Workflow } from '../core/workflow/definition.ts';
import { parseRule, parseWorkflow } from '../core/workflow/parse.ts';
import { compileDefinition } from '../core/workflow/program.ts';
import { keepRaw } from '../core/workflow/raw.ts';
import type { Automation, AutomationKind } from '../store/records/automation.ts';
import { type NewEndpoint, typedEndpoint } from '../store/records/endpoints.ts';
import type { Routing } from '../store/records/routing.ts';
import type { HttpDeps } from './deps.ts';
import { newLanes } from './endpointInput.ts';
import { makeSecret } from './endpointSecrets.ts';
import { eventTypesOf } from './eventTypesOf.ts';
import { type Fault, faulty } from './problem.ts';
import { writtenView } from './views/automation.ts';
import { DEFAULT_TIMEOUT_MS } from './views/endpoint.ts';
import type { Warning } from './views/warning.ts';

export interface CheckedDefinition {
  name: string;
  enabled: boolean;
  /** Null where none was given. */
  position: number | null;
  /** JSON text to be stored: what it does. Whether it is enabled, and where it stands, are no part of it. */
  definition: string;
  /** That its webhooks name, each once. */
  urls: string[];
  warnings: Warning[];
}

export interface DefinitionAt {
  /** The pointer of the definition in the body. */
  pointer: string;
  input: unknown;
  /** URLs that were checked before: they are not asked about again. */
  known?: ReadonlySet<string>;
}

/** The body of a request that holds definitions: templates as raw text, numbers with all of their digits. */
export function asWritten<Body>({ body, rawText }: { body: Body; rawText: string }): Body {
  return rawText === '' ? body : (keepRaw(body, rawText) as Body);
}

type Parsed = { ok: true; written: Rule | Workflow; warnings: Warning[] } | { ok: false; faults: Fault[] };

/** How many names are looked up at a time. */
const LOOKUPS_AT_ONCE = 10;

/** All of them, or a Problem with the faults of all. `deps` null: URLs are checked by their form alone. */
export async function checkDefinitions(
  deps: Pick<HttpDeps, 'checkTarget'> | null,
  routing: Routing,
  kind: AutomationKind,
  given: readonly DefinitionAt[],
): Promise<CheckedDefinition[]> {
  const named = new Set<string>();
  const first = given.map((one) => {
    const note = (url: string): null => {
      if (one.known?.has(url) !== true) named.add(url);
      return null;
    };
    return parse(routing, kind, one, deps === null ? null : note);
  });
  const refused = deps === null ? new Map<string, string>() : await refusedTargets(deps, [...named]);
  const parsed =
    refused.size === 0
      ? first
      : given.map((one) =>
          parse(routing, kind, one, (url) => (one.known?.has(url) ? null : (refused.get(url) ?? null))),
        );
  const faults = parsed.flatMap((one) => (one.ok ? [] : one.faults));
  if (faults.length > 0) {
    throw faulty(first.every(({ ok }) => ok) ? 'target_refused' : 'invalid_definition', faults);
  }
  return parsed.flatMap((one) => (one.ok ? [checked(kind, one)] : []));
}

/** One of them. */
export async function checkDefinition(
  deps: Pick<HttpDeps, 'checkTarget'> | null,
  routing: Routing,
  kind: AutomationKind,
  given: DefinitionAt,
): Promise<CheckedDefinition> {
  const [one] = await checkDefinitions(deps, routing, kind, [given]);
  if (!one) throw new Error('One definition in, one definition out.');
  return one;
}

/**
 * Of one that was saved before. Types and endpoints may have changed since then: what is a fault by now is told where it is
 * tested, and has no warnings.
 */
export function storedWarnings(routing: Routing, row: Automation): Warning[] {
  const parsed = parse(routing, row.kind, { pointer: '/definition', input: writtenView(row) }, null);
  return parsed.ok ? parsed.warnings : [];
}

async function refusedTargets(
  deps: Pick<HttpDeps, 'checkTarget'>,
  urls: readonly string[],
): Promise<Map<string, string>> {
  const refused = new Map<string, string>();
  for (let from = 0; from < urls.length; from += LOOKUPS_AT_ONCE) {
    const some = urls.slice(from, from + LOOKUPS_AT_ONCE);
    const verdicts = await Promise.all(some.map((url) => deps.checkTarget(url)));
    for (const [index, verdict] of verdicts.entries()) {
      if (!verdict.ok) refused.set(some[index] ?? '', `${verdict.message} (${verdict.code})`);
    }
  }
  return refused;
}

/** `urlFault` null: the form of URLs is checked alone. */
function parse(
  routing: Routing,
  kind: AutomationKind,
  { pointer, input }: DefinitionAt,
  urlFault: ((url: string) => string | null) | null,
): Parsed {
  const types = eventTypesOf(routing);
  const endpoints = new Set(routing.endpoints.map(({ key }) => formatId('ep', key)));
  const context = {
    eventType: (name: string) => types.get(name),
    hasEndpoint: (id: string) => endpoints.has(id),
    ...(urlFault === null ? {} : { urlFault }),
  };
  const parsed = kind === 'rule' ? parseRule(input, context) : parseWorkflow(input, context);
  if (parsed.ok) {
    const warnings = parsed.warnings.map(({ path, code, message }) => ({
      field: `${pointer}${path}`,
      code,
      message,
    }));
    return { ok: true, written: 'rule' in parsed ? parsed.rule : parsed.workflow, warnings };
  }
  return {
    ok: false,
    faults: parsed.faults.map(({ path, message }) => ({ field: `${pointer}${path}`, message })),
  };
}

function checked(kind: AutomationKind, { written, warnings }: Parsed & { ok: true }): CheckedDefinition {
  const { enabled, ...rest } = written;
  const { position = null, ...definition } = 'position' in rest ? rest : { ...rest, position: null };
  const text = jsonText(definition);
  return { name: written.name, enabled, position, definition: text, urls: typedUrls(kind, text), warnings };
}

/** Whether what is counted of the loop brake is another thing now: other triggers, or another period. */
export function resetsBrake(kind: AutomationKind, before: string, after: string): boolean {
  return countedOf(kind, before) !== countedOf(kind, after);
}

function countedOf(kind: AutomationKind, definition: string): string {
  const { triggers, activationPeriod } = compileDefinition(kind, definition);
  return JSON.stringify({ triggers, activationPeriod });
}

/** The URLs that the webhooks of a checked definition name, each once, in the order of the steps. */
export function typedUrls(kind: AutomationKind, definition: string): string[] {
  const urls = new Set<string>();
  for (const step of compileDefinition(kind, definition).steps.values()) {
    if (step.type === 'webhook' && 'url' in step.target) urls.add(step.target.url);
  }
  return [...urls];
}

/** Endpoints for those of its typed URLs that no action of the workspace has named yet. */
export function missingEndpoints(
  deps: Pick<HttpDeps, 'engine' | 'random' | 'sealer' | 'clock'>,
  routing: Routing,
  automation: number,
  { name, urls }: Pick<CheckedDefinition, 'name' | 'urls'>,
): NewEndpoint[] {
  const ordering = { by: 'endpoint' } as const;
  return urls
    .filter((url) => typedEndpoint(routing.endpoints, url) === undefined)
    .map((url) => ({
      key: deps.engine.nextKey(),
      workspace: routing.workspace.key,
      url,
      name,
      eventTypes: [],
      condition: null,
      automation,
      ordering,
      retry: { preset: 'three-minutes' },
      timeoutMs: DEFAULT_TIMEOUT_MS,
      rateLimit: null,
      sealedHeaders: null,
      signature: { v1a: false, compatibility: 'none' },
      createdAt: deps.clock.now(),
      lanes: newLanes(deps, ordering),
      secrets: [makeSecret(deps, 'v1').sealed],
    }));
}
