/**
 * `npm run bench`: how much of a bare HTTP client's speed is left when every event is stored,
 * synced, signed, ordered and recorded. Everything runs in one go on this machine, against one
 * sink process; read the ratios, not the figures. The CPU column is what one delivery costs over all
 * processes (publisher, Mirsal without its database server, sink); its ratio is steadier than the
 * other where machines are shared. `--seconds 5` makes each measurement longer,
 * `--only sqlite` or `--only postgres` leaves the other out, `--search` all but what search costs.
 */

import { parseArgs } from 'node:util';
import { Agent, request } from 'undici';
import { startPostgres } from '../test/support/postgres.ts';
import { cpuTimeUs, type Mirsal, type Sink, startNode, startSink } from './processes.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    only: { type: 'string' },
    /** Nothing but what search costs. */
    search: { type: 'boolean', default: false },
  },
});
const SECONDS = Number(options.seconds);
const LANES = 200;
const BATCH = 100;
const BATCHES_IN_FLIGHT = 4;
const BACKLOG = 4_000;
/** How often the sink is asked how far it is: each question, and each waking, costs CPU time that is being measured. */
const ASK_EVERY_MS = 10;
/** Not measured: compilers and connections get going. */
const WARM_UP_S = 8;
const CONNECTIONS = 50;
/** About 1 KB, as an opt-in is. */
const PADDING = 'x'.repeat(800);

const now = (): number => performance.timeOrigin + performance.now();
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What one measurement gives: how many a second, and the CPU time that each took in all processes, µs. */
interface Rate {
  perSecond: number;
  cpuUs: number | null;
}

interface Figure extends Rate {
  name: string;
  /** The raw ceiling around this measurement: the mean of one before and one after it. */
  raw: Rate;
}

/** Runs `load`, which resolves to how many and when the last arrived, and sets it against time and CPU. */
async function measureRate(
  pids: readonly number[],
  load: (started: number) => Promise<{ count: number; lastAt: number }>,
): Promise<Rate> {
  const cpu = (): number | null =>
    pids.reduce<number | null>((sum, pid) => {
      const time = cpuTimeUs(pid);
      return sum === null || time === null ? null : sum + time;
    }, 0);
  const before = cpu();
  const started = now();
  const { count, lastAt } = await load(started);
  const after = cpu();
  return {
    perSecond: count / ((lastAt - started) / 1000),
    cpuUs: before === null || after === null ? null : (after - before) / count,
  };
}

/** The most that `undici.request` can do against the sink. */
async function rawCeiling(sink: Sink, seconds: number): Promise<Rate> {
  const dispatcher = new Agent({ connections: CONNECTIONS, pipelining: 1 });
  const body = JSON.stringify({ type: 'bench', data: { padding: PADDING } });
  // Of the size that a signed delivery's are.
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Mirsal/1',
    'webhook-id': 'msg_107fmli44xs',
    'webhook-timestamp': '1795474053',
    'webhook-signature': 'v1,OBKvXdwPhH4UuPHAvSNMcZP71PcHV79aLsMxFzQCZzg=',
    'mirsal-event-type': 'bench.one_1',
    'mirsal-sequence': '1',
    'mirsal-attempt': '1',
  };
  await sink.ask('reset');
  const rate = await measureRate([process.pid, sink.pid], async (started) => {
    const until = started + seconds * 1000;
    const loop = async (): Promise<void> => {
      while (now() < until) {
        const answer = await request(sink.url, { method: 'POST', body, headers, dispatcher });
        await answer.body.dump();
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, loop));
    return sink.ask('report');
  });
  await dispatcher.close();
  return rate;
}

/** Which endpoints want which events: `types` event types, each wanted by LANES / types endpoints. */
interface Shape {
  types: number;
  prefix: string;
}

/** Each event goes to one endpoint: publishing weighs as much as sending. */
const ONE_EACH: Shape = { types: LANES, prefix: 'bench.one' };
/** Each event goes to ten endpoints. */
const TEN_EACH: Shape = { types: LANES / 10, prefix: 'bench.ten' };
/** Likewise, by names, addresses and numbers that events are found by. */
const SALES: Shape = { types: LANES, prefix: 'bench.sale' };
/** One endpoint, one lane. */
const ONE_LANE: Shape = { types: 1, prefix: 'bench.strict' };

function eventsOf(count: number, shape: Shape, from: number): unknown[] {
  return Array.from({ length: count }, (_, index) => ({
    type: `${shape.prefix}_${(from + index) % shape.types}`,
    data: {
      at: now(),
      number: from + index,
      padding: PADDING,
      ...(shape === SALES ? aSale(from + index) : {}),
    },
  }));
}

