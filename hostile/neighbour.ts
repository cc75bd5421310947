/** The tenant beside: ten events a second to one endpoint, and how long each takes from the call to its receiver. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Call } from '../test/support/process.ts';

const EVERY_MS = 100;
/** How long is waited for the last ones. */
const PATIENCE_MS = 20_000;

export interface Receiver {
  url: string;
  close(): Promise<void>;
}

/** `/hang…` is never answered; everything else with 200, after `arrived` has been told of its body. */
export async function startReceiver(arrived: (path: string, body: string) => void): Promise<Receiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => {});
    request.on('end', () => {
      const path = request.url ?? '';
      if (path.startsWith('/hang')) return;
      arrived(path, Buffer.concat(chunks).toString());
      response.end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface Seen {
  published: number;
  /** Calls that were not answered with 202. */
  refused: string[];
  /** From the call to the arrival, ascending, in milliseconds. */
  latencies: number[];
}

/** Publishes until `signal` is aborted, and waits for what is on its way. */
export async function watchNeighbour(call: Call, signal: AbortSignal): Promise<Seen> {
  const begun = new Map<number, number>();
  const seen: Seen = { published: 0, refused: [], latencies: [] };
  const receiver = await startReceiver((_, body) => {
    const { number } = (JSON.parse(body) as { data: { number: number } }).data;
    const from = begun.get(number);
    if (from === undefined) return;
    begun.delete(number);
    seen.latencies.push(performance.now() - from);
  });
  await call('POST', '/v1/event-types', { name: 'neighbour.tick', schema: { type: 'object' } });
  const made = await call('POST', '/v1/endpoints', { url: receiver.url, event_types: ['neighbour.tick'] });
  if (made.status !== 201) throw new Error(`${made.status} ${made.text}`);
  const calls: Array<Promise<void>> = [];
  for (let number = 0; !signal.aborted; number += 1) {
    begun.set(number, performance.now());
    calls.push(
      call('POST', '/v1/events', { type: 'neighbour.tick', data: { number } }).then(
        (answer) => {
          if (answer.status === 202) seen.published += 1;
          else seen.refused.push(`${answer.status} ${answer.text}`);
        },
        (error: unknown) => void seen.refused.push(String(error)),
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  await Promise.all(calls);
  const end = performance.now() + PATIENCE_MS;
  while (seen.latencies.length < seen.published && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  await receiver.close();
  seen.latencies.sort((one, other) => one - other);
  return seen;
}
