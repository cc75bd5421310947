/**
 * The receiver of the benchmark, a process of its own: answers every POST with 200 as cheaply as
 * a socket allows, counts, and notes how old each event was on arrival (`"at":<ms>` in the body).
 * Talks to its parent: `reset`, `report`.
 */

import { createServer, type Socket } from 'node:net';

const ANSWER = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = /content-length: (\d+)/i;
const AT = /"at":(\d+(?:\.\d+)?)/;

let count = 0;
let lastAt = 0;
let ages: number[] = [];

const now = (): number => performance.timeOrigin + performance.now();

/** Takes whole requests off the front of `data`; returns what is left. */
function consume(socket: Socket, data: Buffer): Buffer {
  let rest = data;
  for (;;) {
    const end = rest.indexOf(HEAD_END);
    if (end === -1) return rest;
    const head = rest.toString('latin1', 0, end);
    const total = end + HEAD_END.length + Number(LENGTH.exec(head)?.[1] ?? 0);
    if (rest.length < total) return rest;
    const at = AT.exec(rest.toString('latin1', end, total))?.[1];
    lastAt = now();
    count += 1;
    if (at !== undefined) ages.push(lastAt - Number(at));
    socket.write(ANSWER);
    rest = rest.subarray(total);
  }
}

const server = createServer((socket) => {
  socket.setNoDelay(true);
  let kept: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    kept = consume(socket, kept.length === 0 ? chunk : Buffer.concat([kept, chunk]));
  });
  socket.on('error', () => socket.destroy());
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ id: 0, port: typeof address === 'object' ? address?.port : null });
});

process.on('message', ({ id, what }: { id: number; what: string }) => {
  if (what === 'reset') {
    count = 0;
    ages = [];
  }
  process.send?.({ id, count, lastAt, ages: what === 'ages' ? ages : [] });
});
process.on('disconnect', () => process.exit(0));
