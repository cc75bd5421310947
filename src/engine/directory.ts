/**
 * What this node knows of each workspace: one view per routing version, made when first needed
 * and replaced when the version moves. Publishing checks the version in its transaction, so a
 * stale view can cost a second try but never a wrong match.
 */

import { builtInEventTypes } from '../core/catalog/catalog.ts';
import type { EventType } from '../core/catalog/eventType.ts';
import { storedEventType } from '../core/catalog/storedEventType.ts';
import { compileSubscriptions, type SubscriptionMatcher } from '../core/routing/match.ts';
import type { Sealer } from '../core/sealing.ts';
import { type PreparedKey, prepareKey } from '../core/signing/sign.ts';
import type { RoutingStore } from '../store/ports/routing.ts';
import type { Endpoint } from '../store/records/endpoints.ts';
import type { Routing } from '../store/records/routing.ts';
import type { Clock } from '../world.ts';
import {
  type CompiledAutomations,
  compileAutomations,
  compilePrograms,
  type Programs,
} from './automations.ts';

/** An endpoint with what sending to it needs, unsealed once. */
export interface Destination {
  endpoint: Endpoint;
  /** Newest first; those with `expiresAt` sign until then. */
  keys: ReadonlyArray<{ key: PreparedKey; expiresAt: number | null }>;
  /** The text of the v1 secret in force: the key of the compatibility header. */
  secret: string | null;
  headers: ReadonlyArray<readonly [name: string, value: string]>;
}

export interface WorkspaceView {
  routing: Routing;
  version: number;
  matcher: SubscriptionMatcher;
  automations: CompiledAutomations;
  /** Those of the automations and of what runs stand on; the next version takes over what has not changed. */
  programs: Programs;
  endpoints: ReadonlyMap<number, Endpoint>;
  endpoint(key: number): Endpoint | undefined;
  /** Undefined for an endpoint that is gone. */
  destination(key: number): Destination | undefined;
  eventType(name: string): EventType | undefined;
}

export interface Directory {
  /** Null for an unknown workspace. */
  view(workspace: number): Promise<WorkspaceView | null>;
  /** The view held now, without asking the store. */
  held(workspace: number): WorkspaceView | undefined;
  /** The view as of now: asks the store for the version, and reads anew where it has moved. */
  fresh(workspace: number): Promise<WorkspaceView | null>;
  /** Reads the workspace anew unless the held view is at least of that version. */
  refresh(workspace: number, atLeast?: number): Promise<WorkspaceView | null>;
  workspaces(): number[];
}

export function createDirectory(store: RoutingStore, sealer: Sealer, clock: Pick<Clock, 'soon'>): Directory {
  const views = new Map<number, WorkspaceView>();
  const loading = new Map<number, Promise<WorkspaceView | null>>();

  const load = async (workspace: number): Promise<WorkspaceView | null> => {
    const found = await store.routing(workspace);
    if (found === null) {
      views.delete(workspace);
      return null;
    }
    const before = views.get(workspace);
    const routing = before === undefined ? found : keepTypes(before.routing, found);
    const compiling = compilePrograms(routing, before?.programs ?? new Map());
    let step = compiling.next();
    while (step.done !== true) {
      // A workspace may have hundreds of rules, each of which takes some milliseconds.
      await new Promise<void>((resolve) => clock.soon(resolve));
      step = compiling.next();
    }
    const view = createView(routing, sealer, step.value);
    const held = views.get(workspace);
    if (held !== undefined && held.version > view.version) return held;
    views.set(workspace, view);
    return view;
  };

  const refresh = async (workspace: number, atLeast = Number.POSITIVE_INFINITY) => {
    const held = views.get(workspace);
    if (held !== undefined && held.version >= atLeast) return held;
    // A load under way may have read before the change: only one that starts now will do.
    await loading.get(workspace)?.catch(() => null);
    let started = loading.get(workspace);
    if (started === undefined) {
      started = load(workspace).finally(() => loading.delete(workspace));
      loading.set(workspace, started);
    }
    return started;
  };

  return {
    refresh,
    async fresh(workspace) {
      const version = (await store.routingVersions([workspace])).get(workspace);
      return version === undefined ? null : refresh(workspace, version);
    },
    async view(workspace) {
      return views.get(workspace) ?? refresh(workspace);
    },
    held: (workspace) => views.get(workspace),
    workspaces: () => [...views.keys()],
  };
}

/** Rows of event types that have not changed stay the same ones, since what is read of them is kept by the row. */
function keepTypes(before: Routing, now: Routing): Routing {
  const known = new Map(before.eventTypes.map((type) => [type.name, type]));
  const eventTypes = now.eventTypes.map((type) => {
    const same = known.get(type.name);
    return same?.definition === type.definition && same.updatedAt === type.updatedAt ? same : type;
  });
  return { ...now, eventTypes };
}

/** Without a sealer, it has no destinations. */
export function createView(routing: Routing, sealer: Sealer | null, programs: Programs): WorkspaceView {
  const endpoints = new Map(routing.endpoints.map((endpoint) => [endpoint.key, endpoint]));
  const custom = new Map(routing.eventTypes.map((type) => [type.name, storedEventType(type)]));
  const destinations = new Map<number, Destination>();
  return {
    routing,
    version: routing.workspace.routingVersion,
    matcher: compileSubscriptions(
      routing.endpoints.map(({ key, eventTypes, condition }) => ({ id: key, eventTypes, condition })),
    ),
    automations: compileAutomations(routing, programs),
    programs,
    endpoints,
    endpoint: (key) => endpoints.get(key),
    destination(key) {
      const endpoint = endpoints.get(key);
      if (endpoint === undefined || sealer === null) return undefined;
      let destination = destinations.get(key);
      if (destination === undefined) {
        destination = unsealDestination(endpoint, sealer);
        destinations.set(key, destination);
      }
      return destination;
    },
    eventType: (name) => builtInEventTypes.get(name) ?? custom.get(name),
  };
}

/** Where to send to now; null where the endpoint is off or gone. */
export function activeDestination(view: WorkspaceView | null, endpoint: number): Destination | null {
  const destination = view?.destination(endpoint);
  return destination === undefined || destination.endpoint.disabled !== null ? null : destination;
}

function unsealDestination(endpoint: Endpoint, sealer: Sealer): Destination {
  const keys: Array<{ key: PreparedKey; expiresAt: number | null }> = [];
  let secret: string | null = null;
  for (const stored of endpoint.secrets) {
    if (stored.kind === 'v1a' && !endpoint.signature.v1a) continue;
    const text = sealer.open('endpoint-secret', stored.sealed);
    keys.push({ key: prepareKey(text), expiresAt: stored.expiresAt });
    if (stored.kind === 'v1' && stored.expiresAt === null) secret = text;
  }
  const headers =
    endpoint.sealedHeaders === null
      ? []
      : Object.entries(
          JSON.parse(sealer.open('endpoint-headers', endpoint.sealedHeaders)) as Record<string, string>,
        );
  return { endpoint, keys, secret, headers };
}
