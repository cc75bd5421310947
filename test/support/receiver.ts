/** A real HTTP receiver that keeps what it got and answers as told. */

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What to answer: a status, or null to say nothing and keep the connection open. */
export type Answer = number | null | { status: number; headers: Record<string, string> };

export interface Receiver extends AsyncDisposable {
  url: string;
  received: Received[];
  /** Resolves once `count` requests have come in all. */
  count(count: number): Promise<void>;
  /** Decides over each answer; `index` counts the requests of that path. Default: 200. */
  answerWith(decide: (request: Received, index: number) => Answer | Promise<Answer>): void;
  of(path: string): Received[];
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const perPath = new Map<string, number>();
  let waiting: Array<{ count: number; resolve: () => void }> = [];
  let decide: (request: Received, index: number) => Answer | Promise<Answer> = () => 200;

  const answer = (response: ServerResponse, what: Answer): void => {
    if (what === null) return;
    const { status, headers } = typeof what === 'number' ? { status: what, headers: {} } : what;
    response.writeHead(status, headers).end('ok');
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '/';
      const got = { path, headers: request.headers, body: Buffer.concat(chunks).toString() };
      const index = perPath.get(path) ?? 0;
      perPath.set(path, index + 1);
      received.push(got);
      Promise.resolve(decide(got, index)).then((what) => answer(response, what));
      waiting = waiting.filter(({ count, resolve }) => {
        if (received.length < count) return true;
        resolve();
        return false;
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    count(count) {
      return new Promise((resolve) => {
        if (received.length >= count) resolve();
        else waiting.push({ count, resolve });
      });
    },
    answerWith(next) {
      decide = next;
    },
    of: (path) => received.filter((request) => request.path === path),
    close,
    [Symbol.asyncDispose]: close,
  };
}
