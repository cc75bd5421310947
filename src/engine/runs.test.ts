/**
 * B3: runs lead to the right branch, whatever happens in whichever order: two nodes that look, events, the timeout,
 * a person who cancels, switches off and on, or edits. All orders are gone through, on both stores; time is moved.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { anAutomation } from '../../test/support/automation.ts';
import { createMovableClock, type MovableClock } from '../../test/support/clock.ts';
import { aTagEvent, aWorkspace, sealer, WORKSPACE } from '../../test/support/engine.ts';
import { createDatabase, MIGRATED } from '../../test/support/postgres.ts';
import { copyMigrated } from '../../test/support/sqlite.ts';
import { DAY, HOUR, MINUTE } from '../core/duration.ts';
import { createKeyMaker } from '../core/ids.ts';
import { DEFAULT_PLANS } from '../core/plan.ts';
import { realRandom } from '../real.ts';
import { storableTexts } from '../store/postgres/connection.ts';
import { POSTGRES_DIALECT } from '../store/postgres/dialect.ts';
import { openPool } from '../store/postgres/pool.ts';
import { openPostgres } from '../store/postgres/postgres.ts';
import { runs as runQueries } from '../store/queries/runs.ts';
import type { Automation } from '../store/records/automation.ts';
import type { Schema } from '../store/schema/schema.ts';
import { openSqlite } from '../store/sqlite/sqlite.ts';
import type { Store } from '../store/store.ts';
import { createDirectory } from './directory.ts';
import type { Engine } from './engine.ts';
import type { Turn } from './jobs.ts';
import { createMemory } from './memory.ts';
import { placesOf } from './prepare.ts';
import { createPublisher } from './publisher.ts';
import { createRuns } from './runs.ts';

interface Opened {
  stores: [Store, Store];
  close(): Promise<void>;
}

let databases = 0;

const OPEN = {
  async SQLite(clock: MovableClock): Promise<Opened> {
    const directory = mkdtempSync(join(tmpdir(), 'mirsal-runs-'));
    copyMigrated(directory);
    const store = openSqlite({ directory, clock });
    return {
      stores: [store, store],
      async close() {
        await store.close();
        rmSync(directory, { recursive: true });
      },
    };
  },
  /** What is due is judged by the test's clock in the place of the server's. */
  async PostgreSQL(clock: MovableClock): Promise<Opened> {
    databases += 1;
    const url = await createDatabase(inject('postgresUrl'), `runs_${process.pid}_${databases}`, MIGRATED);
    const closing: Array<() => Promise<void>> = [];
    const one = (): Store => {
      const store = openPostgres({ url, clock });
      const dialect = new PostgresDialect({ pool: openPool({ url, max: 4 }) });
      const db = new Kysely<Schema>({ dialect, plugins: [storableTexts] });
      closing.push(
        () => store.close(),
        () => db.destroy(),
      );
      const moved = { now: () => sql<number>`CAST(${clock.now()} AS bigint)` };
      return { ...store, ...runQueries(db, db, { ...POSTGRES_DIALECT, ...moved }) };
    };
    const stores: [Store, Store] = [one(), one()];
    return {
      stores,
      async close() {
        for (const close of closing) await close();
      },
    };
  },
};

/** A turn in which nothing rests and nothing is stopped. */
const TURN: Turn = {
  stopped: () => false,
  async each(items, work) {
    let hasMore = false;
    for (const item of items) hasMore = (await work(item)) || hasMore;
    return hasMore;
  },
  attempt: (_item, work) => work(),
  rest: async () => {},
};

interface Node {
  /** Reads what is due, and computes: up to where it would be written. */
  read(): Promise<void>;
  /** Writes it, and goes on until nothing is due. */
  write(): Promise<void>;
}

const keys = createKeyMaker({ first: 0, count: 1 }, 0);

