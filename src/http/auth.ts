/**
 * Who asks. Every route names the access it needs in its config; a hook checks it before the body is
 * read. A workspace's key acts in its workspace, with its scopes, and so does a portal link. An instance key manages
 * workspaces, and acts in one, with every scope, where the header `Mirsal-Workspace: ws_…` names it. A person who has
 * signed in (the session's cookie) acts in the workspace that this header names, or in the only one, with the scopes
 * of the role (ROLE_RIGHTS).
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { SECOND } from '../core/duration.ts';
import { formatId, parseId } from '../core/ids.ts';
import type { ApiKey, ApiKeyScope } from '../store/records/administration.ts';
import {
  type FoundSession,
  type PortalLink,
  ROLE_RIGHTS,
  ROLES,
  type Role,
} from '../store/records/people.ts';
import { hashApiKey, parseApiKey } from './apiKey.ts';
import type { App, HttpDeps } from './deps.ts';
import { type LinkPlace, parseLinkToken } from './linkToken.ts';
import { requireOwnOrigin } from './origin.ts';
import { formatTime } from './paging.ts';
import { notFound, Problem } from './problem.ts';
import type { RateLimiter } from './rateLimits.ts';

/**
 * `instance`: an instance key, no workspace. `key`: any valid key or session. `person`: a session, no workspace.
 * `team`: a member of the workspace, or an instance key. `metrics`: an instance key, or the token that is set for it.
 * `public`: anybody. `manage` may also read; `publish` may only publish.
 */
export type Access = ApiKeyScope | 'instance' | 'key' | 'person' | 'team' | 'metrics' | 'public';

export interface Caller {
  /** The workspace that the call is about; null for an instance key that names none. */
  workspace: number | null;
  scopes: readonly ApiKeyScope[];
  instance: boolean;
  /** For the record: `key:<prefix>`, `person:<id>`, `portal:<id>`. */
  by: string;
  /** The name of the key or link, or the person's. */
  name: string;
  /** Null for keys and portal links. */
  session: FoundSession | null;
  /** The person's in that workspace; null for others. */
  role: Role | null;
  /** Null for others than portal links. */
  portal: PortalLink | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** A route that does not say is closed to everybody. */
    access?: Access;
    /** An instance key that names no workspace acts on what belongs to the installation. */
    installationToo?: boolean;
    /** Done once for an idempotency key (idempotency.ts). */
    onceByKey?: boolean;
    /** Needs a plan that includes webhooks. */
    webhooks?: boolean;
    /** Whatever its scopes, no portal link may do this: it lets others in. */
    closedToPortals?: boolean;
  }
}

/**
 * How long a key, a session or a link that was valid is taken for valid without asking the store: at most this long
 * after a revocation, a sign-out or a change of role at another node.
 */
const TRUST_MS = SECOND;
/** Remembered of each kind at a time; beyond that all are forgotten, which costs a look-up each. */
const CACHE_SIZE = 10_000;

const CHALLENGE = { 'www-authenticate': 'Bearer realm="Mirsal"' };
const EVERY_SCOPE: readonly ApiKeyScope[] = ['publish', 'read', 'manage'];

export interface Trust<Found> {
  find(id: string): Promise<Found | null>;
  /** After a change here. */
  forget(): void;
}

export type KeyCache = Trust<ApiKey>;

/** What callers show, as the store knows it or has known it just now. */
export interface Callers {
  /** By the key's hash. */
  keys: KeyCache;
  /** By the session's token. */
  sessions: Trust<FoundSession>;
  /** By place and hash. */
  portals: { find(token: LinkPlace & { hash: string }): Promise<PortalLink | null>; forget(): void };
}

/** Only what is valid is remembered, so that what is made up cannot push it out. */
function createTrust<Found>(
  clock: Pick<HttpDeps['clock'], 'monotonic'>,
  ask: (id: string) => Promise<Found | null>,
): Trust<Found> {
  const known = new Map<string, { found: Found; until: number }>();
  // What was asked for before a change is not remembered after it.
  let changes = 0;
  return {
    async find(id) {
      const now = clock.monotonic();
      const remembered = known.get(id);
      if (remembered && remembered.until > now) return remembered.found;
      const before = changes;
      const found = await ask(id);
      known.delete(id);
      if (found !== null && before === changes) {
        if (known.size >= CACHE_SIZE) known.clear();
        known.set(id, { found, until: now + TRUST_MS });
      }
      return found;
    },
    forget() {
      changes += 1;
      known.clear();
    },
  };
}

export function createCallers({ store, clock }: Pick<HttpDeps, 'store' | 'clock'>): Callers {
  const portals = createTrust(clock, (id) => {
    const [workspace, key, hash = ''] = id.split(' ');
    return store.findPortalLink(Number(workspace), Number(key), hash, clock.now());
  });
  return {
    keys: createTrust(clock, (hash) => store.findApiKey(hash)),
    sessions: createTrust(clock, (token) => store.findSession(token, clock.now())),
    portals: {
      find: ({ workspace, key, hash }) => portals.find(`${workspace} ${key} ${hash}`),
      forget: portals.forget,
    },
  };
}

