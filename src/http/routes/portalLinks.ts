/** `/v1/portal-links`: links by which a platform lets its customer into one workspace for a while. */

import { Type } from 'typebox';
import { DAY, MINUTE, SECOND } from '../../core/duration.ts';
import { parseId } from '../../core/ids.ts';
import { API_KEY_SCOPES } from '../../store/records/administration.ts';
import { type Callers, callerOf, workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { makeLinkToken } from '../linkToken.ts';
import { describe, idParams, oneOf, ref } from '../operation.ts';
import { notFound } from '../problem.ts';
import { type CreatedPortalLinkView, type PortalLinkView, portalLinkView } from '../views/people.ts';

export const MIN_PORTAL_S = MINUTE / SECOND;
export const MAX_PORTAL_S = (30 * DAY) / SECOND;

export function portalLinkRoutes(app: App, deps: HttpDeps, callers: Callers): void {
  createRoute(app, deps);
  listRoute(app, deps);
  revokeRoute(app, deps, callers);
}

function createRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/portal-links',
    {
      config: { access: 'manage', closedToPortals: true },
      schema: {
        ...describe({
          id: 'createPortalLink',
          summary: 'Make a portal link',
          tag: 'People',
          access: 'manage',
          description:
            'Whoever has its token acts in this workspace with these scopes until it is over or revoked. It makes no ' +
            'keys, members or further links.',
          answers: {
            201: {
              schema: ref<CreatedPortalLinkView>('CreatedPortalLink'),
              description: 'The link and its token, shown this once.',
            },
          },
          problems: ['portal_refused'],
          hasBody: true,
        }),
        body: Type.Object(
          {
            scopes: Type.Array(oneOf(API_KEY_SCOPES), { minItems: 1, maxItems: 3, uniqueItems: true }),
            expires_in_s: Type.Integer({
              minimum: MIN_PORTAL_S,
              maximum: MAX_PORTAL_S,
              description: 'It is over after so many seconds.',
              examples: [3_600],
            }),
            name: Type.Optional(
              Type.String({
                maxLength: 200,
                description: 'Whom it is for; in the list and the audit log.',
                examples: ['Customer 4711'],
              }),
            ),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const { scopes, name = '', expires_in_s: lastsS } = request.body;
      const workspace = workspaceOf(request);
      const { by } = callerOf(request);
      const key = deps.engine.nextKey();
      const token = makeLinkToken('mirsalp', { workspace, key }, (length) => deps.random.bytes(length));
      const now = deps.clock.now();
      const link = {
        ...{ key, workspace, name, scopes, createdBy: by },
        ...{ createdAt: now, expiresAt: now + lastsS * SECOND },
      };
      await deps.store.createPortalLink({ ...link, hash: token.hash }, by);
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({
          ...portalLinkView(link),
          token: token.text,
          url: `${deps.meta.publicUrl()}/portal#${token.text}`,
        });
    },
  );
}

function listRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/portal-links',
    {
      config: { access: 'manage', closedToPortals: true },
      schema: describe({
        id: 'listPortalLinks',
        summary: 'List the portal links in force',
        tag: 'People',
        access: 'manage',
        answers: {
          200: {
            schema: Type.Object({ data: Type.Array(ref<PortalLinkView>('PortalLink')) }),
            description: 'Links, newest first.',
          },
        },
        problems: ['portal_refused'],
      }),
    },
    async (request) => {
      const links = await deps.store.listPortalLinks(workspaceOf(request), deps.clock.now());
      return { data: links.map(portalLinkView) };
    },
  );
}

function revokeRoute(app: App, deps: HttpDeps, callers: Callers): void {
  app.delete(
    '/v1/portal-links/:id',
    {
      config: { access: 'manage', closedToPortals: true },
      schema: {
        ...describe({
          id: 'revokePortalLink',
          summary: 'Revoke a portal link',
          tag: 'People',
          access: 'manage',
          description: 'At once here, within a second at every other node.',
          answers: { 204: { schema: null, description: 'It is no longer valid.' } },
          problems: ['portal_refused'],
        }),
        params: idParams('portal link'),
      },
    },
    async (request, reply) => {
      const key = parseId('ptl', request.params.id);
      const { by } = callerOf(request);
      const revoked =
        key !== null && (await deps.store.revokePortalLink(workspaceOf(request), key, deps.clock.now(), by));
      callers.portals.forget();
      if (!revoked) throw notFound('portal link', request.params.id);
      return reply.code(204).send();
    },
  );
}
