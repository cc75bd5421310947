/** What receivers can do to a client: each is held by one deadline (P7) and ends in a clear outcome. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createMovableClock, moment } from '../../test/support/clock.ts';
import type { Clock, SendResult } from '../world.ts';
import { aRawReceiver, aReceiver, aRequest, aSender, cleanUp, listen, realClock } from './testdata/kit.ts';

afterEach(cleanUp);

const OK_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n';
const TIMEOUT_MS = 200;

function code(result: SendResult): string {
  return result.outcome.kind === 'answered' ? `${result.response?.status}` : result.outcome.code;
}

describe('an ordinary answer', () => {
  it('is kept as it came: status, headers in order, body; and the request arrives as it was given', async () => {
    let seen = '';
    const url = await aReceiver((request, response) => {
      request.setEncoding('utf8');
      request.on('data', (chunk) => {
        seen += chunk;
      });
      request.on('end', () => {
        seen += ` ${request.method} ${request.url} ${request.headers.host} ${request.headers['webhook-id']}`;
        response.writeHead(201, [
          ['X-One', 'a'],
          ['Set-Cookie', 'b=1'],
          ['Set-Cookie', 'c=2'],
        ]);
        response.end('مرسال');
      });
    });
    const { sender } = aSender();
    const result = await sender.send(aRequest(`${url}/hook?x=1`, { body: '{"n":12345678901234567890}' }));
    expect(seen).toBe(`{"n":12345678901234567890} POST /hook?x=1 ${url.slice(7)} msg_1`);
    expect(result).toMatchObject({ outcome: { kind: 'answered' }, note: null, address: '127.0.0.1' });
    expect(result.response).toMatchObject({ status: 201, truncated: false });
    expect(result.response?.headers.slice(0, 3)).toEqual([
      ['x-one', 'a'],
      ['set-cookie', 'b=1'],
      ['set-cookie', 'c=2'],
    ]);
    expect(Buffer.from(result.response?.body ?? []).toString()).toBe('مرسال');
    expect(Object.keys(result.timings).sort()).toEqual(['connect', 'response']);
    const second = await sender.send(aRequest(url));
    expect(Object.keys(second.timings)).toEqual(['response']);
  });

  it.each([301, 302, 303, 307, 308])('P10: %i is handed back and never followed', async (status) => {
    let reached = 0;
    const elsewhere = await aReceiver((_request, response) => {
      reached += 1;
      response.end();
    });
    const url = await aReceiver((_request, response) => {
      response.writeHead(status, { location: `${elsewhere}/` }).end();
    });
    const { sender, connects } = aSender();
    expect(code(await sender.send(aRequest(url)))).toBe(String(status));
    expect([reached, connects.length]).toEqual([0, 1]);
  });

  it('is not inflated', async () => {
    const bomb = gzipSync(Buffer.alloc(10 * 1024 * 1024));
    const url = await aReceiver((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    });
    const result = await aSender().sender.send(aRequest(url));
    expect(result.response?.truncated).toBe(bomb.length > 16 * 1024);
    expect(Buffer.from(result.response?.body ?? [])).toEqual(bomb.subarray(0, result.response?.body.length));
  });
});

describe('P7: one deadline over the whole attempt', () => {
  /**
   * Sends by a clock that stands still until the answer is where it stays (`reached`): the last millisecond of the
   * deadline ends the attempt, and none before it.
   */
  async function expectEnd(url: string, reached: Promise<void>, by = byMovedClock()): Promise<SendResult> {
    let isOver = false;
    const sending = by.sender.send(aRequest(url, { timeoutMs: TIMEOUT_MS })).finally(() => {
      isOver = true;
    });
    await reached;
    by.clock.move(TIMEOUT_MS - 1);
    for (let turn = 0; turn < 5; turn += 1) await moment();
    expect(isOver).toBe(false);
    by.clock.move(1);
    const result = await sending;
    expect(result.durationMs).toBe(TIMEOUT_MS);
    return result;
  }

  function byMovedClock() {
    const clock = createMovableClock();
    return { clock, ...aSender({ clock }) };
  }

  /** Writes the text again and again; resolves when it has done so a few times. */
  function dribble(socket: Socket, text: string, reached: () => void): void {
    let times = 0;
    const timer = setInterval(() => {
      socket.write(text);
      times += 1;
      if (times === 3) reached();
    }, 5);
    socket.once('close', () => clearInterval(timer));
  }

  it('ends an answer that does not come', async () => {
    const received = Promise.withResolvers<void>();
    const url = await aReceiver(() => received.resolve());
    const result = await expectEnd(url, received.promise);
    expect(result).toMatchObject({
      outcome: { kind: 'timeout', code: 'response_timeout' },
      response: null,
      address: '127.0.0.1',
    });
  });

  it('is measured by the clock that was handed in', async () => {
    const received = Promise.withResolvers<void>();
    const url = await aReceiver(() => received.resolve());
    const timers: Array<{ delayMs: number; run: () => void }> = [];
    const after: Clock['after'] = (delayMs, run) => {
      timers.push({ delayMs, run });
      return { cancel: () => {} };
    };
    const { sender } = aSender({ clock: { ...realClock, after } });
    const sending = sender.send(aRequest(url, { timeoutMs: 3_600_000 }));
    await received.promise;
    expect(timers.map((timer) => timer.delayMs)).toEqual([3_600_000]);
    timers[0]?.run();
    expect(code(await sending)).toBe('response_timeout');
  });

  it('ends it on a reused connection too, and closes that connection', async () => {
    let requests = 0;
    const received = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const url = await aReceiver((request, response) => {
      requests += 1;
      if (requests === 1) response.end();
      else {
        request.socket.once('close', () => closed.resolve());
        received.resolve();
      }
    });
    const by = byMovedClock();
    await by.sender.send(aRequest(url));
    const result = await expectEnd(url, received.promise, by);
    expect(code(result)).toBe('response_timeout');
    expect([requests, by.connects.length]).toEqual([2, 1]);
    await closed.promise;
  });

  it('ends a head that is dribbled', async () => {
    const reached = Promise.withResolvers<void>();
    const url = await aRawReceiver((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      dribble(socket, 'x: y\r\n', reached.resolve);
    });
    const result = await expectEnd(url, reached.promise);
    expect(code(result)).toBe('response_timeout');
  });

  it('ends a body that is dribbled: a success with a note', async () => {
    const reached = Promise.withResolvers<void>();
    const url = await aRawReceiver((socket) => {
      socket.write(`${OK_HEAD}content-length: 1000000\r\n\r\n`);
      dribble(socket, 'x', reached.resolve);
    });
    const result = await expectEnd(url, reached.promise);
    expect(code(result)).toBe('200');
    expect(result.note).toContain('did not end within');
    expect(result.response?.truncated).toBe(true);
  });

  it('ends a dribble of interim answers, and a flood of them at once', async () => {
    const reached = Promise.withResolvers<void>();
    const dribbling = await aRawReceiver((socket) =>
      dribble(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n', reached.resolve),
    );
    expect(code(await expectEnd(dribbling, reached.promise))).toBe('response_timeout');
    const flood = await aRawReceiver((socket) => {
      const interim = 'HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n'.repeat(100);
      const write = (): void => {
        while (!socket.destroyed && socket.write(interim));
      };
      socket.on('drain', write);
      write();
    });
    expect(code(await aSender().sender.send(aRequest(flood)))).toBe('too_many_interim_answers');
  });
});

