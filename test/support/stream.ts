/** A reader of `/v1/stream`, as a browser's EventSource is one. */

import { API_KEY } from './process.ts';

export interface Message {
  id: string;
  event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into messages of every shape
  data: any;
}

export interface StreamReader {
  status: number;
  headers: Headers;
  /** All that has come so far, comments and `retry` included. */
  text(): string;
  messages: Message[];
  /** Resolves with the first message from now on, or among those that have come, of which it is so. */
  find(isWanted: (message: Message) => boolean): Promise<Message>;
  /** Resolves when the stream has ended, however it did. */
  ended: Promise<void>;
  close(): void;
}

export async function readStream(
  url: string,
  { path = '/v1/stream', key = API_KEY, lastId = null as string | null } = {},
): Promise<StreamReader> {
  const abort = new AbortController();
  const answer = await fetch(url + path, {
    signal: abort.signal,
    headers: { authorization: `Bearer ${key}`, ...(lastId === null ? {} : { 'last-event-id': lastId }) },
  });
  const messages: Message[] = [];
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  let text = '';
  let taken = 0;
  let hasEnded = false;
  const take = (): void => {
    for (let end = text.indexOf('\n\n', taken); end !== -1; end = text.indexOf('\n\n', taken)) {
      const message = readMessage(text.slice(taken, end));
      taken = end + 2;
      if (message !== null) messages.push(message);
    }
    wake();
  };
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      take();
    }
  };
  const ended = read()
    .catch(() => {})
    .then(() => {
      hasEnded = true;
      wake();
    });
  return {
    status: answer.status,
    headers: answer.headers,
    text: () => text,
    messages,
    async find(isWanted) {
      for (;;) {
        const found = messages.find(isWanted);
        if (found !== undefined) return found;
        if (hasEnded) throw new Error(`The stream has ended after: ${text}`);
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    },
    ended,
    close: () => abort.abort(),
  };
}

function readMessage(text: string): Message | null {
  const fields = new Map(
    text.split('\n').map((line) => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
  const event = fields.get('event');
  if (event === undefined) return null;
  return { id: fields.get('id') ?? '', event, data: JSON.parse(fields.get('data') ?? 'null') };
}

/** Whether it tells of a thing of this kind. */
export function tells(kind: string, id?: string): (message: Message) => boolean {
  return ({ event, data }) =>
    event === 'changed' &&
    data.hints.some(
      (hint: { kind: string; id: string | null }) =>
        hint.kind === kind && (id === undefined || hint.id === id),
    );
}
