/**
 * What this node knows of each workspace: one view per routing version, made when first needed
 * and replaced when the version moves. Publishing checks the version in its transaction, so a
 * stale view can cost a second try but never a wrong match.
 */

import { builtInEventTypes } from '../core/catalog/catalog.ts';
import type { EventType } from '../core/catalog/eventType.ts';
import { compileSubscriptions, type SubscriptionMatcher } from '../core/routing/match.ts';
import type { Sealer } from '../core/sealing.ts';
import { type PreparedKey, prepareKey } from '../core/signing/sign.ts';
import type { RoutingStore } from '../store/ports/routing.ts';
import type { CustomEventType } from '../store/records/administration.ts';
import type { Endpoint } from '../store/records/endpoints.ts';
import type { Routing } from '../store/records/routing.ts';
import { type CompiledAutomations, compileAutomations } from './automations.ts';

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

export function createDirectory(store: RoutingStore, sealer: Sealer): Directory {
  const views = new Map<number, WorkspaceView>();
  const loading = new Map<number, Promise<WorkspaceView | null>>();

  const load = async (workspace: number): Promise<WorkspaceView | null> => {
    const routing = await store.routing(workspace);
    if (routing === null) {
      views.delete(workspace);
      return null;
    }
    const view = createView(routing, sealer);
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

/** Without a sealer, it has no destinations. */
export function createView(routing: Routing, sealer: Sealer | null): WorkspaceView {
  const endpoints = new Map(routing.endpoints.map((endpoint) => [endpoint.key, endpoint]));
  const custom = new Map(routing.eventTypes.map((type) => [type.name, toEventType(type)]));
  const destinations = new Map<number, Destination>();
  return {
    routing,
    version: routing.workspace.routingVersion,
    matcher: compileSubscriptions(
      routing.endpoints.map(({ key, eventTypes, condition }) => ({ id: key, eventTypes, condition })),
    ),
    automations: compileAutomations(routing),
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

/** The definition holds everything of an event type but its name. */
export function toEventType(type: CustomEventType): EventType {
  return { ...(JSON.parse(type.definition) as Omit<EventType, 'name'>), name: type.name };
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
