/**
 * The only way out: every outbound HTTP request of the product is made by a sender (P10). No redirects, no
 * inflating, no HTTP/2, at most 64 KiB of an answer read.
 */
import { isIP } from 'node:net';
import type { EgressPolicy } from '../core/egress/address.ts';
import { canonicalAddress } from '../core/egress/address.ts';
import type { Clock, Send, SendResult } from '../world.ts';
import { Attempt, type AttemptWorld } from './attempt.ts';
import { fail, type SendFailure } from './failure.ts';
import { createNameLookup, createSystemResolver, type Resolver } from './names.ts';
import { createConnectionPool } from './pool.ts';
import { createProxyRoute, type OnProxy, type ProxySettings } from './proxy.ts';
import { createTrust } from './socket.ts';
import { createTargetGuard, type Listener, type ListeningPlace } from './target.ts';

export interface SenderOptions {
  clock: Clock;
  policy: EgressPolicy;
  /** Default: the system's hosts file and name servers. */
  resolver?: Resolver;
  /** Where this server listens, once it does: never a target, but for its own bins. Default: nowhere. */
  ownListener?: () => Listener | null;
  /** Where all nodes of this installation listen: no targets either. Default: nowhere. */
  nodeListeners?: () => readonly ListeningPlace[];
  /** The origin under which others reach this server: of it, bins alone (paths below /b/) are targets. Default: none. */
  publicUrl?: () => string | null;
  /** Fixed addresses to send from (B5); a destination whose family is missing here is not sent to. */
  sourceAddresses?: readonly string[];
  /** The way to everything but own bins; default: the direct one. */
  proxy?: ProxySettings | null;
  onProxy?: OnProxy;
  /** PEM certificates trusted besides the well-known authorities. */
  extraTrust?: readonly string[];
  /** Called just before a socket is opened, with the vetted address. */
  onConnect?: (address: string, port: number) => void;
}

export type TargetCheck =
  | { ok: true; host: string; addresses: readonly string[]; isOwnBin: boolean }
  /** `failure.kind` is `blocked` for what is never allowed, `dns` for what may only be missing just now. */
  | { ok: false; failure: SendFailure };

export interface Sender {
  send: Send;
  /** Vets a URL as a delivery would, DNS included, and connects to nothing. Never rejects. */
  checkTarget(url: string): Promise<TargetCheck>;
  /** Refuses new sends, waits for those under way, closes every connection. */
  close(): Promise<void>;
}

export function createSender(options: SenderOptions): Sender {
  const { clock, policy } = options;
  const names = createNameLookup({ resolver: options.resolver ?? createSystemResolver({ clock }), clock });
  const pool = createConnectionPool(clock);
  const guard = createTargetGuard({
    policy,
    names,
    ownListener: options.ownListener ?? (() => null),
    nodeListeners: options.nodeListeners ?? (() => []),
    publicUrl: options.publicUrl ?? (() => null),
    isResolvedElsewhere: options.proxy?.resolvesNames ?? false,
  });
  const world: AttemptWorld = {
    clock,
    guard,
    pool,
    onConnect: options.onConnect ?? (() => {}),
    sourceFor: createSourceChooser(options.sourceAddresses ?? []),
    trust: createTrust(options.extraTrust ?? []),
    proxy:
      options.proxy == null
        ? null
        : createProxyRoute(options.proxy, { names, clock, onProxy: options.onProxy ?? (() => {}) }),
  };
  const idleness = Promise.withResolvers<void>();
  let underWay = 0;
  let isClosing = false;

  const settleClosing = (): void => {
    if (isClosing && underWay === 0) idleness.resolve();
  };

  const send: Send = (request) => {
    if (isClosing) {
      return Promise.resolve(unsent(fail('connect', 'sender_closed', 'This server is shutting down.')));
    }
    const read = guard.read(request.url);
    if (!read.ok) return Promise.resolve(unsent(read.failure));
    underWay += 1;
    return new Promise((resolve) => {
      const end = (result: SendResult): void => {
        underWay -= 1;
        resolve(result);
        if (isClosing) settleClosing();
      };
      new Attempt(world, request, read.target, end).start();
    });
  };

  return {
    send,
    async checkTarget(url) {
      const read = guard.read(url);
      if (!read.ok) return read;
      const { target } = read;
      const destination = await guard.locate(target);
      if (!destination.ok) return destination;
      return { ok: true, host: target.host, addresses: destination.addresses, isOwnBin: target.isOwnBin };
    },
    async close() {
      isClosing = true;
      settleClosing();
      await idleness.promise;
      pool.close();
    },
  };
}

/** An attempt that ended before anything was done. */
function unsent(failure: SendFailure): SendResult {
  return { outcome: failure, response: null, note: null, durationMs: 0, timings: {}, address: null };
}

/** Source addresses in turn, per family. Undefined when addresses are configured and none fits. */
function createSourceChooser(sources: readonly string[]): AttemptWorld['sourceFor'] {
  const canonical = sources.map((source) => canonicalAddress(source) ?? source);
  const byFamily = new Map([4, 6].map((family) => [family, canonical.filter((one) => isIP(one) === family)]));
  let turn = 0;
  return (address) => {
    if (canonical.length === 0) return null;
    const fitting = byFamily.get(isIP(address)) ?? [];
    turn = (turn + 1) % Number.MAX_SAFE_INTEGER;
    return fitting[turn % Math.max(1, fitting.length)];
  };
}
