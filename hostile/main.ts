/**
 * `npm run hostile`: one tenant does all that it may, at every limit and at once, beside another tenant's ten events a
 * second. Prints what came of it, and ends with 1 where the neighbour had to wait, the node's loop was blocked, or its
 * memory grew beyond what is promised.
 *
 *   npm run hostile -- --seconds 60 --only conditions,bins --postgres
 */

import { existsSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { startPostgres } from '../test/support/postgres.ts';
import {
  type Answer,
  callsTo,
  INSTANCE_KEY,
  type MirsalProcess,
  startMirsal,
  temporaryDirectory,
} from '../test/support/process.ts';
import { ATTACKS, type Attack, type Tenant } from './attacks.ts';
import { type Seen, startReceiver } from './neighbour.ts';
import type { Watched } from './node.ts';

const ALLOWED = { p99Ms: 500, workedMs: 100, residentMb: 600 };
const MB = 1024 * 1024;
/** Of this thread alone on Linux: the neighbour's has begun before. */
const ATTACKERS_NICE = 10;

interface Options {
  seconds: number;
  attacks: string[];
  postgres: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      only: { type: 'string' },
      postgres: { type: 'boolean', default: false },
    },
  });
  const attacks = values.only?.split(',').filter((name) => name !== 'nothing') ?? Object.keys(ATTACKS);
  for (const name of attacks) {
    if (!(name in ATTACKS)) {
      throw new Error(`There is no attack "${name}"; there are ${Object.keys(ATTACKS).join(', ')}.`);
    }
  }
  return { seconds: Number(values.seconds), attacks, postgres: values.postgres };
}

async function makeTenant(node: MirsalProcess, receiver: string): Promise<Tenant> {
  const callBy = (key: string) => {
    const call = callsTo(node.url);
    const withKey: Tenant['call'] = (method, path, body, headers) =>
      call(method, path, body, { authorization: `Bearer ${key}`, ...headers });
    return withKey;
  };
  const made = await callBy(INSTANCE_KEY)('POST', '/v1/workspaces', { name: 'Hostile' });
  if (made.status !== 201) throw new Error(`${made.status} ${made.text}`);
  const call = callBy(made.body.api_key.key);
  const reader = await call('POST', '/v1/api-keys', { name: 'Reads', scopes: ['read'] });
  return { call, read: callBy(reader.body.key), receiver };
}

/** By attack, how often which status was answered. */
type Tally = Map<string, Map<string, number>>;

async function setUp(tenant: Tenant, names: readonly string[]): Promise<Map<string, Attack>> {
  const attacks = new Map<string, Attack>();
  for (const name of names) {
    const made = await ATTACKS[name]?.(tenant);
    if (made !== undefined) attacks.set(name, made);
  }
  return attacks;
}

/** Goes on until `signal` is aborted. */
async function attack(attacks: ReadonlyMap<string, Attack>, signal: AbortSignal): Promise<Tally> {
  const tally: Tally = new Map();
  const clients = [...attacks].flatMap(([name, { clients: count, once }]) => {
    const counts = new Map<string, number>();
    tally.set(name, counts);
    return Array.from({ length: count }, async (_, number) => {
      for (let round = 0; !signal.aborted; round += 1) {
        const answer = await once(number, round).catch((error: Error) => error);
        const status = answer instanceof Error ? 'no answer' : statusOf(answer);
        counts.set(status, (counts.get(status) ?? 0) + 1);
        // Told to come back later, the client comes back at once, or nearly so.
        if (status.startsWith('429') || status === 'no answer') await pause(50);
      }
    });
  });
  await Promise.all(clients);
  return tally;
}

/** The neighbour, in a thread of its own, until `signal` is aborted. */
function watchBeside(url: string, signal: AbortSignal): Promise<Seen> {
  const thread = new Worker(new URL('./neighbourThread.ts', import.meta.url), { workerData: { url } });
  signal.addEventListener('abort', () => thread.postMessage('end'));
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}

