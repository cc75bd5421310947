/** The state machine against its specification: SPEC.md's table cell by cell, then its rules at random. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DELIVERY_SIGNALS,
  DELIVERY_STATES,
  type DeliverySignal,
  type DeliveryState,
  isEnd,
  STORED_STATES,
  type StoredState,
  TRANSITIONS,
  type Transition,
  transition,
  visibleState,
} from './machine.ts';

const SPEC = readFileSync(new URL('./SPEC.md', import.meta.url), 'utf8');

/** The tables of a section as rows of cells, the rules under the heads left out. */
function rowsOf(heading: string): string[][] {
  const section = SPEC.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`SPEC.md has no section "${heading}".`);
  return section
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^[|-]+$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
}

function written(cell: Transition): string {
  switch (cell.kind) {
    case 'to':
      return `→ ${cell.state}`;
    case 'refuse':
      return `✗ ${cell.why}`;
    case 'back':
    case 'stay':
      return cell.kind;
  }
  return cell satisfies never;
}

describe('SPEC.md and the code agree', () => {
  const [head = [], ...rows] = rowsOf('The table');

  it('D1: the table has every state and every signal once, and no other', () => {
    expect(rows.map(([state]) => state)).toEqual([...DELIVERY_STATES]);
    expect(head.slice(1)).toEqual([...DELIVERY_SIGNALS]);
    for (const row of rows) expect(row).toHaveLength(head.length);
  });

  it('D1: the code has every state and every signal, and no other', () => {
    expect(Object.keys(TRANSITIONS)).toEqual([...DELIVERY_STATES]);
    for (const cells of Object.values(TRANSITIONS)) {
      expect(Object.keys(cells).sort()).toEqual([...DELIVERY_SIGNALS].sort());
    }
  });

  it.each(DELIVERY_STATES)('every cell of "%s" is the code’s', (state) => {
    const row = rows.find(([name]) => name === state) ?? [];
    const specified = Object.fromEntries(DELIVERY_SIGNALS.map((signal, index) => [signal, row[index + 1]]));
    const coded = Object.fromEntries(
      DELIVERY_SIGNALS.map((signal) => [signal, written(transition(state, signal))]),
    );
    expect(specified).toEqual(coded);
  });

  it('explains every state, every signal, and how each state is stored', () => {
    const states = rowsOf('States').slice(1);
    expect(states.map(([state]) => state)).toEqual([...DELIVERY_STATES]);
    expect(
      rowsOf('Signals')
        .slice(1)
        .map(([signal]) => signal),
    ).toEqual([...DELIVERY_SIGNALS]);
    for (const [state = '', meaning = '', storedAs = ''] of states) {
      expect(meaning.length).toBeGreaterThan(15);
      const reached = STORED_STATES.filter((stored) =>
        [true, false].some((endpointEnabled) =>
          [true, false].some((sending) => visibleState(stored, { endpointEnabled, sending }) === state),
        ),
      );
      expect(storedAs.split(' or ')).toEqual(reached);
    }
  });

  it('draws every step to another state, and no other', () => {
    const drawn = [...SPEC.matchAll(/^ {2}(\w+) --> (\w+): (.+)$/gm)].flatMap(([, from, target, signals]) =>
      (signals ?? '').split(', ').flatMap((signal) => {
        if (signal === 'untried' || signal === 'tried') return [];
        return `${from} ${signal} ${target}`;
      }),
    );
    const coded = DELIVERY_STATES.flatMap((from) =>
      DELIVERY_SIGNALS.flatMap((signal) => {
        const cell = transition(from, signal);
        if (cell.kind === 'back') return [`${from} ${signal} pending`, `${from} ${signal} waiting`];
        return cell.kind === 'to' && cell.state !== from ? [`${from} ${signal} ${cell.state}`] : [];
      }),
    );
    expect(drawn.sort()).toEqual(coded.sort());
  });

  it('numbers its rules without a gap, each with what it serves', () => {
    for (const letter of ['D', 'R']) {
      const numbers = [...SPEC.matchAll(new RegExp(`^- \\*\\*${letter}(\\d+)\\*\\*`, 'gm'))].map(
        ([, n]) => n,
      );
      expect(numbers).toEqual(numbers.map((_, index) => String(index + 1)));
      expect(numbers.length).toBeGreaterThan(5);
    }
    const rules = SPEC.split(/^- (?=\*\*D)/m).slice(1);
    for (const rule of rules) expect(rule.split('\n\n')[0]?.trim()).toMatch(/\((?:[AP]\d+(?:, )?)+\)$/);
  });
});

/** What the database and the owning node keep of a delivery, and how each signal changes it. */
interface Kept {
  stored: StoredState;
  enabled: boolean;
  sending: boolean;
}

const visible = (kept: Kept): DeliveryState =>
  visibleState(kept.stored, { endpointEnabled: kept.enabled, sending: kept.sending });

/** An attempt's result: the end stands where one came first. */
const result = (kept: Kept, stored: StoredState): Kept => ({
  ...kept,
  sending: false,
  stored: isEnd(kept.stored) ? kept.stored : stored,
});

const ended = (kept: Kept, stored: StoredState): Kept => (isEnd(kept.stored) ? kept : { ...kept, stored });

