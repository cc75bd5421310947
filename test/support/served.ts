/** Mirsal in this process: real HTTP on loopback, a real store, and parts that a test may replace. */

import { type Config, ROLES, readConfig } from '../../src/config.ts';
import { type Parts, type Running, serve } from '../../src/serve.ts';
import { API_KEY, type Call, callsTo, INSTANCE_KEY, temporaryDirectory } from './process.ts';
import { copyMigrated } from './sqlite.ts';

export interface Served {
  /** `http://127.0.0.1:<port>`; the public URL, which bins have, is `running.url`. */
  url: string;
  call: Call;
  running: Running;
  /** Stops it and removes its data. */
  close(): Promise<void>;
}

export interface ServedOptions {
  /** Settings on top of a quiet node on a free port that may send to loopback. */
  env?: Record<string, string>;
  parts?: Parts;
}

export async function startServed(options: ServedOptions = {}): Promise<Served> {
  const directory = temporaryDirectory();
  const config: Config = readConfig({
    MIRSAL_HOST: '127.0.0.1',
    MIRSAL_PORT: '0',
    MIRSAL_DATA_DIR: directory.path,
    MIRSAL_ALLOWED_TARGETS: '127.0.0.0/8',
    MIRSAL_BOOTSTRAP_API_KEY: API_KEY,
    MIRSAL_BOOTSTRAP_INSTANCE_KEY: INSTANCE_KEY,
    MIRSAL_LOG_LEVEL: 'silent',
    ...options.env,
  });
  if (config.databaseUrl === null) copyMigrated(directory.path);
  const running = await serve(config, new Set(ROLES), options.parts);
  const url = `http://127.0.0.1:${running.port}`;
  return {
    url,
    call: callsTo(url),
    running,
    async close() {
      await running.stop();
      directory.remove();
    },
  };
}

/** The longest rest between two questions: an answer that is late costs this much, and asking costs little of a core. */
const LONGEST_REST_MS = 20;

/** Asks again until the answer is as wanted. */
export async function until<Found>(
  ask: () => Promise<Found>,
  isReady: (found: Found) => boolean,
): Promise<Found> {
  for (let restMs = 1; ; restMs = Math.min(restMs + 1, LONGEST_REST_MS)) {
    const found = await ask();
    if (isReady(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, restMs));
  }
}
