/**
 * From a validated event to committed deliveries: match, build the body, commit, hand over.
 *
 * The matching is done outside the transaction, with the routing version that the transaction
 * then checks; where an endpoint has changed in between, everything is matched again. So routing
 * is exact and no lock is held while conditions are evaluated.
 */

import { bodyValue, buildBody, messagingEventId } from '../core/catalog/envelope.ts';
import { subjectOf } from '../core/catalog/subject.ts';
import { chooseLane } from '../core/delivery/order.ts';
import { DAY } from '../core/duration.ts';
import { WORK_LIMITS } from '../core/limits.ts';
import { type Plan, planOf } from '../core/plan.ts';
import { type EventBody, eventBody } from '../core/routing/body.ts';
import { Work } from '../core/work.ts';
import { EFFECT_LIMITS } from '../core/workflow/step.ts';
import type { PublishStore } from '../store/ports/publishing.ts';
import type { DeliverySource, NewDelivery } from '../store/records/delivery.ts';
import type { Endpoint } from '../store/records/endpoints.ts';
import type { NewEvent, PublishAnswer, PublishCall, VerdictRecord } from '../store/records/publishing.ts';
import type { Routing } from '../store/records/routing.ts';
import type { Random } from '../world.ts';
import { activationsOf, type EffectPlaces, type SetOff } from './automations.ts';
import type { Directory, WorkspaceView } from './directory.ts';
import { EventTypeGone, Overloaded, type PublishEvent } from './engine.ts';
import { hashEvent } from './eventHash.ts';
import type { Memory } from './memory.ts';

/** What an event weighs beside its body. */
const EVENT_WEIGHT = 1024;
/** How often routing may move under one publish; each round matches anew. */
const MAX_ROUNDS = 10;

export interface PublisherDeps {
  store: PublishStore;
  directory: Directory;
  memory: Memory;
  random: Random;
  now(): number;
  nextKey(): number;
  plans: readonly Plan[];
  /** What stands after the @ of Message-IDs; null where no mail server is set. */
  mailHost: string | null;
}