function aNode(store: Store, clock: MovableClock) {
  const directory = createDirectory(store, sealer, clock);
  const nextKey = () => keys.next(clock.now());
  const publisher = createPublisher({
    ...{
      store,
      directory,
      random: realRandom,
      nextKey,
      memory: createMemory(),
      plans: DEFAULT_PLANS,
      mailHost: null,
      offload: null,
      search: true,
      spareKeys: () => ({ slots: { first: 127, count: 1 }, floor: 0 }),
    },
    now: () => clock.now(),
  });
  let reached: (() => void) | null = null;
  let released: Promise<void> = Promise.resolve();
  const job = createRuns({
    store: {
      ...store,
      async advanceRuns(...parameters) {
        reached?.();
        await released;
        return store.advanceRuns(...parameters);
      },
    },
    workspace: directory.fresh,
    places: (view) => placesOf({ nextKey, mailHost: null, plans: DEFAULT_PLANS }, view),
    offload: null,
    spareKeys: () => ({ slots: { first: 127, count: 1 }, floor: 0 }),
    lanesChanged: async () => {},
    onError(error) {
      throw error;
    },
  });
  let turn: Promise<void> = Promise.resolve();
  let release = () => {};
  const node: Node = {
    async read() {
      const gate = Promise.withResolvers<void>();
      const at = Promise.withResolvers<void>();
      released = gate.promise;
      release = gate.resolve;
      reached = at.resolve;
      turn = job.turn(TURN);
      await Promise.race([at.promise, turn]);
    },
    async write() {
      reached = null;
      release();
      await turn;
    },
  };
  return { node, publisher, directory, nextKey };
}

/** Every order of these lists in which each keeps its own. */
function merges(lists: ReadonlyArray<readonly string[]>): string[][] {
  const left = lists.filter((list) => list.length > 0);
  if (left.length === 0) return [[]];
  return left.flatMap((list) => {
    const others = left.filter((other) => other !== list);
    return merges([list.slice(1), ...others]).map((rest) => [list[0] ?? '', ...rest]);
  });
}

const TIMEOUT_MS = HOUR;
const WAIT = {
  triggers: [{ event_type: 'contact.tag.added' }],
  max_activations_per_subject: 1_000_000,
  steps: [
    {
      id: 'wait',
      type: 'wait_for_event',
      event_type: 'contact.tag.removed',
      condition: { field: 'data.tag.id', op: 'equals', value: 2 },
      timeout: 'PT1H',
      received: [{ id: 'got_it', type: 'exit' }],
      timed_out: [{ id: 'too_late', type: 'exit' }],
    },
  ],
};
/** No longer waits for anything. */
const EDITED = JSON.stringify({
  ...{ name: 'An automation', enabled: true, on_error: 'stop', max_overdue: 'P1D' },
  ...{ ...WAIT, steps: [{ id: 'pause', type: 'delay', for: 'P1D' }] },
});

const [A, B] = [
  ['A reads', 'A writes'],
  ['B reads', 'B writes'],
];
const SIGNALS = ['another event', 'the event'];

const ORDERS: ReadonlyArray<readonly [string, string[][]]> = [
  [
    'two nodes, an event, the timeout',
    merges([A, B, ['the event'], ['timeout']]).filter(([first]) => first !== 'B reads'),
  ],
  ['a node, two events, the timeout', merges([A, SIGNALS, ['timeout']])],
  ['a node, two events before the timeout', merges([A, SIGNALS])],
  ['a node, an event, the timeout, a cancel', merges([A, ['the event'], ['timeout'], ['cancel']])],
  ['a node, an event, the timeout, an edit', merges([A, ['the event'], ['timeout'], ['edit']])],
  ['a node, an event, the timeout, off and on', merges([A, ['the event'], ['timeout'], ['off', 'on']])],
];

let opened: Opened | null = null;
afterEach(async () => {
  await opened?.close();
  opened = null;
});

