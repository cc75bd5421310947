/**
 * The outgoing proxy (MIRSAL_PROXY_URL), and how it fares. Its failures are this server's own (core/delivery/budget.ts):
 * no endpoint is charged for them, and while the proxy fails, no attempt is used up.
 *
 * What a proxy answers about one receiver ("502", or nothing in time) may be the receiver's doing. So where it has opened
 * a tunnel within the last three minutes, such an answer is about that receiver: `proxy_no_tunnel` is retried like any
 * other failure, or a dead receiver would hold its lane for ever.
 */
import { isIP } from 'node:net';
import { MINUTE } from '../core/duration.ts';
import type { SendCode } from '../core/failures/codes.ts';
import type { Clock } from '../world.ts';
import { codeOf, fail, type SendFailure } from './failure.ts';
import type { NameLookup } from './names.ts';
import { GIVEN_UP, TunnelRefused } from './socket.ts';

export interface ProxySettings {
  host: string;
  port: number;
  /** The value of `Proxy-Authorization`; null for none. */
  authorization: string | null;
  /** The proxy resolves names: they are vetted by their spelling only. */
  resolvesNames: boolean;
}

/** The operator is told when the proxy begins to fail, once a minute while it does, and when it works again. */
export type OnProxy = (state: 'failing' | 'working', message: string) => void;

export interface ProxyRoute {
  readonly port: number;
  readonly authorization: string | null;
  readonly resolvesNames: boolean;
  /** Its address. Rejects with the failure where its name has none. */
  locate(): Promise<string>;
  /** It has opened a tunnel. */
  noteTunnel(): void;
  /** What the failure of an opening in this phase means. */
  failure(phase: 'proxy' | 'tunnel', error: unknown, host: string): SendFailure;
}

/** Longer than a connection is reused, so that a proxy that works opens one meanwhile. */
const WORKS_FOR_MS = 3 * MINUTE;
const TOLD_EVERY_MS = MINUTE;

const NOT_YOURS = 'Nothing is wrong with the endpoint; the delivery is tried again.';

class ProxyUnknown extends Error {
  override readonly name = 'ProxyUnknown';
}

export function createProxyRoute(
  settings: ProxySettings,
  deps: { names: NameLookup; clock: Clock; onProxy: OnProxy },
): ProxyRoute {
  const { host, port, authorization, resolvesNames } = settings;
  const { names, clock, onProxy } = deps;
  const place = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  let tunnelAt = Number.NEGATIVE_INFINITY;
  let toldAt: number | null = null;

  const tell = ({ message }: SendFailure): void => {
    const now = clock.monotonic();
    if (toldAt !== null && now - toldAt < TOLD_EVERY_MS) return;
    toldAt = now;
    onProxy('failing', `The outgoing proxy ${place} fails: ${message}`);
  };

  const judge = (phase: 'proxy' | 'tunnel', error: unknown, target: string): SendFailure => {
    if (phase === 'proxy') return unreachable(error);
    const status = error instanceof TunnelRefused ? error.status : null;
    if (status === 407) {
      return own(
        'proxy_credentials',
        'does not accept its credentials (407). The operator should check them',
      );
    }
    const what =
      error === GIVEN_UP ? 'did not answer in time' : status === null ? 'broke off' : `answered ${status}`;
    if (clock.monotonic() - tunnelAt < WORKS_FOR_MS) {
      const message = `This server's outgoing proxy ${what} when it was asked for a connection to ${target}, while it opens others. Check that ${target} can be reached.`;
      return fail('connect', 'proxy_no_tunnel', message);
    }
    const code = error === GIVEN_UP ? 'proxy_timeout' : 'proxy_failed';
    return own(code, `${what} when it was asked for a connection to ${target}. The operator should check it`);
  };

  return {
    port,
    authorization,
    resolvesNames,
    async locate() {
      if (isIP(host) !== 0) return host;
      const found = await names.lookup(host);
      const [address] = found.ok ? found.addresses : [];
      if (address === undefined) throw new ProxyUnknown('its name has no address');
      return address;
    },
    noteTunnel() {
      tunnelAt = clock.monotonic();
      if (toldAt !== null) onProxy('working', `The outgoing proxy ${place} works again.`);
      toldAt = null;
    },
    failure(phase, error, target) {
      const failure = judge(phase, error, target);
      if (failure.code !== 'proxy_no_tunnel') tell(failure);
      return failure;
    },
  };
}

function unreachable(error: unknown): SendFailure {
  if (error === GIVEN_UP)
    return own('proxy_timeout', 'did not accept a connection in time. The operator should check it');
  const detail = error instanceof ProxyUnknown ? error.message : codeOf(error) || 'no connection';
  return own('proxy_unreachable', `cannot be reached (${detail}). The operator should check it`);
}

function own(code: SendCode, what: string): SendFailure {
  return fail('connect', code, `This server's outgoing proxy ${what}. ${NOT_YOURS}`);
}
