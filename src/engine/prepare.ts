/**
 * What is to be stored of events: which endpoints want them, which rules and workflows they set off, and the body that
 * receivers get. No I/O, so that it can be done in a thread of its own (offload.ts).
 */

import { bodyValue, buildBody, messagingEventId } from '../core/catalog/envelope.ts';
import { subjectOf } from '../core/catalog/subject.ts';
import { chooseLane } from '../core/delivery/order.ts';
import { LIGHT_LIMITS, WORK_LIMITS } from '../core/limits.ts';
import { type Plan, planOf } from '../core/plan.ts';
import { type EventBody, eventBody } from '../core/routing/body.ts';
import { refusal } from '../core/routing/why.ts';
import { Work } from '../core/work.ts';
import { EFFECT_LIMITS } from '../core/workflow/step.ts';
import type { DeliverySource, NewDelivery } from '../store/records/delivery.ts';
import type { Endpoint } from '../store/records/endpoints.ts';
import type { NewEvent, VerdictRecord } from '../store/records/publishing.ts';
import { activationsOf, type EffectPlaces, type SetOff } from './automations.ts';
import type { WorkspaceView } from './directory.ts';
import { EventTypeGone, type PublishEvent } from './engine.ts';
import { hashEvent } from './eventHash.ts';

export interface PrepareDeps {
  uuid(): string;
  nextKey(): number;
  plans: readonly Plan[];
  /** What stands after the @ of Message-IDs; null where no mail server is set. */
  mailHost: string | null;
}

/** What is known of all events of a call. */
export interface PublishFacts {
  acceptedAt: number;
  /** The one endpoint that gets them, whatever it subscribes to; null for all that want them. */
  test: Endpoint | null;
  /** Endpoints that do not get them although they want them: the events are about them. */
  except: readonly number[];
  /** How many events lie between them and what people published. */
  depth: number;
  /** W3C `traceparent` of what publishes them; null for none. */
  trace: string | null;
}

/** Null where the events take more work than is done at once, and only little is to be done (`light`). */
export function prepareEvents(
  deps: PrepareDeps,
  view: WorkspaceView,
  read: readonly PublishEvent[],
  facts: PublishFacts,
  how: { light: boolean },
): NewEvent[] | null {
  let room: number = EFFECT_LIMITS.call;
  let steps: number = (how.light ? LIGHT_LIMITS.work : WORK_LIMITS.call).value;
  const events: NewEvent[] = [];
  for (const event of read) {
    const uuid = deps.uuid();
    const work = new Work(Math.min(WORK_LIMITS.event.value, steps));
    const prepared = prepareEvent(deps, view, event, {
      ...facts,
      ...{ id: event.id ?? uuid, uuid, work },
      room: Math.min(EFFECT_LIMITS.event, room),
    });
    if (how.light && work.isExhausted) return null;
    room -= prepared.size;
    steps -= work.used;
    events.push(prepared.event);
  }
  return events;
}

interface Identity extends PublishFacts {
  id: string;
  /** For the messaging family, where the caller's id is no UUID. */
  uuid: string;
  /** How many characters what it sets off may bring along. */
  room: number;
  /** What all that considers it may take. */
  work: Work;
}

function prepareEvent(
  deps: PrepareDeps,
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
    trace: identity.trace,
    activations: setOff.activations,
    signals: test === null && base.subject !== null && view.automations.awaited.has(event.type),
  };
  return { event: prepared, size: setOff.size };
}

const NOTHING: SetOff = { activations: [], refusals: [], size: 0 };

/** Where the effects of runs go, as this node knows the workspace. */
export function placesOf(
  { nextKey, mailHost, plans }: Pick<PrepareDeps, 'nextKey' | 'mailHost' | 'plans'>,
  { endpoints, routing }: WorkspaceView,
): EffectPlaces {
  const { limits } = planOf(plans, routing.workspace.plan);
  const mailLimits = { perDay: limits.mails_per_day, perRecipient: limits.mails_per_recipient_per_day };
  return { endpoints, language: routing.workspace.settings.language, nextKey, mailHost, mailLimits };
}

function defaultAccount(view: WorkspaceView): string | null {
  const email = view.routing.workspace.settings.account_email;
  return email === null ? null : JSON.stringify({ email });
}

interface RouteBase {
  deps: PrepareDeps;
  view: WorkspaceView;
  id: string;
  subject: string | null;
  except: readonly number[];
}

const ABOUT_ITSELF = 'about_itself: the event is about this very endpoint';

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

const NO_WEBHOOKS = "plan_without_webhooks: the workspace's plan does not include webhooks";

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
      const { clause, actual } = verdict;
      routed.refusals.push({ source, clause, actual: actual ?? null, ...refusal(verdict) });
    }
  }
  return routed;
}

function routeTest(base: RouteBase, endpoint: Endpoint): Routed {
  return { deliveries: [deliveryTo(base, endpoint, { kind: 'test', id: null })], refusals: [] };
}
