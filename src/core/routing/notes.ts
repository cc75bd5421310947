/**
 * What is noted of an event's body while conditions, scopes and templates read it: folded texts, values in words, and
 * the account of work that all of them share. Pure. Each is made once for an event, however many conditions ask.
 */
import { excerpt, inWords } from '../json/excerpt.ts';
import { Work } from '../work.ts';
import { type Folding, freshFolding } from './text.ts';

export interface BodyNotes extends Folding {
  /** The digits of the number at a path, as they stand in the body; null where its double says them, or no text is known. */
  digitsAt(path: readonly string[]): string | null;
  /** A value of the body, shortened: as JSON, and as it stands in a sentence. */
  shown(value: unknown): Shown;
  isEmpty(container: object): boolean;
}

export interface Shown {
  excerpt: unknown;
  words: string;
}

export function freshNotes(work: Work = new Work()): BodyNotes {
  // An object of 100,000 members takes 10 ms to list; a hundred clauses may ask for the same one.
  const shown = new WeakMap<object, Shown>();
  const empty = new WeakMap<object, boolean>();
  return {
    ...freshFolding(work),
    digitsAt: () => null,
    shown(value) {
      if (typeof value !== 'object' || value === null) return show(value);
      return kept(shown, value, show);
    },
    isEmpty: (container) => kept(empty, container, (object) => Object.keys(object).length === 0),
  };
}

function show(value: unknown): Shown {
  return { excerpt: excerpt(value), words: inWords(value) };
}

function kept<T>(notes: WeakMap<object, T>, of: object, make: (of: object) => T): T {
  const known = notes.get(of);
  if (known !== undefined) return known;
  const made = make(of);
  notes.set(of, made);
  return made;
}
