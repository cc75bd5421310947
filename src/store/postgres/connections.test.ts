/**
 * What networks and servers do to connections, on a real PostgreSQL behind a proxy: whatever happens, a verb
 * answers or rejects with StoreUnavailable within its limits, nothing is thrown at nobody (the test runner
 * fails a run for that), and the next call works once the fault is over.
 */

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createDatabase, MIGRATED, startPostgres } from '../../../test/support/postgres.ts';
import { type PostgresProxy, type Strike, startProxy } from '../../../test/support/proxy.ts';
import { SECOND } from '../../core/duration.ts';
import { realClock } from '../../real.ts';
import {
  ALL,
  aBinRequest,
  aKey,
  anEvent,
  aResult,
  publish,
  publishAccepted,
  publishSome,
  seed,
} from '../contract/builders.ts';
import type { Signal } from '../ports/signals.ts';
import type { NewEndpoint } from '../records/endpoints.ts';
import { type Store, StoreUnavailable } from '../store.ts';
import { type Limits, openPool } from './pool.ts';
import { openPostgres } from './postgres.ts';

/** Short, so that tests take seconds; in the order of the usual ones. */
const LIMITS: Limits = { connectMs: 500, statementMs: 300, answerMs: 450, checkMs: 200, checkAnswerMs: 300 };
/** The longest that a verb may take: to get a connection, and one silence; and what a busy machine adds. */
const VERB_MS = LIMITS.connectMs + LIMITS.answerMs + SECOND;
const AFTERWARDS_MS = 2 * SECOND;

interface Given {
  store: Store;
  workspace: number;
  endpoint: NewEndpoint;
}

let databases = 0;
let proxy: PostgresProxy;
let url: string;
let direct: Given;

beforeAll(async () => {
  databases += 1;
  url = await createDatabase(inject('postgresUrl'), `connections_${process.pid}_${databases}`, MIGRATED);
  proxy = await startProxy(url);
  const store = openPostgres({ url, clock: realClock });
  direct = { store, ...(await seed(store)) };
});
afterAll(async () => {
  await direct.store.close();
  await proxy.close();
});

/** A store through the proxy, with one connection of each pool ready. */
async function aStore(over: Partial<Limits> = {}): Promise<Given> {
  const store = openPostgres({ url: proxy.through(url), clock: realClock, limits: { ...LIMITS, ...over } });
  await store.ping();
  await store.listWorkspaces();
  return { ...direct, store };
}

/** Rejects with StoreUnavailable, within the limits. */
async function expectUnavailable(call: () => Promise<unknown>): Promise<void> {
  const from = performance.now();
  await expect(call()).rejects.toBeInstanceOf(StoreUnavailable);
  expect(performance.now() - from).toBeLessThan(VERB_MS);
}

/** Where the machine is busy, half a second is not always enough for an answer: called again then. */
async function again<T>(call: () => Promise<T>): Promise<T> {
  return call().catch((error: unknown) => {
    if (error instanceof StoreUnavailable) return call();
    throw error;
  });
}

async function expectWorks(call: () => Promise<unknown>): Promise<void> {
  const from = performance.now();
  await again(call);
  expect(performance.now() - from).toBeLessThan(AFTERWARDS_MS);
}

/** Each makes a call that may be made again; what it does is done once. */
const VERBS: Record<string, (given: Given) => Promise<() => Promise<unknown>>> = {
  publish: async ({ store, workspace, endpoint }) => {
    const event = anEvent([endpoint]);
    const routingVersion = (await direct.store.routingVersions([workspace])).get(workspace) ?? 0;
    return () => publish(store, workspace, [event], { routingVersion });
  },
  record: async ({ store, workspace, endpoint }) => {
    const items = await publishSome(direct.store, endpoint, 1);
    const [item] = items;
    if (item === undefined) throw new Error('Nothing is open.');
    const result = aResult(endpoint, 1, item);
    return () => store.record('node-a', workspace, [result]);
  },
  'a transaction of several statements': async ({ store, workspace, endpoint }) => {
    return () => store.updateEndpoint(workspace, endpoint.key, { name: 'x' }, 1, 'me');
  },
  'a single query': async ({ store, workspace }) => {
    return () => store.listEvents(workspace, {}, ALL);
  },
  ping: async ({ store }) => {
    return () => store.ping();
  },
};

const STRIKES: Array<[string, Omit<Strike, 'nth'>]> = [
  ['cut before the request arrives', { at: 'request', loss: 'cut' }],
  ['cut while the server works', { at: 'work', loss: 'cut' }],
  ['cut after the commit, before its answer', { at: 'end', loss: 'cut' }],
  ['half open from the request on', { at: 'request', loss: 'half-open' }],
  ['half open while the server works', { at: 'work', loss: 'half-open' }],
  ['half open after the commit, before its answer', { at: 'end', loss: 'half-open' }],
];

