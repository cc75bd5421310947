/**
 * Opening one socket to one vetted address through an outgoing proxy (HTTP CONNECT, RFC 9110 §9.3.6), for http and
 * https targets alike. The proxy is asked for the very address that was vetted; the name serves for TLS and for the
 * Host header, which go through the tunnel, so nothing is resolved a second time.
 *
 *   proxy ─→ tunnel ─→ (tls) ─→ open
 *   TCP to   CONNECT   with the
 *   the proxy  answered  receiver
 */
import { isIP, type Socket, connect as tcpConnect } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { Clock } from '../world.ts';
import type { ProxyRoute } from './proxy.ts';
import {
  GIVEN_UP,
  type SocketOpening,
  type SocketRequest,
  type SocketResult,
  TunnelRefused,
  tlsOptions,
} from './socket.ts';

/** The head of the answer to CONNECT. Real ones have some hundred bytes; error pages come after the head. */
const MAX_HEAD_BYTES = 16 * 1024;
const END_OF_HEAD = '\r\n\r\n';

/** Starts at once. The sockets keep an error listener for ever, so that no late error is unhandled. */
export function openTunnel(request: SocketRequest, proxy: ProxyRoute, clock: Clock): SocketOpening {
  const { promise: done, resolve } = Promise.withResolvers<SocketResult>();
  const startedAt = clock.monotonic();
  let phase: 'proxy' | 'tunnel' | 'tls' = 'proxy';
  let tunnelledAt: number | null = null;
  let socket: Socket | null = null;
  let isCancelled = false;

  const connectMs = (): number | null => (tunnelledAt === null ? null : tunnelledAt - startedAt);
  const failWith = (error: unknown): void => {
    socket?.destroy();
    resolve({ ok: false, phase, error, connectMs: connectMs() });
  };
  const succeed = (open: Socket, tlsMs: number | null): void => {
    resolve({ ok: true, socket: open, connectMs: connectMs() ?? 0, tlsMs });
  };

  const secure = (raw: Socket): void => {
    phase = 'tls';
    const startedTlsAt = clock.monotonic();
    // `host`: what the certificate is checked against where there is no server name.
    const tls: TLSSocket = tlsConnect({ socket: raw, host: request.host, ...tlsOptions(request) });
    socket = tls;
    tls.setNoDelay(true);
    tls.on('error', failWith);
    tls.once('secureConnect', () => succeed(tls, clock.monotonic() - startedTlsAt));
    tls.once('close', () => {
      // The proxy's side of the tunnel goes with it.
      raw.destroy();
      failWith(GIVEN_UP);
    });
  };

  const begin = (raw: Socket): void => {
    socket = raw;
    raw.setNoDelay(true);
    raw.on('error', failWith);
    raw.once('close', () => failWith(isCancelled ? GIVEN_UP : new TunnelRefused(null)));
    raw.once('connect', () => {
      phase = 'tunnel';
      raw.write(connectHead(request, proxy.authorization));
      readAnswer(raw, (refused) => {
        if (refused !== null) {
          failWith(refused);
          return;
        }
        tunnelledAt = clock.monotonic();
        proxy.noteTunnel();
        if (request.isSecure) secure(raw);
        else succeed(raw, null);
      });
    });
  };

  proxy.locate().then(
    (address) => {
      if (isCancelled) failWith(GIVEN_UP);
      else begin(tcpConnect({ host: address, port: proxy.port, autoSelectFamily: false }));
    },
    (error: unknown) => failWith(error),
  );

  return {
    address: request.address,
    done,
    phase: () => phase,
    cancel() {
      isCancelled = true;
      if (socket === null) failWith(GIVEN_UP);
      else socket.destroy();
    },
  };
}

function connectHead({ address, port }: SocketRequest, authorization: string | null): string {
  const authority = isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
  // Sent at once: many proxies close the connection with their 407.
  const credentials = authorization === null ? '' : `proxy-authorization: ${authorization}\r\n`;
  return `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${credentials}\r\n`;
}

/**
 * Reads the head of the answer, which may come in pieces. What comes after it is the receiver's, and is put back.
 * `read` in the place of `data` events: the socket must not be flowing when it is handed on.
 */
function readAnswer(raw: Socket, onEnd: (refused: TunnelRefused | null) => void): void {
  let head: Buffer = Buffer.alloc(0);
  const onReadable = (): void => {
    for (let chunk: Buffer | null = raw.read(); chunk !== null; chunk = raw.read()) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf(END_OF_HEAD);
      if (end === -1 && head.length <= MAX_HEAD_BYTES) continue;
      const status = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(head.toString('latin1', 0, 64))?.[1];
      raw.off('readable', onReadable);
      if (end === -1 || end > MAX_HEAD_BYTES || status === undefined) {
        onEnd(new TunnelRefused(null));
        return;
      }
      const rest = head.subarray(end + END_OF_HEAD.length);
      if (rest.length > 0) raw.unshift(rest);
      onEnd(status.startsWith('2') ? null : new TunnelRefused(Number(status)));
      return;
    }
  };
  raw.on('readable', onReadable);
}
