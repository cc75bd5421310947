/**
 * Opening one socket to one vetted address. The address is connected to as it is, so nothing can be
 * resolved a second time; the name serves for TLS only (server name and certificate).
 *
 * TLS sessions are not resumed: on a resumed session Node skips the check of the certificate's name,
 * and keep-alive saves the handshakes that matter.
 */
import { isIP, type Socket, connect as tcpConnect } from 'node:net';
import {
  type ConnectionOptions,
  createSecureContext,
  getCACertificates,
  type SecureContext,
  connect as tlsConnect,
} from 'node:tls';
import type { Clock } from '../world.ts';

export interface SocketRequest {
  address: string;
  port: number;
  /** The host of the URL: what the certificate must be for. */
  host: string;
  isSecure: boolean;
  localAddress: string | null;
  trust: SecureContext;
}

export type SocketResult =
  | { ok: true; socket: Socket; connectMs: number; tlsMs: number | null }
  | { ok: false; phase: OpeningPhase; error: unknown; connectMs: number | null };

/** `proxy` and `tunnel` in the place of `connect` where there is an outgoing proxy (tunnel.ts). */
export type OpeningPhase = 'connect' | 'proxy' | 'tunnel' | 'tls';

/** The error of an opening that was cancelled. */
export const GIVEN_UP: unknown = new Error('The connection was given up');

/** The proxy answered CONNECT with something else than a 2xx; null where that was no HTTP. */
export class TunnelRefused extends Error {
  override readonly name = 'TunnelRefused';
  readonly status: number | null;

  constructor(status: number | null) {
    super(status === null ? 'The proxy did not answer in HTTP' : `The proxy answered ${status}`);
    this.status = status;
  }
}

export interface SocketOpening {
  readonly address: string;
  /** Never rejects. */
  done: Promise<SocketResult>;
  phase(): OpeningPhase;
  /** Gives up; `done` resolves to a failure. */
  cancel(): void;
}

/** Starts at once. The socket keeps an error listener for ever, so that no late error is unhandled. */
export function openSocket(request: SocketRequest, clock: Clock): SocketOpening {
  const { promise: done, resolve } = Promise.withResolvers<SocketResult>();
  const startedAt = clock.monotonic();
  let connectedAt: number | null = null;
  let failure: unknown = GIVEN_UP;

  const socket = createSocket(request);
  const phase = (): 'connect' | 'tls' => (connectedAt === null ? 'connect' : 'tls');
  const succeed = (tlsMs: number | null): void => {
    resolve({ ok: true, socket, connectMs: (connectedAt ?? startedAt) - startedAt, tlsMs });
  };

  socket.setNoDelay(true);
  socket.once('connect', () => {
    connectedAt = clock.monotonic();
    if (!request.isSecure) succeed(null);
  });
  if (request.isSecure) {
    socket.once('secureConnect', () => succeed(clock.monotonic() - (connectedAt ?? startedAt)));
  }
  socket.on('error', (error) => {
    failure = error;
  });
  socket.once('close', () => {
    const connectMs = connectedAt === null ? null : connectedAt - startedAt;
    resolve({ ok: false, phase: phase(), error: failure, connectMs });
  });
  return { address: request.address, done, phase, cancel: () => socket.destroy() };
}

/** Whom to trust: the well-known authorities, and PEM certificates besides. Made once, because it parses them all. */
export function createTrust(extraCertificates: readonly string[]): SecureContext {
  if (extraCertificates.length === 0) return createSecureContext();
  return createSecureContext({ ca: [...getCACertificates('default'), ...extraCertificates] });
}

function createSocket(request: SocketRequest): Socket {
  const { address, port, localAddress } = request;
  const common = {
    host: address,
    port,
    // The address is literal: no look-up, and no racing of families with its 250 ms per address.
    autoSelectFamily: false,
    ...(localAddress === null ? null : { localAddress }),
  };
  if (!request.isSecure) return tcpConnect(common);
  return tlsConnect({ ...common, ...tlsOptions(request) });
}

/** How TLS is spoken with the receiver, on whatever it is spoken over. */
export function tlsOptions({ host, trust }: SocketRequest): ConnectionOptions {
  return {
    // An IP address may not be a server name (RFC 6066); the certificate is then checked against `host`.
    servername: isIP(host) === 0 ? host : '',
    ALPNProtocols: ['http/1.1'],
    // Said aloud, so that no environment variable turns it off.
    rejectUnauthorized: true,
    secureContext: trust,
  };
}
