/**
 * Parent of one PostgreSQL server: runs it until told to stop, or until whoever started it is
 * gone. Its standard input is the string it hangs on: when the other end closes, however that
 * process ended, the server is shut down and its data removed.
 *
 *   node postgresGuard.ts <directory> <uid or -> <program> <argument>…
 *
 * Lines it understands: `stop` (fast shutdown), `kill` (no shutdown: recovery on the next start).
 */

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [directory = '', uid = '-', program = '', ...rest] = process.argv.slice(2);
const identity = uid === '-' ? {} : { uid: Number(uid), gid: Number(uid) };
const server = spawn(program, rest, {
  cwd: '/',
  stdio: ['ignore', 'ignore', 'inherit'],
  detached: true,
  ...identity,
});
let told = false;

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  told = true;
  // Of PostgreSQL's shutdown modes, SIGINT is "fast", SIGQUIT "immediate".
  server.kill(line === 'kill' ? 'SIGQUIT' : 'SIGINT');
});
lines.on('close', () => {
  if (!told) server.kill('SIGINT');
});
// A Ctrl-C at the terminal is for the tests; they close the string.
process.on('SIGINT', () => {});
server.on('exit', (code) => {
  if (!told) rmSync(directory, { recursive: true, force: true });
  process.exit(told ? 0 : (code ?? 1));
});
