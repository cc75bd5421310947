/**
 * Puts the engine together. Signals and polling meet here: every change reaches the lanes that
 * it concerns, on this node at once, on others through the store's signals, and within a second
 * in any case.
 */

import { MINUTE, SECOND } from '../core/duration.ts';
import type { KeyMaker } from '../core/ids.ts';
import { DEFAULT_PLANS, type Plan } from '../core/plan.ts';
import type { Sealer } from '../core/sealing.ts';
import type { NewDelivery } from '../store/records/delivery.ts';
import type { ClaimedLane, LaneItem, NewEvent, PublishCall } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { StoreUnavailable } from '../store/store.ts';
import type { World } from '../world.ts';
import { createDirectory, type WorkspaceView } from './directory.ts';
import type { Engine } from './engine.ts';
import { createHousekeeping, createSweep } from './housekeeping.ts';
import { createJobs } from './jobs.ts';
import { Lanes } from './lanes.ts';
import { createNodeLife } from './node.ts';
import { createMailer, createNoticePublishing, type Mailing, type NoticePublishingDeps } from './outbox.ts';
import { createPublisher, type Published, placesOf } from './publisher.ts';
import { createRecorder } from './recorder.ts';
import { createReplayer } from './replays.ts';
import { createRuns } from './runs.ts';
import { createSlots, type SlotLimits } from './slots.ts';

export interface EngineLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
  debug(fields: Record<string, unknown>, message: string): void;
  isLevelEnabled(level: string): boolean;
}

export interface EngineDeps {
  store: Store;
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
}

/** 1,000 sockets are well within a process's limits; four workspaces of hanging receivers would fill them. */
const DEFAULT_SLOTS: SlotLimits = { total: 1_000, perWorkspace: 250 };
const CLAIM_AT_ONCE = 1_000;
/** In-flight attempts end by their deadline (10 s at most); their results need a moment more. */
const STOP_PATIENCE_MS = 15 * SECOND;
const RELEASE_EVERY_MS = MINUTE;
const NO_MAIL_SERVER =
  'No mail server is set (MIRSAL_SMTP_URL): notices are listed by the API, and nobody is mailed.';

export function createEngine(deps: EngineDeps): Engine {
  const { store, sealer, log } = deps;
  const { clock, random, send } = deps.world;
  const node = random.uuid();
  const directory = createDirectory(store, sealer);
  let keys: KeyMaker | null = null;
  let lastRelease = clock.monotonic();

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
    await store.notify({ kind: 'routing', workspace });
  };
  const lanes = new Lanes({
    store,
    clock,
    send,
    directory,
    recorder,
    slots: createSlots(deps.slots ?? DEFAULT_SLOTS),
    node,
    mayStart: (timeoutMs) => life.mayStart(timeoutMs),
    onAttempt(describe) {
      if (log.isLevelEnabled('debug')) log.debug(describe(), 'attempt');
    },
    onError,
  });

  const claim = async (only: readonly number[] | null): Promise<number> => {
    if (!deps.sends) return 0;
    const claimed = await store.claimLanes(node, CLAIM_AT_ONCE, only);
    for (const lane of claimed) lanes.adopt(lane);
    return claimed.length;
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

  const releaseIdle = async (): Promise<void> => {
    if (clock.monotonic() - lastRelease < RELEASE_EVERY_MS) return;
    lastRelease = clock.monotonic();
    await lanes.releaseIdle();
  };

  const life = createNodeLife({
    store,
    clock,
    node,
    leased: deps.shared,
    onError,
    onLost: () => lanes.dropAll(),
    async round() {
      await lanes.releaseAbandoned();
      await claim(null);
      if (deps.shared) await checkRouting();
      await releaseIdle();
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
    node: deps.sends ? node : null,
    plans: deps.plans ?? DEFAULT_PLANS,
    mailHost: deps.mailing?.host ?? null,
  });

  /** Gives committed deliveries to the lanes that this node owns, and tells the owners of the others. */
  const handOver = ({ answer, call }: Published): void => {
    if (answer.kind !== 'accepted' || answer.lanes.length === 0) return;
    const items = laneItems(call, answer, new Map(answer.lanes.map((l) => [l.lane, l.firstSequence])));
    const elsewhere: number[] = [];
    for (const touched of answer.lanes) {
      const mine = items.get(touched.lane) ?? [];
      if (touched.owner === node) lanes.offer(toClaimed(call.workspace, touched, mine), mine);
      else if (touched.owner !== null) elsewhere.push(touched.lane);
    }
    if (elsewhere.length > 0) {
      store.notify({ kind: 'lanes', lanes: elsewhere }).catch((error: unknown) => onError(error, 'notify'));
    }
  };

  const lanesChanged = async (changed: readonly number[]): Promise<void> => {
    const others = changed.filter((lane) => !lanes.wake(lane));
    if (others.length === 0) return;
    await claim(others);
    await store.notify({ kind: 'lanes', lanes: others });
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
      ])
    : null;

  return {
    async start() {
      keys = await life.start();
      store.listen((signal) => {
        if (signal.kind === 'routing') {
          directory
            .refresh(signal.workspace)
            .then(() => lanes.wakeWorkspace(signal.workspace))
            .catch((error: unknown) => onError(error, 'signal'));
        } else if (signal.kind === 'lanes') {
          const others = signal.lanes.filter((lane) => !lanes.wake(lane));
          claim(others).catch((error: unknown) => onError(error, 'signal'));
        }
      });
      while ((await claim(null)) === CLAIM_AT_ONCE);
    },
    async stop() {
      if (keys === null) return;
      const patience = clock.after(STOP_PATIENCE_MS, () => recorder.giveUp());
      await life.stop();
      await jobs?.stop();
      await lanes.stop();
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

function toClaimed(
  workspace: number,
  touched: { lane: number; endpoint: number; epoch: number; doneSequence: number; firstSequence: number },
  items: readonly LaneItem[],
): ClaimedLane {
  const { lane, endpoint, epoch, doneSequence, firstSequence } = touched;
  return {
    lane,
    workspace,
    endpoint,
    epoch,
    doneSequence,
    lastSequence: items.at(-1)?.sequence ?? firstSequence,
  };
}

/** What was queued for an event, in its order. */
function queuedOf({ deliveries, activations }: NewEvent, braked: readonly number[]): readonly NewDelivery[] {
  if (activations.length === 0) return deliveries;
  const begun = activations.filter(({ run }) => !braked.includes(run));
  return [...deliveries, ...begun.flatMap((activation) => activation.deliveries)];
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
    // Encoded once for all who get it: for each attempt anew it took 1.7 µs per KB.
    const body = Buffer.from(event.body);
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
        body: delivery.body === null ? body : Buffer.from(delivery.body),
      });
    }
  }
  return items;
}
