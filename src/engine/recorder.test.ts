/** P5: results are durable before a lane goes on, many of them in one transaction. */
import { describe, expect, it } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import { SECOND } from '../core/duration.ts';
import type { AttemptResult, RecordAnswer, RecordVerdict } from '../store/records/results.ts';
import { StoreUnavailable } from '../store/store.ts';
import { createRecorder } from './recorder.ts';

/** A result is told from others by its number; the recorder reads nothing of it but the workspace. */
function aResult(sequence: number, workspace = 1): AttemptResult {
  return {
    workspace,
    slice: 7,
    epoch: 1,
    delivery: 1_000 + sequence,
    endpoint: 3,
    eventType: 'contact.created',
    attempt: {
      number: 1,
      startedAt: 0,
      durationMs: 1,
      outcome: 'success',
      status: 200,
      error: null,
      note: null,
      address: null,
      timings: '{}',
      requestHeaders: '[]',
      responseHeaders: null,
      responseBody: null,
      truncated: false,
      url: 'https://hooks.example.com/',
    },
    next: { state: 'delivered', endedAt: 1, reason: 'HTTP 200' },
    disable: null,
    charged: false,
    probe: false,
  };
}

/** A store whose every write waits to be answered by the test. */
function aStore() {
  const calls: Array<{
    node: string;
    sequences: number[];
    succeed(verdicts?: RecordVerdict[]): void;
    fail(error: unknown): void;
  }> = [];
  return {
    calls,
    recording: { batch: 500, writers: 3, writersPerWorkspace: 2 },
    record: (node: string, _workspace: number, results: readonly AttemptResult[]) =>
      new Promise<RecordAnswer>((resolve, reject) => {
        calls.push({
          node,
          sequences: results.map(({ delivery }) => delivery - 1_000),
          succeed: (verdicts) => resolve({ verdicts: verdicts ?? results.map(() => 'recorded'), moved: [] }),
          fail: reject,
        });
      }),
  };
}

function aRecorder() {
  const store = aStore();
  const clock = createMovableClock();
  const unavailable: StoreUnavailable[] = [];
  const recorder = createRecorder({
    store,
    clock,
    node: 'node-a',
    onUnavailable: (error) => unavailable.push(error),
    onMoved: () => Promise.resolve(),
  });
  /** Until the end of the next turn: what ends in this one may be gathered in that. */
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  return { recorder, calls: store.calls, clock, unavailable, settle };
}

