/** Starts and stops of real processes: what a start refuses, and what callers see on the way. */

import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { built } from './support/built.ts';
import { createDatabase, type PostgresServer, startPostgres } from './support/postgres.ts';
import { API_KEY, callsTo, startMirsal, temporaryDirectory } from './support/process.ts';
import { startReceiver } from './support/receiver.ts';
import { STORES, storeEnv } from './support/stores.ts';

const SECRET = 'the secret of these tests';
const NOBODY = 65_534;

const cleanups: Array<() => void | Promise<void>> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function aDirectory(): string {
  const directory = temporaryDirectory();
  cleanups.push(() => directory.remove());
  return join(directory.path, 'data');
}

/** Runs a command of Mirsal to its end. */
function runMirsal(
  directory: string,
  {
    command = ['serve'],
    env = {},
    node = [],
    uid,
  }: { command?: string[]; env?: object; node?: string[]; uid?: number } = {},
): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [...node, built('bin'), ...command], {
    encoding: 'utf8',
    timeout: 30_000,
    ...(uid === undefined ? {} : { uid, gid: uid }),
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      MIRSAL_HOST: '127.0.0.1',
      MIRSAL_PORT: '0',
      MIRSAL_DATA_DIR: directory,
      MIRSAL_LOG_LEVEL: 'silent',
      ...env,
    },
  });
}

/** One sentence for a person, and nothing else. */
function expectRefusal({ status, stdout, stderr }: SpawnSyncReturns<string>, saying: RegExp): void {
  expect(stderr).toMatch(saying);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(/^mirsal: /);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
}

async function startOnce(directory: string, env: Record<string, string> = {}): Promise<void> {
  const node = await startMirsal({ directory, env });
  expect(await node.stop()).toBe(0);
}

/** A directory of a node that has started before, with a secret of its own: copied, since a start costs a second. */
let startedBefore: string;
beforeAll(async () => {
  const made = temporaryDirectory();
  startedBefore = join(made.path, 'data');
  await startOnce(startedBefore);
});
afterAll(() => rmSync(join(startedBefore, '..'), { recursive: true }));

function aStartedDirectory(): string {
  const directory = aDirectory();
  cpSync(startedBefore, directory, { recursive: true });
  return directory;
}

