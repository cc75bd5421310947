/**
 * From what a workspace's marks were to what they are: hints of what to ask for anew. And marks as the id of a message,
 * by which whoever comes back, to whichever node, is told what has changed meanwhile. Pure.
 */

import { formatId, type IdPrefix } from '../../core/ids.ts';
import type { MarkDetails, Marks } from '../../store/records/watching.ts';

export const HINT_KINDS = [
  'event',
  'delivery',
  'endpoint',
  'notice',
  'run',
  'bin',
  'replay',
  'job',
  'settings',
] as const;
export type HintKind = (typeof HINT_KINDS)[number];

export interface Hint {
  kind: HintKind;
  /** Of the endpoint (also of a delivery's), bin, replay or job; null for any of the kind. */
  id: string | null;
}

/** Where more things of a kind have changed, the kind alone is told. */
export const MOST_IDS = 20;

/** Whether ids may be told of a change, and which. */
const BY_KEY = {
  delivery: { prefix: 'ep', of: 'deliveries' },
  endpoint: { prefix: 'ep', of: 'endpoints' },
  replay: { prefix: 'rpl', of: 'replays' },
  job: { prefix: 'job', of: 'jobs' },
  bin: { prefix: 'bin', of: 'bins' },
} as const satisfies Partial<Record<HintKind, { prefix: IdPrefix; of: keyof MarkDetails }>>;

/** The kinds of which something has changed. A moved routing may be that of endpoints, of settings, or of both. */
export function changedKinds(before: Marks, after: Marks): HintKind[] {
  const moved = (name: keyof Marks): boolean => before[name] !== after[name];
  const kinds: HintKind[] = [];
  if (moved('events')) kinds.push('event');
  if (moved('attempts') || moved('queues')) kinds.push('delivery');
  if (moved('routing')) kinds.push('endpoint', 'settings');
  if (moved('notices')) kinds.push('notice');
  if (moved('runs')) kinds.push('run');
  if (moved('bins')) kinds.push('bin');
  if (moved('replays')) kinds.push('replay');
  if (moved('jobs')) kinds.push('job');
  return kinds;
}

/** Whether the things that have changed can be told by name. */
export function needsDetails(kinds: readonly HintKind[]): boolean {
  return kinds.some((kind) => kind in BY_KEY);
}

/** The hints of kinds that have changed; `before` is null where nothing is known of how the things were. */
export function hintsOf(
  kinds: readonly HintKind[],
  before: MarkDetails | null,
  after: MarkDetails | null,
): Hint[] {
  return kinds.flatMap((kind): Hint[] => {
    const all: Hint = { kind, id: null };
    if (!(kind in BY_KEY)) return [all];
    const { prefix, of } = BY_KEY[kind as keyof typeof BY_KEY];
    if (before === null || after === null) return [all];
    const keys = changedKeys(before[of], after[of]);
    // Then the routing was moved by something else.
    if (keys.length === 0) return kind === 'endpoint' ? [] : [all];
    return keys.length > MOST_IDS ? [all] : keys.map((key) => ({ kind, id: formatId(prefix, key) }));
  });
}

function changedKeys(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number[] {
  const there = [...after].filter(([key, mark]) => before.get(key) !== mark).map(([key]) => key);
  return [...there, ...[...before.keys()].filter((key) => !after.has(key))];
}

const NAMES = [
  'events',
  'attempts',
  'queues',
  'routing',
  'notices',
  'runs',
  'replays',
  'jobs',
  'bins',
  'revoked',
] as const satisfies ReadonlyArray<keyof Marks>;

/** The form of ids that this version makes; another's are not understood. */
const FORM = '2';
const RADIX = 36;

/** `anchor` is the one that the marks were read with. */
export function idOf(marks: Marks, anchor: number): string {
  return [FORM, ...[anchor, ...NAMES.map((name) => marks[name])].map((mark) => mark.toString(RADIX))].join(
    '.',
  );
}

/** Null for what is no id of ours. */
export function readId(id: string): { marks: Marks; anchor: number } | null {
  const [form, ...parts] = id.split('.');
  const values = parts.map((part) => Number.parseInt(part, RADIX));
  const isOurs =
    form === FORM &&
    parts.length === NAMES.length + 1 &&
    values.every(
      (value, at) => Number.isSafeInteger(value) && value >= 0 && value.toString(RADIX) === parts[at],
    );
  if (!isOurs) return null;
  const [anchor = 0, ...rest] = values;
  const marks = Object.fromEntries(NAMES.map((name, at) => [name, rest[at] ?? 0])) as unknown as Marks;
  return { marks, anchor };
}
