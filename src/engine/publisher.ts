/**
 * From a validated event to committed deliveries: match, build the body, commit, hand over.
 *
 * The matching is done outside the transaction, with the routing version that the transaction
 * then checks; where an endpoint has changed in between, everything is matched again. So routing
 * is exact and no lock is held while conditions are evaluated.
 */

import { DAY } from '../core/duration.ts';
import { planOf } from '../core/plan.ts';
import type { PublishStore } from '../store/ports/publishing.ts';
import type { Endpoint } from '../store/records/endpoints.ts';
import type { NewEvent, PublishAnswer, PublishCall } from '../store/records/publishing.ts';
import type { Routing } from '../store/records/routing.ts';
import type { Random } from '../world.ts';
import type { Directory, WorkspaceView } from './directory.ts';
import {
  Overloaded,
  type PostedText,
  type PublishEvent,
  TooHeavy,
  WorkspaceGone,
  WorkspaceSuspended,
} from './engine.ts';
import type { Memory } from './memory.ts';
import { inSpareKeys, type Offload, type SpareKeys } from './offload.ts';
import { type PrepareDeps, type PublishFacts, prepareEvents } from './prepare.ts';

/** What an event weighs beside its body. */
const EVENT_WEIGHT = 1024;
/** How often routing may move under one publish; each round matches anew. */
const MAX_ROUNDS = 10;

export interface PublisherDeps extends Omit<PrepareDeps, 'uuid'> {
  store: PublishStore;
  directory: Directory;
  memory: Memory;
  random: Random;
  now(): number;
  /** Whether events are to be found by text. */
  search: boolean;
  /** Null where all work is done on the loop. */
  offload: Offload | null;
  /** What the offload may use now: others after each registration of the node. */
  spareKeys(): SpareKeys;
}

export interface PublishRequest {
  workspace: number;
  /** As Engine.publish has it. */
  read: (routing: Routing, light: boolean) => readonly PublishEvent[];
  /** The text from which `read` reads them; null where it reads no text. */
  posted: PostedText | null;
  idempotency: { key: string; hash: string } | null;
  /** The one endpoint that gets it, whatever it subscribes to; null for all that want it. */
  test: Endpoint | null;
  /** Endpoints that do not get it although they want it: the event is about them. */
  except?: readonly number[];
  /** How many events lie between it and what people published: system events, and deliveries that came back in. */
  depth?: number;
  /** W3C `traceparent` of what publishes it. */
  trace?: string | null;
}

export interface Published {
  answer: Exclude<PublishAnswer, { kind: 'stale' }>;
  call: PublishCall;
}

export interface Publisher {
  publish(request: PublishRequest): Promise<Published>;
}

export function createPublisher(deps: PublisherDeps): Publisher {
  const { memory } = deps;

  const store = async (call: PublishCall): Promise<PublishAnswer> => {
    const weight = call.events.reduce((sum, event) => sum + weighEvent(event), 0);
    if (!memory.tryAdd(weight)) {
      throw new Overloaded('As many events as this node can hold are waiting to be stored.');
    }
    try {
      return await deps.store.publish(call);
    } finally {
      memory.remove(weight);
    }
  };

  return {
    async publish(request) {
      let view = await deps.directory.view(request.workspace);
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        if (view === null) throw new WorkspaceGone(`Workspace ${request.workspace} does not exist.`);
        const facts = factsOf(request, deps.now());
        const prepared = await prepare(deps, view, request, facts);
        if (!prepared.ok) {
          if (prepared.error instanceof Overloaded) throw prepared.error;
          // What this node holds refuses the events; has it been changed elsewhere?
          const fresh = await deps.directory.fresh(request.workspace);
          if (fresh === null || fresh.version === view.version) throw prepared.error;
          view = fresh;
          continue;
        }
        const call = callOf(deps, view, request, facts, prepared.events);
        const answer = await store(call);
        if (answer.kind !== 'stale') return { answer, call };
        view = await deps.directory.refresh(request.workspace, answer.routingVersion);
      }
      throw new Overloaded('The endpoints of this workspace are changing faster than events can be matched.');
    },
  };
}

/** Characters on their way to the store: the event's own body, and those of what it sets off. */
function weighEvent({ body, activations }: NewEvent): number {
  let weight = body.length + EVENT_WEIGHT;
  for (const { deliveries, mails, steps } of activations) {
    for (const delivery of deliveries) weight += delivery.body?.length ?? 0;
    for (const { subject, text } of mails) weight += subject.length + text.length;
    for (const { details } of steps) weight += details.length;
  }
  return weight;
}

type Prepared = { ok: true; events: NewEvent[] } | { ok: false; error: unknown };

function factsOf(
  { test, except = [], depth = 0, trace = null }: PublishRequest,
  acceptedAt: number,
): PublishFacts {
  return { acceptedAt, test, except, depth, trace };
}

/** On the loop where that takes little, as it does nearly always; else in a thread of its own. */
async function prepare(
  deps: PublisherDeps,
  view: WorkspaceView,
  request: PublishRequest,
  facts: PublishFacts,
): Promise<Prepared> {
  const { offload, random } = deps;
  const { posted } = request;
  const light = offload !== null;
  try {
    requireAccepting(view, request);
    if (offload !== null && posted !== null && typeof posted.text !== 'string') {
      return { ok: true, events: await offloaded(deps, offload, view, posted, facts) };
    }
    let source: PostedText | readonly PublishEvent[];
    try {
      const read = request.read(view.routing, light);
      const events = prepareEvents({ ...deps, uuid: () => random.uuid() }, view, read, facts, { light });
      if (events !== null) return { ok: true, events };
      source = read;
    } catch (error) {
      if (!(error instanceof TooHeavy) || posted === null) throw error;
      source = posted;
    }
    if (offload === null) throw new Error('What is not to be light takes all the work that it may.');
    return { ok: true, events: await offloaded(deps, offload, view, source, facts) };
  } catch (error) {
    return { ok: false, error };
  }
}

/** What Mirsal itself has to say of a suspended workspace is kept, and held like the rest. */
function requireAccepting({ routing }: WorkspaceView, { except }: PublishRequest): void {
  const { suspended } = routing.workspace;
  if (suspended?.mode !== 'refuse' || except !== undefined) return;
  const why = suspended.reason === null ? '' : `: ${suspended.reason}`;
  throw new WorkspaceSuspended(`The workspace is suspended and accepts no events${why}`);
}

function offloaded(
  { spareKeys }: PublisherDeps,
  offload: Offload,
  { routing }: WorkspaceView,
  source: PostedText | readonly PublishEvent[],
  facts: PublishFacts,
): Promise<NewEvent[]> {
  return inSpareKeys(spareKeys, (keys) => offload.prepare(routing, source, facts, keys));
}

function callOf(
  deps: PublisherDeps,
  view: WorkspaceView,
  request: PublishRequest,
  { acceptedAt }: PublishFacts,
  events: readonly NewEvent[],
): PublishCall {
  return {
    workspace: request.workspace,
    routingVersion: view.version,
    acceptedAt,
    idempotency: request.idempotency,
    quota: quotaOf(deps, view, request, acceptedAt),
    searchable: deps.search,
    events,
  };
}

/** Tests and what Mirsal itself publishes are free. */
function quotaOf(
  { plans }: PublisherDeps,
  { routing }: WorkspaceView,
  { test, except }: PublishRequest,
  acceptedAt: number,
): PublishCall['quota'] {
  const limit = planOf(plans, routing.workspace.plan).limits.events_per_day;
  if (limit === null || test !== null || except !== undefined) return null;
  return { limit, day: Math.floor(acceptedAt / DAY) };
}