describe('a start that cannot be refuses in one sentence', () => {
  test('P1: on a port that is taken, and leaves no database with keys that nobody has seen', async () => {
    const directory = aDirectory();
    const taken = createServer().listen(0, '127.0.0.1');
    cleanups.push(() => void taken.close());
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    expectRefusal(runMirsal(directory, { env: { MIRSAL_PORT: String(port) } }), /Port \d+ is taken/);
    expect(existsSync(directory)).toBe(false);
  });

  test('where the data directory is a file, stands under one, or may not be written', () => {
    const directory = aDirectory();
    writeFileSync(directory, '');
    expectRefusal(runMirsal(directory), /is not a directory .*MIRSAL_DATA_DIR/);
    expectRefusal(runMirsal(join(directory, 'below')), /is not a directory .*MIRSAL_DATA_DIR/);
    // Nobody can make files there, root neither.
    expectRefusal(runMirsal('/proc/self'), /MIRSAL_DATA_DIR/);
  });

  test('on a file that is no database, or is that of another program', () => {
    const directory = aDirectory();
    mkdirSync(directory);
    const path = join(directory, 'mirsal.db');
    writeFileSync(path, Buffer.alloc(8_192, 7));
    expectRefusal(runMirsal(directory), /is no SQLite database/);
    rmSync(path);
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE notes (text)');
    other.close();
    expectRefusal(runMirsal(directory), /another program's database/);
  });

  test('on files that cannot be opened: of the database, of the lock, of the secret', () => {
    for (const name of ['mirsal.db', 'mirsal.lock', 'secret.key']) {
      const directory = aDirectory();
      mkdirSync(join(directory, name), { recursive: true });
      expectRefusal(runMirsal(directory), new RegExp(`${name} cannot be (opened|written|read) .*MIRSAL_`));
    }
  });

  test('on an address that is not this machine’s, and with a key that is none', async () => {
    const directory = aDirectory();
    for (const MIRSAL_HOST of ['192.0.2.1', 'no.such.host.invalid']) {
      expectRefusal(runMirsal(directory, { env: { MIRSAL_HOST } }), /cannot listen there .*MIRSAL_HOST/);
    }
    expect(existsSync(directory)).toBe(false);
    const env = { MIRSAL_BOOTSTRAP_API_KEY: 'a-key-that-is-good', MIRSAL_BOOTSTRAP_INSTANCE_KEY: 'bad' };
    expectRefusal(runMirsal(directory, { env }), /MIRSAL_BOOTSTRAP_INSTANCE_KEY is not usable/);
    // Nothing was made with the good one: the next start is still the first.
    const node = await startMirsal({
      directory,
      env: { MIRSAL_BOOTSTRAP_API_KEY: '', MIRSAL_BOOTSTRAP_INSTANCE_KEY: '' },
    });
    cleanups.push(() => node.kill());
    expect(node.said()).toMatch(/API key +mirsal_\S+\s+instance key +mirsali_/);
    await node.stop();
  });

  test('`mirsal key` makes no database where there is none', () => {
    const directory = aDirectory();
    expectRefusal(runMirsal(directory, { command: ['key'] }), /no database in .*MIRSAL_DATA_DIR/);
    expect(existsSync(directory)).toBe(false);
  });

  test('on an older Node, before anything is loaded that it may not know', () => {
    const older = 'Object.defineProperty(process, "versions", { value: { node: "22.1.0" } })';
    const node = ['--import', `data:text/javascript,${encodeURIComponent(older)}`];
    expectRefusal(runMirsal(aDirectory(), { node }), /Node\.js 22\.1\.0 is too old: install version 24/);
  });

  test('where PostgreSQL is away, has no such database or tables of another program', async () => {
    const directory = aDirectory();
    const on = (url: string) =>
      runMirsal(directory, { env: { MIRSAL_DATABASE_URL: url, MIRSAL_SECRET: SECRET } });
    expectRefusal(
      on('postgres://nobody@127.0.0.1:1/nothing'),
      /^mirsal: PostgreSQL cannot be used: connect ECONNREFUSED/,
    );
    const missing = new URL(inject('postgresUrl'));
    missing.pathname = '/there_is_no_such_database';
    expectRefusal(on(missing.href), /does not exist.*MIRSAL_DATABASE_URL/);
    missing.username = 'stranger';
    expectRefusal(on(missing.href), /role "stranger" does not exist.*MIRSAL_DATABASE_URL/);
    const url = await createDatabase(inject('postgresUrl'), `foreign_${process.pid}`);
    await query({ MIRSAL_DATABASE_URL: url }, '', 'CREATE TABLE workspaces (id int)');
    expectRefusal(on(url), /tables of another program/);
  });
});

test('P1: a supervisor that ends `npm start` has ended Mirsal: nothing goes on behind it', async () => {
  const directory = aDirectory();
  const npm = spawn('npm', ['start'], {
    cwd: join(import.meta.dirname, '..'),
    env: { ...process.env, MIRSAL_HOST: '127.0.0.1', MIRSAL_PORT: '0', MIRSAL_DATA_DIR: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(npm, 'exit');
  let said = '';
  for await (const chunk of npm.stdout) {
    said += String(chunk);
    if (/http:\/\/localhost:\d+/.test(said)) break;
  }
  npm.kill('SIGTERM');
  await ended;
  // The directory can be taken at once: who held it has ended, not only what stood before it.
  await startOnce(directory);
});

describe('PostgreSQL that checks who comes', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
    const hba = await rowsOf(server.url(), 'SHOW hba_file');
    writeFileSync(
      String(hba[0]?.hba_file),
      'host all locked 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n',
    );
    await rowsOf(
      server.url(),
      "CREATE ROLE locked LOGIN PASSWORD 'right'; CREATE ROLE poor LOGIN; SELECT pg_reload_conf()",
    );
  });
  afterAll(() => server.stop());

  test.each([
    ['a wrong password', 'locked', 'wrong', '', /does not let Mirsal in: password authentication failed/],
    ['no password', 'locked', '', '', /does not let Mirsal in: .*password must be a string/],
    ['TLS that it does not speak', 'postgres', '', '?sslmode=verify-full', /does not support SSL/],
    ['a user who may not make tables', 'poor', '', '', /may not make Mirsal's tables \(permission denied/],
  ])('a start with %s refuses in one sentence', (_what, user, password, search, saying) => {
    const url = new URL(server.url());
    Object.assign(url, { username: user, password, search });
    const refused = runMirsal(aDirectory(), {
      env: { MIRSAL_DATABASE_URL: url.href, MIRSAL_SECRET: SECRET },
    });
    expectRefusal(refused, saying);
    expectRefusal(refused, /MIRSAL_DATABASE_URL/);
  });

  test('P1: a node answers while it starts: alive, not ready, and publishing is to be tried again', async () => {
    const env = { MIRSAL_DATABASE_URL: await server.createDatabase(), MIRSAL_SECRET: SECRET };
    const directory = aDirectory();
    await startOnce(directory, env);
    // Its start waits for the names of the steps.
    const client = new pg.Client({ connectionString: env.MIRSAL_DATABASE_URL });
    await client.connect();
    await client.query('BEGIN; LOCK TABLE kysely_migration IN ACCESS EXCLUSIVE MODE');
    const port = await freePort();
    const starting = startMirsal({ directory, env: { ...env, MIRSAL_PORT: String(port) } });
    cleanups.push(async () => (await starting).kill());
    const call = callsTo(`http://127.0.0.1:${port}`);
    let alive = await call('GET', '/healthz').catch(() => null);
    while (alive === null) alive = await call('GET', '/healthz').catch(() => null);
    expect(alive.status).toBe(200);
    for (const [method, path] of [
      ['GET', '/readyz'],
      ['POST', '/v1/events'],
    ] as const) {
      const answer = await call(method, path, method === 'POST' ? { type: 'a.b', data: {} } : undefined);
      expect(answer).toMatchObject({ status: 503, body: { code: 'starting', status: 503 } });
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    await client.query('COMMIT');
    await client.end();
    await starting;
    expect((await call('GET', '/readyz')).status).toBe(200);
  });
});

describe('P1: a file that this user may not use, as another user left it, is named in one sentence', () => {
  // Root may use every file, so that a test as root starts the node as somebody else.
  const isRoot = process.getuid?.() === 0;

  test.each([
    ['mirsal.db', 0o444],
    ['mirsal.db-wal', 0o444],
    ['mirsal.lock', 0o444],
    ['secret.key', 0],
  ])('%s', (name, mode) => {
    const directory = aStartedDirectory();
    if (name === 'mirsal.db-wal') writeFileSync(join(directory, name), '');
    if (isRoot) {
      chmodSync(join(directory, '..'), 0o755);
      for (const file of [...readdirSync(directory), '.']) chownSync(join(directory, file), NOBODY, NOBODY);
    }
    chmodSync(join(directory, name), mode);
    const refused = runMirsal(directory, isRoot ? { uid: NOBODY } : {});
    expectRefusal(refused, new RegExp(`${name.replaceAll('.', '\\.')} (may not|cannot) be read`));
  });
});

/** The rows of the last of the statements. */
async function rowsOf(url: string, sql: string): Promise<Array<Record<string, unknown>>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const results: unknown = await client.query(sql);
  await client.end();
  const last = Array.isArray(results) ? results.at(-1) : results;
  return (last as pg.QueryResult).rows;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

interface Seen {
  status: number | undefined;
  headers: IncomingHttpHeaders;
}

/** A GET on a connection that is kept. */
async function ask(agent: Agent, url: string, path: string): Promise<Seen> {
  const asked = request(url + path, { agent }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  return { status: answer.statusCode, headers: answer.headers };
}

/** A publish whose body is still on its way when the node has seen its head. */
async function startPublish(url: string): Promise<{ finish(): Promise<Seen> }> {
  const body = JSON.stringify({ type: 'a.b', data: {} });
  const sending = request(`${url}/v1/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${API_KEY}`,
      'content-type': 'application/json',
      'content-length': body.length,
      expect: '100-continue',
    },
  });
  sending.flushHeaders();
  await once(sending, 'continue');
  return {
    async finish() {
      sending.end(body);
      const [answer] = (await once(sending, 'response')) as [IncomingMessage];
      answer.resume();
      return { status: answer.statusCode, headers: answer.headers };
    },
  };
}

describe('P1: the file of the secret', () => {
  test('is made whole, for its owner only, in a directory for its owner only', async () => {
    const directory = aDirectory();
    await startOnce(directory);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'secret.key')).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory).filter((name) => name.startsWith('secret.key'))).toEqual(['secret.key']);
    const made = readFileSync(join(directory, 'secret.key'), 'utf8');
    await startOnce(directory);
    expect(readFileSync(join(directory, 'secret.key'), 'utf8')).toBe(made);
  });

  test('is refused where it is empty, too short or another, and is never made anew for a database', () => {
    const directory = aStartedDirectory();
    const path = join(directory, 'secret.key');
    for (const text of ['', ' \n', 'too short\n']) {
      writeFileSync(path, text);
      expectRefusal(runMirsal(directory), /secret\.key has \d+ characters/);
    }
    writeFileSync(path, 'another secret, long enough\n');
    expectRefusal(runMirsal(directory), /secret\.key is not the one that this database was made with/);
    rmSync(path);
    expectRefusal(runMirsal(directory), /there is no .*secret\.key: put back/);
    expect(existsSync(path)).toBe(false);
  });

  test('nodes that share PostgreSQL without MIRSAL_SECRET: the second is told to set it', async () => {
    const env = { MIRSAL_DATABASE_URL: await createDatabase(inject('postgresUrl'), `shared_${process.pid}`) };
    await startOnce(aDirectory(), env);
    const second = aDirectory();
    expectRefusal(runMirsal(second, { env }), /there is no .*secret\.key/);
    mkdirSync(second);
    writeFileSync(join(second, 'secret.key'), 'the secret of another node\n');
    expectRefusal(runMirsal(second, { env }), /nodes that share PostgreSQL need the same MIRSAL_SECRET/);
  });
});

