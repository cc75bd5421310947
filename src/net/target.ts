/**
 * From a URL to the addresses that may be connected to (P10). Every way out passes here: deliveries,
 * tests, replays, and the check made when an endpoint is created.
 *
 *   own bin    a bin under the public URL: straight to this server's own listener, without DNS
 *   literal    an IP address in the URL: vetted by core/egress
 *   name       resolved, and refused when any one of its addresses is forbidden; with MIRSAL_PROXY_DNS vetted by its
 *              spelling alone, since only the outgoing proxy can resolve it
 *
 * This server's own listener, those of the other nodes, and its public URL are refused in all other cases, even when the operator's
 * list holds them: requests would come from a trusted address, and an event might publish itself again.
 */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { canonicalAddress, type EgressPolicy, vetAddress } from '../core/egress/address.ts';
import { addressMessage, parseTargetUrl, type UrlAccepted, vetTarget } from '../core/egress/url.ts';
import { fail, type SendFailure } from './failure.ts';
import { MAX_KNOWN_URLS } from './limits.ts';
import type { NameLookup } from './names.ts';

export interface Listener {
  host: string;
  port: number;
}

/** One address and port that lead to a node. */
export interface ListeningPlace {
  address: string;
  port: number;
}

export interface Target {
  /** Connections are shared by targets of one key. */
  key: string;
  /** For the HTTP client: scheme, host and port as the Host header shows them. */
  origin: string;
  isSecure: boolean;
  host: string;
  port: number;
  /** Path and query, as sent. */
  path: string;
  literal: string | null;
  isOwnBin: boolean;
}

export type TargetResult = { ok: true; target: Target } | { ok: false; failure: SendFailure };

export type Destination =
  | { ok: true; addresses: readonly string[]; port: number }
  | { ok: false; failure: SendFailure };

export interface TargetGuardOptions {
  policy: EgressPolicy;
  names: NameLookup;
  ownListener: () => Listener | null;
  nodeListeners: () => readonly ListeningPlace[];
  publicUrl: () => string | null;
  /** Names are resolved by the outgoing proxy alone: what a name leads to is not known here. */
  isResolvedElsewhere: boolean;
}

export interface TargetGuard {
  /** What the text of the URL says; remembered for URLs that pass. */
  read(url: string): TargetResult;
  /** The vetted addresses to connect to, in order of preference. Never rejects. */
  locate(target: Target): Promise<Destination>;
}

export function createTargetGuard(options: TargetGuardOptions): TargetGuard {
  const { policy, names, ownListener, publicUrl, isResolvedElsewhere, nodeListeners } = options;
  const known = new Map<string, TargetResult>();

  function read(text: string): TargetResult {
    const remembered = known.get(text);
    if (remembered !== undefined) return remembered;
    const parsed = parseTargetUrl(text);
    const isBin = parsed.ok && isOwnBin(parsed.url, publicUrl());
    const verdict = parsed.ok && !isBin ? vetTarget(parsed, policy) : parsed;
    if (!verdict.ok) return { ok: false, failure: fail('blocked', verdict.code, verdict.message) };
    const { url, host, port, literal } = verdict;
    if (!isBin && isPublicSelf(verdict, publicUrl()))
      return { ok: false, failure: ownListenerFailure(host, port) };
    const result: TargetResult = {
      ok: true,
      target: {
        key: isBin ? `own ${url.host}` : url.origin,
        origin: isBin ? `http://${url.host}` : url.origin,
        isSecure: !isBin && url.protocol === 'https:',
        host,
        port,
        path: url.pathname + url.search,
        literal,
        isOwnBin: isBin,
      },
    };
    if (known.size >= MAX_KNOWN_URLS) known.clear();
    known.set(text, result);
    return result;
  }

  async function locate(target: Target): Promise<Destination> {
    if (target.isOwnBin) return locateOwnBin(ownListener());
    if (target.literal === null && isResolvedElsewhere) {
      return { ok: true, addresses: [target.host], port: target.port };
    }
    const found =
      target.literal === null
        ? await names.lookup(target.host)
        : { ok: true as const, addresses: [target.literal] };
    if (!found.ok) return found;
    const addresses: string[] = [];
    for (const address of found.addresses) {
      const refusal = refuseAddress(target, address);
      if (refusal !== null) return { ok: false, failure: refusal };
      // One spelling, so that a mapped address is connected to as the IPv4 address that was vetted.
      addresses.push(canonicalAddress(address) ?? address);
    }
    if (addresses.length === 0) {
      return { ok: false, failure: fail('dns', 'dns_no_address', `${target.host} has no address.`) };
    }
    return { ok: true, addresses: preferredOrder(addresses), port: target.port };
  }

  function refuseAddress(target: Target, address: string): SendFailure | null {
    const verdict = vetAddress(address, policy);
    if (!verdict.ok) {
      const subject = target.literal === null ? `${target.host} leads to ${address}: ` : '';
      return fail('blocked', 'address_forbidden', subject + addressMessage(address, verdict.reason));
    }
    const listener = ownListener();
    if (listener !== null && listener.port === target.port && isListenerAddress(address, listener.host)) {
      return ownListenerFailure(target.host, target.port);
    }
    const isNode = nodeListeners().some((one) => one.port === target.port && leadsTo(address, one.address));
    return isNode ? ownListenerFailure(target.host, target.port) : null;
  }

  return { read, locate };
}