/** Puts the check before every route of `app`. */
export function requireAccess(app: App, deps: HttpDeps, callers: Callers, limiter: RateLimiter): void {
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) return;
    const access = request.routeOptions.config.access;
    if (access === 'public') return;
    if (access === undefined)
      throw new Error(`${request.method} ${request.routeOptions.url} names no access.`);
    const caller = await identify(request, deps, callers, access).catch(async (error: unknown) => {
      const isWrongKey = error instanceof Problem && error.code === 'unauthenticated';
      if (isWrongKey) await limiter.count('wrong_keys', request.ip, request, reply);
      throw error;
    });
    await limiter.count('key', caller.by, request, reply);
    const isOwn = request.routeOptions.config.installationToo === true && caller.workspace === null;
    checkAccess(caller, isOwn && caller.instance ? 'instance' : access);
    if (caller.portal !== null && request.routeOptions.config.closedToPortals === true) {
      throw new Problem(
        'portal_refused',
        'This is done with an API key or by a member, not by a portal link.',
      );
    }
    request.caller = caller;
  });
}

/** Whoever reads what is measured, and may do nothing else. */
const METRICS_READER: Caller = {
  ...{ workspace: null, scopes: [], instance: false, by: 'metrics', name: 'metrics' },
  ...{ session: null, role: null, portal: null },
};

async function identify(
  request: FastifyRequest,
  deps: HttpDeps,
  callers: Callers,
  access: Access,
): Promise<Caller> {
  if (request.headers.authorization === undefined) {
    const caller = await identifyPerson(request, deps, callers);
    if (caller !== null) return caller;
  }
  const text = bearerToken(request);
  if (access === 'metrics' && deps.metricsToken !== null && isSame(text, deps.metricsToken)) {
    return METRICS_READER;
  }
  const link = parseLinkToken('mirsalp', text);
  if (link !== null) return ofPortal(await callers.portals.find(link), request);
  const parsed = parseApiKey(text);
  if (!parsed.ok) throw unauthenticated(parsed.message);
  const key = await callers.keys.find(parsed.hash);
  if (!key) throw unauthenticated('This API key is unknown or was revoked.');
  if (hasExpired(key, deps)) {
    const since = formatTime(key.expiresAt ?? 0);
    throw new Problem('api_key_expired', `This API key has expired (${since}). Make another one.`, {
      headers: CHALLENGE,
    });
  }
  const { name, scopes } = key;
  const caller = { by: `key:${key.prefix}`, name, session: null, role: null, portal: null };
  if (key.workspace !== null) {
    requireSameWorkspace(request, key.workspace, 'API key');
    return { ...caller, workspace: key.workspace, scopes, instance: false };
  }
  const named = request.headers['mirsal-workspace'];
  const workspace = typeof named === 'string' ? await existingWorkspace(named, deps) : null;
  return { ...caller, workspace, scopes: EVERY_SCOPE, instance: true };
}

/** Null where the request has no cookie of ours. */
async function identifyPerson(
  request: FastifyRequest,
  deps: HttpDeps,
  callers: Callers,
): Promise<Caller | null> {
  const token = deps.identity.readCookie(request.headers.cookie);
  if (token === null) return null;
  const session = await callers.sessions.find(token);
  if (session === null || session.session.expiresAt <= deps.clock.now()) {
    throw unauthenticated('This session is over. Sign in again.');
  }
  requireOwnOrigin(request, deps);
  const { person, memberships } = session;
  const named = request.headers['mirsal-workspace'];
  const only = memberships.length === 1 ? memberships[0] : undefined;
  const membership =
    typeof named === 'string'
      ? memberships.find(({ workspace }) => parseId('ws', named) === workspace)
      : only;
  // Of workspaces of others a person learns nothing, not even that they exist.
  if (typeof named === 'string' && membership === undefined) throw notFound('workspace', named);
  return {
    workspace: membership?.workspace ?? null,
    scopes: membership === undefined ? [] : ROLE_RIGHTS[membership.role].scopes,
    instance: false,
    by: `person:${person.id}`,
    name: person.name,
    session,
    role: membership?.role ?? null,
    portal: null,
  };
}

function ofPortal(link: PortalLink | null, request: FastifyRequest): Caller {
  if (link === null) throw unauthenticated('This portal link is unknown, over, or was revoked.');
  requireSameWorkspace(request, link.workspace, 'portal link');
  return {
    workspace: link.workspace,
    scopes: link.scopes,
    instance: false,
    by: `portal:${formatId('ptl', link.key)}`,
    name: link.name,
    session: null,
    role: null,
    portal: link,
  };
}

function unauthenticated(detail: string): Problem {
  return new Problem('unauthenticated', detail, { headers: CHALLENGE });
}

function requireSameWorkspace(request: FastifyRequest, workspace: number, what: string): void {
  const named = request.headers['mirsal-workspace'];
  if (named === undefined || (typeof named === 'string' && parseId('ws', named) === workspace)) return;
  throw new Problem(
    'instance_key_required',
    `This ${what} belongs to another workspace than Mirsal-Workspace names.`,
  );
}

