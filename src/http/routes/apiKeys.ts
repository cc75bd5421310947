/** `/v1/api-keys`: the keys of a workspace. */

import { Type } from 'typebox';
import { parseId } from '../../core/ids.ts';
import { API_KEY_SCOPES } from '../../store/records/administration.ts';
import { makeApiKey } from '../apiKey.ts';
import { callerOf, type KeyCache, workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, idParams, oneOf, ref } from '../operation.ts';
import { pageFrom, pageQuery, readPage, readTime } from '../paging.ts';
import { faulty, notFound } from '../problem.ts';
import { apiKeyView, nameInput } from '../views/administration.ts';

/** Throws a Problem for what is over already. */
function readExpiry(text: string | undefined, now: number): number | null {
  if (text === undefined) return null;
  const at = readTime(text, '/expires_at');
  if (at > now) return at;
  throw faulty('invalid_request', [{ field: '/expires_at', message: 'is over already' }]);
}

export function apiKeyRoutes(app: App, deps: HttpDeps, keys: KeyCache): void {
  app.post(
    '/v1/api-keys',
    {
      config: { access: 'manage', closedToPortals: true },
      schema: {
        ...describe({
          id: 'createApiKey',
          summary: 'Create an API key',
          tag: 'Administration',
          access: 'manage',
          problems: ['portal_refused'],
          answers: { 201: { schema: ref('CreatedApiKey'), description: 'The key, shown this once.' } },
          hasBody: true,
        }),
        body: Type.Object(
          {
            name: nameInput,
            scopes: Type.Array(oneOf(API_KEY_SCOPES), { minItems: 1, maxItems: 3, uniqueItems: true }),
            expires_at: Type.Optional(
              Type.String({ maxLength: 64, description: 'From then on it is refused (RFC 3339).' }),
            ),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const made = makeApiKey('workspace', (length) => deps.random.bytes(length));
      const expiresAt = readExpiry(request.body.expires_at, deps.clock.now());
      const row = {
        key: deps.engine.nextKey(),
        workspace: workspaceOf(request),
        name: request.body.name,
        prefix: made.prefix,
        scopes: request.body.scopes,
        createdAt: deps.clock.now(),
        expiresAt,
      };
      await deps.store.createApiKey({ ...row, hash: made.hash }, callerOf(request).by);
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...apiKeyView(row), key: made.text });
    },
  );

  app.get(
    '/v1/api-keys',
    {
      config: { access: 'manage', closedToPortals: true },
      schema: {
        ...describe({
          id: 'listApiKeys',
          summary: 'List the API keys in force',
          tag: 'Administration',
          access: 'manage',
          problems: ['portal_refused'],
          answers: { 200: { schema: ref('ApiKeyPage'), description: 'Keys, newest first.' } },
        }),
        querystring: Type.Object(pageQuery, { additionalProperties: false }),
      },
    },
    async (request) => {
      const { limit, before } = readPage(request.query);
      const all = await deps.store.listApiKeys(workspaceOf(request));
      const inForce = all
        .filter(({ key, revokedAt }) => revokedAt === null && (before === null || key < before))
        .sort((one, other) => other.key - one.key);
      const { rows, next } = pageFrom(inForce, limit);
      return { data: rows.map(apiKeyView), next_cursor: next };
    },
  );

  app.delete(
    '/v1/api-keys/:id',
    {
      config: { access: 'manage', closedToPortals: true },
      schema: {
        ...describe({
          id: 'revokeApiKey',
          summary: 'Revoke an API key',
          tag: 'Administration',
          access: 'manage',
          problems: ['portal_refused'],
          description: 'At once here, within a second at every other node.',
          answers: { 204: { schema: null, description: 'It is no longer valid.' } },
        }),
        params: idParams('API key'),
      },
    },
    async (request, reply) => {
      const key = parseId('key', request.params.id);
      const { by } = callerOf(request);
      const revoked =
        key !== null && (await deps.store.revokeApiKey(workspaceOf(request), key, deps.clock.now(), by));
      keys.forget();
      if (!revoked) throw notFound('API key', request.params.id);
      return reply.code(204).send();
    },
  );
}
