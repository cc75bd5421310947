/**
 * The contract's part on faults: what becomes of every verb that writes when the store fails amid it. Verbs
 * and their answers are in faultCases.ts; how each store is made to fail is in its own faults.test.ts.
 *
 *  - Nothing committed: the verb rejects with StoreUnavailable, nothing has changed, and when it is called again it
 *    answers as if nothing had happened.
 *  - Committed, but the answer lost: the verb rejects with StoreUnavailable, and when it is called again it
 *    answers as its case says, and the data are as if it had been called once.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { NewNotice } from '../queries/notices.ts';
import { type Store, StoreUnavailable } from '../store.ts';
import { seed } from './builders.ts';
import { CASES } from './faultCases.ts';
import { type Case, REFUSED, SAME } from './faultScenes.ts';

export type Fault = 'nothing committed' | 'answer lost';

/** An empty, migrated store that can be made to fail. */
export interface Faulty {
  store: Store;
  insertNotices(rows: readonly NewNotice[]): Promise<void>;
  /** Makes it fail at the n-th place from now on where this fault can strike. */
  arm(fault: Fault, nth: number): void;
  /** Ends the fault; whether it has struck. */
  disarm(): boolean;
  /** All rows as texts, by table. */
  dump(): Promise<Map<string, string[]>>;
  /** Makes it as new, past the port. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** What the repeat of a call may change all the same: that it was asked for twice. */
function withoutMarks(table: string, row: string): string {
  if (table === 'workspaces') return row.replace(/"routing_version":\d+/, '');
  if (table === 'nodes') return row.replace(/"lease_until":\d+/, '');
  return row;
}

type Data = Record<string, string[]>;

async function dataOf(faulty: Faulty, { audited }: { audited: boolean }): Promise<Data> {
  const data: Data = {};
  for (const [table, rows] of await faulty.dump()) {
    if (/^(kysely|sqlite)_/.test(table) || (table === 'audit' && audited)) continue;
    data[table] = rows.map((row) => withoutMarks(table, row)).sort();
  }
  return data;
}

type Outcome = { kind: 'answered'; answer: unknown } | { kind: 'rejected'; error: unknown };

function outcomeOf(call: () => Promise<unknown>): Promise<Outcome> {
  return call().then(
    (answer) => ({ kind: 'answered', answer }),
    (error: unknown) => ({ kind: 'rejected', error }),
  );
}

function expectAnswer(outcome: Outcome, expected: unknown): void {
  if (expected === REFUSED) {
    expect(outcome.kind).toBe('rejected');
    if (outcome.kind === 'rejected') expect(outcome.error).not.toBeInstanceOf(StoreUnavailable);
  } else {
    expect(outcome).toEqual({ kind: 'answered', answer: expected });
  }
}

/** The call with what it needs, and the data before it. */
async function prepare(faulty: Faulty, tried: Case) {
  const { store, insertNotices } = faulty;
  const scene = { store, insertNotices, ...(await seed(store)) };
  const { call, first, again } = await tried.given(scene);
  return { call, first, again: again === SAME ? first : again, before: await dataOf(faulty, tried) };
}

/** Strikes at the verb's n-th place. False where it has none: it has answered. */
async function losesNothing(faulty: Faulty, tried: Case, nth: number): Promise<boolean> {
  const { call, first, before } = await prepare(faulty, tried);
  faulty.arm('nothing committed', nth);
  const outcome = await outcomeOf(call);
  if (!faulty.disarm()) {
    expectAnswer(outcome, first);
    return false;
  }
  expect(outcome).toEqual({ kind: 'rejected', error: expect.any(StoreUnavailable) });
  if (!tried.inSteps) expect(await dataOf(faulty, tried)).toEqual(before);
  const second = await outcomeOf(call);
  if (!tried.inSteps) expectAnswer(second, first);
  return true;
}

async function isDoneOnce(faulty: Faulty, tried: Case, nth: number): Promise<boolean> {
  const { call, first, again, before } = await prepare(faulty, tried);
  faulty.arm('answer lost', nth);
  const outcome = await outcomeOf(call);
  if (!faulty.disarm()) {
    expectAnswer(outcome, first);
    return false;
  }
  expect(outcome).toEqual({ kind: 'rejected', error: expect.any(StoreUnavailable) });
  const after = await dataOf(faulty, tried);
  // Where the answer to a query was lost, nothing has been done yet.
  const isDone = JSON.stringify(after) !== JSON.stringify(before);
  const second = await outcomeOf(call);
  if (tried.inSteps) return true;
  expectAnswer(second, isDone || !tried.changes ? again : first);
  if (isDone) expect(await dataOf(faulty, tried)).toEqual(after);
  return true;
}

export function faultContract(name: string, open: () => Promise<Faulty>): void {
  describe(name, () => {
    let faulty: Faulty;
    beforeAll(async () => {
      faulty = await open();
    });
    afterAll(() => faulty.close());
    // To open a store costs more than most cases; and what is dumped is to stay little.
    afterEach(() => faulty.empty());

    describe.each(Object.entries(CASES))('%s', (_, tried) => {
      test.each([
        ['that is not committed changes nothing, and works when it is called again', losesNothing],
        ['whose answer is lost is done once, and called again answers as it is said', isDoneOnce],
      ] as const)('%s (P1)', async (_, strikes) => {
        let struck = 0;
        while (await strikes(faulty, tried, struck + 1)) struck += 1;
        expect(struck).toBeGreaterThan(0);
      });
    });
  });
}
