/**
 * A part of a JSON value that is kept as it was written: digits, member order, escapes. Pure. Values that hold such
 * parts are written by `jsonText`; JSON.stringify writes what they read as.
 */

import { isExactNumber, readExact } from './exact.ts';

export class RawJson {
  /** Valid JSON. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): unknown {
    return readExact(this.text);
  }
}

/** JSON.stringify for plain values, with the texts of their raw parts as they are. */
export function jsonText(value: unknown): string {
  if (value instanceof RawJson) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (typeof value !== 'object' || value === null || isExactNumber(value))
    return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`).join(',')}}`;
}
