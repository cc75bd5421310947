/**
 * `mirsal doctor`: whether a node can do its work on this machine with these settings. It changes nothing that stays, and runs beside a node
 * as well as before its first start. What it says: ok, warn (it works, and may not always), fail (it does not), each with what to do.
 */

import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { list } from './cli/table.ts';
import { inLine, state, type Terminal } from './cli/terminal.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { SECOND } from './core/duration.ts';
import { SealBroken } from './core/sealing.ts';
import { listen } from './http/listener.ts';
import { greetMailServer } from './mail/transport.ts';
import { createNameLookup, createSystemResolver } from './net/names.ts';
import { realClock, realRandom } from './real.ts';
import { fetchHere } from './sdk/platform.ts';
import { openCanary, SecretRefused, sealerOf } from './secret.ts';
import { compareSteps, lookInto } from './sqliteFile.ts';

export interface Finding {
  check: string;
  state: 'ok' | 'warn' | 'fail';
  /** What was found, and what to do where that is not as it should be. */
  said: string;
}

const ok = (check: string, said: string): Finding => ({ check, state: 'ok', said });
const warn = (check: string, said: string): Finding => ({ check, state: 'warn', said });
const fail = (check: string, said: string): Finding => ({ check, state: 'fail', said });

/** Says what it has found; false where something fails. */
export async function doctor(terminal: Terminal, { json }: { json: boolean }): Promise<boolean> {
  const findings = await examine();
  const isWell = findings.every((finding) => finding.state !== 'fail');
  if (json) terminal.out(`${JSON.stringify({ ok: isWell, findings }, null, 2)}\n`);
  else {
    const lines = findings.map(
      (finding) =>
        [
          finding.check,
          `${state(terminal, finding.state)}${' '.repeat(4 - finding.state.length)}  ${inLine(finding.said)}`,
        ] as const,
    );
    terminal.out(list(lines));
  }
  return isWell;
}

async function examine(): Promise<Finding[]> {
  let config: Config;
  try {
    config = readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n').map((line) => fail('settings', line));
  }
  const database =
    config.databaseUrl === null ? checkSqlite(config) : await checkPostgres(config.databaseUrl);
  return [
    ...checkSettings(config),
    ...database.findings,
    checkSecret(config, database.canary),
    ...checkDisk(config),
    await checkNames(),
    await checkMail(config),
    await checkPort(config),
  ];
}

function checkSettings({ publicUrl }: Config): Finding[] {
  if (publicUrl === null) {
    return [
      warn(
        'settings',
        'MIRSAL_PUBLIC_URL is not set: bins and links in mails are at localhost. Set it to where others reach this node.',
      ),
    ];
  }
  if (publicUrl.startsWith('http:') && !/^http:\/\/(?:localhost|127\.|\[::1\])/.test(publicUrl)) {
    return [
      warn(
        'settings',
        `MIRSAL_PUBLIC_URL is ${publicUrl}: keys and sessions go over it unencrypted. Put a proxy with TLS in front.`,
      ),
    ];
  }
  return [ok('settings', `public URL ${publicUrl}`)];
}

// ---------------------------------------------------------------- database

interface Database {
  findings: Finding[];
  /** Null where there is none (yet), or none could be read. */
  canary: Uint8Array | null;
}

function checkSqlite({ dataDir }: Config): Database {
  const path = join(dataDir, 'mirsal.db');
  if (!existsSync(path)) {
    return {
      findings: [ok('database', `There is none in ${dataDir} yet; the first start makes it.`)],
      canary: null,
    };
  }
  try {
    const { steps, canary } = lookInto(path);
    const size = (statSync(path).size / 2 ** 20).toFixed(1);
    return { findings: [checkSteps(steps, `SQLite, ${size} MiB, sound`)], canary };
  } catch (error) {
    const said = `${messageOf(error)} Restore a backup with \`mirsal restore\`.`;
    return { findings: [fail('database', said)], canary: null };
  }
}

async function checkPostgres(url: string): Promise<Database> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5 * SECOND,
    query_timeout: 5 * SECOND,
  });
  // What breaks the connection also rejects the query.
  client.on('error', () => {});
  try {
    await client.connect();
    const before = realClock.now();
    const { rows } = await client.query(
      `SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now, current_setting('server_version') AS version, to_regclass('kysely_migration') IS NOT NULL AS made`,
    );
    const after = realClock.now();
    const [{ now = 0, version = '', made = false } = {}] = rows as Array<{
      now?: number;
      version?: string;
      made?: boolean;
    }>;
    const clock = checkClock(Number(now) - (before + after) / 2, (after - before) / 2);
    if (!made) {
      const said = `PostgreSQL ${version}; it has no tables of Mirsal yet, which the first start makes.`;
      return { findings: [ok('database', said), clock], canary: null };
    }
    const steps = await client.query('SELECT name FROM kysely_migration ORDER BY name');
    const kept = await client.query('SELECT canary FROM installation');
    const names = steps.rows.map(({ name }) => String(name));
    return {
      findings: [checkSteps(names, `PostgreSQL ${version}`), clock],
      canary: kept.rows[0]?.canary ?? null,
    };
  } catch (error) {
    const said = `${messageOf(error)}: look whether MIRSAL_DATABASE_URL is right and PostgreSQL runs.`;
    return { findings: [fail('database', said)], canary: null };
  } finally {
    await client.end().catch(() => {});
  }
}

function checkSteps(seen: readonly string[], said: string): Finding {
  const { unknown, missing } = compareSteps(seen);
  if (unknown.length > 0) {
    return fail(
      'database',
      `${said}; it is of a newer Mirsal (${unknown.join(', ')}). Install that version or a later one.`,
    );
  }
  if (missing.length === 0) return ok('database', `${said}, schema up to date`);
  return warn(
    'database',
    `${said}; ${missing.length} steps of the schema are to be done (${missing.join(', ')}), at the next start or by \`mirsal migrate\`.`,
  );
}