function ownListenerFailure(host: string, port: number): SendFailure {
  const message = `${host} port ${port} is this server itself; only its test bins receive webhooks.`;
  return fail('blocked', 'own_listener', message);
}

function isOwnBin(url: URL, publicUrl: string | null): boolean {
  return url.origin === publicUrl && isBinPath(url);
}

/** Dot segments are resolved by now; an escaped slash stays what it is, here and in the routes. */
function isBinPath(url: URL): boolean {
  return url.pathname.startsWith('/b/');
}

/** Behind a standard port, the other scheme's standard port leads to the same proxy. */
function isPublicSelf({ url, host, port }: UrlAccepted, publicUrl: string | null): boolean {
  const own = publicUrl === null ? null : parseTargetUrl(publicUrl);
  if (own === null || !own.ok || own.host !== host || isBinPath(url)) return false;
  return port === own.port || (STANDARD_PORTS.has(port) && STANDARD_PORTS.has(own.port));
}

const STANDARD_PORTS: ReadonlySet<number> = new Set([80, 443]);

function locateOwnBin(listener: Listener | null): Destination {
  if (listener === null) {
    const message = 'This server does not listen for requests, so its test bins cannot be reached.';
    return { ok: false, failure: fail('connect', 'own_listener_unavailable', message) };
  }
  const address = canonicalAddress(listener.host);
  switch (address) {
    case null:
    case '0.0.0.0':
      return { ok: true, addresses: ['127.0.0.1'], port: listener.port };
    case '::':
      // A dual-stack socket; machines without IPv6 loopback still have the other one.
      return { ok: true, addresses: ['::1', '127.0.0.1'], port: listener.port };
    default:
      return { ok: true, addresses: [address], port: listener.port };
  }
}

/** Whether a connection to `address` would reach a socket that listens on `listenerHost`. */
function isListenerAddress(address: string, listenerHost: string): boolean {
  const target = canonicalAddress(address) ?? address;
  const listener = canonicalAddress(listenerHost);
  const isThisMachine = isLoopbackOrUnspecified(target);
  if (listener !== null && !isLoopbackOrUnspecified(listener)) return target === listener;
  if (isThisMachine) return true;
  const listensEverywhere = listener === '0.0.0.0' || listener === '::' || listener === null;
  return listensEverywhere && ownAddresses().has(target);
}

function isLoopbackOrUnspecified(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address === '0.0.0.0' || address === '::';
}

/** The addresses that lead to a listener of this machine. */
export function listeningPlaces({ host, port }: Listener): ListeningPlace[] {
  const bound = canonicalAddress(host);
  const isEverywhere = bound === null || bound === '0.0.0.0' || bound === '::';
  const addresses = isEverywhere ? [...ownAddresses()] : [bound];
  return addresses.map((address) => ({ address, port }));
}

/**
 * Whether a connection to `address` may reach a node that listens at `place`. Another node's loopback may be this machine's:
 * several nodes of one machine are common.
 */
function leadsTo(address: string, place: string): boolean {
  const target = canonicalAddress(address) ?? address;
  return target === place || (isLoopbackOrUnspecified(target) && isLoopbackOrUnspecified(place));
}

/** Read anew each time: addresses come and go, and this runs only when the port is our own. */
function ownAddresses(): ReadonlySet<string> {
  const addresses = new Set<string>();
  for (const entries of Object.values(networkInterfaces())) {
    for (const entry of entries ?? []) addresses.add(canonicalAddress(entry.address) ?? entry.address);
  }
  return addresses;
}

/** IPv4 and IPv6 in turn, IPv4 first: a server without working IPv6 is more common than one without IPv4. */
function preferredOrder(addresses: readonly string[]): string[] {
  const unique = [...new Set(addresses)];
  const v4 = unique.filter((address) => isIP(address) === 4);
  const v6 = unique.filter((address) => isIP(address) !== 4);
  const ordered: string[] = [];
  for (let i = 0; i < Math.max(v4.length, v6.length); i += 1) {
    const four = v4[i];
    const six = v6[i];
    if (four !== undefined) ordered.push(four);
    if (six !== undefined) ordered.push(six);
  }
  return ordered;
}
