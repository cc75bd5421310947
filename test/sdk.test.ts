/** The SDK against a real node: publishing in batches, paging, watching, and the same with nothing of Node around it. */

import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPublisher, Mirsal, MirsalError } from '../src/sdk/sdk.ts';
import { API_KEY } from './support/process.ts';
import { type Served, startServed } from './support/served.ts';

const TYPE = 'order.placed';
let served: Served;
let mirsal: Mirsal;

beforeAll(async () => {
  served = await startServed();
  mirsal = new Mirsal({ url: served.url, apiKey: API_KEY });
  await mirsal.eventTypes.create({
    name: TYPE,
    schema: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } },
  });
});
afterAll(() => served.close());

const order = (n: unknown) => ({ type: TYPE, data: { n } });
async function numbersOf(ids: readonly string[]): Promise<unknown[]> {
  const wanted = new Set(ids);
  const found: unknown[] = [];
  for await (const { id } of mirsal.events.list({ type: TYPE, limit: 7 })) {
    if (wanted.has(id)) found.unshift(((await mirsal.events.get(id)).data as { n: unknown }).n);
  }
  return found;
}

describe('the batching publisher', () => {
  test('keeps the order over batches, and tells each event its answer', async () => {
    const calls: number[] = [];
    const counting: typeof fetch = (input, init) => {
      calls.push(JSON.parse(String(init?.body)).events.length);
      return fetch(input, init);
    };
    const counted = new Mirsal({ url: served.url, apiKey: API_KEY, fetch: counting });
    const publisher = createPublisher(counted, { maxEvents: 4, maxWaitMs: 60_000 });
    const promises = Array.from({ length: 10 }, (_, n) => publisher.publish(order(n)));
    expect(publisher.size).toBe(10);
    // Two full ones are on their way; the rest is sent because the publisher closes.
    await publisher.close();
    const answers = await Promise.all(promises);
    expect(calls).toEqual([4, 4, 2]);
    expect(await numbersOf(answers.map(({ id }) => id))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await expect(publisher.publish(order(11))).rejects.toThrow('closed');
  });

  test('sends what waits after its time, and what has reached its bytes at once', async () => {
    const timed = createPublisher(mirsal, { maxWaitMs: 1 });
    expect(await timed.publish(order(1))).toMatchObject({ deliveries: 0 });
    const sized = createPublisher(mirsal, { maxWaitMs: 60_000, maxBytes: 10 });
    expect(await sized.publish(order(1))).toMatchObject({ deliveries: 0 });
  });

  test('tells of each event that is refused, and takes the others in', async () => {
    const refused: string[] = [];
    const publisher = createPublisher(mirsal, {
      onRefused: ({ event, error }) => refused.push(`${event.id} ${(error as MirsalError).field}`),
    });
    const events = [0, 'one', 2, 'three', 4].map((n) => ({ ...order(n), id: `mixed.${n}` }));
    const promises = events.map((event) => publisher.publish(event));
    await publisher.flush();
    const outcomes = await Promise.allSettled(promises);
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, false, true]);
    expect(refused).toEqual(['mixed.one /data/n', 'mixed.three /data/n']);
    expect(await numbersOf(events.map(({ id }) => id))).toEqual([0, 2, 4]);
  });

  test('finds what is at fault in a batch also where the answer names nothing', async () => {
    const mute: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init);
      if (answer.ok) return answer;
      const { errors: _, ...problem } = (await answer.json()) as Record<string, unknown>;
      return Response.json(problem, { status: answer.status });
    };
    const publisher = createPublisher(new Mirsal({ url: served.url, apiKey: API_KEY, fetch: mute }));
    const events = [0, 1, 'two', 3, 4].map((n) => ({ ...order(n), id: `mute.${n}` }));
    const promises = events.map((event) => publisher.publish(event));
    const outcomes = await Promise.allSettled(promises);
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([true, true, false, true, true]);
    expect(await numbersOf(events.map(({ id }) => id))).toEqual([0, 1, 3, 4]);
  });

  test('holds a bounded number, refuses more at once, and says when there is room', async () => {
    const publisher = createPublisher(mirsal, { maxQueue: 2, maxWaitMs: 60_000 });
    const taken = [publisher.publish(order(1)), publisher.publish(order(2))];
    await expect(publisher.publish(order(3))).rejects.toThrow(RangeError);
    const room = publisher.room();
    await publisher.flush();
    await Promise.all([room, ...taken]);
    await publisher.room();
    const last = publisher.publish(order(4));
    await publisher.close();
    expect(await last).toMatchObject({ deliveries: 0 });
  });
});

test('errors carry the code, status and field of the API', async () => {
  const error = await mirsal.events.publish(order('one')).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(MirsalError);
  expect(error).toMatchObject({ code: 'schema_violation', status: 422, field: '/data/n' });
  const stranger = new Mirsal({ url: served.url, apiKey: 'nobody' });
  await expect(stranger.meta.get()).rejects.toMatchObject({ code: 'unauthenticated', status: 401 });
});

test('the stream tells what changes, and goes on from its last message where the connection breaks', async () => {
  let connections = 0;
  const breaking: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    if (!String(input).includes('/v1/stream') || answer.body === null) return answer;
    connections += 1;
    if (connections > 1) return answer;
    // Its first message, and then no more.
    const reader = answer.body.getReader();
    let text = '';
    while (!text.includes('event: ready')) text += new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    return new Response(text.replace(/retry: \d+/, 'retry: 1'), answer);
  };
  const watching = new Mirsal({ url: served.url, apiKey: API_KEY, fetch: breaking });
  const seen: string[] = [];
  for await (const { event, hints } of watching.stream({ kinds: ['event'] })) {
    seen.push(event);
    if (seen.length === 1) await mirsal.events.publish(order(1));
    if (hints.some(({ kind }) => kind === 'event')) break;
  }
  expect(connections).toBe(2);
  expect(seen[0]).toBe('ready');
  expect(seen.at(-1)).toBe('changed');
  const stranger = new Mirsal({ url: served.url, apiKey: 'nobody' }).stream();
  await expect(stranger.next()).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('runs where there is nothing of Node: only what browsers, workers, Deno and Bun have as well', async () => {
  const build = await rolldown({
    input: join(import.meta.dirname, '../src/sdk/sdk.ts'),
    platform: 'neutral',
  });
  const { output } = await build.generate({ format: 'iife', name: 'sdk' });
  const [{ code, imports }] = output;
  expect(imports).toEqual([]);
  const names = ['fetch', 'crypto', 'setTimeout', 'clearTimeout', 'AbortController', 'AbortSignal'] as const;
  const more = ['TextEncoder', 'TextDecoder', 'URLSearchParams', 'Response', 'atob'] as const;
  const around = Object.fromEntries([...names, ...more].map((name) => [name, globalThis[name]]));
  const context = createContext({ ...around, given: { url: served.url, apiKey: API_KEY } });
  const found = await runInContext(
    `${code}
    (async () => {
      const mirsal = new sdk.Mirsal(given);
      const publisher = sdk.createPublisher(mirsal);
      const { id } = await publisher.publish({ type: '${TYPE}', data: { n: 77 } });
      for await (const event of mirsal.events.list({ limit: 1 })) if (event.id === id) break;
      const lacking = [typeof process, typeof Buffer, typeof require];
      return JSON.stringify([(await mirsal.events.get(id)).data, lacking]);
    })()`,
    context,
  );
  expect(JSON.parse(found)).toEqual([{ n: 77 }, ['undefined', 'undefined', 'undefined']]);
});
