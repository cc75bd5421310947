/** Heads of answers that strict parsers refuse: the receiver has the event, so its status counts (P3). Real sockets. */
import { createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { SendResult } from '../world.ts';
import { aRawReceiver, aRequest, aSender, cleanUp, listen } from './testdata/kit.ts';

afterEach(cleanUp);

const OK_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n';

function code(result: SendResult): string {
  return result.outcome.kind === 'answered' ? `${result.response?.status}` : result.outcome.code;
}

describe('P3: interim answers that nobody asked for', () => {
  const final = `${OK_HEAD}content-length: 2\r\n\r\nok`;

  it.each([
    ['100', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['102', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['103 with headers', 'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n'],
    ['100 without a reason', 'HTTP/1.1 100\r\n\r\n'],
    ['100 with LF alone', 'HTTP/1.1 100 Continue\n\n'],
    ['199', 'HTTP/1.1 199 Whatever\r\n\r\n'],
    ['several hundred', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n'.repeat(200)],
  ])(
    '%s: the answer is the final one, without a note, and the connection is kept',
    async (_what, interim) => {
      let requests = 0;
      const server = createTcpServer((socket) =>
        socket.on('data', () => {
          requests += 1;
          socket.write(`${interim}${final}`);
        }),
      );
      const url = `http://127.0.0.1:${await listen(server)}`;
      const { sender, connects } = aSender();
      for (let sent = 0; sent < 2; sent += 1) {
        const result = await sender.send(aRequest(url));
        expect(result).toMatchObject({
          outcome: { kind: 'answered' },
          response: { status: 200 },
          note: null,
        });
        expect(Buffer.from(result.response?.body ?? []).toString()).toBe('ok');
      }
      expect([requests, connects.length]).toEqual([2, 1]);
    },
  );

  it('in pieces of one byte each', async () => {
    const url = await aRawReceiver((socket) => {
      socket.setNoDelay(true);
      const bytes = [...`HTTP/1.1 100 Continue\r\n\r\n${final}`];
      const write = (): void => {
        const byte = bytes.shift();
        if (byte !== undefined) socket.write(byte, () => setImmediate(write));
      };
      write();
    });
    const result = await aSender().sender.send(aRequest(url));
    expect(`${code(result)} ${Buffer.from(result.response?.body ?? [])}`).toBe('200 ok');
  });
});

describe('P3: a sloppy head is what its status says, with a note', () => {
  it.each([
    ['lines that end with LF alone', 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nx-a: b\r\n  c\r\ncontent-length: 2\r\n\r\nok'],
    ['a space in a header name', 'HTTP/1.1 200 OK\r\nx a: b\r\ncontent-length: 2\r\n\r\nok'],
    ['a space in a header name', 'HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\nok'],
    ['Content-Length twice', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nContent-Length: 2\r\n\r\nok'],
    ['an unreadable Content-Length', 'HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok'],
    ['an unreadable Content-Length', 'HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\nok'],
    [
      'both Content-Length and Transfer-Encoding',
      'HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ],
    ['control characters in a header', 'HTTP/1.1 200 OK\r\nx: a\u0000b\r\ncontent-length: 2\r\n\r\nok'],
    ['a line that is no header', 'HTTP/1.1 200 OK\r\nhello\r\ncontent-length: 2\r\n\r\nok'],
    ['an irregular status line', 'http/1.1  200\r\ncontent-length: 2\r\n\r\nok'],
    ['an irregular status line', 'HTTP/2 200\r\ncontent-length: 2\r\n\r\nok'],
    ['broke off amid its head', 'HTTP/1.1 200 OK\r\nserver: x\r\n'],
    ['broke off amid its head', 'HTTP/1.1 200 OK'],
  ])('%s: %j', async (fault, text) => {
    const url = await aRawReceiver((socket) => socket.end(text, 'latin1'));
    const { sender, connects } = aSender();
    const result = await sender.send(aRequest(url));
    expect(result).toMatchObject({ outcome: { kind: 'answered' }, response: { status: 200 } });
    expect(result.note).toContain(fault);
    if (text.includes('ok')) expect(Buffer.from(result.response?.body ?? []).toString()).toBe('ok');
    expect(connects).toHaveLength(1);
  });

  it('a failure too, with the headers that say what to do, unfolded and in order', async () => {
    const url = await aRawReceiver((socket) => {
      socket.end('HTTP/1.1 503 Busy\nRetry-After : 7\nX-Why: a\n\tb\nX-Why: c\n\nlater');
    });
    const result = await aSender().sender.send(aRequest(url));
    expect(result.response).toMatchObject({
      status: 503,
      headers: [
        ['retry-after', '7'],
        ['x-why', 'a b'],
        ['x-why', 'c'],
      ],
    });
    expect(Buffer.from(result.response?.body ?? []).toString()).toBe('later');
  });

  it('is none where the head follows the rules, whatever is rare about it', async () => {
    const heads = [
      'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n',
      'HTTP/1.0 200 OK\r\n\r\n',
      'HTTP/1.1 200 OK\r\nupgrade: h2c\r\nconnection: upgrade, close\r\ncontent-length: 0\r\n\r\n',
      'HTTP/1.1 200 Sch\u00f6n\r\nx:\r\nContent-Length:0 \r\n\r\n',
      'HTTP/1.1 204 No Content\r\n\r\n',
      '\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
    ];
    for (const head of heads) {
      const url = await aRawReceiver((socket) => socket.end(head, 'latin1'));
      const result = await aSender().sender.send(aRequest(url));
      expect(`${head} ${code(result)} ${result.note}`).toMatch(/ 20[04] null$/);
    }
  });
});
