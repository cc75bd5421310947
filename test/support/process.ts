/** Mirsal as a process of its own, as an operator starts it; on loopback, on any free port. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { built } from './built.ts';

/** Outside a run of the tests nothing has been built. */
const MAIN =
  process.env.VITEST === undefined ? join(import.meta.dirname, '../../src/main.ts') : built('main');

export const API_KEY = 'a-key-for-automation-0123456789';
export const INSTANCE_KEY = 'an-instance-key-0123456789';

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any;
  /** The body as it came. */
  text: string;
}

/** A call of the API; a body that is a text or bytes goes out as it is, any other as JSON. */
export type Call = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer>;

export interface MirsalProcess {
  url: string;
  pid: number;
  /** What it has said on standard output and error so far. */
  said(): string;
  call: Call;
  /** The key for automation. */
  key: string;
  /** Resolves when it has ended, to how: its exit code, or the signal. */
  ended: Promise<string>;
  /** Ends it without warning (SIGKILL). */
  kill(): Promise<void>;
  /** Asks it to stop (SIGTERM); resolves to its exit code. */
  stop(): Promise<number | null>;
}

export interface StartOptions {
  directory: string;
  env?: Record<string, string>;
  /** Put before the command, such as a shell that sets limits. */
  wrapper?: string[];
  /** Put after `serve`, such as `--roles`. */
  args?: string[];
  /** What is run in the place of `mirsal serve`. */
  script?: string;
}

export function temporaryDirectory(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'mirsal-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Calls the API at `url`, with the key for automation unless `headers` name another. */
export function callsTo(url: string): Call {
  return async (method, path, body, headers = {}) => {
    const answer = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${API_KEY}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: asSent(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') === true;
    return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text, text };
  };
}

function asSent(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof body === 'string') return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

/** Starts `mirsal serve` and resolves once it says where it is; rejects with what it said where it ends. */
export async function startMirsal(options: StartOptions): Promise<MirsalProcess> {
  const command = [
    ...(options.wrapper ?? []),
    process.execPath,
    ...(options.script === undefined ? [MAIN, 'serve', ...(options.args ?? [])] : [options.script]),
  ];
  const [file = process.execPath, ...args] = command;
  const child = spawn(file, args, {
    env: {
      ...(process.env.PATH === undefined ? {} : { PATH: process.env.PATH }),
      ...(process.env.NODE_COMPILE_CACHE === undefined
        ? {}
        : { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
      MIRSAL_HOST: '127.0.0.1',
      MIRSAL_PORT: '0',
      MIRSAL_DATA_DIR: options.directory,
      MIRSAL_ALLOWED_TARGETS: '127.0.0.0/8',
      MIRSAL_BOOTSTRAP_API_KEY: API_KEY,
      MIRSAL_BOOTSTRAP_INSTANCE_KEY: INSTANCE_KEY,
      MIRSAL_LOG_LEVEL: 'warn',
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A test that fails before it has stopped its node leaves none behind.
  const end = (): boolean => child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      const found = /Mirsal is at (\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found.replace('localhost', '127.0.0.1'));
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('error', reject);
    child.on('exit', (code, signal) => reject(new Error(`Mirsal ended (${code ?? signal}): ${said}`)));
  });
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(String(code ?? signal)));
  });
  return {
    url,
    key: API_KEY,
    ended,
    pid: child.pid ?? 0,
    said: () => said,
    call: callsTo(url),
    async kill() {
      child.kill('SIGKILL');
      await exitOf(child);
    },
    async stop() {
      child.kill('SIGTERM');
      return exitOf(child);
    },
  };
}
