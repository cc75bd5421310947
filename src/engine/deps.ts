/** What the engine is given by who makes it: of the store, of the world, and how this node takes part. */

import type { Plan } from '../core/plan.ts';
import type { Sealer } from '../core/sealing.ts';
import type { AdministrationStore } from '../store/ports/administration.ts';
import type { RunWorkStore } from '../store/ports/automation.ts';
import type { BulkWorkStore } from '../store/ports/bulk.ts';
import type { DeletionStore, ErasureStore } from '../store/ports/customers.ts';
import type { JobWorkStore } from '../store/ports/jobs.ts';
import type { LaneStore } from '../store/ports/lanes.ts';
import type { LifecycleStore } from '../store/ports/lifecycle.ts';
import type { NodeStore, SliceStore } from '../store/ports/nodes.ts';
import type { MailStore, NoticeStore } from '../store/ports/notices.ts';
import type { PublishStore } from '../store/ports/publishing.ts';
import type { RecordStore } from '../store/ports/recording.ts';
import type { ReplayWorkStore } from '../store/ports/replays.ts';
import type { RetentionStore, SkipStore, SweepStore } from '../store/ports/retention.ts';
import type { RoutingStore } from '../store/ports/routing.ts';
import type { SearchWorkStore } from '../store/ports/search.ts';
import type { SignalStore } from '../store/ports/signals.ts';
import type { StatsWorkStore } from '../store/ports/stats.ts';
import type { Listening } from '../store/records/nodes.ts';
import type { Tracing, World } from '../world.ts';
import type { Meter } from './meter.ts';
import type { Offload } from './offload.ts';
import type { Mailing } from './outbox.ts';
import type { SlotLimits } from './slots.ts';

/** What of the store the engine works with. */
export interface EngineStore
  extends RoutingStore,
    PublishStore,
    NodeStore,
    SliceStore,
    LaneStore,
    RecordStore,
    ReplayWorkStore,
    JobWorkStore,
    BulkWorkStore,
    RunWorkStore,
    NoticeStore,
    MailStore,
    RetentionStore,
    SkipStore,
    SweepStore,
    StatsWorkStore,
    Pick<DeletionStore, 'deleteSome'>,
    ErasureStore,
    SearchWorkStore,
    Pick<LifecycleStore, 'load'>,
    SignalStore,
    Pick<AdministrationStore, 'listWorkspaces'> {}

export interface EngineLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
  debug(fields: Record<string, unknown>, message: string): void;
  isLevelEnabled(level: string): boolean;
}

export interface EngineDeps {
  store: EngineStore;
  world: World;
  sealer: Sealer;
  log: EngineLog;
  /** Whether other processes may share the store: lanes are leased then. */
  shared: boolean;
  /** False for a process that only takes events in (`--roles api`). */
  sends: boolean;
  /** Null where no mail server is set. */
  mailing: Mailing | null;
  /** Without it, all work is done on the loop. */
  offload?: Offload;
  slots?: SlotLimits;
  plans?: readonly Plan[];
  /** Without it, deliveries pass on what published their events, and nothing is told of them. */
  tracing?: Tracing;
  /** Whether events are to be found by text; true if absent. */
  search?: boolean;
  /** Without it, nothing is counted. */
  meter?: Meter;
  /** Where others reach this node; told to them with each heartbeat. Default: nowhere. */
  listens?(): readonly Listening[];
  /** Where living nodes listen, as of the last heartbeat. */
  onListening?(listening: readonly Listening[]): void;
  /** The store's time, ms, at some moment since `askedAt` (monotonic); see time.ts. */
  onTime?(storeMs: number, askedAt: number): void;
}

/** Says what has failed and will be tried again; `where` names what it was. */
export type OnError = (error: unknown, where: string) => void;
