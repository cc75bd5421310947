/**
 * The client of the API. Its nouns and verbs are those of the OpenAPI document (generated/); here they are given life.
 *
 *   const mirsal = new Mirsal({ url: 'https://hooks.example.com', apiKey });
 *   await mirsal.events.publish({ type: 'contact.tag.added', data: { … } });
 *   for await (const delivery of mirsal.deliveries.list({ state: 'dropped' })) …
 */

import type { CallOptions, Pages } from './calls.ts';
import type { Nouns } from './generated/nouns.ts';
import { OPERATIONS } from './generated/operations.ts';
import { randomId } from './platform.ts';
import { type StreamMessage, type StreamOptions, streamChanges } from './stream.ts';
import { createTransport, type Transport, type TransportOptions } from './transport.ts';

export type MirsalOptions = TransportOptions;

export interface Mirsal extends Nouns {
  /** What changes in the workspace, as it does; resumed by itself where the connection breaks. */
  stream(options?: StreamOptions): AsyncGenerator<StreamMessage, void, undefined>;
  /** Any path of the API, with the retries and errors of all calls. */
  request(method: string, path: string, body?: unknown, options?: CallOptions): Promise<unknown>;
}

type Query = Record<string, unknown>;
type Verb = (...given: unknown[]) => unknown;
type AnyPage = { data: unknown[]; next_cursor?: string | null };

const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE']);
/** On top of the time that a call itself asks to wait. */
const WAIT_ROOM_MS = 10_000;

class Client {
  constructor(options: MirsalOptions) {
    const transport = createTransport(options);
    for (const [noun, verbs] of Object.entries(OPERATIONS)) {
      const made = Object.entries(verbs).map(([name, operation]) => [name, verbOf(transport, operation)]);
      Object.assign(this, { [noun]: Object.fromEntries(made) });
    }
    Object.assign(this, {
      stream: (streamOptions?: StreamOptions) => streamChanges(transport, streamOptions),
      request: (method: string, path: string, body?: unknown, callOptions?: CallOptions) =>
        call(transport, { method: method.toUpperCase(), path, body, marks: 'i', options: callOptions }),
    });
  }
}

export const Mirsal = Client as unknown as new (options: MirsalOptions) => Mirsal;

interface Given {
  method: string;
  path: string;
  marks: string;
  body?: unknown;
  query?: Query | undefined;
  options?: CallOptions | undefined;
}

/** Takes the path's parts, the body, the query and the options, in this order and as far as there are such. */
function verbOf(transport: Transport, [method, path, marks]: readonly [string, string, string]): Verb {
  const places = path.match(/\{\w+\}/g) ?? [];
  return (...given) => {
    const rest = given.slice(places.length);
    const filled = places.reduce((text, place, at) => text.replace(place, readPlace(place, given[at])), path);
    const body = marks.includes('b') ? rest.shift() : undefined;
    const query = marks.includes('q') ? (rest.shift() as Query | undefined) : undefined;
    const options = rest.shift() as CallOptions | undefined;
    const all = { method, path: filled, marks, body, query, options };
    return marks.includes('p') ? pagesOf(transport, all) : call(transport, all);
  };
}

function readPlace(place: string, value: unknown): string {
  if (typeof value !== 'string' || value === '')
    throw new TypeError(`${place} takes a text that is not empty.`);
  return encodeURIComponent(value);
}

function call(transport: Transport, given: Given): Promise<unknown> {
  const { method, path, marks, body, query, options = {} } = given;
  const hasKey = method === 'POST' && marks.includes('i');
  const waitMs = Number(query?.wait ?? 0) * 1000;
  return transport.call({
    method,
    path: path + queryText(query),
    body,
    headers: {
      ...(hasKey ? { 'idempotency-key': options.idempotencyKey ?? randomId() } : {}),
      ...(options.workspace === undefined ? {} : { 'mirsal-workspace': options.workspace }),
    },
    repeatable: hasKey || IDEMPOTENT.has(method),
    signal: options.signal,
    deadlineMs: options.deadlineMs,
    ...(waitMs > 0 ? { timeoutMs: waitMs + WAIT_ROOM_MS } : {}),
  });
}

function queryText(query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  if (given.length === 0) return '';
  const text = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value));
  return `?${new URLSearchParams(given.map(([name, value]) => [name, text(value)]))}`;
}

function pagesOf(transport: Transport, given: Given): Pages<AnyPage> {
  const page = (cursor?: string): Promise<AnyPage> => {
    const query = cursor === undefined ? given.query : { ...given.query, cursor };
    return call(transport, { ...given, query }) as Promise<AnyPage>;
  };
  async function* pages(): AsyncGenerator<AnyPage, void, undefined> {
    let current = await page();
    for (;;) {
      yield current;
      if (typeof current.next_cursor !== 'string') return;
      current = await page(current.next_cursor);
    }
  }
  return {
    // biome-ignore lint/suspicious/noThenProperty: a list can be awaited as its first page, or iterated.
    then: (resolve, reject) => page().then(resolve, reject),
    pages,
    async *[Symbol.asyncIterator]() {
      for await (const { data } of pages()) yield* data;
    },
  };
}