describe.each(Object.entries(VERBS))('%s', (_, given) => {
  test.each(STRIKES)(
    'rejects with StoreUnavailable when its connection is %s, and works again',
    async (_, strike) => {
      const opened = await aStore();
      const call = await given(opened);
      let struck = 0;
      // Strikes at the first request of the verb, at the second …, until it has none left.
      for (let nth = 1; ; nth += 1) {
        proxy.strike({ ...strike, nth });
        const outcome = await settled(call);
        proxy.heal();
        if (!proxy.struck()) {
          expect(outcome.error).toBeNull();
          break;
        }
        struck += 1;
        expect(outcome.error).toBeInstanceOf(StoreUnavailable);
        expect(outcome.ms).toBeLessThan(VERB_MS);
        await expectWorks(call);
      }
      expect(struck).toBeGreaterThan(0);
      await opened.store.close();
    },
  );

  test('is no slower than the network where that is slow', async () => {
    const opened = await aStore();
    const call = await given(opened);
    proxy.delay(20);
    await call();
    proxy.heal();
    await opened.store.close();
  });

  test('rejects where answers come too late, and never takes a late one for its own', async () => {
    const opened = await aStore();
    const call = await given(opened);
    proxy.delay(LIMITS.answerMs * 1.5);
    await expectUnavailable(call);
    proxy.heal();
    await expectWorks(call);
    expect((await opened.store.listWorkspaces()).map(({ key }) => key)).toEqual([direct.workspace]);
    await opened.store.close();
  });

  test('rejects while connections are refused, and works as soon as they are not', async () => {
    const opened = await aStore();
    const call = await given(opened);
    proxy.refuse(true);
    proxy.lose('cut');
    await expectUnavailable(call);
    proxy.heal();
    await expectWorks(call);
    await opened.store.close();
  });
});

async function settled(call: () => Promise<unknown>): Promise<{ error: unknown; ms: number }> {
  const from = performance.now();
  const error = await call().then(
    () => null,
    (reason: unknown) => reason,
  );
  return { error, ms: performance.now() - from };
}

test('once a connection has gone silent, nobody else waits for those that lay idle beside it', async () => {
  const { store, workspace } = await aStore();
  const list = () => store.listEvents(workspace, {}, ALL);
  await Promise.all(Array.from({ length: 8 }, list));
  proxy.lose('half-open');
  await expectUnavailable(list);
  await expectWorks(list);
  await expectWorks(() => Promise.all(Array.from({ length: 8 }, list)));
  await store.close();
});

test('a call that was begun on another silent connection is given up with the first', async () => {
  const { store, workspace } = await aStore({ answerMs: SECOND });
  const list = () => store.listEvents(workspace, {}, ALL);
  await Promise.all([list(), list()]);
  proxy.lose('half-open');
  const first = settled(list);
  await new Promise((resolve) => realClock.after(0.6 * SECOND, () => resolve(null)));
  const second = settled(list);
  expect((await first).error).toBeInstanceOf(StoreUnavailable);
  const { error, ms } = await second;
  expect(error).toBeInstanceOf(StoreUnavailable);
  // By itself it would have a whole second.
  expect(ms).toBeLessThan(0.9 * SECOND);
  await expectWorks(list);
  await store.close();
});

test('a connection that has answered since another went silent is let be, whatever it waits for', async () => {
  const { store, workspace } = await aStore({ statementMs: 20 * SECOND, answerMs: SECOND });
  const list = () => store.listEvents(workspace, {}, ALL);
  await Promise.all([list(), list()]);
  const holder = openPool({ url, max: 1 });
  const client = await holder.connect();
  await client.query('BEGIN');
  await client.query('LOCK TABLE bins IN ACCESS EXCLUSIVE MODE');
  proxy.strike({ at: 'request', nth: 1, loss: 'half-open' });
  const silent = settled(list);
  while (!proxy.struck()) await direct.store.ping();
  await new Promise((resolve) => realClock.after(0.6 * SECOND, () => resolve(null)));
  await list();
  const waiting = store.listBins(workspace);
  expect((await silent).error).toBeInstanceOf(StoreUnavailable);
  await client.query('ROLLBACK');
  client.release();
  expect(await waiting).toEqual([]);
  await holder.end();
  await store.close();
});