describe('P5: the recorder', () => {
  it('writes results that end together in one transaction, in the name of its node', async () => {
    const { recorder, calls, settle } = aRecorder();
    const verdicts = Promise.all([1, 2, 3].map((n) => recorder.record(aResult(n))));
    await settle();
    expect(calls.map(({ node, sequences }) => [node, sequences])).toEqual([['node-a', [1, 2, 3]]]);
    calls[0]?.succeed();
    expect(await verdicts).toEqual(['recorded', 'recorded', 'recorded']);
  });

  it('has no more writes under way than the store wants, and gathers what ends meanwhile into the next batch', async () => {
    const { recorder, calls, settle } = aRecorder();
    const first = recorder.record(aResult(1));
    await settle();
    const second = recorder.record(aResult(2));
    await settle();
    const later = [3, 4, 5].map((n) => recorder.record(aResult(n)));
    await settle();
    expect(calls.map(({ sequences }) => sequences)).toEqual([[1], [2]]);
    calls[0]?.succeed();
    expect(await first).toBe('recorded');
    await settle();
    expect(calls.map(({ sequences }) => sequences)).toEqual([[1], [2], [3, 4, 5]]);
    calls[1]?.succeed();
    calls[2]?.succeed();
    await Promise.all([second, ...later]);
  });

  it('P11: writes each workspace by itself, and one whose writes hang leaves room for the others', async () => {
    const { recorder, calls, settle } = aRecorder();
    const stuck: Promise<unknown>[] = [];
    for (const n of [1, 2, 3, 4]) {
      stuck.push(recorder.record(aResult(n, 1)));
      await settle();
    }
    const other = [recorder.record(aResult(5, 2)), recorder.record(aResult(6, 2))];
    await settle();
    expect(calls.map(({ sequences }) => sequences)).toEqual([[1], [2], [5, 6]]);
    calls[2]?.succeed();
    expect(await Promise.all(other)).toEqual(['recorded', 'recorded']);
    calls[0]?.succeed();
    await settle();
    expect(calls.at(-1)?.sequences).toEqual([3, 4]);
    for (const call of calls) call.succeed();
    await Promise.all(stuck);
  });

  it('P5: a result that cannot be written takes none along that was beside it', async () => {
    const { recorder, calls, settle } = aRecorder();
    const all = Promise.allSettled([1, 2, 3].map((n) => recorder.record(aResult(n))));
    await settle();
    calls[0]?.fail(new Error('one of them has no place in the table'));
    await settle();
    expect(calls.slice(1).map(({ sequences }) => sequences)).toEqual([[1], [2], [3]]);
    calls[1]?.succeed();
    calls[2]?.fail(new Error('this one'));
    calls[3]?.succeed();
    expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('leaves no result lying, at whatever moment of the ending writes it is handed in', async () => {
    for (let moment = 0; moment < 20; moment += 1) {
      const { recorder, calls, settle } = aRecorder();
      const first = recorder.record(aResult(1));
      await settle();
      const second = recorder.record(aResult(2));
      await settle();
      for (const call of calls) call.succeed();
      for (let turn = 0; turn < moment; turn += 1) await Promise.resolve();
      const last = recorder.record(aResult(3));
      await settle();
      expect(calls.slice(2).map(({ sequences }) => sequences)).toEqual([[3]]);
      calls[2]?.succeed();
      await Promise.all([first, second, last, recorder.drain()]);
    }
  });

  it('resolves nothing before its write is durable', async () => {
    const { recorder, calls, settle } = aRecorder();
    let resolved = false;
    const recorded = recorder.record(aResult(1)).then(() => {
      resolved = true;
    });
    await settle();
    expect(resolved).toBe(false);
    calls[0]?.succeed();
    await recorded;
    expect(resolved).toBe(true);
  });

  it('gives each result its own verdict', async () => {
    const { recorder, calls, settle } = aRecorder();
    const verdicts = Promise.all([1, 2].map((n) => recorder.record(aResult(n))));
    await settle();
    calls[0]?.succeed(['fenced', 'recorded']);
    expect(await verdicts).toEqual(['fenced', 'recorded']);
  });

  it('writes a full batch at once, without waiting for the end of the turn', () => {
    const { recorder, calls } = aRecorder();
    for (let n = 0; n < 501; n += 1) void recorder.record(aResult(n));
    expect(calls.map(({ sequences }) => sequences.length)).toEqual([500]);
  });

  it('takes no more results into one write than the store wants', async () => {
    const { recorder, calls, settle } = aRecorder();
    const all = Array.from({ length: 1_201 }, (_, n) => recorder.record(aResult(n)));
    for (let call = 0; call < 3; call += 1) {
      await settle();
      calls[call]?.succeed();
    }
    await Promise.all(all);
    expect(calls.map(({ sequences }) => sequences.length)).toEqual([500, 500, 201]);
    expect(calls.flatMap(({ sequences }) => sequences)).toEqual(all.map((_, n) => n));
  });

  it('P2: tries until the store is back, and writes each result once', async () => {
    const { recorder, calls, clock, unavailable, settle } = aRecorder();
    const first = recorder.record(aResult(1));
    await settle();
    for (let round = 0; round < 20; round += 1) {
      calls.at(-1)?.fail(new StoreUnavailable('The database is away.'));
      await settle();
      clock.move(SECOND / 2);
      await settle();
    }
    const second = recorder.record(aResult(2));
    expect(unavailable).toHaveLength(20);
    expect(calls).toHaveLength(21);
    calls.at(-1)?.succeed();
    expect(await first).toBe('recorded');
    await settle();
    calls.at(-1)?.succeed();
    expect(await second).toBe('recorded');
    expect(calls.slice(0, 21).every(({ sequences }) => sequences.join() === '1')).toBe(true);
    expect(calls.slice(21).map(({ sequences }) => sequences)).toEqual([[2]]);
  });

  it('does not hammer a store that is away', async () => {
    const { recorder, calls, clock, settle } = aRecorder();
    const recorded = recorder.record(aResult(1));
    await settle();
    calls[0]?.fail(new StoreUnavailable('The database is away.'));
    await settle();
    clock.move(SECOND / 2 - 1);
    await settle();
    expect(calls).toHaveLength(1);
    clock.move(1);
    await settle();
    expect(calls).toHaveLength(2);
    calls[1]?.succeed();
    await recorded;
  });

  it('rejects a batch that breaks for any other reason, and goes on with the next', async () => {
    const { recorder, calls, settle } = aRecorder();
    const first = recorder.record(aResult(1));
    await settle();
    const second = recorder.record(aResult(2));
    calls[0]?.fail(new Error('constraint'));
    await expect(first).rejects.toThrow('constraint');
    await settle();
    calls[1]?.succeed();
    expect(await second).toBe('recorded');
  });

  it('drain resolves when everything handed in is written', async () => {
    const { recorder, calls, settle } = aRecorder();
    let drained = false;
    const first = recorder.record(aResult(1));
    await settle();
    const second = recorder.record(aResult(2));
    const drain = recorder.drain().then(() => {
      drained = true;
    });
    calls[0]?.succeed();
    await first;
    await settle();
    expect(drained).toBe(false);
    calls[1]?.succeed();
    await second;
    await drain;
  });

  it('drain resolves at once where nothing is under way', async () => {
    await aRecorder().recorder.drain();
  });

  it('once it has given up, what cannot be written is rejected and drain resolves', async () => {
    const { recorder, calls, clock, settle } = aRecorder();
    const recorded = recorder.record(aResult(1));
    await settle();
    calls[0]?.fail(new StoreUnavailable('The database is away.'));
    await settle();
    recorder.giveUp();
    clock.move(SECOND / 2);
    await settle();
    calls[1]?.fail(new StoreUnavailable('Still away.'));
    await expect(recorded).rejects.toThrow('Still away.');
    await recorder.drain();
    expect(clock.pending()).toBe(0);
  });
});