/** Nodes agree on the database's time; a clock far away still makes signatures that receivers refuse. */
function checkClock(offsetMs: number, uncertaintyMs: number): Finding {
  const away = Math.max(0, Math.abs(offsetMs) - uncertaintyMs);
  const said = `${(away / SECOND).toFixed(1)} s away from the database's`;
  if (away > 60 * SECOND)
    return fail('clock', `${said}: receivers refuse signatures of another time. Set both by NTP.`);
  return away > SECOND ? warn('clock', `${said}. Set both by NTP.`) : ok('clock', said);
}

function checkSecret(config: Config, canary: Uint8Array | null): Finding {
  const place = config.secret === null ? join(config.dataDir, 'secret.key') : 'MIRSAL_SECRET';
  try {
    const sealer = sealerOf(config, realRandom);
    if (sealer === null) {
      if (canary === null) return ok('secret', `There is none yet; the first start makes ${place}.`);
      return fail('secret', `There is no ${place}, and the database was made with one: put it back.`);
    }
    if (canary === null) return ok('secret', `${place}; no database has been made with it yet`);
    openCanary(sealer, canary);
    return ok('secret', `${place} is the one that the database was made with`);
  } catch (error) {
    if (error instanceof SealBroken)
      return fail('secret', `${place} is not the one that the database was made with: put that back.`);
    if (error instanceof SecretRefused) return fail('secret', error.message);
    throw error;
  }
}

// ---------------------------------------------------------------- machine

const LOW_BYTES = 2 ** 30;
const TOO_LOW_BYTES = 100 * 2 ** 20;
const SYNCS = 9;
/** A commit waits for one: at more, a node accepts fewer than fifty at a time of each workspace in a second. */
const SLOW_SYNC_MS = 20;

function checkDisk({ dataDir, databaseUrl }: Config): Finding[] {
  if (!existsSync(dataDir)) {
    return databaseUrl === null
      ? [warn('disk', `${dataDir} is not there yet; the first start makes it.`)]
      : [];
  }
  const { bavail, bsize } = statfsSync(dataDir);
  const free = bavail * bsize;
  const said = `${(free / 2 ** 30).toFixed(1)} GiB free in ${dataDir}`;
  const room =
    free < TOO_LOW_BYTES
      ? fail('disk', `${said}: make room.`)
      : free < LOW_BYTES
        ? warn('disk', `${said}: make room.`)
        : ok('disk', said);
  return databaseUrl === null ? [room, checkSync(dataDir)] : [room];
}

function checkSync(dataDir: string): Finding {
  const path = join(dataDir, `.doctor-${process.pid}`);
  const took: number[] = [];
  try {
    const file = openSync(path, 'w', 0o600);
    try {
      for (let count = 0; count < SYNCS; count += 1) {
        const startedAt = realClock.monotonic();
        writeSync(file, Buffer.alloc(4096, count), 0, 4096, 0);
        fsyncSync(file);
        took.push(realClock.monotonic() - startedAt);
      }
    } finally {
      closeSync(file);
      rmSync(path, { force: true });
    }
  } catch (error) {
    return fail('sync', `${dataDir} cannot be written: ${messageOf(error)}`);
  }
  const middle = took.sort((one, other) => one - other)[Math.floor(SYNCS / 2)] ?? 0;
  const said = `${middle.toFixed(1)} ms for a write to be on the disk`;
  return middle > SLOW_SYNC_MS
    ? warn('sync', `${said}: each commit waits for that. Use a faster disk.`)
    : ok('sync', said);
}

/** Reserved by RFC 2606, and there for everybody. */
const KNOWN_NAME = 'example.com';

async function checkNames(): Promise<Finding> {
  const names = createNameLookup({ resolver: createSystemResolver({ clock: realClock }), clock: realClock });
  const found = await names.lookup(KNOWN_NAME);
  if (found.ok) return ok('DNS', `${KNOWN_NAME} is known`);
  return warn(
    'DNS',
    `${KNOWN_NAME} is not found (${found.failure.code}): endpoints outside will not be, either.`,
  );
}

async function checkMail({ smtpUrl }: Config): Promise<Finding> {
  if (smtpUrl === null)
    return warn('mail', 'MIRSAL_SMTP_URL is not set: nobody is mailed of what goes wrong.');
  const { host } = new URL(smtpUrl);
  try {
    await greetMailServer(smtpUrl);
    return ok('mail', `${host} has greeted, and takes mail`);
  } catch (error) {
    return fail('mail', `${host}: ${messageOf(error)}. Look at MIRSAL_SMTP_URL.`);
  }
}

async function checkPort(config: Config): Promise<Finding> {
  const { host, port } = config;
  if (port === 0) return ok('port', 'any free one');
  try {
    const listener = await listen({ host, port });
    await listener.close();
    return ok('port', `${port} is free`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
      return fail(
        'port',
        `${host}:${port}: ${messageOf(error)}. Choose another with MIRSAL_HOST or MIRSAL_PORT.`,
      );
    }
  }
  const here = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  try {
    const answer = await fetchHere(`http://${here}:${port}/readyz`);
    const text = await answer.text();
    if (answer.ok && text.includes('ready')) return ok('port', `a node runs at ${port}, and is ready`);
    if (text.includes('urn:mirsal:'))
      return warn('port', `a node runs at ${port}, and is not ready: ${text.slice(0, 200)}`);
  } catch {}
  return fail('port', `${port} is taken by another program. Choose another with MIRSAL_PORT.`);
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
