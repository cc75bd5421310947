/**
 * An event's body as rules read it: parsed for conditions, and as the raw text for what must be passed
 * on digit for digit. Pure; raw slices are found on demand and kept.
 */
import { arraySlices, memberSlices } from '../json/slices.ts';

export interface EventBody {
  /** The parsed body; numbers are doubles. */
  value: unknown;
  /** The raw JSON text of the member at `path` (unescaped names and array indexes); null when it is missing. */
  slice(path: readonly string[]): string | null;
}

/** `raw` is valid JSON and `value` what it reads as. Throws nothing; `slice` throws a TypeError on invalid JSON. */
export function eventBody(raw: string, value: unknown): EventBody {
  const root: Node = { raw, inner: null };
  return {
    value,
    slice(path) {
      let node: Node | undefined = root;
      for (const token of path) {
        node.inner ??= innerOf(node.raw);
        node = node.inner.get(token);
        if (node === undefined) return null;
      }
      return node.raw.trim();
    },
  };
}

interface Node {
  raw: string;
  /** Members or elements by name; null as long as nobody has asked. */
  inner: Map<string, Node> | null;
}

function innerOf(raw: string): Map<string, Node> {
  const text = raw.trimStart();
  if (text.startsWith('{')) {
    return new Map(
      [...memberSlices(text).members].map(([name, value]) => [name, { raw: value, inner: null }]),
    );
  }
  if (!text.startsWith('[')) return new Map();
  return new Map(arraySlices(text).map((value, index) => [String(index), { raw: value, inner: null }]));
}
