/**
 * What makes a repeat under a known `id` the same event: type, data, account and time. Member order, white space and
 * the way in which a number is written (1.10, 1.1) make no difference. Pure.
 */

import { hash } from 'node:crypto';

/** Numbers that a double may not hold to the last digit; where one is, the text itself counts, and its order with it. */
const INEXACT = /\d{16}|[\d.]{17}|\d[eE]|-0(?![.\d])/;

export interface Hashed {
  type: string;
  /** Raw JSON text, and what it reads as. */
  data: string;
  value: unknown;
  /** Raw JSON text, as the caller gave it. */
  account: string | null;
  /** Milliseconds, where the caller gave it. */
  createdAt: number | null;
}

/** SHA-256 in base64url. */
export function hashEvent({ type, data, value, account, createdAt }: Hashed): string {
  const about = account === null ? '' : canonical(account, JSON.parse(account));
  return hash('sha256', `${type}\n${canonical(data, value)}\n${about}\n${createdAt ?? ''}`, 'base64url');
}

function canonical(raw: string, value: unknown): string {
  return INEXACT.test(raw) ? raw : sorted(value);
}

function sorted(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${sorted(Reflect.get(value, name))}`);
  return `{${members.join(',')}}`;
}
