/**
 * Scopes: a trigger can be narrowed to this funnel step, that tag, one channel (B2). Which scopes an
 * event type has, and where their ids lie in the body, the catalog says. Pure.
 *
 *   {"event_type": "contact.optin.completed", "scope": {"funnel_step": 2102831}}
 *
 * Of several scopes all must match. An id matches whether it is written as a number or as text: 2102831
 * and "2102831" are the same id, because platforms change between the two and forms post texts. What is
 * compared is the text: of a number, its digits as they stand in the body, so ids beyond 2^53 are exact.
 * "02102831", "2102831.0" and 2.102831e6 are other ids than 2102831. Texts compare exactly, but for what
 * Unicode takes for the same.
 */
import type { EventType, Scope } from '../catalog/eventType.ts';
import { inWords } from '../json/excerpt.ts';
import { getPath, parsePointer } from '../json/pointer.ts';
import { STEPS, withinWork } from '../work.ts';
import type { EventBody } from './body.ts';
import { compareText, type Folding } from './text.ts';
import { sayWhy, type Why } from './why.ts';

export type ScopeId = string | number;

/** Ids by the names of scopes. */
export type TriggerScope = Readonly<Record<string, ScopeId>>;

export type ScopeVerdict = { matched: true } | ScopeMismatch;

export interface ScopeMismatch {
  matched: false;
  /** Name of the scope that decided. */
  scope: string;
  wanted: ScopeId;
  /** True when the body has no such member, or the event type no such scope. */
  missing: boolean;
  /** The body's id, shortened if large. Absent when missing. */
  actual?: unknown;
  /** One English sentence with both ids. */
  reason: string;
  /** What the sentence says, for any language; absent where nothing was decided. */
  why?: Why;
}

/** Whether an event of this type lies within `scope`. Never throws on a body of valid JSON. */
export function judgeScope(
  scope: TriggerScope,
  eventType: Pick<EventType, 'scopes'>,
  body: EventBody,
): ScopeVerdict {
  for (const [name, wanted] of Object.entries(scope)) {
    const declared = eventType.scopes.find((candidate) => candidate.name === name);
    const verdict = withinWork(
      () => judgeOne(name, wanted, declared, body),
      (reason): ScopeMismatch => ({ matched: false, scope: name, wanted, missing: false, reason }),
    );
    if (verdict !== null) return verdict;
  }
  return { matched: true };
}

function judgeOne(
  name: string,
  wanted: ScopeId,
  declared: Scope | undefined,
  body: EventBody,
): ScopeMismatch | null {
  const no = { matched: false as const, scope: name, wanted };
  if (declared === undefined) return { ...no, missing: true, ...said({ kind: 'scope_gone', name }) };
  const path = parsePointer(declared.pointer);
  body.notes.work.charge(STEPS.clause + path.length * STEPS.member);
  const found = getPath(body.value, path);
  const scope = { kind: 'scope', name, pointer: declared.pointer, wanted: inWords(wanted) } as const;
  if (!found.found) return { ...no, missing: true, ...said({ ...scope, is: null }) };
  if (isSameId(found.value, body.slice(path), wanted, body.notes)) return null;
  const shown = body.notes.shown(found.value);
  return { ...no, missing: false, actual: shown.excerpt, ...said({ ...scope, is: shown.words }) };
}

function said(why: Why): { reason: string; why: Why } {
  return { reason: sayWhy(why, 'en'), why };
}

const EXACTLY = { ignoreCase: false, ignoreArabicForms: false };

function isSameId(actual: unknown, raw: string | null, wanted: ScopeId, notes: Folding): boolean {
  if (typeof actual === 'string') return compareText('equals', actual, [String(wanted)], EXACTLY, notes);
  return typeof actual === 'number' && raw === String(wanted);
}
