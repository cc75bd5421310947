/** The benchmark's child processes: the sink and Mirsal itself. All on loopback, all ended by it. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startMirsal, temporaryDirectory } from '../test/support/process.ts';

export interface SinkReport {
  count: number;
  /** When the last request arrived, ms since the epoch. */
  lastAt: number;
  /** Publish-to-arrival times in ms, where asked for. */
  ages: number[];
}

export interface Sink {
  url: string;
  pid: number;
  ask(what: 'reset' | 'report' | 'ages'): Promise<SinkReport>;
  stop(): void;
}

export async function startSink(): Promise<Sink> {
  const child = fork(join(import.meta.dirname, 'sink.ts'));
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const waiting = new Map<number, (report: SinkReport) => void>();
  let asked = 0;
  child.on('message', (report: SinkReport & { id: number }) => {
    waiting.get(report.id)?.(report);
    waiting.delete(report.id);
  });
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    ask(what) {
      asked += 1;
      const id = asked;
      child.send({ id, what });
      return new Promise((resolve) => waiting.set(id, resolve));
    },
    stop: () => child.disconnect(),
  };
}

/** CPU time of a process and its threads so far, µs; null where the system does not say (only Linux does). */
export function cpuTimeUs(pid: number): number | null {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return null;
  const text = readFileSync(path, 'utf8');
  // After the name, which may hold anything: state is field 3, utime and stime are 14 and 15, in 1/100 s.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

export interface Mirsal {
  pid: number;
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

/** One node on the embedded store, or on the database given. */
export async function startNode(
  databaseUrl: string | null,
  settings: Record<string, string> = {},
): Promise<Mirsal> {
  const directory = temporaryDirectory();
  const env = databaseUrl === null ? settings : { ...settings, MIRSAL_DATABASE_URL: databaseUrl };
  const node = await startMirsal({ directory: directory.path, env });
  return {
    pid: node.pid,
    async call(method, path, body) {
      const answer = await node.call(method, path, body);
      if (answer.status >= 300) {
        throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      }
      return answer.body;
    },
    async stop() {
      await node.stop();
      directory.remove();
    },
  };
}
