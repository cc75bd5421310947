/**
 * URLs without their secrets, for those who may not see them: many receivers are known by a token in the URL alone.
 * Pure; masking what is masked changes nothing.
 *
 *   https://user:word@example.com/in             https://…@example.com/in
 *   https://example.com/in?token=abc&a=1         https://example.com/in?token=…&a=…
 *   https://hooks.example.com/services/T0AB12/x  https://hooks.example.com/services/…
 *
 * All values of the query are masked, and the path from the first part on that looks like a token. That is a guess by
 * its letters: a token that reads like a word is not found, and a word with digits in it is masked.
 */

/** No URL that can be sent to holds it (url.ts refuses it), so a masked one is never taken for a real one. */
export const MASK = '…';

const MIN_TOKEN_LENGTH = 6;
/** Longer than words in paths are; what is made of words is told by its separators. */
const LONG_PART = 20;

export function maskUrl(text: string): string {
  const [, scheme = '', authority = '', path = '', query = ''] =
    /^([a-z][a-z\d+.-]*:\/\/)([^/?#]*)([^?#]*)(\?[^#]*)?/i.exec(text) ?? [];
  if (scheme === '') return MASK;
  const at = authority.lastIndexOf('@');
  const host = at === -1 ? authority : `${MASK}@${authority.slice(at + 1)}`;
  return scheme + host + maskPath(path) + maskQuery(query);
}

function maskPath(path: string): string {
  const parts = path.split('/');
  const secret = parts.findIndex((part) => part === MASK || looksLikeToken(part));
  return secret === -1 ? path : [...parts.slice(0, secret), MASK].join('/');
}

function maskQuery(query: string): string {
  if (query === '' || query === '?') return query;
  const members = query.slice(1).split('&');
  return `?${members.map((member) => (member.includes('=') ? member.replace(/=.*$/s, `=${MASK}`) : MASK)).join('&')}`;
}

function looksLikeToken(part: string): boolean {
  if (part.length < MIN_TOKEN_LENGTH) return false;
  // `key:secret`, as bots have it; an escaped character is read as what it stands for.
  if (/:|%3a/i.test(part)) return true;
  const words = part.split(/[-_.~]/);
  if (words.some((word) => /\d/.test(word) && /[a-z]/i.test(word) && word.length >= MIN_TOKEN_LENGTH))
    return true;
  // Letters of both cases, but not as in `newOrder` or `NewOrder`.
  if (
    words.some(
      (word) => word.length >= 8 && /[a-z]/.test(word) && /[A-Z]{2}|[a-z][A-Z][a-z]?[A-Z]/.test(word),
    )
  )
    return true;
  return words.some((word) => word.length >= LONG_PART) || /^[\da-f-]{32,}$/i.test(part);
}

/** The values under `url` of webhooks in a definition of a rule or workflow, at any depth; templates are left alone. */
export function maskDefinition<Definition>(definition: Definition): Definition {
  return mask(definition) as Definition;
}

function mask(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mask);
  // A number with all its digits (json/exact.ts) is an object, too.
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value;
  const isWebhook = 'type' in value && value.type === 'webhook';
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      if (isWebhook && name === 'url' && typeof member === 'string') return [name, maskUrl(member)];
      return [name, isWebhook || name === 'condition' ? member : mask(member)];
    }),
  );
}

/** What is told of an endpoint, with the URLs in it masked: `url`, and the two sides of its change. */
export function maskDetails<Details extends object>(details: Details): Details {
  return Object.fromEntries(
    Object.entries(details).map(([name, member]) => [name, maskMember(name, member)]),
  ) as Details;
}

function maskMember(name: string, member: unknown): unknown {
  if (name === 'url') {
    if (typeof member === 'string') return maskUrl(member);
    if (typeof member !== 'object' || member === null) return member;
    return Object.fromEntries(
      Object.entries(member).map(([side, url]) => [side, typeof url === 'string' ? maskUrl(url) : url]),
    );
  }
  if (name !== 'endpoints' || !Array.isArray(member)) return member;
  return member.map((one) => (typeof one === 'object' && one !== null ? maskDetails(one) : one));
}
