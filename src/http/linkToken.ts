/**
 * Tokens of invitations and portal links as text: where their row stands, and 32 random characters of base 62 that
 * only their holder knows. Only a SHA-256 is stored. Pure: randomness is an argument.
 *
 *   inv_<workspace>_<key>_<32>       an invitation, in a link of a mail
 *   mirsalp_<workspace>_<key>_<32>   a portal link, in the place of an API key
 */

import { hashApiKey, randomText } from './apiKey.ts';

export type LinkKind = 'inv' | 'mirsalp';

const RANDOM_CHARS = 32;

export interface LinkPlace {
  workspace: number;
  key: number;
}

export function makeLinkToken(
  kind: LinkKind,
  { workspace, key }: LinkPlace,
  randomBytes: (length: number) => Uint8Array,
): { text: string; hash: string } {
  const text = `${kind}_${workspace.toString(36)}_${key.toString(36)}_${randomText(RANDOM_CHARS, randomBytes)}`;
  return { text, hash: hashApiKey(text) };
}

/** Null for a text that cannot be one. Does not say whether it is known. */
export function parseLinkToken(kind: LinkKind, text: string): (LinkPlace & { hash: string }) | null {
  const match = /^([a-z]+)_([0-9a-z]{1,11})_([0-9a-z]{1,11})_[0-9A-Za-z]{32}$/.exec(text);
  if (match?.[1] !== kind) return null;
  const [workspace, key] = [Number.parseInt(match[2] ?? '', 36), Number.parseInt(match[3] ?? '', 36)];
  if (!Number.isSafeInteger(workspace) || !Number.isSafeInteger(key)) return null;
  return { workspace, key, hash: hashApiKey(text) };
}
