/**
 * `Idempotency-Key` for every POST that makes or does something, in one place: the key is claimed before the route is
 * called, and what it answers is kept, sealed, since it may hold a secret that is shown only once. A repeat is answered
 * as the first time. Publishing has a rule of its own, since it can keep its answer in the transaction of the events.
 *
 *   claimed   the route is called     answered below 400 ─▶ kept     refused ─▶ the key is free again
 *   done      the kept answer                                         failed, or nobody knows ─▶ never called again
 *   running   409, later
 *   unknown   409: look what came of it, then take another key
 */

import { createHmac } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { ClaimAnswer, RequestEnd, RequestKey } from '../store/records/requests.ts';
import type { Code } from './codes.ts';
import type { App, HttpDeps } from './deps.ts';
import { withProblems } from './operation.ts';
import { formatTime } from './paging.ts';
import { faulty, Problem } from './problem.ts';

export const IdempotencyHeader = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[\\x20-\\x7e]{1,255}$',
      description:
        'Repeating a request with the same key and body is answered as the first time, for a day, with the header ' +
        '`Idempotent-Replayed: true`.',
    }),
  ),
});

const CODES: readonly Code[] = ['idempotency_conflict', 'request_running', 'outcome_unknown'];
/** Answered with these, nothing has been done. */
const REFUSALS: ReadonlySet<unknown> = new Set<Code>(['overloaded', 'starting', 'stopping']);
/** Characters of an answer that is kept; larger ones are those of imports alone. */
const MOST_KEPT = 256 * 1024;
const CONTEXT = 'idempotent-answer';
const RETRY_AFTER_S = 1;

interface Claimed {
  key: RequestKey;
  claim: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    claimed: Claimed | null;
  }
}

/** Must come before the routes, and after who calls is known. */
export function answerRepeats(app: App, deps: HttpDeps): void {
  const secret = deps.sealer.derive('idempotency');
  app.decorateRequest('claimed', null);
  app.addHook('onRoute', (route) => {
    const { access, readsBody } = route.config ?? {};
    if (route.method !== 'POST' || access === 'public' || readsBody === true || !route.schema) return;
    // A POST that only reads is harmless twice. Its answer is none to keep: it is as large as whoever may only read
    // wants, and shows secrets to a person who may not see them any more when it is repeated.
    if (access === 'read') return;
    route.schema.headers ??= IdempotencyHeader;
    route.schema.response = withProblems(route.schema.response as Record<string, unknown>, CODES);
    route.config = { ...route.config, onceByKey: true };
  });
  app.addHook('preHandler', async (request, reply) => {
    const key = request.headers['idempotency-key'];
    const { caller } = request;
    if (typeof key !== 'string' || caller === null || request.routeOptions.config.onceByKey !== true) return;
    const of: RequestKey = { workspace: caller.workspace, caller: caller.by, key };
    const hash = createHmac('sha256', secret)
      .update(`${request.url}\n`)
      .update(request.rawText)
      .digest('hex');
    const claim = String(deps.engine.nextKey());
    const answer = await deps.store.claimRequest({ ...of, hash, claim, at: deps.clock.now() });
    if (answer.kind === 'claimed') request.claimed = { key: of, claim };
    else return repeat(deps, reply, key, answer);
  });
  app.addHook('onSend', async (request, reply, payload: unknown) => {
    const { claimed } = request;
    if (claimed === null) return payload;
    request.claimed = null;
    try {
      await settle(deps, claimed, reply, payload);
    } catch (error) {
      // It is done or not, whatever becomes of its key: a repeat is told that nobody knows.
      request.log.warn({ err: error }, 'what came of a call could not be kept');
    }
    return payload;
  });
}

async function settle(deps: HttpDeps, { key, claim }: Claimed, reply: FastifyReply, payload: unknown) {
  const end = endOf(deps, reply, payload);
  if (end === null) await deps.store.releaseRequest(key, claim);
  else await deps.store.endRequest(key, claim, end, deps.clock.now());
}

/** What is to be kept; null where nothing was done. */
function endOf(
  { sealer }: HttpDeps,
  { statusCode: status }: FastifyReply,
  payload: unknown,
): RequestEnd | null {
  const text = payload === null || payload === undefined ? '' : payload;
  if (status >= 500) return isRefusal(text) ? null : { status: null, sealed: null };
  if (status >= 400) return null;
  const isKept = typeof text === 'string' && text.length <= MOST_KEPT;
  return { status, sealed: isKept ? sealer.seal(CONTEXT, text) : null };
}

function isRefusal(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  return REFUSALS.has((JSON.parse(text) as { code?: unknown }).code);
}

function repeat(
  { sealer }: HttpDeps,
  reply: FastifyReply,
  key: string,
  answer: Exclude<ClaimAnswer, { kind: 'claimed' }>,
): FastifyReply {
  switch (answer.kind) {
    case 'conflict': {
      const message = `was used before for another call: ${JSON.stringify(key)}; take a new one`;
      throw faulty('idempotency_conflict', [{ field: '/idempotency-key', message, in: 'header' }]);
    }
    case 'running':
      throw new Problem(
        'request_running',
        'The same call is being done; repeat it to be told what came of it.',
        {
          headers: { 'retry-after': String(RETRY_AFTER_S) },
        },
      );
    case 'unknown':
      throw new Problem(
        'outcome_unknown',
        `This call was begun at ${formatTime(answer.at)}, and whether it was done is not known. It is not done a second ` +
          'time: look whether it was, and take a new key if not.',
      );
    case 'done': {
      const { status, sealed } = answer;
      if (sealed === null) {
        throw new Problem(
          'outcome_unknown',
          `This call was done (${status}); its answer was too large to be kept.`,
        );
      }
      const text = sealer.open(CONTEXT, sealed);
      reply.code(status).header('idempotent-replayed', 'true').header('cache-control', 'no-store');
      return text === '' ? reply.send() : reply.type('application/json; charset=utf-8').send(text);
    }
  }
  return answer satisfies never;
}