async function aScene(kind: keyof typeof OPEN) {
  const clock = createMovableClock();
  opened = await OPEN[kind](clock);
  const [store, other] = opened.stores;
  await aWorkspace(store);
  const [one, two] = [aNode(store, clock), aNode(other, clock)];
  const engine = { nextKey: one.nextKey, routingChanged: async () => {} } as unknown as Engine;
  const anew = async (steps: object[] = WAIT.steps): Promise<Automation> => {
    const made = await anAutomation(engine, store, 'workflow', { ...WAIT, steps }, clock.now());
    await one.directory.refresh(WORKSPACE);
    return made;
  };
  let events = 0;
  const publish = async (type: string, tag: number, contact: number): Promise<void> => {
    events += 1;
    const event = { ...aTagEvent(tag, contact), id: `event-${events}`, type };
    // Published where the run was begun, or at the other node, by turns.
    const { publisher } = events % 2 === 0 ? one : two;
    const { answer } = await publisher.publish({
      ...{ workspace: WORKSPACE, read: () => [event], posted: null, idempotency: null, test: null },
    });
    expect(answer.kind).toBe('accepted');
  };
  return { clock, store, one: one.node, two: two.node, anew, publish };
}

type Scene = Awaited<ReturnType<typeof aScene>>;

/** Goes through one order with a run of its own; the end of the run, as it is and as it must be. */
async function goThrough(scene: Scene, automation: Automation, contact: number, order: readonly string[]) {
  const { clock, store, one, two, publish } = scene;
  await publish('contact.tag.added', 1, contact);
  const [begun] = await store.listRuns(WORKSPACE, {}, { limit: 1, before: null });
  const key = begun?.key ?? 0;
  let inTime = false;
  let isOver = false;
  let cancelled = 0;
  const enable = (on: boolean) => store.enableAutomation(WORKSPACE, automation.key, on, 'me', clock.now());
  const edit = { endpoints: [], waiting: 'keep', by: 'me', at: clock.now() } as const;
  const DO: Record<string, () => Promise<unknown>> = {
    'A reads': one.read,
    'A writes': one.write,
    'B reads': two.read,
    'B writes': two.write,
    'another event': () => publish('contact.tag.removed', 7, contact),
    async 'the event'() {
      inTime = !isOver;
      await publish('contact.tag.removed', 2, contact);
    },
    async timeout() {
      clock.move(TIMEOUT_MS + MINUTE);
      isOver = true;
    },
    async cancel() {
      cancelled = await store.cancelRuns(WORKSPACE, { run: key }, 'me', clock.now());
    },
    edit: () => store.updateAutomation(WORKSPACE, automation.key, { definition: EDITED }, edit),
    off: () => enable(false),
    on: () => enable(true),
  };
  for (const what of order) await DO[what]?.();
  for (const node of [two, one]) {
    await node.read();
    await node.write();
  }
  const run = await store.findRun(WORKSPACE, key);
  const steps = (await store.listRunSteps(WORKSPACE, key)).map(
    ({ step, details }) => `${step} ${JSON.parse(details).outcome}`,
  );
  const branch = inTime ? ['wait received', 'got_it ended'] : ['wait timed_out', 'too_late ended'];
  const wanted =
    cancelled === 1
      ? { state: 'cancelled', steps: ['wait waiting'] }
      : { state: 'finished', steps: ['wait waiting', ...branch] };
  return { is: { state: run?.state, steps }, wanted };
}

