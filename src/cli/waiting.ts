/** Waiting until something has come to its end, as long as a person would. */

import type { Schemas } from '../sdk/sdk.ts';
import type { Cli } from './cli.ts';

const LOOK_AGAIN_MS = 200;
/** Longer than one attempt takes. */
const FIRST_ATTEMPT_MS = 15_000;

const ENDED = new Set(['delivered', 'dropped', 'skipped']);

/** Until its first attempt has an answer, or it has ended, or the time is over: as it is then. */
export async function waitForDelivery(
  { mirsal, terminal }: Cli,
  id: string,
): Promise<Schemas.DeliveryDetail> {
  const end = terminal.now() + FIRST_ATTEMPT_MS;
  for (;;) {
    const delivery = await mirsal.deliveries.get(id);
    if (isSettled(delivery, end) || terminal.now() >= end) return delivery;
    await terminal.sleep(LOOK_AGAIN_MS);
  }
}

/** The same for all deliveries of an event. */
export async function waitForEvent({ mirsal, terminal }: Cli, id: string): Promise<Schemas.EventDetail> {
  const end = terminal.now() + FIRST_ATTEMPT_MS;
  for (;;) {
    const event = await mirsal.events.get(id);
    if (event.deliveries.every((delivery) => isSettled(delivery, end)) || terminal.now() >= end) return event;
    await terminal.sleep(LOOK_AGAIN_MS);
  }
}

/** Also what waits for an earlier one that is not even tried again until `end`. */
function isSettled({ state, attempt_count, waiting_for }: Schemas.Delivery, end: number): boolean {
  if (ENDED.has(state) || state === 'held' || (state === 'waiting' && attempt_count > 0)) return true;
  const at = waiting_for?.kind === 'earlier_delivery' ? waiting_for.next_attempt_at : null;
  return at !== null && Date.parse(at) > end;
}
