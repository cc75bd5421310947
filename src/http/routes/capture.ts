/**
 * `/b/<token>` and everything below: takes any method and any body, keeps it as it came, and answers
 * as the bin was told to. Nothing of it is ever parsed. `?inspect` shows what came.
 *
 * Whatever is captured is hostile, and a bin shares its origin with the dashboard: answers are
 * sandboxed, the page shows text only.
 */

import { METHODS } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Bin, BinAnswer, BinReply } from '../../store/records/bins.ts';
import type { BinNotices } from '../binNotices.ts';
import { awaitReply } from '../binRelay.ts';
import { binSignature } from '../binSignature.ts';
import { expectedBytes } from '../bodies.ts';
import type { App, HttpDeps } from '../deps.ts';
import type { Intake } from '../intake.ts';
import {
  INSPECT_HEADERS,
  inspectPage,
  MAX_BODIES_SHOWN,
  MAX_BODY_SHOWN,
  MAX_SHOWN,
} from '../pages/inspect.ts';
import { pickLanguage } from '../pages/languages.ts';
import type { PageTurns } from '../pageTurns.ts';
import { Problem } from '../problem.ts';
import type { RateLimiter } from '../rateLimits.ts';
import { BIN_LIMITS, binRequestView, binUrl } from '../views/bin.ts';

/** The page at its largest, which is several times the bodies that it shows. */
const INSPECT_BYTES = 4 * MAX_BODIES_SHOWN;

declare module 'fastify' {
  interface FastifyRequest {
    /** What is to be kept of a body that Fastify does not see. */
    hiddenBytes: number;
  }
}

/** Whatever a bin answers, a browser must not run it with the rights of this origin. */
const ANSWER_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
  'cache-control': 'no-store',
};

export function captureRoutes(
  app: App,
  deps: HttpDeps,
  {
    notices,
    limiter,
    turns,
    intake,
  }: { notices: BinNotices; limiter: RateLimiter; turns: PageTurns; intake: Intake },
): void {
  const methods = METHODS.filter((method) => method !== 'CONNECT');
  for (const method of methods) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true });
  }
  app.register(async (bins: App) => {
    bins.decorateRequest('hiddenBytes', 0);
    bins.addHook('onRequest', async (request) => hideBody(request));
    for (const url of ['/b/:token', '/b/:token/*']) {
      bins.route<{ Params: { token: string } }>({
        method: methods,
        url,
        schema: { hide: true },
        config: { access: 'public' },
        handler: async (request, reply) => {
          const bin = await deps.store.findBin({ token: request.params.token });
          if (!bin || bin.expiresAt <= deps.clock.now()) {
            throw new Problem('not_found', 'There is no bin at this address, or it has expired.');
          }
          const inspected = inspectQuery(request, bin.token);
          if (inspected) {
            const make = () => makePage(deps, request, bin, inspected);
            const page = await turns.open(bin.workspace, INSPECT_BYTES, reply.raw);
            return reply.headers(INSPECT_HEADERS).send(await page.make(make));
          }
          await limiter.count('bin', bin.token, request, reply);
          const key = await intake.during(bin.workspace, request.hiddenBytes, () =>
            capture(deps, notices, request, reply, bin),
          );
          const isGone = (): boolean => reply.raw.destroyed;
          const relayed =
            (bin.answer.relay_ms ?? 0) > 0
              ? await awaitReply(deps, notices, { bin, request: key, isGone })
              : null;
          if (relayed !== null) return answer(reply, relayed);
          await notices.pause(bin.answer.delay_ms);
          return answer(reply, scripted(deps, bin.answer));
        },
      });
    }
  });
}

/**
 * Keeps Fastify from reading the body, whose type may be unknown or malformed: without these headers
 * it goes straight to the handler. They are still there in rawHeaders, which is what is kept.
 */
function hideBody(request: FastifyRequest): void {
  const { headers } = request.raw;
  // Of a body that is longer than a bin keeps, the beginning is read.
  const most = BIN_LIMITS.request_bytes;
  request.hiddenBytes = Math.min(expectedBytes(request.raw, Number.MAX_SAFE_INTEGER), most);
  for (const name of ['content-type', 'content-length', 'transfer-encoding']) delete headers[name];
}

