/**
 * The port of one node. It is bound before anything is made or opened, and given back after all else has
 * ended, so that a caller always gets an answer that says what to do:
 *
 *   starting ──serve()──▶ serving ──drain()──▶ stopping ──close()──▶ (the port is free)
 *
 * While starting and stopping, every request is answered 503 with `Retry-After`, on a connection that then
 * closes; only `/healthz` says that the process lives. Requests in flight when stopping begins are finished.
 */

import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { MINUTE, SECOND } from '../core/duration.ts';
import { PROBLEM_TYPE, Problem } from './problem.ts';

export interface Listener {
  /** The address that was bound: `0.0.0.0` or `::` for every one of this machine. */
  host: string;
  /** The port that was bound; chosen by the system where 0 was asked for. */
  port: number;
  server: Server;
  /** From now on requests go to `handle`. */
  serve(handle: RequestListener): void;
  /** Refuses new requests from now on; resolves when those in flight have been answered. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Longer than the idle time-outs of common load balancers (60 s), so that theirs is the side that closes. */
const KEEP_ALIVE_MS = 72 * SECOND;

const REFUSALS = {
  starting: { detail: 'This node is starting. Try again soon.', retryAfterS: '1' },
  stopping: {
    detail:
      'This node is stopping; nothing was done. Send it again: another node or the next start takes it.',
    retryAfterS: '2',
  },
} as const;

/** Binds the port. Rejects with the system's error where it is taken or may not be used. */
export async function listen({ host, port }: { host: string; port: number }): Promise<Listener> {
  let state: 'starting' | 'serving' | 'stopping' = 'starting';
  let handle: RequestListener = refuse('starting');
  const inFlight = new Set<ServerResponse>();
  let drained = (): void => {};

  // From the first byte of a request to its last; what a route then does takes its own time.
  const server = createServer({ requestTimeout: MINUTE, keepAliveTimeout: KEEP_ALIVE_MS });
  server.on('request', (request, response) => {
    if (state === 'serving') {
      inFlight.add(response);
      response.once('close', () => {
        inFlight.delete(response);
        if (inFlight.size === 0) drained();
      });
    }
    handle(request, response);
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();

  return {
    host: address !== null && typeof address === 'object' ? address.address : host,
    port: address !== null && typeof address === 'object' ? address.port : port,
    server,
    serve(next) {
      state = 'serving';
      handle = next;
    },
    async drain() {
      state = 'stopping';
      handle = refuse('stopping');
      for (const response of inFlight) {
        if (!response.headersSent) response.setHeader('connection', 'close');
      }
      if (inFlight.size === 0) return;
      await new Promise<void>((resolve) => {
        drained = resolve;
      });
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      // Nothing is in flight: what is still open is idle, or sends a request that is refused.
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Answers with the refusal once the request has been read: who still sends would see a reset instead. */
function refuse(code: keyof typeof REFUSALS): RequestListener {
  const { detail, retryAfterS } = REFUSALS[code];
  const { body } = new Problem(code, detail);
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url?.split('?', 1)[0] === '/healthz') {
      response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
      response.end('{"status":"ok"}');
      return;
    }
    response.writeHead(body.status, {
      'content-type': PROBLEM_TYPE,
      'retry-after': retryAfterS,
      connection: 'close',
    });
    response.end(JSON.stringify(body));
  };
  return (request, response) => {
    request.once('end', () => answer(request, response));
    request.resume();
  };
}