/** As the engine and the store do it; they ask the machine before `send`, `skip` and `retry_now`. */
const EFFECTS: Record<DeliverySignal, (kept: Kept) => Kept> = {
  send: (kept) => ({ ...kept, sending: true }),
  succeed: (kept) => (kept.sending ? result(kept, 'delivered') : kept),
  fail_retry: (kept) => (kept.sending ? result(kept, 'waiting') : kept),
  fail_final: (kept) => (kept.sending ? result(kept, 'dropped') : kept),
  lose_owner: (kept) => ({ ...kept, sending: false }),
  disable: (kept) => ({ ...kept, enabled: false }),
  enable_send: (kept) => ({ ...kept, enabled: true }),
  enable_skip: (kept) => ({ ...(kept.enabled ? kept : ended(kept, 'skipped')), enabled: true }),
  skip: (kept) => ended(kept, 'skipped'),
  delete_endpoint: (kept) => ended(kept, 'skipped'),
  retry_now: (kept) => kept,
  expire_held: (kept) => (visible(kept) === 'held' ? ended(kept, 'skipped') : kept),
};
const ASKS_FIRST: readonly DeliverySignal[] = ['send', 'skip', 'retry_now'];
const ENABLES: readonly DeliverySignal[] = ['enable_send', 'enable_skip'];

const anySignals = fc.array(fc.constantFrom(...DELIVERY_SIGNALS), { maxLength: 40 });
const anyBirth = fc.boolean().map((enabled): Kept => ({ stored: 'pending', enabled, sending: false }));

/** Runs signals over what is kept, calling back for each step that is a signal at all. */
function run(
  birth: Kept,
  signals: readonly DeliverySignal[],
  look: (before: Kept, signal: DeliverySignal, after: Kept) => void,
): void {
  let kept = birth;
  for (const signal of signals) {
    if (ENABLES.includes(signal) && kept.enabled) continue;
    const refused = transition(visible(kept), signal).kind === 'refuse';
    const after = refused && ASKS_FIRST.includes(signal) ? kept : EFFECTS[signal](kept);
    look(kept, signal, after);
    kept = after;
  }
}

describe('over random signals', () => {
  it('what is stored and known shows exactly the state that the table says', () => {
    fc.assert(
      fc.property(anyBirth, anySignals, (birth, signals) => {
        run(birth, signals, (before, signal, after) => {
          const cell = transition(visible(before), signal);
          // D10: what would be open again under a disabled endpoint is held.
          const open = (state: DeliveryState): DeliveryState => (after.enabled ? state : 'held');
          switch (cell.kind) {
            case 'to':
              expect(visible(after)).toBe(cell.state === 'waiting' ? open('waiting') : cell.state);
              break;
            case 'back':
              expect(visible(after)).toBe(open(before.stored));
              break;
            case 'stay':
            case 'refuse':
              expect(visible(after)).toBe(visible(before));
              break;
            default:
              cell satisfies never;
          }
        });
      }),
      { numRuns: 2_000 },
    );
  });

  it('P13, D2: an end is never left', () => {
    fc.assert(
      fc.property(anyBirth, anySignals, (birth, signals) => {
        run(birth, signals, (before, _, after) => {
          if (isEnd(visible(before))) expect(visible(after)).toBe(visible(before));
        });
      }),
    );
  });

  it('P4, D4: sending is entered by `send` alone, from pending or waiting', () => {
    fc.assert(
      fc.property(anyBirth, anySignals, (birth, signals) => {
        run(birth, signals, (before, signal, after) => {
          if (visible(after) !== 'sending' || visible(before) === 'sending') return;
          expect(signal).toBe('send');
          expect(['pending', 'waiting']).toContain(visible(before));
        });
      }),
    );
  });

  it('P9, D8: a held delivery is never sent', () => {
    fc.assert(
      fc.property(anyBirth, anySignals, (birth, signals) => {
        run(birth, signals, (before, signal, after) => {
          if (visible(before) !== 'held') return;
          expect(after.sending).toBe(false);
          if (signal === 'send') expect(after).toEqual(before);
        });
      }),
    );
  });

  it('P9, D11, D15: a held delivery leaves by a person’s decision, or expires', () => {
    fc.assert(
      fc.property(anyBirth, anySignals, (birth, signals) => {
        run(birth, signals, (before, signal, after) => {
          if (visible(before) !== 'held' || visible(after) === 'held') return;
          expect(['enable_send', 'enable_skip', 'skip', 'delete_endpoint', 'expire_held']).toContain(signal);
        });
      }),
    );
  });

  it('P4, D6: a delivery in flight is neither sent again nor skipped nor retried by a person', () => {
    for (const signal of ASKS_FIRST) {
      expect(transition('sending', signal)).toEqual({ kind: 'refuse', why: 'in_flight' });
    }
  });

  it('P5, D7: a lost owner leaves the delivery open and as it was', () => {
    fc.assert(
      fc.property(anyBirth, anySignals, (birth, signals) => {
        run(birth, signals, (before, signal, after) => {
          if (signal === 'lose_owner') expect(after.stored).toBe(before.stored);
        });
      }),
    );
  });

  it('P2: from every open state an end can be reached', () => {
    for (const state of DELIVERY_STATES.filter((name) => !isEnd(name))) {
      const targets = DELIVERY_SIGNALS.map((signal) => transition(state, signal));
      expect(targets.some((cell) => cell.kind === 'to' && isEnd(cell.state))).toBe(true);
    }
  });
});

describe('P12: the visible state', () => {
  it.each([
    ['pending', true, false, 'pending'],
    ['pending', true, true, 'sending'],
    ['pending', false, false, 'held'],
    ['pending', false, true, 'sending'],
    ['waiting', true, false, 'waiting'],
    ['waiting', true, true, 'sending'],
    ['waiting', false, false, 'held'],
    ['delivered', false, false, 'delivered'],
    ['dropped', false, false, 'dropped'],
    ['skipped', true, true, 'skipped'],
  ] as const)(
    'of %s with its endpoint enabled: %s, in flight: %s, is %s',
    (stored, endpointEnabled, sending, state) => {
      expect(visibleState(stored, { endpointEnabled, sending })).toBe(state);
    },
  );
});