async function capture(
  deps: HttpDeps,
  notices: BinNotices,
  request: FastifyRequest,
  reply: FastifyReply,
  bin: Bin,
): Promise<number> {
  const headers = pairsOf(request.raw.rawHeaders);
  const { body, truncated } = await readUpTo(request.raw, BIN_LIMITS.request_bytes);
  // The rest of the upload stays unread, so the connection cannot carry another request.
  if (truncated) reply.header('connection', 'close');
  const routing = await deps.engine.routing(bin.workspace);
  const now = deps.clock.now();
  const around = { endpoints: routing?.endpoints ?? [], sealer: deps.sealer, now };
  const key = deps.engine.nextKey();
  await deps.store.captureRequest(
    {
      key,
      workspace: bin.workspace,
      bin: bin.key,
      at: now,
      method: request.method,
      path: pathBelow(request, bin.token),
      headers: JSON.stringify(headers),
      body,
      truncated,
      signature: JSON.stringify(binSignature({ headers, body, truncated }, bin.token, around)),
    },
    { requests: BIN_LIMITS.requests, bytes: BIN_LIMITS.bytes },
  );
  notices.captured(bin.key);
  return key;
}

/** The first `limit` bytes. A sender that breaks off leaves what came until then, as truncated. */
async function readUpTo(stream: Readable, limit: number): Promise<{ body: Uint8Array; truncated: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Destroying the stream would cut the connection that the answer has to go through.
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
      chunks.push(bytes);
      size += bytes.length;
      if (size > limit) return { body: Buffer.concat(chunks).subarray(0, limit), truncated: true };
    }
  } catch {
    return { body: Buffer.concat(chunks), truncated: true };
  }
  return { body: Buffer.concat(chunks), truncated: false };
}

function pairsOf(rawHeaders: readonly string[]): string[][] {
  const pairs: string[][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    pairs.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '']);
  return pairs;
}

function pathBelow(request: FastifyRequest, token: string): string {
  const at = request.url.indexOf(token);
  return at === -1 ? '' : request.url.slice(at + token.length);
}

function scripted(deps: HttpDeps, told: BinAnswer): BinReply {
  const fails = told.failure_rate > 0 && deps.random.fraction() < told.failure_rate;
  return fails ? { ...told, status: 500 } : told;
}

function answer(reply: FastifyReply, { status, headers, body }: BinReply): FastifyReply {
  reply.code(status);
  if (body !== '') reply.type('text/plain; charset=utf-8');
  reply.headers(headers).headers(ANSWER_HEADERS);
  const hasNoBody = body === '' || status === 204 || status === 304;
  // As bytes, so that no serialiser looks at it, whatever type the bin was told to name.
  return reply.send(hasNoBody ? undefined : Buffer.from(body));
}

// ---------------------------------------------------------------- the page

interface InspectQuery {
  language: string | null;
  live: boolean;
}

/** Where the address is the bin's own with nothing but `?inspect` (and how to show it). */
function inspectQuery(request: FastifyRequest, token: string): InspectQuery | null {
  const below = pathBelow(request, token);
  if (request.method !== 'GET' || !below.startsWith('?')) return null;
  const query = new URLSearchParams(below);
  if (query.get('inspect') !== '') return null;
  if ([...query.keys()].some((name) => !['inspect', 'lang', 'live'].includes(name))) return null;
  return { language: query.get('lang'), live: query.get('live') !== 'off' };
}

async function makePage(
  deps: HttpDeps,
  request: FastifyRequest,
  bin: Bin,
  query: InspectQuery,
): Promise<string> {
  const requests = await deps.store.listBinRequests(bin.workspace, bin.key, {
    before: null,
    limit: MAX_SHOWN,
    bodyBytes: MAX_BODY_SHOWN,
    maxBytes: MAX_BODIES_SHOWN,
  });
  return inspectPage({
    language: pickLanguage(query.language ?? request.headers['accept-language'] ?? ''),
    live: query.live,
    url: binUrl(deps.meta.publicUrl(), bin.token),
    expiresAt: bin.expiresAt,
    total: bin.requests,
    requests: requests.map((row) => binRequestView(row, { body: true })),
  });
}
