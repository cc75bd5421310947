/**
 * `verify` where frameworks have the raw body. Each answers 400 to what must not be acted on (401 where it is the signature), with a
 * sentence that says why, and gives the handler what was sent.
 */

import { type VerifyOptions, verify, type Webhook, WebhookError } from './verify.ts';

function statusOf({ code }: WebhookError): 400 | 401 {
  return code === 'no_matching_signature' ? 401 : 400;
}

/** Fetch-style: Hono (`c.req.raw`), Deno, Bun, workers, Next.js route handlers. `handle` answers once it has what it needs. */
export function receive<Event = unknown>(
  options: VerifyOptions,
  handle: (webhook: Webhook<Event>) => Response | Promise<Response>,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const body = new Uint8Array(await request.arrayBuffer());
    let webhook: Webhook<Event>;
    try {
      webhook = await verify<Event>({ headers: request.headers, body }, options);
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error;
      return Response.json({ code: error.code, message: error.message }, { status: statusOf(error) });
    }
    return handle(webhook);
  };
}

interface ExpressRequest {
  headers: Record<string, string | string[] | undefined>;
  body?: unknown;
  webhook?: Webhook;
}
interface ExpressResponse {
  status(code: number): { json(body: object): unknown };
}

/** Express: `app.post('/hooks', express.raw({ type: '*\/*' }), webhooks({ secrets }), (request, response) => …)`. */
export function webhooks(
  options: VerifyOptions,
): (request: ExpressRequest, response: ExpressResponse, next: (error?: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    const { body, headers } = request;
    if (!(body instanceof Uint8Array) && typeof body !== 'string') {
      next(new TypeError("The raw body is needed: put express.raw({ type: '*/*' }) before webhooks()."));
      return;
    }
    try {
      request.webhook = await verify({ headers, body }, options);
    } catch (error) {
      if (error instanceof WebhookError) {
        response.status(statusOf(error)).json({ code: error.code, message: error.message });
      } else {
        next(error);
      }
      return;
    }
    next();
  };
}

interface FastifyScope {
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    type: string,
    options: { parseAs: 'buffer' },
    parse: (request: unknown, body: Uint8Array, done: (error: null, body: Uint8Array) => void) => void,
  ): unknown;
  addHook(
    name: 'preHandler',
    hook: (
      request: { headers: Record<string, string | string[] | undefined>; body: unknown; webhook?: Webhook },
      reply: { code(status: number): { send(body: object): unknown } },
    ) => Promise<unknown>,
  ): unknown;
}

/**
 * Fastify: `app.register(async (scope) => { verifyIn(scope, { secrets }); scope.post('/hooks', …) })`. The scope's routes find
 * `request.webhook`; those outside it keep their parsers.
 */
export function verifyIn(scope: FastifyScope, options: VerifyOptions): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  scope.addHook('preHandler', async (request, reply) => {
    const body = request.body instanceof Uint8Array ? request.body : '';
    try {
      request.webhook = await verify({ headers: request.headers, body }, options);
    } catch (error) {
      if (!(error instanceof WebhookError)) throw error;
      return reply.code(statusOf(error)).send({ code: error.code, message: error.message });
    }
    return undefined;
  });
}