/** Some twenty terms, half of them its own. */
function aSale(number: number): object {
  const name = `Buyer${number % 5_000} Doe${number % 800}`;
  return {
    order: { id: 600_000 + number, coupon: 'SPRING', currency: 'eur' },
    customer: {
      id: 20_000_000 + number,
      name,
      email: `buyer.${number}@example.com`,
      phone: `+60 12 ${1_000_000 + number}`,
    },
    product: { id: number % 50, name: `Course ${number % 50} for beginners` },
  };
}

async function prepare(mirsal: Mirsal, sink: Sink, shape: Shape, endpoints: number): Promise<void> {
  for (let type = 0; type < shape.types; type += 1) {
    await mirsal.call('POST', '/v1/event-types', {
      name: `${shape.prefix}_${type}`,
      schema: { type: 'object' },
    });
  }
  for (let endpoint = 0; endpoint < endpoints; endpoint += 1) {
    const event_types = [`${shape.prefix}_${endpoint % shape.types}`];
    await mirsal.call('POST', '/v1/endpoints', {
      url: `${sink.url}/${shape.prefix}/${endpoint}`,
      event_types,
    });
  }
}

async function arrived(sink: Sink, expected: number): Promise<number> {
  for (;;) {
    const { count, lastAt } = await sink.ask('report');
    if (count >= expected) return lastAt;
    await sleep(10);
  }
}

/** Publishes for some seconds as fast as 202s come, then waits for the last arrival. Deliveries per second. */
async function throughput(
  mirsal: Mirsal,
  sink: Sink,
  { shape, endpoints, seconds }: { shape: Shape; endpoints: number; seconds: number },
): Promise<Rate> {
  await sink.ask('reset');
  const perEvent = endpoints / shape.types;
  let published = 0;
  return measureRate([process.pid, sink.pid, mirsal.pid], async (started) => {
    const until = started + seconds * 1000;
    let arrivals = 0;
    const watch = async (): Promise<void> => {
      while (now() < until) {
        arrivals = (await sink.ask('report')).count;
        await sleep(ASK_EVERY_MS);
      }
    };
    const loop = async (): Promise<void> => {
      while (now() < until) {
        const from = published;
        published += BATCH;
        await mirsal.call('POST', '/v1/events/batch', { events: eventsOf(BATCH, shape, from) });
        // A backlog without end would measure reading it back, not the path.
        while (published * perEvent - arrivals > BACKLOG && now() < until) await sleep(ASK_EVERY_MS);
      }
    };
    await Promise.all([watch(), ...Array.from({ length: BATCHES_IN_FLIGHT }, loop)]);
    const count = published * perEvent;
    return { count, lastAt: await arrived(sink, count) };
  });
}