test('P4: where every other connection is busy, a node registers, prolongs its lease, takes slices and gives them away', async () => {
  // Statements may take longer here than it may take to get a connection.
  const { store, workspace, endpoint } = await aStore({ statementMs: 20 * SECOND, answerMs: 21 * SECOND });
  const holder = openPool({ url, max: 1 });
  const client = await holder.connect();
  await client.query('BEGIN');
  await client.query('LOCK TABLE endpoints, events IN EXCLUSIVE MODE');
  const routingVersion = (await direct.store.routingVersions([workspace])).get(workspace) ?? 0;
  const { held: others } = await direct.store.readSlices('node-a');
  await direct.store.releaseSlices('node-a', others.slice(0, 3));
  const busy = Array.from({ length: 12 }, () => [
    store.updateEndpoint(workspace, endpoint.key, { name: 'busy' }, 1, 'me').catch(() => null),
    publish(store, workspace, [anEvent([endpoint])], { routingVersion }).catch(() => null),
  ]).flat();
  await Promise.all([
    expectUnavailable(() => store.listWorkspaces()),
    expectUnavailable(() => store.ping()),
    expectWorks(async () => {
      await store.registerNode('node-l', { leaseMs: 60 * SECOND, sends: true });
      const [held] = await Promise.all([
        store.takeSlices('node-l', 3),
        store.heartbeat('node-l', { leaseMs: 60 * SECOND, sends: true }),
        store.readSlices('node-l'),
      ]);
      expect(held).toHaveLength(3);
      await store.releaseSlices('node-l', held);
      await store.unregisterNode('node-l');
    }),
  ]);
  await client.query('ROLLBACK');
  client.release();
  await Promise.all(busy);
  await holder.end();
  await store.close();
});

test('who waits for a connection of an exhausted pool is refused within the limit, and served when one is free', async () => {
  // Statements may take longer here than it may take to get a connection.
  const { store, workspace } = await aStore({ statementMs: 20 * SECOND, answerMs: 21 * SECOND });
  const holder = openPool({ url, max: 1 });
  const client = await holder.connect();
  await client.query('BEGIN');
  await client.query('LOCK TABLE bins IN ACCESS EXCLUSIVE MODE');
  const busy = Array.from({ length: 8 }, () => store.listBins(workspace));
  await expectUnavailable(() => store.listWorkspaces());
  const waiting = store.listWorkspaces();
  await client.query('ROLLBACK');
  client.release();
  await Promise.all([...busy, waiting]);
  await expectWorks(() => store.listWorkspaces());
  await holder.end();
  await store.close();
});

test('a statement that takes too long is given up by the server, and its connection serves the next', async () => {
  const { store, workspace } = await aStore();
  const holder = openPool({ url, max: 1 });
  const client = await holder.connect();
  await client.query('BEGIN');
  await client.query('LOCK TABLE bins IN ACCESS EXCLUSIVE MODE');
  await expectUnavailable(() => store.listBins(workspace));
  await client.query('ROLLBACK');
  client.release();
  await expectWorks(() => store.listBins(workspace));
  await holder.end();
  await store.close();
});

test('a server that is restarted at once, again and again, costs calls but neither the process nor what was accepted (P1)', async () => {
  const server = await startPostgres();
  try {
    const store = openPostgres({ url: await server.createDatabase(), clock: realClock, limits: LIMITS });
    await store.migrate();
    const { workspace, endpoint } = await seed(store);
    store.listen(() => {});
    const routingVersion = (await store.routingVersions([workspace])).get(workspace) ?? 0;
    const accepted: string[] = [];
    let stopped = false;
    const others = new Set<unknown>();
    const work = async (call: () => Promise<unknown>): Promise<void> => {
      while (!stopped) {
        try {
          await call();
        } catch (error) {
          if (!(error instanceof StoreUnavailable)) others.add(error);
          await new Promise((resolve) => realClock.after(5, () => resolve(null)));
        }
      }
    };
    const workers = [
      ...Array.from({ length: 6 }, () =>
        work(async () => {
          const event = anEvent([endpoint]);
          await publishAccepted(store, workspace, [event], { routingVersion });
          accepted.push(event.id);
        }),
      ),
      work(() => store.captureRequest(aBinRequest({ workspace, key: 7 }), { requests: 5, bytes: 9 })),
      work(() => store.listEvents(workspace, {}, { limit: 10, before: null })),
      work(async () => {
        store.notify({ kind: 'lanes', lanes: [aKey()] });
        await store.ping();
      }),
    ];
    for (let restarts = 0; restarts < 3; restarts += 1) {
      const before = accepted.length;
      while (accepted.length < before + 20) await store.ping().catch(() => null);
      await server.killServer();
      await server.startServer();
      await expectWorks(() => store.ping().catch(() => store.ping()));
    }
    stopped = true;
    await Promise.all(workers);
    expect([...others]).toEqual([]);
    for (const id of accepted) {
      expect(await again(() => store.findEvent(workspace, id))).not.toBeNull();
    }
    await store.close();
  } finally {
    await server.stop();
  }
});

