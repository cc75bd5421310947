/**
 * Puts the engine together. Signals and rounds meet here: every change reaches the lanes that it
 * concerns, on this node at once, on others through the store's signals, and within some seconds in any
 * case (slices.ts).
 */

import type { KeyMaker } from '../core/ids.ts';
import { DEFAULT_PLANS, type Plan } from '../core/plan.ts';
import type { Sealer } from '../core/sealing.ts';
import type { AdministrationStore } from '../store/ports/administration.ts';
import type { RunWorkStore } from '../store/ports/automation.ts';
import type { LaneStore } from '../store/ports/lanes.ts';
import type { NodeStore, SliceStore } from '../store/ports/nodes.ts';
import type { MailStore, NoticeStore } from '../store/ports/notices.ts';
import type { PublishStore } from '../store/ports/publishing.ts';
import type { RecordStore } from '../store/ports/recording.ts';
import type { ReplayWorkStore } from '../store/ports/replays.ts';
import type { RetentionStore, SkipStore, SweepStore } from '../store/ports/retention.ts';
import type { RoutingStore } from '../store/ports/routing.ts';
import type { Signal, SignalStore } from '../store/ports/signals.ts';
import type { NewDelivery } from '../store/records/delivery.ts';
import { LARGE_BODY, type LaneItem, type LaneState } from '../store/records/lanes.ts';
import type { NewEvent, PublishCall, TouchedLane } from '../store/records/publishing.ts';
import { StoreUnavailable } from '../store/store.ts';
import type { World } from '../world.ts';
import { createBodies } from './bodies.ts';
import { createDirectory, type WorkspaceView } from './directory.ts';
import type { Engine } from './engine.ts';
import { createHousekeeping, createSkipWriting, createSweep } from './housekeeping.ts';
import { createJobs } from './jobs.ts';
import { Lanes } from './lanes.ts';
import { createMemory } from './memory.ts';
import { createNodeLife } from './node.ts';
import { createMailer, createNoticePublishing, type Mailing, type NoticePublishingDeps } from './outbox.ts';
import { createPublisher, type Published, placesOf } from './publisher.ts';
import { createRecorder } from './recorder.ts';
import { createReplayer } from './replays.ts';
import { createRuns } from './runs.ts';
import { createSliceKeeper, STOP_PATIENCE_MS } from './slices.ts';
import { createSlots, type SlotLimits } from './slots.ts';

export interface EngineLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
  debug(fields: Record<string, unknown>, message: string): void;
  isLevelEnabled(level: string): boolean;
}

/** What of the store the engine works with. */
export interface EngineStore
  extends RoutingStore,
    PublishStore,
    NodeStore,
    SliceStore,
    LaneStore,
    RecordStore,
    ReplayWorkStore,
    RunWorkStore,
    NoticeStore,
    MailStore,
    RetentionStore,
    SkipStore,
    SweepStore,
    SignalStore,
    Pick<AdministrationStore, 'listWorkspaces'> {}

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
  slots?: SlotLimits;
  plans?: readonly Plan[];
  /** The store's time, ms, at some moment since `askedAt` (monotonic); see time.ts. */
  onTime?(storeMs: number, askedAt: number): void;
}

/** 1,000 sockets are well within a process's limits. */
const DEFAULT_SLOTS: SlotLimits = { total: 1_000, perWorkspace: 250 };
const NO_MAIL_SERVER =
  'No mail server is set (MIRSAL_SMTP_URL): notices are listed by the API, and nobody is mailed.';

