/**
 * An event's body as rules read it: parsed for conditions, and as the raw text for what must be passed
 * on digit for digit. Pure; raw slices are found on demand and kept, and charged to the event's account.
 */
import { mayRound } from '../json/exact.ts';
import { arraySlices, memberSlices } from '../json/slices.ts';
import { STEPS, type Work } from '../work.ts';
import { type BodyNotes, freshNotes } from './notes.ts';

export interface EventBody {
  /** The parsed body; numbers are doubles. */
  value: unknown;
  /**
   * The raw JSON text of the member at `path` (unescaped names and array indexes); null when it is missing. Throws
   * WorkLimitReached where looking for it takes more than the event has left.
   */
  slice(path: readonly string[]): string | null;
  notes: BodyNotes;
}

/** `raw` is valid JSON and `value` what it reads as; `work` may be shared with others. `slice` throws a TypeError on invalid JSON. */
export function eventBody(raw: string, value: unknown, work?: Work): EventBody {
  const root: Node = { raw, inner: null };
  const notes = freshNotes(work);
  const slice = (path: readonly string[]): string | null => {
    let node: Node | undefined = root;
    for (const token of path) {
      node.inner ??= innerOf(node.raw, notes.work);
      node = node.inner(token);
      if (node === undefined) return null;
    }
    return node.raw.trim();
  };
  let isLong: boolean | null = null;
  const digitsAt = (path: readonly string[]): string | null => {
    isLong ??= mayRound(raw);
    return isLong ? slice(path) : null;
  };
  return { value, notes: { ...notes, digitsAt }, slice };
}

interface Node {
  raw: string;
  /** The member or element of a name; null as long as nobody has asked. */
  inner: ((name: string) => Node | undefined) | null;
}

function innerOf(raw: string, work: Work): (name: string) => Node | undefined {
  work.charge(raw.length * STEPS.copied);
  const text = raw.trimStart();
  if (text.startsWith('{')) {
    const { members } = memberSlices(text);
    work.charge(members.size * STEPS.member);
    return keepNodes((name) => members.get(name));
  }
  if (!text.startsWith('[')) return () => undefined;
  const elements = arraySlices(text);
  work.charge(elements.length * STEPS.member);
  return keepNodes((name) => (isIndex(name) ? elements[Number(name)] : undefined));
}

/** Nodes are made for those that are asked for: one for each of 500,000 elements took a second. */
function keepNodes(rawOf: (name: string) => string | undefined): (name: string) => Node | undefined {
  const nodes = new Map<string, Node>();
  return (name) => {
    const known = nodes.get(name);
    if (known !== undefined) return known;
    const raw = rawOf(name);
    if (raw === undefined) return undefined;
    const node: Node = { raw, inner: null };
    nodes.set(name, node);
    return node;
  };
}

function isIndex(name: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(name);
}