async function existingWorkspace(id: string, deps: HttpDeps): Promise<number> {
  const workspace = parseId('ws', id);
  if (workspace === null || !(await deps.engine.routing(workspace))) throw notFound('workspace', id);
  return workspace;
}

/** Takes as long whatever the first difference is. */
function isSame(one: string, other: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}

function bearerToken(request: FastifyRequest): string {
  const match = /^Bearer +([^ ]+) *$/i.exec(request.headers.authorization ?? '');
  if (match?.[1] === undefined) {
    throw unauthenticated('Send an API key ("Authorization: Bearer mirsal_…"), or sign in.');
  }
  return match[1];
}

function checkAccess(caller: Caller, access: Exclude<Access, 'public'>): void {
  switch (access) {
    case 'metrics':
      if (caller.instance || caller === METRICS_READER) return;
      throw new Problem(
        'instance_key_required',
        'What is measured is about all workspaces: send an instance key, or the token of MIRSAL_METRICS_TOKEN.',
      );
    case 'instance':
      if (!caller.instance) {
        throw new Problem(
          'instance_key_required',
          'Workspaces are managed with an instance key (mirsali_…).',
        );
      }
      return;
    case 'key':
      return;
    case 'person':
      if (caller.session === null) {
        throw new Problem('person_required', 'This is about the person who has signed in; keys are nobody.');
      }
      return;
    case 'team':
      if (caller.session === null && !caller.instance) {
        throw new Problem('person_required', 'Members are seen to by members, or with an instance key.');
      }
      requireWorkspace(caller);
      return;
    case 'publish':
    case 'read':
    case 'manage':
      requireWorkspace(caller);
      if (!hasScope(caller, access)) throw lacksScope(caller, access);
      return;
    default:
      access satisfies never;
  }
}

function requireWorkspace(caller: Caller): void {
  if (caller.workspace !== null) return;
  const { session } = caller;
  const why =
    session === null
      ? 'With an instance key'
      : session.memberships.length === 0
        ? 'You are a member of no workspace. Once you are'
        : 'You are a member of several workspaces';
  throw new Problem('workspace_required', `${why}, name the workspace: "Mirsal-Workspace: ws_…".`);
}

function lacksScope(caller: Caller, scope: ApiKeyScope): Problem {
  const has = listScopes(caller);
  if (caller.role !== null) {
    const able = ROLES.filter((role) => ROLE_RIGHTS[role].scopes.includes(scope)).join(', ');
    return new Problem(
      'scope_required',
      `This needs the scope "${scope}", which the roles ${able} have; the role ${caller.role} has ${has}.`,
    );
  }
  const what = caller.portal === null ? 'an API key' : 'a portal link';
  return new Problem('scope_required', `This needs ${what} with the scope "${scope}"; this one has ${has}.`);
}

function listScopes(caller: Caller): string {
  return caller.scopes.length === 0 ? 'none' : caller.scopes.map((scope) => `"${scope}"`).join(', ');
}

export function hasScope(caller: Caller, scope: ApiKeyScope): boolean {
  return caller.scopes.includes(scope) || (scope === 'read' && caller.scopes.includes('manage'));
}

/** Whether whoever asks may see what lets others act: tokens in URLs, values of headers. */
export function seesSecrets(request: FastifyRequest): boolean {
  return hasScope(callerOf(request), 'manage');
}

/** Whether whoever calls may still act there, by the store itself: for calls that last, such as streams. */
export function recheckOf(
  request: FastifyRequest,
  { store, identity, clock }: Pick<HttpDeps, 'store' | 'identity' | 'clock'>,
): () => Promise<boolean> {
  const { session, workspace } = callerOf(request);
  const token = session === null ? null : identity.readCookie(request.headers.cookie);
  if (token !== null) {
    return async () => {
      const found = await store.findSession(token, clock.now());
      return found?.memberships.some((membership) => membership.workspace === workspace) === true;
    };
  }
  const text = bearerToken(request);
  const link = parseLinkToken('mirsalp', text);
  if (link !== null) {
    const { key, hash } = link;
    return async () => (await store.findPortalLink(link.workspace, key, hash, clock.now())) !== null;
  }
  return async () => {
    const key = await store.findApiKey(hashApiKey(text));
    return key !== null && !hasExpired(key, { clock });
  };
}

function hasExpired({ expiresAt }: ApiKey, { clock }: Pick<HttpDeps, 'clock'>): boolean {
  return expiresAt !== null && expiresAt <= clock.now();
}

/** The caller of a route that is not public. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Error('A public route has no caller.');
  return request.caller;
}

/** The session of a route whose access is `person`. */
export function sessionOf(request: FastifyRequest): FoundSession {
  const { session } = callerOf(request);
  if (session === null) throw new Error('The access of this route does not imply a session.');
  return session;
}

/** The workspace of a route whose access is a scope, or `team`. */
export function workspaceOf(request: FastifyRequest): number {
  const { workspace } = callerOf(request);
  if (workspace === null) throw new Error('The access of this route does not imply a workspace.');
  return workspace;
}