export function createEngine(deps: EngineDeps): Engine {
  const { store, sealer, log } = deps;
  const { clock, random, send } = deps.world;
  const node = random.uuid();
  const directory = createDirectory(store, sealer);
  let keys: KeyMaker | null = null;

  const onError = (error: unknown, where: string): void => {
    const expected = error instanceof StoreUnavailable;
    log[expected ? 'warn' : 'error']({ err: error, where }, 'engine: a step failed and will be tried again');
  };
  const recorder = createRecorder({
    store,
    clock,
    node,
    onUnavailable: (error) => onError(error, 'record'),
    onMoved: (workspace) => routingChanged(workspace).catch((error: unknown) => onError(error, 'routing')),
  });
  const routingChanged = async (workspace: number): Promise<void> => {
    await directory.refresh(workspace);
    lanes.wakeWorkspace(workspace);
    store.notify({ kind: 'routing', workspace });
  };
  const memory = createMemory();
  const lanes: Lanes = new Lanes({
    store,
    clock,
    send,
    directory,
    recorder,
    slots: createSlots(deps.slots ?? DEFAULT_SLOTS),
    memory,
    bodies: createBodies(store),
    mayStart: (timeoutMs) => life.mayStart(timeoutMs),
    onFenced: () => background('slices', slices.balance),
    onAttempt(describe) {
      if (log.isLevelEnabled('debug')) log.debug(describe(), 'attempt');
    },
    onError,
  });
  const slices = createSliceKeeper({ store, clock, node, lanes, onError });

  /** Does it without anybody waiting for it. */
  const background = (where: string, task: () => Promise<void>): void => {
    task().catch((error: unknown) => onError(error, where));
  };

  const checkRouting = async (): Promise<void> => {
    const held = directory.workspaces();
    const versions = await store.routingVersions(held);
    for (const [workspace, version] of versions) {
      if ((directory.held(workspace)?.version ?? 0) >= version) continue;
      await directory.refresh(workspace, version);
      lanes.wakeWorkspace(workspace);
    }
  };

  /** Signals may have been lost. */
  const lookAtAll = async (): Promise<void> => {
    await checkRouting();
    if (!deps.sends) return;
    await slices.balance();
    await slices.compareAll();
  };

  const life = createNodeLife({
    store,
    clock,
    node,
    leased: deps.shared,
    sends: deps.sends,
    onError,
    onLost: () => lanes.dropAll(),
    onTime: (storeMs, askedAt) => deps.onTime?.(storeMs, askedAt),
    async round() {
      const failed = (where: string) => (error: unknown) => onError(error, where);
      if (deps.sends) {
        if (deps.shared) await slices.balance().catch(failed('slices'));
        await slices.round().catch(failed('lanes'));
      }
      if (deps.shared) await checkRouting().catch(failed('routing'));
      jobs?.tick();
    },
  });

  const nextKey = (): number => {
    if (keys === null) throw new Error('The engine has not been started.');
    return keys.next(clock.now());
  };
  const publisher = createPublisher({
    store,
    directory,
    random,
    now: () => clock.now(),
    nextKey,
    memory,
    plans: deps.plans ?? DEFAULT_PLANS,
    mailHost: deps.mailing?.host ?? null,
  });

  /** Gives committed deliveries to the lanes that this node works, and tells the nodes that work the others. */
  const handOver = ({ answer, call }: Published): void => {
    if (answer.kind !== 'accepted' || answer.lanes.length === 0) return;
    const items = laneItems(call, answer, new Map(answer.lanes.map((l) => [l.lane, l.firstSequence])));
    const elsewhere: number[] = [];
    for (const touched of answer.lanes) {
      const mine = items.get(touched.lane) ?? [];
      if (lanes.works(touched.lane)) lanes.offer(touchedState(call, touched, mine), mine);
      else elsewhere.push(touched.lane);
    }
    if (elsewhere.length > 0) store.notify({ kind: 'lanes', lanes: elsewhere });
  };

  const lanesChanged = async (changed: readonly number[]): Promise<void> => {
    slices.look(changed);
    const others = changed.filter((lane) => !lanes.works(lane));
    if (others.length > 0) store.notify({ kind: 'lanes', lanes: others });
  };

  const receive = (signal: Signal): void => {
    switch (signal.kind) {
      case 'routing':
        background('routing', async () => {
          await directory.refresh(signal.workspace);
          lanes.wakeWorkspace(signal.workspace);
        });
        break;
      case 'lanes':
        slices.look(signal.lanes);
        break;
      case 'slices':
        if (deps.sends) background('slices', slices.balance);
        break;
      case 'everything':
        background('look at all', lookAtAll);
        break;
      case 'bin':
        break;
      default:
        signal satisfies never;
    }
  };

  const publishSystemEvent: NoticePublishingDeps['publish'] = async (workspace, draft, depth) => {
    const { event, except } = draft;
    const request = { workspace, read: () => [event], idempotency: null, test: null, except, depth };
    const published = await publisher.publish(request);
    handOver(published);
    return published.answer.kind === 'accepted';
  };
  const { mailing } = deps;
  if (deps.sends && mailing === null) log.info({}, NO_MAIL_SERVER);
  const onDone = (fields: Record<string, unknown>): void => log.debug(fields, 'retention');
  const workspace = directory.fresh;
  const places = (view: WorkspaceView) => placesOf({ nextKey, mailHost: mailing?.host ?? null }, view);
  const plans = deps.plans ?? DEFAULT_PLANS;
  const jobs = deps.sends
    ? createJobs({ clock, onError }, [
        createNoticePublishing({ store, clock, log, workspace, publish: publishSystemEvent }),
        ...(mailing === null
          ? []
          : [createMailer({ store, clock, uuid: random.uuid, log, mailing, onError })]),
        createReplayer({ store, clock, node, nextKey, lanesChanged }),
        createRuns({ store, workspace, places, lanesChanged, onError }),
        createHousekeeping({ store, clock, plans, lanesChanged, onDone }),
        createSweep({ store, clock, onDone }),
        createSkipWriting({ store, clock }),
      ])
    : null;

  return {
    async start() {
      keys = await life.start();
      store.listen(receive);
      if (deps.sends) await slices.balance();
    },
    async stop() {
      if (keys === null) return;
      const patience = clock.after(STOP_PATIENCE_MS, () => recorder.giveUp());
      await jobs?.stop();
      await life.leave().catch((error: unknown) => onError(error, 'stop'));
      await slices.stop();
      await lanes.stop();
      await life.stop();
      patience.cancel();
      await store.unregisterNode(node).catch((error: unknown) => onError(error, 'stop'));
    },
    async publish(workspace, read, idempotency) {
      const published = await publisher.publish({ workspace, read, idempotency, test: null });
      handOver(published);
      const { answer } = published;
      return answer.kind !== 'accepted'
        ? answer
        : { kind: 'accepted', accepted: answer.accepted, repeated: answer.repeated };
    },
    async sendTest(workspace, endpoint, event) {
      const published = await publisher.publish({
        workspace,
        read: () => [event],
        idempotency: null,
        test: endpoint,
      });
      handOver(published);
      const [stored] = published.call.events;
      const [delivery] = stored?.deliveries ?? [];
      if (stored === undefined || delivery === undefined) throw new Error('A test makes one delivery.');
      return { event: stored.id, delivery: delivery.key };
    },
    routing: async (workspace) => (await directory.view(workspace))?.routing ?? null,
    freshRouting: async (workspace) => (await directory.fresh(workspace))?.routing ?? null,
    routingChanged,
    lanesChanged,
    isSending: (delivery) => lanes.isSending(delivery),
    nextKey,
  };
}

