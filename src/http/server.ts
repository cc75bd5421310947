/**
 * The HTTP server: what holds for every route. Bodies are read by bodies.ts, access is checked by
 * auth.ts, schemas by validation.ts, and whatever is thrown becomes a problem here, logged once.
 * The routes are in routes/, one file per noun.
 */

import type { Server } from 'node:http';
import type { Readable } from 'node:stream';
import fastify, { type FastifyError, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import { valuesOf } from '../core/limits.ts';
import { type Callers, createCallers, requireAccess } from './auth.ts';
import { type BinNotices, createBinNotices } from './binNotices.ts';
import { MAX_ADMIN_BYTES, readJsonBody } from './bodies.ts';
import type { App, HttpDeps } from './deps.ts';
import { tagThings } from './entityTags.ts';
import { languageOf } from './failureTexts.ts';
import { answerRepeats } from './idempotency.ts';
import { createIntake, INTAKE_LIMITS, type Intake } from './intake.ts';
import { allowedMethods, watchRoutes } from './methods.ts';
import { COMPONENTS, describeApi, documentRoutes } from './openapi.ts';
import { createPageTurns, type PageTurns } from './pageTurns.ts';
import { PROBLEM_TYPE, Problem, problemOf } from './problem.ts';
import { createRateLimiter, type RateLimiter } from './rateLimits.ts';
import { acceptInvitationRoutes } from './routes/acceptInvitation.ts';
import { apiKeyRoutes } from './routes/apiKeys.ts';
import { auditRoutes } from './routes/audit.ts';
import { automationActionRoutes } from './routes/automationActions.ts';
import { automationRoutes } from './routes/automations.ts';
import { automationTestRoutes } from './routes/automationTest.ts';
import { automationTransferRoutes } from './routes/automationTransfer.ts';
import { binRoutes } from './routes/bins.ts';
import { budgetRoutes } from './routes/budget.ts';
import { bulkRoutes } from './routes/bulk.ts';
import { captureRoutes } from './routes/capture.ts';
import { catalogRoutes } from './routes/catalog.ts';
import { dashboardRoutes } from './routes/dashboard.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { deliveryActionRoutes } from './routes/deliveryActions.ts';
import { docsRoutes } from './routes/docs.ts';
import { endpointActionRoutes } from './routes/endpointActions.ts';
import { endpointRoutes } from './routes/endpoints.ts';
import { erasureRoutes } from './routes/erasures.ts';
import { eventRoutes } from './routes/events.ts';
import { eventTypeScopesRoute } from './routes/eventTypeScopes.ts';
import { eventTypeRoutes } from './routes/eventTypes.ts';
import { healthRoutes } from './routes/health.ts';
import { invitationRoutes } from './routes/invitations.ts';
import { jobRoutes } from './routes/jobs.ts';
import { mailRoutes } from './routes/mails.ts';
import { meRoutes } from './routes/me.ts';
import { memberRoutes } from './routes/members.ts';
import { metricsRoute } from './routes/metrics.ts';
import { noticeRoutes } from './routes/notices.ts';
import { overviewRoutes } from './routes/overview.ts';
import { planRoutes } from './routes/plans.ts';
import { portalLinkRoutes } from './routes/portalLinks.ts';
import { publishRoutes } from './routes/publish.ts';
import { replayRoutes } from './routes/replays.ts';
import { runRoutes } from './routes/runs.ts';
import { searchRoutes } from './routes/search.ts';
import { settingsRoutes } from './routes/settings.ts';
import { setupRoutes } from './routes/setup.ts';
import { signInRoutes } from './routes/signIn.ts';
import { statsRoutes } from './routes/stats.ts';
import { streamRoutes } from './routes/stream.ts';
import { suspensionRoutes } from './routes/suspension.ts';
import { usageRoutes } from './routes/usage.ts';
import { workspaceRoutes } from './routes/workspaces.ts';
import { createHub, type Hub } from './stream/hub.ts';
import { createThrottle } from './throttle.ts';
import { titleOf } from './titles.ts';
import { createValidatorCompiler } from './validation.ts';

/** Longer than any id or name in an address; a longer one is answered 414. */
const MAX_PARAM_LENGTH = 1024;

const validatorCompiler = createValidatorCompiler(COMPONENTS);

/** The API of one node. The caller gives `app.routing` the requests; `server` is where they come from. */
export function createHttpServer(deps: HttpDeps, server?: Server): App {
  const app: App = fastify({
    ...(server ? { serverFactory: () => server } : {}),
    trustProxy: deps.trustedProxies.length > 0 ? [...deps.trustedProxies] : false,
    ...(deps.logger ? { loggerInstance: deps.logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_ADMIN_BYTES,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    exposeHeadRoutes: false,
    genReqId: () => deps.random.uuid(),
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
      answerProblem(error, request, reply),
  });
  app.decorateRequest('rawText', '');
  readBodies(app);
  app.setValidatorCompiler(validatorCompiler);
  // Answers are what the views made; openapi.test.ts holds them to their schemas.
  app.setSerializerCompiler(() => JSON.stringify);
  app.setErrorHandler(answerProblem);
  const routes = watchRoutes(app);
  app.setNotFoundHandler(async (request) => {
    throw noRoute(request, allowedMethods(routes, request.url));
  });
  app.addHook('onResponse', async (request, reply) => {
    const { url: route = 'none' } = request.routeOptions;
    deps.metrics?.answered(request.method, route, reply.statusCode, reply.elapsedTime);
    request.log.debug(
      {
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: reply.elapsedTime,
      },
      'answered',
    );
  });
  // No browser is to guess that an answer is something else than it says. Whoever asks about an answer names its id,
  // which stands in what is logged of it.
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'x-request-id': request.id });
  });
  describeApi(app, deps);
  registerRoutes(app, deps);
  return app;
}