const statusOf = ({ status, body }: Answer): string =>
  status < 400 ? String(status) : `${status} ${body?.code ?? ''}`.trim();

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function report(seen: Seen, watched: Watched, tally: Tally): { text: string; broken: string[] } {
  const { latencies, published, refused } = seen;
  const p99 = latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * 0.99))] ?? 0;
  const median = latencies[Math.floor(latencies.length / 2)] ?? 0;
  const residentMb = watched.residentBytes / MB;
  const rows = [
    ['the neighbour’s events published; refused', `${published}; ${refused.length}`, 'none refused'],
    ['published and not arrived', String(published - latencies.length), 'none'],
    ['from call to receiver: median', `${median.toFixed(0)} ms`, ''],
    ['from call to receiver: p99', `${p99.toFixed(0)} ms`, `${ALLOWED.p99Ms} ms`],
    [
      'the loop blocked by its own work at most',
      `${watched.workedMs.toFixed(0)} ms`,
      `${ALLOWED.workedMs} ms`,
    ],
    ['the loop late at most, others’ work included', `${watched.lateMs.toFixed(0)} ms`, ''],
    ['resident at most', `${residentMb.toFixed(0)} MB`, `${ALLOWED.residentMb} MB`],
  ];
  const attacks = [...tally].map(([name, counts]) => {
    const answers = [...counts].map(([status, count]) => `${count} × ${status}`).join(', ');
    return `| ${name} | ${answers} |`;
  });
  const broken = [
    ...(published === 0 ? ['the neighbour published nothing'] : []),
    ...refused.slice(0, 3).map((what) => `the neighbour was refused: ${what.slice(0, 200)}`),
    ...(latencies.length < published ? [`${published - latencies.length} events did not arrive`] : []),
    ...(p99 > ALLOWED.p99Ms ? [`p99 was ${p99.toFixed(0)} ms`] : []),
    ...(watched.workedMs > ALLOWED.workedMs
      ? [`the loop worked for ${watched.workedMs.toFixed(0)} ms at one time`]
      : []),
    ...(residentMb > ALLOWED.residentMb ? [`${residentMb.toFixed(0)} MB were resident`] : []),
  ];
  const text = [
    '| what | measured | allowed |',
    '|---|---:|---:|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
    '| attack | answers |',
    '|---|---|',
    ...attacks,
  ].join('\n');
  return { text, broken };
}

async function main(): Promise<void> {
  const options = readOptions();
  const directory = temporaryDirectory();
  const watch = join(directory.path, 'watch.json');
  const server = options.postgres ? await startPostgres() : null;
  const env: Record<string, string> = { HOSTILE_WATCH: watch };
  if (server !== null) env.MIRSAL_DATABASE_URL = await server.createDatabase();
  const script = join(import.meta.dirname, 'node.ts');
  const node = await startMirsal({ directory: directory.path, env, script });
  const receiver = await startReceiver(() => {});
  const end = new AbortController();
  let isOver = false;
  try {
    void node.ended.then((how) => {
      if (isOver) return;
      process.stdout.write(`BROKEN the node ended (${how}): ${node.said().slice(-2_000)}\n`);
      process.exit(1);
    });
    process.kill(node.pid, 'SIGUSR2');
    const tenant = await makeTenant(node, receiver.url);
    const attacks = await setUp(tenant, options.attacks);
    setTimeout(() => end.abort(), options.seconds * 1_000);
    const watching = watchBeside(node.url, end.signal);
    // The attackers' clients would be on machines of their own: here they get what the node and the neighbour leave them.
    setPriority(ATTACKERS_NICE);
    const [seen, tally] = await Promise.all([watching, attack(attacks, end.signal)]);
    await pause(1_500);
    if (!existsSync(watch)) throw new Error('The node has not said how its loop was.');
    const { text, broken } = report(seen, JSON.parse(readFileSync(watch, 'utf8')) as Watched, tally);
    process.stdout.write(`${text}\n`);
    for (const what of broken) process.stdout.write(`BROKEN ${what}\n`);
    process.exitCode = broken.length === 0 ? 0 : 1;
  } finally {
    isOver = true;
    await node.kill();
    await receiver.close();
    await server?.stop();
    directory.remove();
  }
}

await main();
