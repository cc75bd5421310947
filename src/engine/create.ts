/** Puts the engine together: nothing but wiring. */

import type { KeyMaker } from '../core/ids.ts';
import { DEFAULT_PLANS } from '../core/plan.ts';
import { StoreUnavailable } from '../store/store.ts';
import { createBackground } from './background.ts';
import { createBodies } from './bodies.ts';
import { createPreviews } from './bulkPlaces.ts';
import { type Changes, createChanges } from './changes.ts';
import type { EngineDeps, OnError } from './deps.ts';
import { createDirectory } from './directory.ts';
import type { Engine } from './engine.ts';
import { handOver } from './handOver.ts';
import { Lanes } from './lanes.ts';
import { createMemory } from './memory.ts';
import { NO_METER } from './meter.ts';
import { meteredMailing, standingOf, timed } from './metering.ts';
import { createNodeLife } from './node.ts';
import { createPublisher } from './publisher.ts';
import { createPublishing } from './publishing.ts';
import { createRecorder } from './recorder.ts';
import { createSliceKeeper, STOP_PATIENCE_MS } from './slices.ts';
import { createSlots, type SlotLimits } from './slots.ts';

/** 1,000 sockets are well within a process's limits. */
const DEFAULT_SLOTS: SlotLimits = { total: 1_000, perWorkspace: 250 };
const NO_MAIL_SERVER =
  'No mail server is set (MIRSAL_SMTP_URL): notices are listed by the API, and nobody is mailed.';

export function createEngine(deps: EngineDeps): Engine {
  const { store, sealer, log, shared, sends } = deps;
  const { clock, random, send } = deps.world;
  const node = random.uuid();
  const meter = deps.meter ?? NO_METER;
  const mailing = deps.mailing === null ? null : meteredMailing(deps.mailing, meter);
  const plans = deps.plans ?? DEFAULT_PLANS;
  const isSearchOn = deps.search ?? true;
  const onError: OnError = (error, where) => {
    const expected = error instanceof StoreUnavailable;
    meter.failed(where.split(':', 1)[0] ?? where);
    log[expected ? 'warn' : 'error']({ err: error, where }, 'engine: a step failed and will be tried again');
  };
  const failed = (where: string) => (error: unknown) => onError(error, where);

  let keys: KeyMaker | null = null;
  const nextKey = (): number => {
    if (keys === null) throw new Error('The engine has not been started.');
    return keys.next(clock.now());
  };

  // What is sent, and by whom.
  const directory = createDirectory(store, sealer, clock);
  const memory = createMemory();
  const slots = createSlots(deps.slots ?? DEFAULT_SLOTS);
  const stopwatch = { clock, meter };
  const recorder = createRecorder({
    store: { recording: store.recording, record: timed('record', store.record, stopwatch) },
    clock,
    node,
    onUnavailable: failed('record'),
    onMoved: (workspace) => changes.routingChanged(workspace).catch(failed('routing')),
  });
  const lanes: Lanes = new Lanes({
    store,
    clock,
    send,
    tracing: deps.tracing ?? null,
    directory,
    recorder,
    slots,
    memory,
    bodies: createBodies(store),
    mayStart: (timeoutMs) => life.mayStart(timeoutMs),
    onFenced: () => void slices.balance().catch(failed('slices')),
    onAttempt(result, verdict, describe) {
      if (verdict === 'recorded') meter.attempted(result);
      if (log.isLevelEnabled('debug')) log.debug(describe(), 'attempt');
    },
    onError,
  });
  const slices = createSliceKeeper({ store, clock, node, lanes, onError });
  const changes: Changes = createChanges({ store, directory, lanes, slices, sends, onError });

  // What comes in.
  const offload = deps.offload ?? null;
  const spareKeys = () => life.spareKeys();
  const publisher = createPublisher({
    store: { publish: timed('publish', store.publish, stopwatch) },
    directory,
    random,
    now: () => clock.now(),
    search: isSearchOn,
    nextKey,
    memory,
    plans,
    mailHost: mailing?.host ?? null,
    offload,
    spareKeys,
  });
  const publishing = createPublishing(publisher, (published) => handOver({ store, lanes }, published));

  // What goes on by itself.
  const { lanesChanged } = changes;
  const { publishSystemEvent } = publishing;
  const { uuid } = random;
  const given = {
    store,
    clock,
    log,
    node,
    uuid,
    nextKey,
    plans,
    mailing,
    directory,
    offload,
    spareKeys,
    isSending: (delivery: number) => lanes.isSending(delivery),
    onNotice: meter.noticed,
    search: isSearchOn,
    worksOn: (slice: number) => lanes.held().some((held) => held.slice === slice),
    onError,
  };
  const jobs = sends ? createBackground({ ...given, lanesChanged, publishSystemEvent }) : null;
  if (sends && mailing === null) log.info({}, NO_MAIL_SERVER);
  const life = createNodeLife({
    store,
    clock,
    node,
    leased: shared,
    sends,
    onError,
    listens: () => deps.listens?.() ?? [],
    onListening: (listening) => deps.onListening?.(listening),
    onLost: () => lanes.dropAll(),
    onTime: (storeMs, askedAt) => deps.onTime?.(storeMs, askedAt),
    async round() {
      if (sends && shared) await slices.balance().catch(failed('slices'));
      if (sends) await slices.round().catch(failed('lanes'));
      if (shared) await changes.checkRouting().catch(failed('routing'));
      jobs?.tick();
    },
  });

  const preview = createPreviews(store);
  return {
    async start() {
      keys = await life.start();
      store.listen(changes.receive);
      if (sends) await slices.balance();
    },
    async stop() {
      if (keys === null) return;
      const patience = clock.after(STOP_PATIENCE_MS, () => recorder.giveUp());
      await jobs?.stop();
      await life.leave().catch(failed('stop'));
      await slices.stop();
      await lanes.stop();
      await life.stop();
      patience.cancel();
      await store.unregisterNode(node).catch(failed('stop'));
    },
    async publish(...call) {
      const from = clock.monotonic();
      const outcome = await publishing.publish(...call);
      meter.published(outcome, clock.monotonic() - from);
      return outcome;
    },
    standing: () => ({
      ...standingOf(lanes, clock.now()),
      inFlight: slots.inFlight(),
      memoryBytes: memory.used(),
    }),
    sendTest: publishing.sendTest,
    routing: async (workspace) => (await directory.view(workspace))?.routing ?? null,
    freshRouting: async (workspace) => (await directory.fresh(workspace))?.routing ?? null,
    routingChanged: changes.routingChanged,
    lanesChanged,
    previewBulk: (kind, workspace, input) => preview(kind, { workspace, input, createdAt: clock.now() }),
    isSending: (delivery) => lanes.isSending(delivery),
    nextKey,
  };
}