function readBodies(app: App): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', (request: FastifyRequest, stream: Readable) =>
    readJsonBody(request, stream),
  );
}

function registerRoutes(app: App, deps: HttpDeps): void {
  const notices = createBinNotices(deps);
  const turns = createPageTurns(deps.clock);
  const intake = createIntake(valuesOf(INTAKE_LIMITS));
  const hub = createHub({
    ...deps,
    onError: (error) => app.log.warn({ err: error }, 'stream: a look failed and will be tried again'),
  });
  app.addHook('preClose', async () => {
    notices.close();
    hub.close();
  });
  app.register(async (limited: App) => {
    const limiter = await createRateLimiter(limited, deps.rateLimits);
    limited.register(async (pages: App) => publicRoutes(pages, deps, { notices, limiter, turns, intake }));
    limited.register(async (api: App) => apiRoutes(api, deps, { notices, limiter, turns, intake }, hub));
  });
}

interface Shared {
  notices: BinNotices;
  turns: PageTurns;
  limiter: RateLimiter;
  intake: Intake;
}

function publicRoutes(pages: App, deps: HttpDeps, { notices, limiter, turns, intake }: Shared): void {
  pages.addHook('onRequest', (request, reply) => limiter.count('address', request.ip, request, reply));
  documentRoutes(pages, deps.meta.version);
  healthRoutes(pages, deps);
  docsRoutes(pages);
  if (deps.dashboard !== null) dashboardRoutes(pages, deps.dashboard, deps);
  if (deps.publicCatalog) catalogRoutes(pages, deps);
  captureRoutes(pages, deps, { notices, limiter, turns, intake });
}

function apiRoutes(api: App, deps: HttpDeps, { notices, limiter, turns, intake }: Shared, hub: Hub): void {
  const callers = createCallers(deps);
  requireAccess(api, deps, callers, limiter);
  answerRepeats(api, deps);
  tagThings(api, deps);
  // An empty body is an empty object: where members are needed, the schema names those that are missing.
  api.addHook('preValidation', async (request) => {
    if (request.body === undefined && request.routeOptions.schema?.body) request.body = {};
  });
  metricsRoute(api, deps);
  planRoutes(api, deps);
  publishRoutes(api, deps, intake);
  eventRoutes(api, deps);
  eventTypeRoutes(api, deps);
  eventTypeScopesRoute(api, deps);
  endpointRoutes(api, deps);
  endpointActionRoutes(api, deps);
  budgetRoutes(api, deps);
  statsRoutes(api, deps);
  overviewRoutes(api, deps);
  streamRoutes(api, deps, hub);
  deliveryRoutes(api, deps);
  deliveryActionRoutes(api, deps);
  replayRoutes(api, deps);
  jobRoutes(api, deps);
  bulkRoutes(api, deps);
  automationRoutes(api, deps);
  automationActionRoutes(api, deps);
  automationTransferRoutes(api, deps);
  automationTestRoutes(api, deps);
  runRoutes(api, deps);
  binRoutes(api, deps, { notices, limiter, turns });
  mailRoutes(api, deps);
  noticeRoutes(api, deps);
  searchRoutes(api, deps);
  workspaceRoutes(api, deps);
  suspensionRoutes(api, deps);
  usageRoutes(api, deps);
  erasureRoutes(api, deps, () => {
    for (const trust of Object.values(callers)) trust.forget();
  });
  apiKeyRoutes(api, deps, callers.keys);
  settingsRoutes(api, deps);
  auditRoutes(api, deps);
  peopleRoutes(api, deps, callers);
}

function peopleRoutes(api: App, deps: HttpDeps, callers: Callers): void {
  const throttle = createThrottle(deps.clock);
  setupRoutes(api, deps, throttle);
  signInRoutes(api, deps, { callers, throttle });
  meRoutes(api, deps, { callers, throttle });
  memberRoutes(api, deps, callers);
  invitationRoutes(api, deps);
  acceptInvitationRoutes(api, deps, { callers, throttle });
  portalLinkRoutes(api, deps, callers);
}

function noRoute(request: FastifyRequest, methods: readonly string[]): Problem {
  if (methods.length === 0)
    return new Problem('route_not_found', `There is nothing at ${pathOf(request.url)}.`);
  return new Problem(
    'method_not_allowed',
    `${pathOf(request.url)} takes ${methods.join(', ')}, not ${request.method}.`,
    {
      headers: { allow: methods.join(', ') },
    },
  );
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? url;
}

function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error);
  const { status, code } = problem.body;
  const record = { code, status, method: request.method, route: request.routeOptions?.url };
  if (status >= 500) request.log.error({ ...record, err: problem.cause ?? problem }, problem.message);
  else request.log.info(record, problem.message);
  const body = { ...problem.body, title: titleOf(code, languageOf(request)) };
  reply.code(status).headers(problem.headers).type(PROBLEM_TYPE).send(JSON.stringify(body));
}