export interface PublishRequest {
  workspace: number;
  /** Checks the events by the routing it is given; throws what is to be told of them. */
  read: (routing: Routing) => readonly PublishEvent[];
  idempotency: { key: string; hash: string } | null;
  /** The one endpoint that gets it, whatever it subscribes to; null for all that want it. */
  test: Endpoint | null;
  /** Endpoints that do not get it although they want it: the event is about them. */
  except?: readonly number[];
  /** How many events lie between it and what people published: system events, and deliveries that came back in. */
  depth?: number;
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
        if (view === null) throw new Error(`Workspace ${request.workspace} does not exist.`);
        const read = readEvents(request, view);
        if (!read.ok) {
          // What this node holds refuses the events; has it been changed elsewhere?
          const fresh = await deps.directory.fresh(request.workspace);
          if (fresh === null || fresh.version === view.version) throw read.error;
          view = fresh;
          continue;
        }
        const call = prepareCall(deps, view, request, read.events);
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

type ReadEvents = { ok: true; events: readonly PublishEvent[] } | { ok: false; error: unknown };

function readEvents(request: PublishRequest, view: WorkspaceView): ReadEvents {
  try {
    return { ok: true, events: request.read(view.routing) };
  } catch (error) {
    return { ok: false, error };
  }
}

function prepareCall(
  deps: PublisherDeps,
  view: WorkspaceView,
  request: PublishRequest,
  read: readonly PublishEvent[],
): PublishCall {
  const acceptedAt = deps.now();
  let room: number = EFFECT_LIMITS.call;
  let steps: number = WORK_LIMITS.call.value;
  const events = read.map((event) => {
    const uuid = deps.random.uuid();
    const { test, except = [], depth = 0 } = request;
    const identity = { id: event.id ?? uuid, uuid, acceptedAt, test, except, depth };
    const work = new Work(Math.min(WORK_LIMITS.event.value, steps));
    const prepared = prepareEvent(deps, view, event, {
      ...identity,
      room: Math.min(EFFECT_LIMITS.event, room),
      work,
    });
    room -= prepared.size;
    steps -= work.used;
    return prepared.event;
  });
  return {
    workspace: request.workspace,
    routingVersion: view.version,
    acceptedAt,
    idempotency: request.idempotency,
    quota: quotaOf(deps, view, request, acceptedAt),
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

interface Identity {
  id: string;
  /** For the messaging family, where the caller's id is no UUID. */
  uuid: string;
  acceptedAt: number;
  test: Endpoint | null;
  except: readonly number[];
  depth: number;
  /** How many characters what it sets off may bring along. */
  room: number;
  /** What all that considers it may take. */
  work: Work;
}

function prepareEvent(
  deps: PublisherDeps,
  view: WorkspaceView,
  event: PublishEvent,
  identity: Identity,
): { event: NewEvent; size: number } {
  const { id, acceptedAt, test, room, work } = identity;
  const type = view.eventType(event.type);
  if (type === undefined) throw new EventTypeGone(`there is no event type "${event.type}" any more`);
  const createdAt = event.createdAt ?? acceptedAt;
  const account = event.account ?? defaultAccount(view);
  const eventId = messagingEventId(id, identity.uuid);
  const parts = { eventType: type, eventId, createdAt, account };
  const body = buildBody({ ...parts, data: event.data });
  const value = bodyValue(parts, event.value);
  // Of an account of its own, which always suffices: an event without its subject would be another event.
  const subject = subjectOf(type, eventBody(body, value));
  const read = eventBody(body, value, work);
  const base = { deps, view, id, subject, except: identity.except };
  const routed = test === null ? route(base, event.type, read) : routeTest(base, test);
  const { depth } = identity;
  const setOff =
    test === null && mayUseWebhooks(base)
      ? activationsOf(
          view.automations,
          { id, eventType: type, subject: base.subject, depth, body: read },
          placesOf(deps, view),
          { now: acceptedAt, room },
        )
      : NOTHING;
  const refusals = [...routed.refusals, ...setOff.refusals];
  const prepared: NewEvent = {
    key: deps.nextKey(),
    id,
    type: event.type,
    subject: base.subject,
    createdAt,
    body,
    account: type.family === 'marketing' ? null : event.account,
    hash: hashEvent(event),
    verdicts: refusals.length === 0 ? null : JSON.stringify(refusals),
    warnings: event.warnings,
    test: test !== null,
    deliveries: routed.deliveries,
    depth,
    activations: setOff.activations,
    signals: test === null && base.subject !== null && view.automations.awaited.has(event.type),
  };
  return { event: prepared, size: setOff.size };
}

const NOTHING: SetOff = { activations: [], refusals: [], size: 0 };

/** Where the effects of runs go, as this node knows the workspace. */
export function placesOf(
  { nextKey, mailHost }: Pick<PublisherDeps, 'nextKey' | 'mailHost'>,
  { endpoints, routing }: WorkspaceView,
): EffectPlaces {
  return { endpoints, language: routing.workspace.settings.language, nextKey, mailHost };
}

function defaultAccount(view: WorkspaceView): string | null {
  const email = view.routing.workspace.settings.account_email;
  return email === null ? null : JSON.stringify({ email });
}

interface RouteBase {
  deps: PublisherDeps;
  view: WorkspaceView;
  id: string;
  subject: string | null;
  except: readonly number[];
}

const ABOUT_ITSELF = 'The event is about this very endpoint.';

interface Routed {
  deliveries: NewDelivery[];
  refusals: VerdictRecord[];
}

function deliveryTo(base: RouteBase, endpoint: Endpoint, source: DeliverySource): NewDelivery {
  return {
    key: base.deps.nextKey(),
    endpoint: endpoint.key,
    lane: chooseLane(endpoint, { id: base.id, subject: base.subject }),
    source,
    body: null,
  };
}

function mayUseWebhooks({ deps, view }: RouteBase): boolean {
  return planOf(deps.plans, view.routing.workspace.plan).webhooks;
}

const NO_WEBHOOKS = "The workspace's plan does not include webhooks.";

function route(base: RouteBase, eventType: string, body: EventBody): Routed {
  const routed: Routed = { deliveries: [], refusals: [] };
  const mayDeliver = mayUseWebhooks(base);
  for (const { endpointId, verdict } of base.view.matcher.match(eventType, () => body)) {
    const source: DeliverySource = { kind: 'subscription', id: endpointId };
    const endpoint = base.view.endpoint(endpointId);
    if (endpoint === undefined) continue;
    if (!mayDeliver) {
      routed.refusals.push({ source, clause: undefined, actual: null, reason: NO_WEBHOOKS });
    } else if (base.except.includes(endpointId)) {
      routed.refusals.push({ source, clause: undefined, actual: null, reason: ABOUT_ITSELF });
    } else if (verdict.matched) {
      routed.deliveries.push(deliveryTo(base, endpoint, source));
    } else {
      const { clause, actual, reason } = verdict;
      routed.refusals.push({ source, clause, actual: actual ?? null, reason });
    }
  }
  return routed;
}

function routeTest(base: RouteBase, endpoint: Endpoint): Routed {
  return { deliveries: [deliveryTo(base, endpoint, { kind: 'test', id: null })], refusals: [] };
}
