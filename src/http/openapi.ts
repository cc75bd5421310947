/**
 * The OpenAPI document (3.1), made of the route schemas and the components in views/.
 */

import swagger from '@fastify/swagger';
import { asyncApiDocument } from './asyncapi.ts';
import type { App, HttpDeps } from './deps.ts';
import { completeDocument, type OpenApi } from './document.ts';
import { TAGS } from './operation.ts';
import { ProblemSchema } from './problem.ts';
import { budgetComponents } from './routes/budget.ts';
import { planComponents } from './routes/plans.ts';
import { usageComponents } from './routes/usage.ts';
import { apiKeyComponents } from './views/administration.ts';
import { automationComponents } from './views/automation.ts';
import { binComponents } from './views/bin.ts';
import { bulkComponents } from './views/bulk.ts';
import { deliveryComponents } from './views/delivery.ts';
import { dryRunComponents } from './views/dryRun.ts';
import { endpointComponents } from './views/endpoint.ts';
import { eventComponents } from './views/event.ts';
import { eventTypeComponents } from './views/eventType.ts';
import { historyComponents } from './views/history.ts';
import { jobComponents } from './views/job.ts';
import { mailComponents } from './views/mail.ts';
import { noticeComponents } from './views/notice.ts';
import { overviewComponents } from './views/overview.ts';
import { peopleComponents } from './views/people.ts';
import { runComponents } from './views/run.ts';
import { searchComponents } from './views/search.ts';
import { seenScopeComponents } from './views/seenScope.ts';
import { statsComponents } from './views/stats.ts';

export const COMPONENTS: ReadonlyArray<{ $id?: string }> = [
  ProblemSchema,
  ...eventComponents,
  ...eventTypeComponents,
  ...seenScopeComponents,
  ...endpointComponents,
  ...deliveryComponents,
  ...historyComponents,
  ...jobComponents,
  ...bulkComponents,
  ...automationComponents,
  ...dryRunComponents,
  ...runComponents,
  ...binComponents,
  ...mailComponents,
  ...noticeComponents,
  ...apiKeyComponents,
  ...peopleComponents,
  ...budgetComponents,
  ...planComponents,
  ...statsComponents,
  ...usageComponents,
  ...overviewComponents,
  ...searchComponents,
];

const DESCRIPTION = `Mirsal turns what happens in a platform into webhooks.

Times are RFC 3339 in UTC. Lists are newest first and come in pages: \`?limit=&cursor=\`, answered by
\`{data, next_cursor}\`. Errors are \`application/problem+json\` with a stable \`code\` and, where there are
any, the fields at fault. An instance key acts in a workspace that the header \`Mirsal-Workspace: ws_…\` names, and so
does a person who is a member of several.`;

/** Must come before the routes. */
export function describeApi(app: App, deps: HttpDeps): void {
  for (const component of COMPONENTS) app.addSchema(component);
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Mirsal API',
        version: deps.meta.version,
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      },
      // Relative, because one document serves every installation.
      servers: [{ url: '/' }],
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          apiKey: {
            type: 'http',
            scheme: 'bearer',
            description:
              'An API key (`mirsal_…` or `mirsali_…`), or the token of a portal link (`mirsalp_…`).',
          },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: '__Host-mirsal_session',
            description:
              'The session of a person (`POST /v1/sign-in`); over plain HTTP `mirsal_session`. Writes must come from ' +
              "this installation's own pages, by `Origin` or `Sec-Fetch-Site`.",
          },
        },
      },
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `def-${index}`),
    },
    convertConstToEnum: false,
  });
}

/** The two documents for programs: of the API, and of what receivers get. */
export function documentRoutes(app: App, version: string): void {
  openapiRoute(app);
  let text: string | null = null;
  app.get(
    '/v1/asyncapi.json',
    { schema: { hide: true }, config: { access: 'public' } },
    async (_request, reply) => {
      text ??= JSON.stringify(asyncApiDocument(version));
      return reply.type('application/json; charset=utf-8').send(text);
    },
  );
}

function openapiRoute(app: App): void {
  let text: string | null = null;
  app.get(
    '/v1/openapi.json',
    { schema: { hide: true }, config: { access: 'public' } },
    async (_request, reply) => {
      text ??= JSON.stringify(completeDocument(app.swagger() as unknown as OpenApi));
      return reply.type('application/json; charset=utf-8').send(text);
    },
  );
}
