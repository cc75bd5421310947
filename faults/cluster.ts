/**
 * Three real nodes on a real PostgreSQL, each with a proxy of its own in between; a receiver; publishers that
 * go on until each event is acknowledged. On loopback, and gone when the process ends.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { createDatabase } from '../test/support/postgres.ts';
import { type MirsalProcess, startMirsal, temporaryDirectory } from '../test/support/process.ts';
import { type PostgresProxy, startProxy } from '../test/support/proxy.ts';
import type { Arrival } from './check.ts';

const NODES = 3;
/** Endpoints that always answer 200; their standing still is what is measured. */
const HEALTHY = 10;
/** Endpoints that answer 500 now and then. */
const FLAKY = 3;
/** Each failure is a second's wait: of more, such a lane would fall further behind than it makes up for after the last fault. */
const FAILING = 0.01;
const PUBLISHERS = 2;
const REQUEST_TIMEOUT_MS = 3_000;

export interface Node {
  process: MirsalProcess;
  proxy: PostgresProxy;
  /** Ends that the run caused itself. */
  expectedEnd: boolean;
}

export interface Cluster {
  nodes: Node[];
  lanes: string[];
  healthy: string[];
  arrivals: Arrival[];
  acknowledged: Map<number, number>;
  /** Answers other than 202, and requests without an answer. */
  refused: number;
  /** Runs of the workflow that were begun and whose event has been published. */
  flows: number;
  /** By webhook path of the workflow's branches: which flows came there. */
  branches: Map<string, Set<number>>;
  died: string[];
  database: string;
  query(text: string): Promise<Array<Record<string, unknown>>>;
  restart(index: number): Promise<void>;
  stopPublishing(): Promise<void>;
  close(): Promise<void>;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** `publishEveryMs` is a publisher's rest between two events. */
export async function startCluster(
  serverUrl: string,
  chance: () => number,
  publishEveryMs: number,
): Promise<Cluster> {
  const database = await createDatabase(serverUrl, `faults_${process.pid}_${Date.now()}`);
  const directory = temporaryDirectory();
  const receiver = await startReceiver(chance);
  const start = async (proxy: PostgresProxy): Promise<MirsalProcess> =>
    startMirsal({
      directory: directory.path,
      env: { MIRSAL_DATABASE_URL: proxy.through(database), MIRSAL_SECRET: 'one secret for all of the nodes' },
    });
  const died: string[] = [];
  const watch = (node: Node, process: MirsalProcess): void => {
    void process.ended.then((how) => {
      if (!node.expectedEnd && node.process === process) died.push(`${how}: ${process.said().slice(-500)}`);
    });
  };
  const nodes: Node[] = [];
  for (let index = 0; index < NODES; index += 1) {
    const proxy = await startProxy(database);
    const node = { process: await start(proxy), proxy, expectedEnd: false };
    watch(node, node.process);
    nodes.push(node);
  }
  const client = new pg.Pool({ connectionString: database, max: 1 });
  client.on('error', () => {});
  const lanes = await setUp(nodes[0]?.process as MirsalProcess, receiver.url);
  const publishing = startPublishing(nodes, chance, publishEveryMs);
  return {
    ...{ nodes, lanes, died, database },
    healthy: lanes.filter((lane) => lane.startsWith('/ok/')),
    arrivals: receiver.arrivals,
    branches: receiver.branches,
    acknowledged: publishing.acknowledged,
    get refused() {
      return publishing.counts.refused;
    },
    get flows() {
      return publishing.counts.flows;
    },
    async query(text) {
      return (await client.query<Record<string, unknown>>(text)).rows;
    },
    async restart(index) {
      const node = nodes[index];
      if (node === undefined) throw new Error(`There is no node ${index}.`);
      node.process = await start(node.proxy);
      node.expectedEnd = false;
      watch(node, node.process);
    },
    stopPublishing: publishing.stop,
    async close() {
      for (const node of nodes) {
        node.expectedEnd = true;
        await node.process.kill();
        await node.proxy.close();
      }
      await client.end();
      await receiver.close();
      directory.remove();
    },
  };
}

async function setUp(node: MirsalProcess, receiver: string): Promise<string[]> {
  const call = async (method: string, path: string, body: unknown): Promise<void> => {
    const answer = await node.call(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  };
  await call('PATCH', '/v1/settings', { budget: { limit: 10_000, window_s: 60 } });
  for (const name of ['load.tick', 'flow.begun', 'flow.done']) {
    await call('POST', '/v1/event-types', { name, schema: { type: 'object' }, subject: '/data/subject' });
  }
  const lanes = [
    ...Array.from({ length: HEALTHY }, (_, index) => `/ok/${index}`),
    ...Array.from({ length: FLAKY }, (_, index) => `/flaky/${index}`),
  ];
  const retry = { waits_s: Array.from({ length: 20 }, () => 1) };
  for (const lane of lanes) {
    await call('POST', '/v1/endpoints', { url: receiver + lane, event_types: ['load.tick'], retry });
  }
  await call('POST', '/v1/rules', {
    name: 'A rule',
    trigger: { event_type: 'load.tick' },
    actions: [{ type: 'webhook', url: `${receiver}/rule/0` }],
    max_activations_per_subject: 1_000_000,
  });
  const webhook = (id: string) => ({ id, type: 'webhook', url: `${receiver}/branch/${id}` });
  await call('POST', '/v1/workflows', {
    name: 'A workflow',
    triggers: [{ event_type: 'flow.begun' }],
    max_activations_per_subject: 1_000_000,
    steps: [
      {
        id: 'wait',
        type: 'wait_for_event',
        event_type: 'flow.done',
        timeout: 'PT1H',
        received: [{ id: 'pause', type: 'delay', for: 'PT1S' }, webhook('received')],
        timed_out: [webhook('timed_out')],
      },
    ],
  });
  return [...lanes, '/rule/0'];
}

async function startReceiver(chance: () => number) {
  const arrivals: Arrival[] = [];
  const branches = new Map<string, Set<number>>();
  const server = createServer((request, response) => {
    const from = performance.now();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => {});
    request.on('end', () => {
      const lane = request.url ?? '';
      const { data } = JSON.parse(Buffer.concat(chunks).toString()) as {
        data: { publisher: number; number: number };
      };
      setTimeout(() => {
        const fails = lane.startsWith('/flaky/') && chance() < FAILING;
        if (lane.startsWith('/branch/')) {
          const flows = branches.get(lane) ?? new Set();
          branches.set(lane, flows.add(data.number));
        } else {
          arrivals.push({
            lane,
            sequence: Number(request.headers['mirsal-sequence']),
            attempt: Number(request.headers['mirsal-attempt']),
            from,
            // Until it is answered, or until its sender is gone: what comes then is no second request at once.
            to: request.socket.destroyed ? from : performance.now(),
            publisher: data.publisher,
            number: data.number,
          });
        }
        response.writeHead(fails ? 500 : 200).end('ok');
      }, chance() * 5);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    branches,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Each publisher has one event after the other acknowledged, at whichever node takes it. */
function startPublishing(nodes: readonly Node[], chance: () => number, publishEveryMs: number) {
  const acknowledged = new Map<number, number>();
  const counts = { refused: 0, flows: 0 };
  let stopped = false;
  const publish = async (event: { id: string; type: string; data: unknown }): Promise<void> => {
    for (;;) {
      const node = nodes[Math.floor(chance() * nodes.length)];
      const answer = await fetch(`${node?.process.url}/v1/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${node?.process.key}`, 'content-type': 'application/json' },
        body: JSON.stringify(event),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      }).catch(() => null);
      await answer?.arrayBuffer().catch(() => null);
      if (answer?.status === 202) return;
      if (answer !== null && answer.status < 500) throw new Error(`${event.id}: ${answer.status}`);
      counts.refused += 1;
      await sleep(100);
    }
  };
  const ticks = async (publisher: number): Promise<void> => {
    for (let number = 0; !stopped; number += 1) {
      await publish({
        id: `tick-${publisher}-${number}`,
        type: 'load.tick',
        data: { publisher, number, subject: `s${number % 50}` },
      });
      acknowledged.set(publisher, number + 1);
      await sleep(publishEveryMs);
    }
  };
  const flows = async (): Promise<void> => {
    for (let number = 0; !stopped; number += 1) {
      const data = { publisher: -1, number, subject: `flow-${number}` };
      await publish({ id: `begun-${number}`, type: 'flow.begun', data });
      await sleep(500);
      await publish({ id: `done-${number}`, type: 'flow.done', data });
      counts.flows = number + 1;
    }
  };
  const loops = [...Array.from({ length: PUBLISHERS }, (_, publisher) => ticks(publisher)), flows()];
  return {
    acknowledged,
    counts,
    async stop() {
      stopped = true;
      await Promise.all(loops);
    },
  };
}