describe.each(['SQLite', 'PostgreSQL'] as const)('on %s', (kind) => {
  test.each(ORDERS)(
    'W8, W11, W21: %s: every order leads to the right branch, once',
    async (_name, orders) => {
      const scene = await aScene(kind);
      let automation = await scene.anew();
      const wrong: object[] = [];
      for (const [contact, order] of orders.entries()) {
        const { is, wanted } = await goThrough(scene, automation, contact + 1, order);
        if (JSON.stringify(is) !== JSON.stringify(wanted)) wrong.push({ order, is, wanted });
        if (!order.includes('edit')) continue;
        await scene.store.deleteAutomation(WORKSPACE, automation.key, 'me', scene.clock.now());
        automation = await scene.anew();
      }
      expect(wrong).toEqual([]);
      expect(orders.length).toBeGreaterThanOrEqual(6);
    },
  );

  test('W8: an event in time counts when it is looked at late; W13: too late ends the run', async () => {
    const { clock, store, one, anew, publish } = await aScene(kind);
    await anew();
    for (const contact of [1, 2]) await publish('contact.tag.added', 1, contact);
    clock.move(TIMEOUT_MS - 1);
    await publish('contact.tag.removed', 2, 1);
    clock.move(DAY);
    await one.read();
    await one.write();
    const states = async () =>
      (await store.listRuns(WORKSPACE, {}, { limit: 10, before: null })).map(({ state, reason }) => [
        state,
        reason,
      ]);
    expect(await states()).toEqual([
      ['finished', 'exit'],
      ['finished', 'exit'],
    ]);
    const [second, first] = await store.listRuns(WORKSPACE, {}, { limit: 10, before: null });
    const last = async (key = 0) => (await store.listRunSteps(WORKSPACE, key)).at(-1)?.step;
    expect([await last(first?.key), await last(second?.key)]).toEqual(['got_it', 'too_late']);
    await publish('contact.tag.added', 1, 3);
    await publish('contact.tag.removed', 2, 3);
    clock.move(DAY + MINUTE);
    await one.read();
    await one.write();
    expect((await states())[0]).toEqual(['skipped', expect.stringContaining('overdue')]);
  });

  test('W8: with since: start, what came during a delay before the wait counts, once; W7: later steps read it', async () => {
    const { clock, store, one, anew, publish } = await aScene(kind);
    const awaits = (id: string, rest: object) => ({ ...WAIT.steps[0], id, timed_out: [], ...rest });
    const isTwo = { field: 'steps.wait.data.tag.id', op: 'equals', value: 2 };
    const read = { id: 'read', type: 'decision', condition: isTwo, yes: [], no: [] };
    const { key } = await anew([
      { id: 'pause', type: 'delay', for: 'PT1H' },
      awaits('wait', { since: 'start', received: [{ id: 'more', type: 'delay', for: 'PT1H' }, read] }),
      awaits('again', { since: 'start', received: [] }),
    ]);
    await publish('contact.tag.removed', 2, 1);
    await publish('contact.tag.added', 1, 1);
    await publish('contact.tag.removed', 7, 1);
    await publish('contact.tag.removed', 2, 1);
    const heardId = (await store.listEvents(WORKSPACE, {}, { limit: 1, before: null }))[0]?.id;
    for (const ms of [HOUR, 1, HOUR, HOUR + MINUTE]) {
      clock.move(ms);
      await one.read();
      await one.write();
    }
    const [run] = await store.listRuns(WORKSPACE, { automation: key }, { limit: 10, before: null });
    const steps = await store.listRunSteps(WORKSPACE, run?.key ?? 0);
    expect(steps.map(({ step, details }) => `${step} ${JSON.parse(details).outcome}`)).toEqual([
      ...['pause waiting', 'pause passed', 'wait waiting', 'wait received'],
      ...['more waiting', 'more passed', 'read yes', 'again waiting', 'again timed_out'],
    ]);
    expect(JSON.parse(steps[3]?.details ?? '')).toMatchObject({ event_id: heardId });
    const heard = await store.findEvent(WORKSPACE, heardId ?? '');
    expect(await store.listReleases(WORKSPACE, heard?.key ?? 0)).toMatchObject([
      { run: { key: run?.key }, step: 'wait' },
    ]);
  });

  test('W21: a run that is moved to a version that awaits another event hears that one', async () => {
    const { clock, store, one, anew, publish } = await aScene(kind);
    const { key } = await anew();
    await publish('contact.tag.added', 1, 1);
    const [step] = WAIT.steps;
    const definition = JSON.stringify({
      ...JSON.parse(EDITED),
      steps: [{ ...step, event_type: 'contact.tag.added' }],
    });
    const saving = { endpoints: [], waiting: 'move', by: 'me', at: clock.now() } as const;
    await store.updateAutomation(WORKSPACE, key, { definition }, saving);
    await one.read();
    await one.write();
    await publish('contact.tag.removed', 2, 1);
    await publish('contact.tag.added', 2, 1);
    await one.read();
    await one.write();
    const runs = await store.listRuns(WORKSPACE, {}, { limit: 10, before: null });
    expect(runs.map(({ state }) => state)).toEqual(['waiting', 'finished']);
    expect((await store.listRunSteps(WORKSPACE, runs[1]?.key ?? 0)).at(-1)?.step).toBe('got_it');
  });
});