describe('signals', () => {
  /** A store that listens, and what it hears; resolves when it has begun. */
  async function aListener(
    store: Store,
  ): Promise<{ heard: Signal[]; next(kind: Signal['kind']): Promise<Signal> }> {
    const heard: Signal[] = [];
    const waiting = new Set<(signal: Signal) => void>();
    store.listen((signal) => {
      heard.push(signal);
      for (const tell of waiting) tell(signal);
    });
    const next = (kind: Signal['kind']) =>
      new Promise<Signal>((resolve) => {
        const tell = (signal: Signal): void => {
          if (signal.kind !== kind) return;
          waiting.delete(tell);
          resolve(signal);
        };
        waiting.add(tell);
      });
    await next('everything');
    return { heard, next };
  }

  test('a connection that breaks or goes silent is opened again, and all that may have been missed is to be looked at', async () => {
    const { store } = await aStore();
    const { next } = await aListener(store);
    for (const loss of ['cut', 'half-open'] as const) {
      const from = performance.now();
      const again = next('everything');
      proxy.lose(loss, 'listening');
      await again;
      expect(performance.now() - from).toBeLessThan(LIMITS.checkMs + LIMITS.checkAnswerMs + AFTERWARDS_MS);
      const heard = next('bin');
      direct.store.notify({ kind: 'bin', bin: 5 });
      expect(await heard).toEqual({ kind: 'bin', bin: 5 });
    }
    await store.close();
  });

  test('a server that refuses for a while is listened to within two seconds of its return', async () => {
    const { store } = await aStore();
    const { next } = await aListener(store);
    proxy.refuse(true);
    proxy.lose('cut');
    await expectUnavailable(() => store.ping());
    await expectUnavailable(() => store.ping());
    const again = next('everything');
    proxy.heal();
    await expectWorks(() => again);
    await store.close();
  });

  test('a node does not hear itself, however it is connected at the time; all its receivers hear the others', async () => {
    const { store } = await aStore();
    const first = await aListener(store);
    const second: Signal[] = [];
    store.listen((signal) => second.push(signal));
    store.notify({ kind: 'routing', workspace: 1 });
    const heard = first.next('bin');
    // Notifications come in the order of their commits: the other's is committed after one's own is on its way back.
    while (proxy.count('pg_notify') === 0) await store.ping();
    await store.ping();
    direct.store.notify({ kind: 'bin', bin: 6 });
    await heard;
    expect(first.heard.filter(({ kind }) => kind === 'routing')).toEqual([]);
    expect(second).toEqual([{ kind: 'bin', bin: 6 }]);
    await store.close();
  });

  test('what is signalled while nothing can be sent is sent afterwards, merged; beyond a bound as one', async () => {
    const listening = openPostgres({ url, clock: realClock });
    const { heard, next } = await aListener(listening);
    const { store } = await aStore();
    proxy.refuse(true);
    proxy.lose('cut');
    const lanes = Array.from({ length: 900 }, () => aKey());
    for (const lane of lanes) for (const _ of [1, 2]) store.notify({ kind: 'lanes', lanes: [lane] });
    await expectUnavailable(() => store.ping());
    const told = next('bin');
    store.notify({ kind: 'bin', bin: 7 });
    heard.length = 0;
    proxy.heal();
    await told;
    expect(heard.flatMap((signal) => (signal.kind === 'lanes' ? signal.lanes : []))).toEqual(lanes);
    expect(heard.length).toBe(4);
    proxy.refuse(true);
    proxy.lose('cut');
    for (let n = 0; n < 100; n += 1) store.notify({ kind: 'lanes', lanes: lanes.map((lane) => lane + n) });
    const all = next('everything');
    heard.length = 0;
    proxy.heal();
    await all;
    expect(heard).toEqual([{ kind: 'everything' }]);
    await store.close();
    await listening.close();
  });

  test('a thousand signals at once cost a handful of statements', async () => {
    const { store } = await aStore();
    const listening = openPostgres({ url, clock: realClock });
    const { next } = await aListener(listening);
    const before = proxy.count('pg_notify');
    for (let n = 0; n < 1_000; n += 1) store.notify({ kind: 'lanes', lanes: [aKey(), aKey()] });
    const told = next('bin');
    store.notify({ kind: 'bin', bin: 8 });
    await told;
    expect(proxy.count('pg_notify') - before).toBeLessThanOrEqual(3);
    await store.close();
    await listening.close();
  });

  test('what is no signal is passed over', async () => {
    const listening = openPostgres({ url, clock: realClock });
    const { heard, next } = await aListener(listening);
    const pool = openPool({ url, max: 1 });
    heard.length = 0;
    for (const text of ['', 'null', '7', '{', '{"kind":4}'])
      await pool.query('SELECT pg_notify($1, $2)', ['mirsal', text]);
    const told = next('bin');
    direct.store.notify({ kind: 'bin', bin: 9 });
    await told;
    expect(heard).toEqual([{ kind: 'bin', bin: 9 }]);
    await pool.end();
    await listening.close();
  });
});
