/** `POST /v1/events` and `POST /v1/events/batch`: the way in. */

import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DAY, SECOND } from '../../core/duration.ts';
import { formatId } from '../../core/ids.ts';
import type { PostedText, PublishOutcome } from '../../engine/engine.ts';
import { workspaceOf } from '../auth.ts';
import { expectedBytes, MAX_BATCH_BYTES, MAX_EVENT_BYTES, readPostedBody } from '../bodies.ts';
import { depthOfRequest } from '../causation.ts';
import type { App, HttpDeps } from '../deps.ts';
import { IdempotencyHeader } from '../idempotency.ts';
import type { Intake } from '../intake.ts';
import { describe, ref } from '../operation.ts';
import { type Fault, faulty, Problem, problemOf } from '../problem.ts';
import { DATA_RULES, readerOf } from '../publishInput.ts';
import { traceOfRequest } from '../traceparent.ts';
import { bodyCheckedByRoute } from '../validation.ts';
import type { AcceptedEventView } from '../views/event.ts';

const REPLAYED = 'A repeat is answered as the first time, with the header `Idempotent-Replayed: true`.';

export function publishRoutes(app: App, deps: HttpDeps, intake: Intake): void {
  app.post(
    '/v1/events',
    {
      config: { access: 'publish', readsBody: true },
      bodyLimit: MAX_EVENT_BYTES,
      validatorCompiler: bodyCheckedByRoute,
      schema: {
        ...describe({
          id: 'publishEvent',
          summary: 'Publish an event',
          tag: 'Events',
          access: 'publish',
          description: `The answer comes when the event and all its deliveries are stored durably. ${REPLAYED} ${DATA_RULES}`,
          answers: { 202: { schema: ref('AcceptedEvent'), description: 'Accepted.' } },
          problems: [
            'duplicate_member',
            'unknown_event_type',
            'reserved_event_type',
            'schema_violation',
            'event_too_costly',
            'idempotency_conflict',
            'daily_limit_reached',
            'workspace_suspended',
            'event_loop',
            'overloaded',
          ],
          hasBody: true,
        }),
        headers: IdempotencyHeader,
        body: ref('NewEvent'),
      },
    },
    async (request, reply) => {
      const [accepted] = await publish({ deps, intake }, request, reply, 'single');
      return reply.code(202).send(accepted);
    },
  );

  app.post(
    '/v1/events/batch',
    {
      config: { access: 'publish', readsBody: true },
      bodyLimit: MAX_BATCH_BYTES,
      validatorCompiler: bodyCheckedByRoute,
      schema: {
        ...describe({
          id: 'publishEvents',
          summary: 'Publish up to 1000 events, all or none',
          tag: 'Events',
          access: 'publish',
          description: `In the order of the list. Faults of all events are told at once, with fields such as \`/events/3/data/contact\`. ${REPLAYED} ${DATA_RULES}`,
          answers: {
            202: { schema: ref('AcceptedEvents'), description: 'All accepted, in the order of the request.' },
          },
          problems: [
            'duplicate_member',
            'unknown_event_type',
            'reserved_event_type',
            'schema_violation',
            'event_too_costly',
            'duplicate_event_id',
            'idempotency_conflict',
            'daily_limit_reached',
            'workspace_suspended',
            'event_loop',
            'overloaded',
          ],
          hasBody: true,
        }),
        headers: IdempotencyHeader,
        body: ref('NewEvents'),
      },
    },
    async (request, reply) => {
      const events = await publish({ deps, intake }, request, reply, 'batch');
      return reply.code(202).send({ events });
    },
  );
}

/** Publishes and answers what is to be said of each event. Throws a Problem on a conflict. */
async function publish(
  { deps, intake }: { deps: HttpDeps; intake: Intake },
  request: FastifyRequest,
  reply: FastifyReply,
  form: PostedText['form'],
): Promise<AcceptedEventView[]> {
  const workspace = workspaceOf(request);
  const bytes = expectedBytes(request.raw, request.routeOptions.bodyLimit);
  const outcome = await traced(deps, request, (trace) =>
    intake.during(workspace, bytes, () => readAndPublish(deps, request, form, trace)),
  );
  if (outcome.kind === 'over_quota') throw overQuota(outcome, deps.clock.now());
  if (outcome.kind === 'conflict') throw conflict(form, outcome);
  if (outcome.repeated.length > 0 && outcome.repeated.every(Boolean))
    reply.header('idempotent-replayed', 'true');
  return outcome.accepted.map(({ id, deliveries, runs }, index): AcceptedEventView => {
    const warnings = outcome.warnings[index] ?? null;
    if (warnings === null) return { id, deliveries, runs };
    return { id, deliveries, runs, warnings: JSON.parse(warnings) as Fault[] };
  });
}

async function readAndPublish(
  { engine }: HttpDeps,
  request: FastifyRequest,
  form: PostedText['form'],
  trace: string | null,
): Promise<PublishOutcome> {
  const posted = await readPostedBody(request, form);
  const idempotency = idempotencyOf(request, posted);
  const origin = { depth: depthOfRequest(request.headers), trace };
  return engine.publish(workspaceOf(request), readerOf(posted), idempotency, origin, posted);
}

/** Within a span of its own, where somebody is told of them; its deliveries are below it. */
async function traced(
  { tracing }: HttpDeps,
  request: FastifyRequest,
  publishWithin: (trace: string | null) => Promise<PublishOutcome>,
): Promise<PublishOutcome> {
  const parent = traceOfRequest(request.headers);
  if (tracing === null) return publishWithin(parent);
  const span = tracing.begin('publish', {
    kind: 'server',
    parent,
    attributes: {
      'http.request.method': 'POST',
      'http.route': request.routeOptions.url ?? '',
      'mirsal.workspace_id': formatId('ws', workspaceOf(request)),
    },
  });
  try {
    const outcome = await publishWithin(span.traceparent);
    const isAccepted = outcome.kind === 'accepted';
    span.end(
      isAccepted ? { 'mirsal.events': outcome.accepted.length } : {},
      isAccepted ? null : outcome.kind,
    );
    return outcome;
  } catch (error) {
    span.end({}, problemOf(error).body.code);
    throw error;
  }
}

/** The count starts anew at midnight UTC. */
function overQuota({ limit, reached }: { limit: number; reached: number }, now: number): Problem {
  const untilMidnightS = Math.ceil((DAY - (now % DAY)) / SECOND);
  return new Problem(
    'daily_limit_reached',
    `The plan allows ${limit} events a day; ${reached} have been published since midnight UTC. Nothing of this request was.`,
    { headers: { 'retry-after': String(untilMidnightS) }, facts: { limit, reached } },
  );
}

function idempotencyOf(request: FastifyRequest, { text }: PostedText): { key: string; hash: string } | null {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string') return null;
  // The address is part of it: the same text means something else in the other call.
  const hash = createHash('sha256').update(`${request.routeOptions.url}\n`).update(text).digest('hex');
  return { key, hash };
}

function conflict(
  form: PostedText['form'],
  { what, id, index }: Extract<PublishOutcome, { kind: 'conflict' }>,
): Problem {
  if (what === 'idempotency_key') {
    const message = `was used before with another body: ${JSON.stringify(id)}; take a new one`;
    return faulty('idempotency_conflict', [{ field: '/idempotency-key', message, in: 'header' }]);
  }
  const field = form === 'single' ? '/id' : `/events/${index}/id`;
  return faulty('idempotency_conflict', [
    { field, message: `${JSON.stringify(id)} was used before for another event` },
  ]);
}
