/**
 * Retention at work: goes through the workspaces, a few batches each second, and starts over some
 * minutes after it has come to the end. Nothing waits for it: what it does is small, and whatever it
 * leaves undone it does later.
 */

import { DAY, MINUTE, SECOND } from '../core/duration.ts';
import { firstKeyAt } from '../core/ids.ts';
import { type Plan, planOf } from '../core/plan.ts';
import type { AdministrationStore } from '../store/ports/administration.ts';
import type { RetentionStore, SkipStore, SweepStore } from '../store/ports/retention.ts';
import type { StatsWorkStore } from '../store/ports/stats.ts';
import type { Workspace } from '../store/records/administration.ts';
import { IDEMPOTENCY_KEPT_MS } from '../store/records/publishing.ts';
import type { KeySpan, Purged } from '../store/records/retention.ts';
import type { Retention } from '../store/records/settings.ts';
import type { Clock } from '../world.ts';
import type { Job, Turn } from './jobs.ts';

const BATCH = 100;
/** Of each second; the batches of one take some milliseconds each. */
const TURN_MS = 200;
const BATCHES_PER_TURN = 50;
const PASS_EVERY_MS = 10 * MINUTE;

const PURGES = ['purgeAttempts', 'purgeBodies', 'purgeEvents', 'purgeBlocks'] as const;
type Purge = (typeof PURGES)[number];

const DAYS_OF: Record<Purge, keyof Retention> = {
  purgeAttempts: 'attempts_days',
  purgeBodies: 'bodies_days',
  purgeEvents: 'events_days',
  purgeBlocks: 'bodies_days',
};

const SWEEP_EVERY_MS = MINUTE;
const SWEEP_BATCH = 500;

export interface HousekeepingDeps {
  store: RetentionStore & Pick<AdministrationStore, 'listWorkspaces'>;
  clock: Clock;
  plans: readonly Plan[];
  lanesChanged(lanes: readonly number[]): Promise<void>;
  onDone(fields: Record<string, unknown>): void;
}

/** One small step of something; true where there is more of the same to do. */
interface Step {
  name: string;
  work: () => Promise<boolean>;
}

export function createHousekeeping(deps: HousekeepingDeps): Job {
  const { store, clock } = deps;
  /** Where the last pass found the first that was still needed: what is older has been seen to. */
  const floors = new Map<string, number>();
  let steps: Step[] = [];
  let nextPassAt = Number.NEGATIVE_INFINITY;

  const purge = (workspace: number, kind: Purge, before: number): Step => {
    const name = `${kind} ${workspace}`;
    let after = floors.get(name) ?? 0;
    let kept: number | null = null;
    const work = async (): Promise<boolean> => {
      const span: KeySpan = { after, before, limit: BATCH };
      const purged: Purged = await store[kind](workspace, span);
      if (purged.deleted > 0) deps.onDone({ workspace, [kind]: purged.deleted });
      kept ??= purged.kept;
      if (purged.last === null) {
        floors.set(name, (kept ?? before) - 1);
        return false;
      }
      after = purged.last;
      return true;
    };
    return { name, work };
  };

  const expire = (workspace: number, heldDays: number): Step => ({
    name: `expireHeld ${workspace}`,
    async work() {
      const { skipped, lanes } = await store.expireHeld(workspace, clock.now(), heldDays, BATCH);
      if (skipped === 0) return false;
      deps.onDone({ workspace, expired: skipped });
      await deps.lanesChanged(lanes);
      return true;
    },
  });

  /** What the workspace wants, as far as its plan goes. */
  const daysOf = ({ settings, plan }: Workspace, what: keyof Retention): number =>
    Math.min(
      settings.retention[what],
      planOf(deps.plans, plan).limits.retention_days ?? Number.POSITIVE_INFINITY,
    );

  const stepsOf = (workspace: Workspace, now: number): Step[] => [
    {
      name: `warnOfExpiry ${workspace.key}`,
      async work() {
        await store.warnOfExpiry(workspace.key, now, daysOf(workspace, 'held_days'));
        return false;
      },
    },
    expire(workspace.key, daysOf(workspace, 'held_days')),
    ...PURGES.map((kind) => {
      const days = daysOf(workspace, DAYS_OF[kind]);
      return purge(workspace.key, kind, firstKeyAt(Math.max(0, now - days * DAY)));
    }),
  ];

  const beginPass = async (now: number): Promise<void> => {
    const workspaces = await store.listWorkspaces();
    steps = workspaces.flatMap((workspace) => stepsOf(workspace, now));
    steps.push({ name: 'sweepOld', work: async () => (await store.sweepOld(now, BATCH)) >= BATCH });
  };

  return {
    name: 'housekeeping',
    everyMs: null,
    async turn(turn: Turn) {
      const startedAt = clock.monotonic();
      if (steps.length === 0) {
        if (startedAt < nextPassAt) return;
        nextPassAt = startedAt + PASS_EVERY_MS;
        await beginPass(clock.now());
      }
      for (let batches = 0; batches < BATCHES_PER_TURN && !turn.stopped(); batches += 1) {
        const step = steps.shift();
        if (step === undefined) return;
        // Behind the others, which have their turns; one that fails is left for the next pass.
        if ((await turn.attempt(step.name, step.work)) === true) steps.push(step);
        if (clock.monotonic() - startedAt > TURN_MS) return;
      }
    },
  };
}

/** Some milliseconds on SQLite, and never 50. */
const SKIPPED_AT_ONCE = 300;

/** Writes the rows of deliveries that count as skipped already, by whichever nodes come first. */
export function createSkipWriting({
  store,
  clock,
}: Pick<HousekeepingDeps, 'clock'> & { store: SkipStore }): Job {
  return {
    name: 'skips',
    everyMs: null,
    async turn(turn) {
      const writeSome = async (workspace: number): Promise<boolean> => {
        const startedAt = clock.monotonic();
        const hasMore = await store.writeSkips(workspace, SKIPPED_AT_ONCE);
        // As long again, so that half of the database's time is left to publishing.
        if (hasMore) await turn.rest(clock.monotonic() - startedAt);
        return hasMore;
      };
      while (!turn.stopped() && (await turn.each(await store.workspacesToSkip(), writeSome)));
    },
  };
}

/** Deletes what has expired by itself: bins, idempotency keys, secrets. */
export function createSweep({
  store,
  clock,
  onDone,
}: Pick<HousekeepingDeps, 'clock' | 'onDone'> & { store: SweepStore }): Job {
  return {
    name: 'sweep',
    everyMs: SWEEP_EVERY_MS,
    async turn(turn) {
      for (;;) {
        const now = clock.now();
        const swept = await store.sweep(now, now - IDEMPOTENCY_KEPT_MS, SWEEP_BATCH);
        if (swept > 0) onDone({ swept });
        if (swept < SWEEP_BATCH || turn.stopped()) return;
      }
    },
  };
}

const FOLD_EVERY_MS = 30 * SECOND;
/** A few milliseconds of the database's time. */
const FOLD_BATCH = 300;

/** Keeps statistics small: minutes are added up to hours and hours to days; see queries/stats.ts. */
export function createStatsFolding({
  store,
  clock,
}: Pick<HousekeepingDeps, 'clock'> & { store: StatsWorkStore }): Job {
  return {
    name: 'statistics',
    everyMs: FOLD_EVERY_MS,
    async turn(turn) {
      while (!turn.stopped()) {
        const startedAt = clock.monotonic();
        if ((await store.foldStats(clock.now(), FOLD_BATCH)) === 0) return;
        // As long again is left to publishing.
        await turn.rest(clock.monotonic() - startedAt);
      }
    },
  };
}
