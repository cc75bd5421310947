/** What a person can do to a delivery: retry it now, resend it, or skip it. */

import { isEnd, transition } from '../../core/delivery/machine.ts';
import { formatId } from '../../core/ids.ts';
import type { ChangeAnswer, StoredDelivery } from '../../store/records/log.ts';
import { callerOf, workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, idParams, ref } from '../operation.ts';
import { notFound, Problem } from '../problem.ts';
import { findWaiting, showDelivery, stateOf } from '../shownDeliveries.ts';
import type { DeliveryView } from '../views/delivery.ts';
import { findDelivery } from './deliveries.ts';

export function deliveryActionRoutes(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/deliveries/:id/retry',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'retryDelivery',
          summary: 'Retry a waiting delivery now, or resend one that has ended',
          tag: 'Deliveries',
          access: 'manage',
          description:
            'A waiting delivery is due at once and keeps its place. One that has ended is sent anew: a new delivery at the ' +
            "end of its endpoint's lane, with `replay_of` and the same `webhook-id`; the answer is that new one.",
          answers: { 202: { schema: ref('Delivery'), description: 'The delivery that will be sent.' } },
          problems: ['delivery_not_retryable', 'body_expired'],
        }),
        params: idParams('delivery'),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const { by } = callerOf(request);
      const row = await findDelivery(deps, workspace, request.params.id);
      const view = isEnd(row.state)
        ? await resend(deps, workspace, row, by)
        : await retryNow(deps, workspace, row, by);
      return reply.code(202).send(view);
    },
  );

  app.post(
    '/v1/deliveries/:id/skip',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'skipDelivery',
          summary: 'Skip a delivery: it is not sent, and the next in its lane follows',
          tag: 'Deliveries',
          access: 'manage',
          answers: { 200: { schema: ref('Delivery'), description: 'The skipped delivery.' } },
          problems: ['delivery_not_skippable'],
        }),
        params: idParams('delivery'),
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const row = await findDelivery(deps, workspace, request.params.id);
      const allowed = transition(stateOf(row, deps), 'skip');
      if (allowed.kind === 'refuse')
        throw notSkippable(row, allowed.why === 'in_flight' ? 'sending' : row.state);
      const answer = await deps.store.skipDelivery(
        workspace,
        row.key,
        callerOf(request).by,
        deps.clock.now(),
      );
      if (answer.kind === 'unchanged') throw notSkippable(row, answer.state);
      await tellLane(deps, answer, request.params.id);
      return showDelivery(deps, workspace, await findDelivery(deps, workspace, request.params.id));
    },
  );
}

async function retryNow(
  deps: HttpDeps,
  workspace: number,
  row: StoredDelivery,
  by: string,
): Promise<DeliveryView> {
  const allowed = transition(stateOf(row, deps), 'retry_now');
  if (allowed.kind === 'refuse') throw await notRetryable(deps, row);
  const answer = await deps.store.retryNow(workspace, row.key, deps.clock.now(), by);
  const id = formatId('dlv', row.key);
  // It may have been sent, or its endpoint disabled, since it was read.
  if (answer.kind === 'unchanged') throw await notRetryable(deps, await findDelivery(deps, workspace, id));
  await tellLane(deps, answer, id);
  return showDelivery(deps, workspace, await findDelivery(deps, workspace, id));
}

/** P13: a new delivery at the tail. */
async function resend(
  deps: HttpDeps,
  workspace: number,
  row: StoredDelivery,
  by: string,
): Promise<DeliveryView> {
  const key = deps.engine.nextKey();
  const answer = await deps.store.replayDelivery(workspace, row.key, { key, now: deps.clock.now(), by });
  switch (answer.kind) {
    case 'changed':
    case 'missing':
      await tellLane(deps, answer, formatId('dlv', row.key));
      return showDelivery(deps, workspace, await findDelivery(deps, workspace, formatId('dlv', key)));
    case 'endpoint_gone':
      throw new Problem(
        'delivery_not_retryable',
        'Its endpoint was deleted, so there is nowhere to send it to.',
      );
    case 'body_gone':
      throw bodyExpired();
  }
  return answer satisfies never;
}

export function bodyExpired(): Problem {
  return new Problem(
    'body_expired',
    "The event's body is older than `retention.bodies_days` of the settings and is no longer kept.",
  );
}

async function tellLane(
  deps: HttpDeps,
  answer: Exclude<ChangeAnswer, { kind: 'unchanged' }>,
  id: string,
): Promise<void> {
  if (answer.kind === 'missing') throw notFound('delivery', id);
  await deps.engine.lanesChanged([answer.lane]);
}

async function notRetryable(deps: HttpDeps, row: StoredDelivery): Promise<Problem> {
  const state = stateOf(row, deps);
  if (state === 'sending') return new Problem('delivery_not_retryable', 'It is being sent at this moment.');
  const waiting = (await findWaiting(deps, row.workspace, [row])).get(row.key) ?? null;
  const why = waiting?.text ?? 'it is next in its lane';
  return new Problem('delivery_not_retryable', `It is ${state}: ${why}.`);
}

function notSkippable(row: StoredDelivery, state: string): Problem {
  const why =
    state === 'sending'
      ? 'is being sent at this moment; wait for the outcome'
      : `has ended already: it is ${state}${row.reason === null ? '' : ` (${row.reason})`}`;
  return new Problem('delivery_not_skippable', `The delivery ${why}.`);
}
