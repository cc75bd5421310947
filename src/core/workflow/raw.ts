/**
 * Definitions as they are written: their templates stay raw text, so that a literal's digits and the order of members
 * ("10" before "9") reach the receiver as they were typed, and numbers keep all of their digits. Pure.
 */

import { mayRound, readExact } from '../json/exact.ts';
import { isObject } from '../json/object.ts';
import { RawJson } from '../json/raw.ts';
import { arraySlices, memberSlices } from '../json/slices.ts';

/** Where a definition's templates are: in actions and steps, and in what holds definitions. */
const LISTS = ['actions', 'steps', 'yes', 'no', 'received', 'timed_out', 'rules', 'workflows'];
const HOLDERS = ['definition'];

/** Reads the JSON text of a definition, or of an object that holds some. */
export function readDefinition(text: string): unknown {
  return keepRaw(JSON.parse(text), text);
}

/** The same with `value`, which the text reads as. */
export function keepRaw(value: unknown, text: string): unknown {
  return keepTemplates(mayRound(text) ? readExact(text) : value, text.trim());
}

function keepTemplates(value: unknown, raw: string): unknown {
  if (!isObject(value)) return value;
  const { members } = memberSlices(raw);
  const kept = { ...value };
  const rawOf = (name: string): string | undefined =>
    Object.hasOwn(value, name) ? members.get(name) : undefined;
  const template = rawOf('template');
  if (template !== undefined && value.template !== null) kept.template = new RawJson(template);
  for (const name of LISTS) {
    const list = rawOf(name);
    const items = value[name];
    if (list === undefined || !Array.isArray(items)) continue;
    const slices = arraySlices(list);
    kept[name] = items.map((item, index) => keepTemplates(item, slices[index] ?? 'null'));
  }
  for (const name of HOLDERS) {
    const inner = rawOf(name);
    if (inner !== undefined) kept[name] = keepTemplates(value[name], inner);
  }
  return kept;
}
