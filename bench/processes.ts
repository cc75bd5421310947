/** The benchmark's child processes: the sink and Mirsal itself. All on loopback, all ended by it. */

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SinkReport {
  count: number;
  /** When the last request arrived, ms since the epoch. */
  lastAt: number;
  /** Publish-to-arrival times in ms, where asked for. */
  ages: number[];
}

export interface Sink {
  url: string;
  ask(what: 'reset' | 'report' | 'ages'): Promise<SinkReport>;
  stop(): void;
}

async function message<T>(child: ChildProcess): Promise<T> {
  const [first] = (await once(child, 'message')) as [T];
  return first;
}

export async function startSink(): Promise<Sink> {
  const child = fork(join(import.meta.dirname, 'sink.ts'));
  const { port } = await message<{ port: number }>(child);
  return {
    url: `http://127.0.0.1:${port}`,
    async ask(what) {
      const answer = message<SinkReport>(child);
      child.send(what);
      return answer;
    },
    stop: () => child.disconnect(),
  };
}

export interface Mirsal {
  url: string;
  call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

const API_KEY = 'bench-key-0123456789';

export async function startMirsal(databaseUrl: string | null): Promise<Mirsal> {
  const directory = mkdtempSync(join(tmpdir(), 'mirsal-bench-'));
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts'), 'serve'], {
    env: {
      PATH: process.env.PATH,
      MIRSAL_PORT: '0',
      MIRSAL_HOST: '127.0.0.1',
      MIRSAL_DATA_DIR: directory,
      MIRSAL_ALLOWED_TARGETS: '127.0.0.0/8',
      MIRSAL_BOOTSTRAP_API_KEY: API_KEY,
      MIRSAL_LOG_LEVEL: 'warn',
      ...(databaseUrl === null ? {} : { MIRSAL_DATABASE_URL: databaseUrl }),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const found = /Mirsal is at (\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found.replace('localhost', '127.0.0.1'));
    });
    child.on('exit', (code) => reject(new Error(`Mirsal ended with ${code}:\n${said}`)));
  });
  return {
    url,
    async call(method, path, body) {
      const answer = await fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as Record<string, unknown>;
    },
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