describe('an answer of excess', () => {
  it('is read to 64 KiB and stored to 16 KiB', async () => {
    const closed = Promise.withResolvers<void>();
    const url = await aRawReceiver((socket) => {
      const chunk = 'x'.repeat(64 * 1024);
      const write = (): void => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on('drain', write);
      socket.once('close', () => closed.resolve());
      socket.write(`${OK_HEAD}\r\n`);
      write();
    });
    const result = await aSender().sender.send(aRequest(url));
    expect(code(result)).toBe('200');
    expect(result.response).toMatchObject({ truncated: true });
    expect(result.response?.body).toHaveLength(16 * 1024);
    expect(result.note).toContain('64 KiB');
    await closed.promise;
  });

  it('has its headers stored to 16 KiB', async () => {
    const url = await aRawReceiver((socket) => {
      const headers = Array.from({ length: 5000 }, (_, i) => `h${i}: v\r\n`).join('');
      socket.write(`${OK_HEAD}${headers}content-length: 2\r\n\r\nok`);
    });
    const result = await aSender().sender.send(aRequest(url));
    const size = result.response?.headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    expect(code(result)).toBe('200');
    expect(result.response?.truncated).toBe(true);
    expect(size).toBeLessThanOrEqual(16 * 1024);
    expect(Buffer.from(result.response?.body ?? []).toString()).toBe('ok');
  });

  it('fails with 200 kB of headers', async () => {
    const url = await aRawReceiver((socket) => {
      socket.write(`${OK_HEAD}x: ${'y'.repeat(200_000)}\r\n\r\n`);
    });
    expect(code(await aSender().sender.send(aRequest(url)))).toBe('headers_too_large');
  });
});

