/**
 * Who asks. Every route names the access it needs in its config; a hook checks it before the body is
 * read. A workspace's key acts in its workspace, with its scopes. An instance key manages workspaces,
 * and acts in one, with every scope, where the header `Mirsal-Workspace: ws_…` names it.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { SECOND } from '../core/duration.ts';
import { parseId } from '../core/ids.ts';
import type { ApiKey, ApiKeyScope } from '../store/records/administration.ts';
import { parseApiKey } from './apiKey.ts';
import type { App, HttpDeps } from './deps.ts';
import { notFound, Problem } from './problem.ts';
import type { RateLimiter } from './rateLimits.ts';

/**
 * `instance`: an instance key, no workspace. `key`: any valid key. `public`: anybody. `metrics`: an instance key, or the
 * token that is set for it.
 * `manage` may also read; `publish` may only publish.
 */
export type Access = ApiKeyScope | 'instance' | 'key' | 'metrics' | 'public';

export interface Caller {
  /** The workspace that the call is about; null for an instance key that names none. */
  workspace: number | null;
  scopes: readonly ApiKeyScope[];
  instance: boolean;
  /** For the record: `key:<prefix>`. */
  by: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** A route that does not say is closed to everybody. */
    access?: Access;
    /** Needs a plan that includes webhooks. */
    webhooks?: boolean;
  }
}

/** How long a key that was valid is taken for valid without asking the store: at most this long after a revocation at another node. */
const KEY_TRUST_MS = SECOND;
/** Keys remembered at a time; beyond that all are forgotten, which costs a look-up each. */
const KEY_CACHE_SIZE = 10_000;

const CHALLENGE = { 'www-authenticate': 'Bearer realm="Mirsal"' };
const EVERY_SCOPE: readonly ApiKeyScope[] = ['publish', 'read', 'manage'];

export interface KeyCache {
  find(hash: string): Promise<ApiKey | null>;
  /** After a revocation here. */
  forget(): void;
}

/** Only valid keys are remembered, so that made-up ones cannot push them out. */
export function createKeyCache(deps: Pick<HttpDeps, 'store' | 'clock'>): KeyCache {
  const known = new Map<string, { key: ApiKey; until: number }>();
  return {
    async find(hash) {
      const now = deps.clock.monotonic();
      const remembered = known.get(hash);
      if (remembered && remembered.until > now) return remembered.key;
      const key = await deps.store.findApiKey(hash);
      known.delete(hash);
      if (key) {
        if (known.size >= KEY_CACHE_SIZE) known.clear();
        known.set(hash, { key, until: now + KEY_TRUST_MS });
      }
      return key;
    },
    forget: () => known.clear(),
  };
}

/** Puts the check before every route of `app`. */
export function requireAccess(app: App, deps: HttpDeps, keys: KeyCache, limiter: RateLimiter): void {
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) return;
    const access = request.routeOptions.config.access;
    if (access === 'public') return;
    if (access === undefined)
      throw new Error(`${request.method} ${request.routeOptions.url} names no access.`);
    const caller = await identify(request, deps, keys, access).catch(async (error: unknown) => {
      const isWrongKey = error instanceof Problem && error.code === 'unauthenticated';
      if (isWrongKey) await limiter.count('wrong_keys', request.ip, request, reply);
      throw error;
    });
    await limiter.count('key', caller.by, request, reply);
    checkAccess(caller, access);
    request.caller = caller;
  });
}

/** Whoever reads what is measured, and may do nothing else. */
const METRICS_READER: Caller = { workspace: null, scopes: [], instance: false, by: 'metrics' };

async function identify(
  request: FastifyRequest,
  deps: HttpDeps,
  keys: KeyCache,
  access: Access,
): Promise<Caller> {
  const token = bearerToken(request);
  if (access === 'metrics' && deps.metricsToken !== null && isSame(token, deps.metricsToken)) {
    return METRICS_READER;
  }
  const parsed = parseApiKey(token);
  if (!parsed.ok) throw new Problem('unauthenticated', parsed.message, { headers: CHALLENGE });
  const key = await keys.find(parsed.hash);
  if (!key) {
    throw new Problem('unauthenticated', 'This API key is unknown or was revoked.', { headers: CHALLENGE });
  }
  const by = `key:${key.prefix}`;
  const named = request.headers['mirsal-workspace'];
  if (key.workspace !== null) {
    if (named !== undefined && (typeof named !== 'string' || parseId('ws', named) !== key.workspace)) {
      throw new Problem(
        'instance_key_required',
        'This API key belongs to another workspace than Mirsal-Workspace names.',
      );
    }
    return { workspace: key.workspace, scopes: key.scopes, instance: false, by };
  }
  const workspace = typeof named === 'string' ? await existingWorkspace(named, deps) : null;
  return { workspace, scopes: EVERY_SCOPE, instance: true, by };
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
    throw new Problem('unauthenticated', 'Send an API key: "Authorization: Bearer mirsal_…".', {
      headers: CHALLENGE,
    });
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
    case 'publish':
    case 'read':
    case 'manage':
      if (caller.workspace === null) {
        throw new Problem(
          'workspace_required',
          'With an instance key, name the workspace: "Mirsal-Workspace: ws_…".',
        );
      }
      if (!hasScope(caller, access)) {
        throw new Problem(
          'scope_required',
          `This needs an API key with the scope "${access}"; this one has ${listScopes(caller)}.`,
        );
      }
      return;
    default:
      access satisfies never;
  }
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

/** The hash of the key that a call to a route that is not public came with. */
export function keyOf(request: FastifyRequest): string {
  const parsed = parseApiKey(bearerToken(request));
  if (!parsed.ok) throw new Error('A call without a key does not come so far.');
  return parsed.hash;
}

/** The caller of a route that is not public. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Error('A public route has no caller.');
  return request.caller;
}

/** The workspace of a route whose access is a scope. */
export function workspaceOf(request: FastifyRequest): number {
  const { workspace } = callerOf(request);
  if (workspace === null) throw new Error('The access of this route does not imply a workspace.');
  return workspace;
}
