/**
 * Which URLs a webhook may be sent to, as far as the text alone can tell (P10). Names that pass are
 * vetted again by their addresses when they are resolved; literal addresses are vetted here.
 *
 * The text is checked before it is parsed, because parsers forgive: `http:/\127.0.0.1` and
 * `http://a\@b` become URLs that mean something else than they show. Pure.
 */
import {
  addressBytes,
  allowsLoopback,
  allowsPrivateNames,
  type EgressPolicy,
  vetAddress,
} from './address.ts';
import { MASK } from './maskUrl.ts';
import { classifyName, isBadPort } from './names.ts';

export const MAX_URL_LENGTH = 2048;

/** RFC 1035's limits for a name and for one of its labels. */
const MAX_NAME_LENGTH = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

export type UrlRefusalCode =
  | 'url_too_long'
  | 'url_characters'
  | 'url_scheme'
  | 'url_invalid'
  | 'url_credentials'
  | 'url_fragment'
  | 'url_port'
  | 'url_host'
  | 'url_https_required'
  | 'name_forbidden'
  | 'address_forbidden';

export interface UrlRefusal {
  ok: false;
  code: UrlRefusalCode;
  message: string;
}

export interface UrlAccepted {
  ok: true;
  url: URL;
  /** As it goes over the wire: ASCII, lower case, IPv6 without brackets. */
  host: string;
  port: number;
  /** The host when it is an IP address, else null. */
  literal: string | null;
}

export type UrlVerdict = UrlAccepted | UrlRefusal;

/** Pure. Whether a webhook may be sent to this URL; a refusal says what to change. */
export function vetUrl(text: string, policy: EgressPolicy): UrlVerdict {
  const parsed = parseTargetUrl(text);
  return parsed.ok ? vetTarget(parsed, policy) : parsed;
}

/** Pure. The part that holds for every URL, Mirsal's own bins included: its form. */
export function parseTargetUrl(text: string): UrlVerdict {
  if (text.length > MAX_URL_LENGTH) {
    return refuse(
      'url_too_long',
      `A URL may have ${MAX_URL_LENGTH} characters at most; this one has ${text.length}.`,
    );
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  if (/[\u0000-\u0020\u007f-\u00a0\u2028\u2029\\]|\s/.test(text)) {
    return refuse(
      'url_characters',
      'A URL may not contain spaces, backslashes, line breaks or control characters.',
    );
  }
  if (text.includes(MASK)) {
    return refuse('url_characters', `This URL is masked (${MASK}). Enter it whole.`);
  }
  const authority = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (authority === undefined) {
    return refuse('url_scheme', 'A URL starts with https:// or http://, followed by a host name.');
  }
  if (authority.includes('@')) {
    return refuse('url_credentials', 'A URL may not contain a user name or password. Use a header instead.');
  }
  if (authority.includes('%')) {
    return refuse('url_host', 'A host name may not contain percent signs.');
  }
  if (text.includes('#')) {
    return refuse('url_fragment', 'What follows # is never sent to a server. Remove it from the URL.');
  }
  const port = portOf(authority);
  if (port !== null && (port < 1 || port > 65_535)) {
    return refuse('url_port', `A port is a number from 1 to 65535; this one is ${port}.`);
  }
  return parseWithStandard(text);
}

/** Pure. The part that the policy decides: scheme, host and port. */
export function vetTarget(target: UrlAccepted, policy: EgressPolicy): UrlVerdict {
  if (policy.requireHttps && target.url.protocol !== 'https:') {
    return refuse('url_https_required', 'This server sends to https:// only. Change http:// to https://.');
  }
  if (target.literal !== null) {
    const verdict = vetAddress(target.literal, policy);
    if (!verdict.ok) return refuse('address_forbidden', addressMessage(target.literal, verdict.reason));
    // A literal that passes only through the operator's list is the operator's own; any port is meant.
    const isOperators = !vetAddress(target.literal, { ...policy, allowedTargets: [] }).ok;
    return isOperators ? target : vetPort(target);
  }
  switch (classifyName(target.host)) {
    case 'public':
      return vetPort(target);
    case 'loopback':
      return allowsLoopback(policy) ? target : refuse('name_forbidden', loopbackNameMessage(target.host));
    case 'private':
      return allowsPrivateNames(policy) ? target : refuse('name_forbidden', privateNameMessage(target.host));
    case 'rebinding':
      return refuse(
        'name_forbidden',
        `${target.host} belongs to a service whose names stand for arbitrary addresses. Use the receiver's own name.`,
      );
  }
}

/** Pure. What goes over the wire for this URL: `%27` for an apostrophe, no dot segments, the host as punycode. */
export function urlAsSent(text: string): string {
  return URL.parse(text)?.href ?? text;
}

/** Pure. For an address that was refused, with the way out for the operator who means it. */
export function addressMessage(address: string, reason: string): string {
  return `${address} is ${reason}; webhooks are not sent there. If it is meant, the operator of this server can allow it with MIRSAL_ALLOWED_TARGETS=${address}.`;
}

function parseWithStandard(text: string): UrlVerdict {
  const url = URL.parse(text);
  if (url === null || url.hostname === '') {
    return refuse('url_invalid', 'This is not a valid URL. It should look like https://example.com/path.');
  }
  if (url.username !== '' || url.password !== '') {
    return refuse('url_credentials', 'A URL may not contain a user name or password. Use a header instead.');
  }
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const isBracketed = url.hostname.startsWith('[');
  const host = isBracketed ? url.hostname.slice(1, -1) : url.hostname;
  if (addressBytes(host) !== null) return { ok: true, url, host, port, literal: host };
  if (isBracketed || host.length > MAX_NAME_LENGTH || !host.split('.').every((label) => LABEL.test(label))) {
    return refuse(
      'url_host',
      `"${host}" is not a host name: letters, digits and hyphens, separated by dots.`,
    );
  }
  return { ok: true, url, host, port, literal: null };
}

function vetPort(target: UrlAccepted): UrlVerdict {
  if (!isBadPort(target.port)) return target;
  return refuse(
    'url_port',
    `Port ${target.port} belongs to another protocol; browsers refuse it too. Use 443, 80 or a port above 1024.`,
  );
}

/** The digits after the last colon outside brackets; the URL parser would only say "invalid". */
function portOf(authority: string): number | null {
  const digits = /:(\d{1,20})$/.exec(authority)?.[1];
  return digits === undefined ? null : Number(digits);
}

function loopbackNameMessage(host: string): string {
  return `${host} means the server itself; webhooks are not sent there. If it is meant, the operator of this server can allow it with MIRSAL_ALLOWED_TARGETS=127.0.0.0/8,::1.`;
}

function privateNameMessage(host: string): string {
  return `${host} is a name of a private network; webhooks go to public names. If it is meant, the operator of this server can list that network in MIRSAL_ALLOWED_TARGETS.`;
}

function refuse(code: UrlRefusalCode, message: string): UrlRefusal {
  return { ok: false, code, message };
}