describe('a broken answer', () => {
  it('after the head is a success with a note', async () => {
    const url = await aRawReceiver((socket) => {
      socket.write(`${OK_HEAD}content-length: 1000\r\n\r\nbegin`, () => socket.resetAndDestroy());
    });
    const result = await aSender().sender.send(aRequest(url));
    expect(code(result)).toBe('200');
    expect(result.note).toContain('broke off');
    expect(Buffer.from(result.response?.body ?? []).toString()).toMatch(/^(begin)?$/);
  });

  it.each([
    ['connection_closed', '', 'without an answer'],
    ['connection_closed', 'HTTP/1.1 2', '"HTTP/1.1 2"'],
    ['connection_closed', 'HTTP/1.1 100 Continue\r\n\r\n', '"HTTP/1.1 100 Continue"'],
    ['invalid_answer', 'SSH-2.0-OpenSSH_9.6\r\n\r\n', '"SSH-2.0-OpenSSH_9.6"'],
    ['invalid_answer', '<html>moved</html>', '"<html>moved</html>"'],
    ['invalid_answer', '\u0015\u0003\u0001\u0000\u0002\u0002F', '"\\u0015\\u0003\\u0001'],
    ['invalid_answer', 'HTTP/1.1 OK\r\n\r\n', '"HTTP/1.1 OK"'],
    [
      'invalid_answer',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      '101',
    ],
  ])('before the head is %s, and says what was seen: %j', async (expected, text, seen) => {
    const url = await aRawReceiver((socket) => socket.end(text));
    const { sender, connects } = aSender();
    const result = await sender.send(aRequest(url));
    expect(result.outcome).toMatchObject({
      kind: 'protocol',
      code: expected,
      message: expect.stringContaining(seen),
    });
    expect(connects).toHaveLength(1);
  });

  it('in another protocol ends at once, although the connection stays open', async () => {
    const url = await aRawReceiver((socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n'));
    const result = await aSender().sender.send(aRequest(url, { timeoutMs: 60_000 }));
    expect(code(result)).toBe('invalid_answer');
  });

  it('by a reset is named so', async () => {
    const url = await aRawReceiver((socket) => socket.resetAndDestroy());
    expect(code(await aSender().sender.send(aRequest(url)))).toBe('connection_reset');
  });

  it('by a connection that closes at once is no success and no second request', async () => {
    const server = createTcpServer((socket) => socket.destroy());
    const url = `http://127.0.0.1:${await listen(server)}`;
    const { sender, connects } = aSender();
    expect((await sender.send(aRequest(url))).outcome.kind).toBe('protocol');
    expect(connects).toHaveLength(1);
  });

  it('by nobody listening is a refused connection', async () => {
    const server = createTcpServer();
    const port = await listen(server);
    server.close();
    await once(server, 'close');
    const result = await aSender().sender.send(aRequest(`http://127.0.0.1:${port}/`));
    expect(result.outcome).toMatchObject({ kind: 'connect', code: 'connection_refused' });
    expect(result.address).toBeNull();
    server.listen(0);
  });
});

describe('an early answer', () => {
  it('while the request is still being sent counts', async () => {
    const url = await aRawReceiver((socket) => {
      socket.pause();
      socket.write(`${OK_HEAD}content-length: 2\r\n\r\nok`);
    });
    const { sender, connects } = aSender();
    const big = 'x'.repeat(20 * 1024 * 1024);
    expect(code(await sender.send(aRequest(url, { body: big })))).toBe('200');
    // That connection still holds the rest of the upload; the next request must not queue behind it.
    expect(code(await sender.send(aRequest(url)))).toBe('200');
    expect(connects).toHaveLength(2);
  });
});

describe('keep-alive', () => {
  it.each(['end', 'reset', 'late reset'])(
    '300 requests succeed, none that was answered is repeated, at a receiver that closes after each answer (%s)',
    async (manner) => {
      const seen: string[] = [];
      const server = createServer((request, response) => {
        const { socket } = request;
        // What arrives after the receiver has closed its side can never be answered.
        if (!socket.writable) return;
        seen.push(String(request.headers['webhook-id']));
        response.end('ok', () => {
          if (manner === 'end') socket.end();
          else if (manner === 'reset') socket.resetAndDestroy();
          else setTimeout(() => socket.resetAndDestroy(), Math.random() * 3);
        });
      });
      const url = `http://127.0.0.1:${await listen(server)}`;
      const { sender } = aSender();
      const ids = Array.from({ length: 300 }, (_, i) => `msg_${i}`);
      for (const id of ids) {
        const result = await sender.send(aRequest(url, { headers: [['webhook-id', id]] }));
        expect(`${id} ${code(result)}`).toBe(`${id} 200`);
      }
      expect(seen).toEqual(ids);
    },
  );

  it('re-sends once when a reused connection dies before any byte, and not twice', async () => {
    let connections = 0;
    const server = createTcpServer((socket) => {
      connections += 1;
      let requests = 0;
      socket.on('error', () => {});
      socket.on('data', () => {
        requests += 1;
        if (connections === 1 && requests === 1) socket.write(`${OK_HEAD}content-length: 0\r\n\r\n`);
        else socket.resetAndDestroy();
      });
    });
    const url = `http://127.0.0.1:${await listen(server)}`;
    const { sender } = aSender();
    expect(code(await sender.send(aRequest(url)))).toBe('200');
    const second = await sender.send(aRequest(url));
    expect(code(second)).toBe('connection_reset');
    expect(second.note).toMatch(
      /written at \d+ ms on an idle connection to 127\.0\.0\.1, which was lost at \d+ ms before any answer; it was written again at \d+ ms on a new connection to 127\.0\.0\.1\./,
    );
    expect(connections).toBe(2);
  });

  it('does not re-send when a reused connection dies after a first byte', async () => {
    let requests = 0;
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => {
        requests += 1;
        if (requests === 1) socket.write(`${OK_HEAD}content-length: 0\r\n\r\n`);
        else socket.write('HTTP/1.1 2', () => socket.destroy());
      });
    });
    const url = `http://127.0.0.1:${await listen(server)}`;
    const { sender } = aSender();
    await sender.send(aRequest(url));
    expect((await sender.send(aRequest(url))).outcome.kind).toBe('protocol');
    expect(requests).toBe(2);
  });
});

describe('the sender itself', () => {
  it.each([
    ['x-bad', 'a\r\nb: c'],
    ['bad name', 'x'],
    ['host', 'internal.example.com'],
    ['transfer-encoding', 'chunked'],
    ['content-length', '3'],
  ])('never rejects: header %s: %j', async (name, value) => {
    const url = await aReceiver((_request, response) => response.end());
    const { sender } = aSender();
    const result = await sender.send(aRequest(url, { headers: [[name, value]] }));
    expect(result.outcome).toMatchObject({ kind: 'protocol', code: 'invalid_request' });
    expect(code(await sender.send(aRequest(url)))).toBe('200');
  });

  it('finishes what is under way when it closes, and refuses what comes after', async () => {
    const url = await aReceiver((_request, response) => setTimeout(() => response.end(), 50));
    const { sender } = aSender();
    const underWay = sender.send(aRequest(url));
    const closing = sender.close();
    expect(code(await sender.send(aRequest(url)))).toBe('sender_closed');
    expect(code(await underWay)).toBe('200');
    await closing;
  });
});