/** Single publishes at a steady rate; how old the events are when they arrive. */
async function latency(mirsal: Mirsal, sink: Sink, perSecond: number): Promise<{ p50: number; p99: number }> {
  await sink.ask('reset');
  const started = now();
  const total = perSecond * SECONDS;
  const answers: Promise<unknown>[] = [];
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((now() - started) / 1000) * perSecond));
    for (; sent < due; sent += 1)
      answers.push(mirsal.call('POST', '/v1/events', eventsOf(1, ONE_EACH, sent)[0]));
    await sleep(1);
  }
  await Promise.all(answers);
  await arrived(sink, total);
  const ages = (await sink.ask('ages')).ages.sort((one, other) => one - other);
  const at = (share: number): number => ages[Math.min(ages.length - 1, Math.floor(ages.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

/** How often search is measured with and without, in turn. */
const TURNS = 4;

/**
 * The whole path with events indexed, and without: two nodes of their own, in turn, so that what else the machine does
 * weighs on both. The index is filled meanwhile, as far as publishing leaves time.
 */
async function searchCost(
  databaseUrls: readonly [string | null, string | null],
  sink: Sink,
): Promise<string> {
  const nodes = [
    await startNode(databaseUrls[0], { MIRSAL_SEARCH: 'on' }),
    await startNode(databaseUrls[1], { MIRSAL_SEARCH: 'off' }),
  ];
  const rates: Rate[][] = [[], []];
  for (const node of nodes) {
    await prepare(node, sink, SALES, LANES);
    await throughput(node, sink, { shape: SALES, endpoints: LANES, seconds: WARM_UP_S });
  }
  for (let turn = 0; turn < TURNS * 2; turn += 1) {
    const which = turn % 2;
    const node = nodes[which];
    if (node === undefined) throw new Error('There are two nodes.');
    rates[which]?.push(await throughput(node, sink, { shape: SALES, endpoints: LANES, seconds: SECONDS }));
  }
  for (const node of nodes) await node.stop();
  const sum = (some: readonly Rate[] = []): number => some.reduce((all, { perSecond }) => all + perSecond, 0);
  const [on, off] = [sum(rates[0]) / TURNS, sum(rates[1]) / TURNS];
  const each = rates.map((some) => some.map(({ perSecond }) => perSecond.toFixed(0)).join(', '));
  return `with search ${on.toFixed(0)}/s (${each[0]}), without ${off.toFixed(0)}/s (${each[1]}): ${(on / off).toFixed(3)}`;
}

function meanOf(one: Rate, other: Rate): Rate {
  const cpuUs = one.cpuUs === null || other.cpuUs === null ? null : (one.cpuUs + other.cpuUs) / 2;
  return { perSecond: (one.perSecond + other.perSecond) / 2, cpuUs };
}

async function measure(
  name: string,
  databaseUrl: string | null,
  sink: Sink,
): Promise<{ figures: Figure[]; lines: string[] }> {
  const mirsal = await startNode(databaseUrl);
  try {
    await prepare(mirsal, sink, ONE_EACH, LANES);
    await prepare(mirsal, sink, TEN_EACH, LANES);
    await prepare(mirsal, sink, ONE_LANE, 1);
    // A machine's speed may change between two measurements: each has its ceiling measured around it.
    let before = await rawCeiling(sink, SECONDS);
    const figure = async (what: string, shape: Shape, endpoints: number): Promise<Figure> => {
      await throughput(mirsal, sink, { shape, endpoints, seconds: WARM_UP_S });
      const rate = await throughput(mirsal, sink, { shape, endpoints, seconds: SECONDS });
      const after = await rawCeiling(sink, SECONDS);
      const raw = meanOf(before, after);
      before = after;
      return { name: `whole path, ${name}, ${what}`, ...rate, raw };
    };
    const ten = await figure(`${LANES} lanes, 10 endpoints an event`, TEN_EACH, LANES);
    const one = await figure(`${LANES} lanes, 1 endpoint an event`, ONE_EACH, LANES);
    const strict = await figure('one strict lane', ONE_LANE, 1);
    const { p50, p99 } = await latency(mirsal, sink, 1000);
    return {
      figures: [ten, one, strict],
      lines: [
        `publish to arrival at 1,000 events/s, ${name}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
      ],
    };
  } finally {
    await mirsal.stop();
  }
}

const sink = await startSink();
const figures: Figure[] = [];
const lines: string[] = [];
await rawCeiling(sink, WARM_UP_S);
if (options.only !== 'postgres') {
  lines.push(`search, SQLite: ${await searchCost([null, null], sink)}`);
}
if (options.only !== 'postgres' && !options.search) {
  const result = await measure('SQLite', null, sink);
  figures.push(...result.figures);
  lines.push(...result.lines);
}
if (options.only !== 'sqlite') {
  const postgres = await startPostgres();
  try {
    const two = [await postgres.createDatabase(), await postgres.createDatabase()] as const;
    lines.push(`search, PostgreSQL: ${await searchCost(two, sink)}`);
    if (!options.search) {
      const result = await measure('PostgreSQL', await postgres.createDatabase(), sink);
      figures.push(...result.figures);
      lines.push(...result.lines);
    }
  } finally {
    await postgres.stop();
  }
}
sink.stop();

const columns = (cells: readonly string[]): string =>
  cells.map((cell, index) => (index === 0 ? cell.padEnd(60) : cell.padStart(12))).join('');
console.log(
  `undici.request on ${CONNECTIONS} connections is the raw ceiling; it is measured before and after each line.`,
);
console.log(columns(['what', 'per second', 'raw', 'of raw', 'CPU µs each', 'raw CPU / it']));
for (const { name, perSecond, cpuUs, raw } of figures) {
  console.log(
    columns([
      name,
      Math.round(perSecond).toLocaleString('en'),
      Math.round(raw.perSecond).toLocaleString('en'),
      (perSecond / raw.perSecond).toFixed(2),
      cpuUs?.toFixed(0) ?? '?',
      cpuUs === null || raw.cpuUs === null ? '?' : (raw.cpuUs / cpuUs).toFixed(2),
    ]),
  );
}
for (const line of lines) console.log(line);
