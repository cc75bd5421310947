/**
 * `/v1/stream` over fetch: server-sent events as an async iterator. Where the connection breaks, it is made again with the id of the last
 * message, so that what was missed is told; after a `reset`, ask for everything anew.
 */

import { MirsalError } from './errors.ts';
import { sleep } from './platform.ts';
import type { Transport } from './transport.ts';

export type HintKind = 'event' | 'delivery' | 'endpoint' | 'notice' | 'run' | 'bin' | 'replay' | 'settings';

export interface StreamMessage {
  id: string;
  /** `ready`: changes are told from here on. `changed`: what has. `reset`: what was missed is not known. */
  event: 'ready' | 'changed' | 'reset';
  hints: Array<{ kind: HintKind; id: string | null }>;
}

export interface StreamOptions {
  kinds?: readonly HintKind[];
  /** Of the last message that was seen, of this or another process. */
  lastEventId?: string;
  /** Ends the iteration. */
  signal?: AbortSignal;
}

/** Until a stream says another. */
const FIRST_RETRY_MS = 2000;
const LONGEST_RETRY_MS = 30_000;

/** Ends by its signal, or by `break`. Throws what cannot be mended by trying again, such as a key that is revoked. */
export async function* streamChanges(
  transport: Transport,
  { kinds, lastEventId, signal }: StreamOptions = {},
): AsyncGenerator<StreamMessage, void, undefined> {
  const path = `/v1/stream${kinds === undefined ? '' : `?kinds=${kinds.join(',')}`}`;
  const state = { lastId: lastEventId as string | undefined, retryMs: FIRST_RETRY_MS };
  const isOver = (): boolean => signal?.aborted === true;
  for (let failed = 0; !isOver(); failed += 1) {
    const connection = new AbortController();
    const stop = signal === undefined ? connection.signal : AbortSignal.any([signal, connection.signal]);
    try {
      const headers = {
        accept: 'text/event-stream',
        ...(state.lastId === undefined ? {} : { 'last-event-id': state.lastId }),
      };
      const answer = await transport.open({ method: 'GET', path, headers, signal: stop });
      for await (const message of readMessages(answer, state)) {
        failed = 0;
        yield message;
      }
    } catch (error) {
      if (isOver()) return;
      if (error instanceof MirsalError && !isPassing(error)) throw error;
    } finally {
      connection.abort();
    }
    const waitMs = Math.min(LONGEST_RETRY_MS, state.retryMs * 2 ** Math.min(failed, 10));
    await sleep(waitMs, signal).catch(() => {});
  }
}

function isPassing({ status }: MirsalError): boolean {
  return status === 0 || status === 429 || status >= 500;
}

async function* readMessages(
  answer: Response,
  state: { lastId: string | undefined; retryMs: number },
): AsyncGenerator<StreamMessage, void, undefined> {
  if (answer.body === null) return;
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map(splitField));
      const retry = Number(fields.get('retry'));
      if (retry > 0) state.retryMs = retry;
      const event = fields.get('event') as StreamMessage['event'] | undefined;
      if (event === undefined) continue;
      const id = fields.get('id') ?? '';
      state.lastId = id;
      const { hints = [] } = JSON.parse(fields.get('data') ?? '{}') as Partial<StreamMessage>;
      yield { id, event, hints };
    }
  }
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
}
