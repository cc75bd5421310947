/**
 * What an open delivery is waiting for (A15), as data and as a sentence. Pure.
 */

import { type Static, Type } from 'typebox';
import type { DeliveryState } from '../../core/delivery/machine.ts';
import { HOUR, MINUTE, SECOND } from '../../core/duration.ts';
import { formatId } from '../../core/ids.ts';
import type { LaneHead } from '../../store/records/log.ts';
import { nullable, oneOf, time } from '../operation.ts';
import { formatTime, formatTimeOrNull } from '../paging.ts';

const text = Type.String({
  description: 'The same as a sentence, such as "waiting for #1041 ahead of it, next attempt in 42 s".',
});

export const WaitingForSchema = Type.Union(
  [
    Type.Object({
      kind: oneOf(['earlier_delivery'] as const),
      delivery_id: Type.String({ description: 'The first open delivery of the lane.' }),
      sequence: Type.Integer({ description: 'Its number in the lane.' }),
      ahead: Type.Integer({
        description: 'Open deliveries ahead of this one, exact up to 999; 1000 stands for that many or more.',
        maximum: 1_000,
      }),
      next_attempt_at: nullable(
        time('When that one is tried again; null while it is in turn or being sent.'),
      ),
      text,
    }),
    Type.Object({ kind: oneOf(['retry'] as const), next_attempt_at: time('When it is tried again.'), text }),
    Type.Object({ kind: oneOf(['endpoint_disabled'] as const), text }),
  ],
  { $id: 'WaitingFor', description: 'What an open delivery is waiting for.' },
);
export type WaitingFor = Static<typeof WaitingForSchema>;

/** Null where it waits for nothing: it has ended, is being sent, or is next in turn. */
export function waitingFor(
  delivery: { state: DeliveryState; nextAttemptAt: number | null },
  head: LaneHead | null,
  now: number,
): WaitingFor | null {
  switch (delivery.state) {
    case 'delivered':
    case 'dropped':
    case 'skipped':
    case 'sending':
      return null;
    case 'held':
      return { kind: 'endpoint_disabled', text: 'held: waiting for the endpoint to be enabled' };
    case 'pending':
    case 'waiting':
      break;
    default:
      return delivery.state satisfies never;
  }
  if (head) {
    const when =
      head.nextAttemptAt === null ? 'which is in turn' : `next attempt ${formatIn(head.nextAttemptAt - now)}`;
    const others =
      head.ahead > 1 ? ` (${head.ahead >= 1_000 ? '1000 or more' : head.ahead} are ahead in all)` : '';
    return {
      kind: 'earlier_delivery',
      delivery_id: formatId('dlv', head.key),
      sequence: head.sequence,
      ahead: head.ahead,
      next_attempt_at: formatTimeOrNull(head.nextAttemptAt),
      text: `waiting for #${head.sequence} ahead of it, ${when}${others}`,
    };
  }
  if (delivery.nextAttemptAt === null) return null;
  return {
    kind: 'retry',
    next_attempt_at: formatTime(delivery.nextAttemptAt),
    text: `waiting for its retry, next attempt ${formatIn(delivery.nextAttemptAt - now)}`,
  };
}

/** `in 42 s`, `in 3 min 20 s`, `in 2 h 5 min`; `now` where the time has come. */
export function formatIn(ms: number): string {
  if (ms <= 0) return 'now';
  const seconds = Math.ceil(ms / SECOND);
  if (seconds < 60) return `in ${seconds} s`;
  const minutes = Math.floor((seconds * SECOND) / MINUTE);
  if (minutes < 60) return `in ${minutes} min${seconds % 60 === 0 ? '' : ` ${seconds % 60} s`}`;
  const hours = Math.floor((seconds * SECOND) / HOUR);
  return `in ${hours} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`;
}