/** A lane as a publish has left it. */
function touchedState(
  { workspace, routingVersion }: PublishCall,
  { lane, endpoint, revision, doneSequence, firstSequence }: TouchedLane,
  items: readonly LaneItem[],
): Omit<LaneState, 'slice'> {
  const lastSequence = items.at(-1)?.sequence ?? firstSequence;
  return { lane, workspace, endpoint, revision, doneSequence, lastSequence, routingVersion };
}

/** What was queued for an event, in its order. */
function queuedOf({ deliveries, activations }: NewEvent, braked: readonly number[]): readonly NewDelivery[] {
  if (activations.length === 0) return deliveries;
  const begun = activations.filter(({ run }) => !braked.includes(run));
  return [...deliveries, ...begun.flatMap((activation) => activation.deliveries)];
}

/** Null for a large one: it is read when it is sent. */
function encode(body: string): Uint8Array | null {
  return body.length > LARGE_BODY ? null : Buffer.from(body);
}

/** The fresh deliveries of a committed call per lane, with the sequences that the store gave them. */
function laneItems(
  call: PublishCall,
  { repeated, braked }: { repeated: readonly boolean[]; braked: readonly number[] },
  firstSequences: ReadonlyMap<number, number>,
): Map<number, LaneItem[]> {
  const items = new Map<number, LaneItem[]>();
  for (const [index, event] of call.events.entries()) {
    if (repeated[index] === true) continue;
    const queued = queuedOf(event, braked);
    if (queued.length === 0) continue;
    const body = encode(event.body);
    for (const delivery of queued) {
      let list = items.get(delivery.lane);
      if (list === undefined) {
        list = [];
        items.set(delivery.lane, list);
      }
      list.push({
        key: delivery.key,
        sequence: (firstSequences.get(delivery.lane) ?? 0) + list.length,
        message: delivery.key,
        event: event.key,
        eventType: event.type,
        source: delivery.source,
        replay: false,
        attempts: 0,
        waitedMs: 0,
        nextAttemptAt: null,
        ownBody: delivery.body !== null,
        // Encoded once for all who get it: for each attempt anew it took 1.7 µs per KB.
        body: delivery.body === null ? body : encode(delivery.body),
      });
    }
  }
  return items;
}