/** A statement past the product. */
async function query(env: Record<string, string>, directory: string, sql: string): Promise<void> {
  if (env.MIRSAL_DATABASE_URL === undefined) {
    const db = new DatabaseSync(join(directory, 'mirsal.db'));
    db.exec(sql);
    db.close();
    return;
  }
  const client = new pg.Client({ connectionString: env.MIRSAL_DATABASE_URL });
  await client.connect();
  await client.query(sql);
  await client.end();
}

describe.each(STORES)('%s', (store) => {
  test('a database of a newer Mirsal is refused', async () => {
    const directory = aDirectory();
    const env = { MIRSAL_SECRET: SECRET, ...(await storeEnv(store, directory)) };
    await query(env, directory, "INSERT INTO kysely_migration VALUES ('9999_future', '2030-01-01')");
    expectRefusal(runMirsal(directory, { env }), /newer Mirsal \(step 9999_future .*upgrade/);
  });

  test('P1: another secret is refused, also by a database that has no canary yet', async () => {
    const directory = aDirectory();
    const env = { MIRSAL_SECRET: SECRET, ...(await storeEnv(store, directory)) };
    const first = await startMirsal({ directory, env });
    const made = await first.call('POST', '/v1/endpoints', {
      url: 'http://127.0.0.1:9/',
      event_types: ['*'],
    });
    expect(made.status).toBe(201);
    await first.stop();
    const other = { ...env, MIRSAL_SECRET: `${SECRET}, changed` };
    expectRefusal(runMirsal(directory, { env: other }), /MIRSAL_SECRET is not the secret/);
    expectRefusal(runMirsal(directory, { env: { ...env, MIRSAL_SECRET: '' } }), /secret\.key/);
    await query(env, directory, 'DELETE FROM installation');
    expectRefusal(runMirsal(directory, { env: other }), /MIRSAL_SECRET is not the secret/);
    await startOnce(directory, env);
    expectRefusal(runMirsal(directory, { env: other }), /MIRSAL_SECRET is not the secret/);
  });

  test('a lost key is made anew at the command line, works, and stands in the audit log', async () => {
    const directory = aDirectory();
    const env = { MIRSAL_SECRET: SECRET, ...(await storeEnv(store, directory)) };
    await startOnce(directory, env);
    const keyOf = (...options: string[]): string => {
      const { status, stdout, stderr } = runMirsal(directory, { command: ['key', ...options], env });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/^mirsali?_\S+\n$/);
      return stdout.trim();
    };
    const key = keyOf('--name', 'found again');
    const instance = keyOf('--instance');
    const nowhere = runMirsal(directory, { command: ['key', '--workspace', 'ws_9'], env });
    expectRefusal(nowhere, /no workspace ws_9/);

    const node = await startMirsal({ directory, env });
    cleanups.push(() => node.kill());
    const asked = runMirsal(directory, { command: ['key', '--workspace', 'ws_1'], env });
    if (store === 'SQLite') expectRefusal(asked, /Another Mirsal process .*Stop it first/);
    else expect(asked).toMatchObject({ status: 0, stderr: '' });
    const audit = await node.call('GET', '/v1/audit', undefined, { authorization: `Bearer ${key}` });
    expect(audit.status).toBe(200);
    expect(audit.text).toContain('found again');
    expect(audit.text).toContain('command line');
    const all = await node.call('GET', '/v1/workspaces', undefined, { authorization: `Bearer ${instance}` });
    expect(all.status).toBe(200);
    await node.stop();
  });

  test('P1: from SIGTERM on every request is refused with 503, a code and Retry-After; those in flight end', async () => {
    const receiver = await startReceiver();
    cleanups.push(() => receiver.close());
    const { promise: released, resolve: release } = Promise.withResolvers<number>();
    receiver.answerWith(() => released);
    const directory = aDirectory();
    const env = { MIRSAL_SECRET: SECRET, ...(await storeEnv(store, directory)) };
    const node = await startMirsal({ directory, env });
    cleanups.push(() => node.kill());
    await node.call('POST', '/v1/event-types', { name: 'a.b', schema: { type: 'object' } });
    await node.call('POST', '/v1/endpoints', { url: receiver.url, event_types: ['*'] });
    expect((await node.call('POST', '/v1/events', { type: 'a.b', data: {} })).status).toBe(202);
    // The attempt that hangs keeps the node from ending.
    await receiver.count(1);
    const agent = new Agent({ keepAlive: true });
    cleanups.push(() => agent.destroy());
    expect((await ask(agent, node.url, '/readyz')).status).toBe(200);
    const slow = await startPublish(node.url);
    const ended = node.stop();
    // The answer of a kept connection and of a new one.
    let ready = await ask(agent, node.url, '/readyz');
    while (ready.status === 200) ready = await ask(agent, node.url, '/readyz');
    expect(ready).toMatchObject({ status: 503, headers: { connection: 'close' } });
    const refused = await node.call('POST', '/v1/events', { type: 'a.b', data: {} });
    expect(refused).toMatchObject({ status: 503, body: { code: 'stopping', status: 503 } });
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await node.call('GET', '/healthz')).status).toBe(200);
    expect(await slow.finish()).toMatchObject({ status: 202, headers: { connection: 'close' } });
    release(200);
    expect(await ended).toBe(0);
  });
});
