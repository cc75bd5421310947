/** P11: who may send now. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSlots, type SlotLimits } from './slots.ts';

/** Slots with a record of who was served, in order. Served means: the caller has gone on. */
function watched(limits: SlotLimits) {
  const slots = createSlots(limits);
  const served: string[] = [];
  return {
    slots,
    served,
    ask(workspace: number, name: string): void {
      void slots.acquire(workspace).then(() => served.push(name));
    },
    /** All promises that can go on have gone on. */
    settle: () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
}

describe('P11: slots', () => {
  it('a workspace at its cap does not delay another', async () => {
    const { slots, served, ask, settle } = watched({ total: 10, perWorkspace: 2 });
    for (const name of ['a1', 'a2', 'a3', 'a4']) ask(1, name);
    ask(2, 'b1');
    await settle();
    expect(served).toEqual(['a1', 'a2', 'b1']);
    expect(slots.inFlight()).toBe(3);
    slots.release(1);
    await settle();
    expect(served).toEqual(['a1', 'a2', 'b1', 'a3']);
  });

  it('a released slot goes to whoever may have it, not to the capped workspace that asked first', async () => {
    const { slots, served, ask, settle } = watched({ total: 3, perWorkspace: 2 });
    for (const name of ['a1', 'a2', 'a3']) ask(1, name);
    for (const name of ['b1', 'b2']) ask(2, name);
    await settle();
    expect(served).toEqual(['a1', 'a2', 'b1']);
    slots.release(2);
    await settle();
    expect(served.at(-1)).toBe('b2');
  });

  it('however many workspaces take all they can get, the next one finds slots free', async () => {
    for (const hogs of [1, 2, 4, 10, 100]) {
      const { slots, served, ask, settle } = watched({ total: 1_000, perWorkspace: 250 });
      for (let n = 0; n < 300; n += 1) {
        for (let hog = 1; hog <= hogs; hog += 1) ask(hog, 'hog');
      }
      await settle();
      ask(0, 'next');
      await settle();
      expect(served.at(-1)).toBe('next');
      // Each hog has as many as stay free, or its limit.
      expect(1_000 - slots.inFlight()).toBeGreaterThanOrEqual(Math.floor(1_000 / (hogs + 1)) - 2);
    }
  });

  it('within a workspace, the lanes are served in the order in which they asked', async () => {
    const { slots, served, ask, settle } = watched({ total: 1, perWorkspace: 1 });
    const names = Array.from({ length: 20 }, (_, index) => `a${index}`);
    for (const name of names) ask(1, name);
    for (const _ of names) {
      await settle();
      slots.release(1);
    }
    await settle();
    expect(served).toEqual(names);
    expect(slots.inFlight()).toBe(0);
  });

  it('between workspaces, slots go round, however many are waiting in one', async () => {
    const { slots, served, ask, settle } = watched({ total: 1, perWorkspace: 1 });
    ask(1, 'a0');
    for (let n = 1; n <= 100; n += 1) ask(1, `a${n}`);
    ask(2, 'b1');
    ask(3, 'c1');
    ask(2, 'b2');
    ask(3, 'c2');
    await settle();
    // Each holder gives its slot back in turn.
    for (const _ of 'abcabca') {
      const holder = { a: 1, b: 2, c: 3 }[served.at(-1)?.[0] ?? ''];
      if (holder !== undefined) slots.release(holder);
      await settle();
    }
    expect(served.slice(0, 7)).toEqual(['a0', 'b1', 'c1', 'a1', 'b2', 'c2', 'a2']);
  });

  it('never exceeds its limits, leaves no slot unused that a waiting workspace may have, and serves everybody', async () => {
    const anyLimits = fc.record({
      total: fc.integer({ min: 1, max: 6 }),
      perWorkspace: fc.integer({ min: 1, max: 4 }),
    });
    const anyStep = fc.record({
      kind: fc.constantFrom('ask', 'ask', 'release'),
      workspace: fc.integer({ min: 1, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(anyLimits, fc.array(anyStep, { maxLength: 60 }), async (limits, steps) => {
        const { slots, served, ask, settle } = watched(limits);
        const asked = new Map<number, string[]>();
        const released = new Map<number, number>();
        const servedOf = (workspace: number): string[] =>
          served.filter((name) => name.startsWith(`${workspace}:`));
        const holding = (workspace: number): number =>
          servedOf(workspace).length - (released.get(workspace) ?? 0);
        const check = (): void => {
          const held = [1, 2, 3, 4].map(holding);
          const inFlight = held.reduce((sum, count) => sum + count, 0);
          expect(slots.inFlight()).toBe(inFlight);
          expect(inFlight).toBeLessThanOrEqual(limits.total);
          for (const [index, count] of held.entries()) {
            expect(count).toBeLessThanOrEqual(limits.perWorkspace);
            const waits = (asked.get(index + 1)?.length ?? 0) > servedOf(index + 1).length;
            const free = limits.total - inFlight;
            const mayHave = free > 0 && count < limits.perWorkspace && (count === 0 || count <= free);
            if (waits) expect(mayHave).toBe(false);
          }
        };
        const release = (workspace: number): void => {
          released.set(workspace, (released.get(workspace) ?? 0) + 1);
          slots.release(workspace);
        };
        for (const { kind, workspace } of steps) {
          if (kind === 'ask') {
            const names = asked.get(workspace) ?? [];
            asked.set(workspace, names);
            names.push(`${workspace}:${names.length}`);
            ask(workspace, names.at(-1) ?? '');
          } else if (holding(workspace) > 0) release(workspace);
          await settle();
          check();
        }
        for (let holder = 1; slots.inFlight() > 0; holder = (holder % 4) + 1) {
          if (holding(holder) > 0) release(holder);
          await settle();
        }
        for (const [workspace, names] of asked) expect(servedOf(workspace)).toEqual(names);
      }),
      { numRuns: 100 },
    );
  });
});
