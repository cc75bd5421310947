/** The faults, one kind after the other, while events are published; and what is found afterwards. */

import type { PostgresServer } from '../test/support/postgres.ts';
import { check, stallAfter } from './check.ts';
import { type Cluster, sleep, startCluster } from './cluster.ts';

export interface Counts {
  /** Rounds in which two of the three nodes are killed (SIGKILL) and started again. */
  doubleKills: number;
  /** PostgreSQL backends of the nodes that are terminated. */
  backends: number;
  /** Immediate restarts of PostgreSQL. */
  databases: number;
  /** All connections of a node cut. */
  cuts: number;
  /** All connections of a node gone silent. */
  halfOpen: number;
  /** Each node stopped (SIGTERM) and started again, one after the other. */
  rolling: number;
}

export interface Row {
  fault: string;
  count: number;
  /** Longest time that a healthy lane stood still after the fault's end, ms: the median and the worst of the faults. */
  stalls: number[];
  allowedMs: number;
}

export interface Outcome {
  rows: Row[];
  events: number;
  requests: number;
  refused: number;
  flows: number;
  lost: string[];
  disorder: string[];
  overlaps: string[];
  /** Most repeats in one lane, and how many faults there were. */
  mostRepeats: number;
  repeats: number;
  faults: number;
  died: string[];
  wrongBranches: string[];
}

/** A node's lease, and the second within which the others notice. */
const LEASE_MS = 21_000;
/** PostgreSQL is silent: a node gives a connection up after so long. */
const SILENCE_MS = 12_000;
const SOON_MS = 2_000;
/** Where only a lost signal knew of it. */
const SIGNAL_MS = 5_000;
const SETTLE_MS = 60_000;
const PUBLISH_EVERY_MS = 60;

interface Fault {
  name: string;
  count: number;
  allowedMs: number;
  /** Does it; resolves to its end. */
  strike(): Promise<number>;
}

export async function run(
  server: PostgresServer,
  counts: Counts,
  chance: () => number,
  say: (text: string) => void,
  publishEveryMs = PUBLISH_EVERY_MS,
): Promise<Outcome> {
  const cluster = await startCluster(server.url(), chance, publishEveryMs);
  try {
    const rows: Row[] = [];
    await sleep(3_000);
    for (const fault of faultsOf(cluster, server, counts, chance)) {
      const stalls: number[] = [];
      for (let time = 0; time < fault.count; time += 1) {
        const end = await fault.strike();
        stalls.push(await recovered(cluster, end, fault.allowedMs));
      }
      rows.push({ fault: fault.name, count: fault.count, stalls, allowedMs: fault.allowedMs });
      say(`${fault.name}: ${fault.count}, stalls ${stalls.map((ms) => Math.round(ms)).join(' ')} ms`);
    }
    return await conclude(cluster, rows);
  } finally {
    await cluster.close();
  }
}

/** Waits until every healthy lane has got something since then, or far longer than it may take; answers how long it took. */
async function recovered(cluster: Cluster, end: number, allowedMs: number): Promise<number> {
  const until = performance.now() + allowedMs + 20_000;
  for (;;) {
    const stall = stallAfter(cluster.arrivals, cluster.healthy, end);
    if (Number.isFinite(stall) || performance.now() > until) {
      await sleep(300);
      return stall;
    }
    await sleep(50);
  }
}

function faultsOf(cluster: Cluster, server: PostgresServer, counts: Counts, chance: () => number): Fault[] {
  const anyNode = (): number => Math.floor(chance() * cluster.nodes.length);
  return [
    {
      name: 'two of three nodes killed',
      count: counts.doubleKills,
      allowedMs: LEASE_MS,
      async strike() {
        const spared = anyNode();
        const killed = [0, 1, 2].filter((index) => index !== spared);
        await Promise.all(killed.map((index) => kill(cluster, index)));
        const end = performance.now();
        await Promise.all(killed.map((index) => cluster.restart(index)));
        return end;
      },
    },
    {
      name: 'a backend of PostgreSQL terminated',
      count: counts.backends,
      allowedMs: SOON_MS,
      async strike() {
        await cluster.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mirsal'
             AND datname = current_database() ORDER BY random() LIMIT 1`,
        );
        return performance.now();
      },
    },
    {
      name: 'PostgreSQL ended at once and started again',
      count: counts.databases,
      allowedMs: SOON_MS + 500,
      async strike() {
        await server.killServer();
        await server.startServer();
        return performance.now();
      },
    },
    {
      name: 'all connections of a node cut',
      count: counts.cuts,
      allowedMs: SIGNAL_MS,
      async strike() {
        cluster.nodes[anyNode()]?.proxy.lose('cut');
        return performance.now();
      },
    },
    {
      name: 'all connections of a node gone silent',
      count: counts.halfOpen,
      allowedMs: SILENCE_MS + SIGNAL_MS,
      async strike() {
        cluster.nodes[anyNode()]?.proxy.lose('half-open');
        return performance.now();
      },
    },
    {
      name: 'each node stopped and started again',
      count: counts.rolling,
      allowedMs: SOON_MS,
      async strike() {
        for (const [index, node] of cluster.nodes.entries()) {
          node.expectedEnd = true;
          const code = await node.process.stop();
          if (code !== 0) cluster.died.push(`a node that was told to stop ended with ${code}`);
          await cluster.restart(index);
        }
        return performance.now();
      },
    },
  ];
}

async function kill(cluster: Cluster, index: number): Promise<void> {
  const node = cluster.nodes[index];
  if (node === undefined) return;
  node.expectedEnd = true;
  await node.process.kill();
}

/** Publishing ends; when all that was accepted has ended, too, the receiver's log is looked through. */
async function conclude(cluster: Cluster, rows: Row[]): Promise<Outcome> {
  await cluster.stopPublishing();
  await settle(cluster);
  const findings = check(cluster.arrivals, cluster.lanes, cluster.acknowledged);
  const repeats = [...findings.repeats.values()];
  return {
    rows,
    events: [...cluster.acknowledged.values()].reduce((sum, count) => sum + count, 0),
    requests: cluster.arrivals.length,
    refused: cluster.refused,
    flows: cluster.flows,
    ...{ lost: findings.lost, disorder: findings.disorder, overlaps: findings.overlaps },
    mostRepeats: Math.max(0, ...repeats),
    repeats: repeats.reduce((sum, count) => sum + count, 0),
    faults: rows.reduce((sum, { count }) => sum + count, 0),
    died: cluster.died,
    wrongBranches: wrongBranches(cluster),
  };
}

/** Until all has ended, or nothing has for a minute: what is open then counts as lost. */
async function settle(cluster: Cluster): Promise<void> {
  let fewest = Number.POSITIVE_INFINITY;
  let until = 0;
  for (;;) {
    const [row] = await cluster.query(
      "SELECT (SELECT count(*) FROM deliveries WHERE state IN ('pending', 'waiting')) + (SELECT count(*) FROM runs WHERE state = 'waiting') AS count",
    );
    const open = Number(row?.count);
    if (open < fewest) {
      fewest = open;
      until = performance.now() + SETTLE_MS;
    }
    if (open === 0 || performance.now() > until) return;
    await sleep(200);
  }
}

function wrongBranches({ branches, flows }: Cluster): string[] {
  const received = branches.get('/branch/received') ?? new Set();
  const missing = Array.from({ length: flows }, (_, number) => number).filter(
    (number) => !received.has(number),
  );
  return [
    ...missing.map((number) => `flow ${number} did not hear its event`),
    ...[...(branches.get('/branch/timed_out') ?? [])].map((number) => `flow ${number} timed out`),
  ];
}
