/**
 * A delivery's life as a state machine. Pure. SPEC.md beside this file is its specification:
 * numbered rules, the diagram and the table; machine.test.ts holds the two together.
 *
 *              ┌────────── attempt failed, retries left ─────────┐
 *              ▼                                                 │
 *   pending ─▶ sending ─▶ delivered        waiting ─▶ sending ───┤
 *      │          │                           │                  └─▶ dropped
 *      │          └── owner lost: back to where it was
 *      ├─ endpoint disabled ─▶ held ─ enabled, send ─▶ back to where it was
 *      └─ skipped by a person, held for too long, endpoint deleted ─▶ skipped
 *
 * What is stored is `pending`, `waiting` or an end. `sending` is what the owning node knows;
 * `held` is what an open delivery of a disabled endpoint is called (see `visibleState`), so that
 * disabling a million-deep queue is one write.
 */

export const DELIVERY_STATES = [
  'pending',
  'sending',
  'waiting',
  'held',
  'delivered',
  'dropped',
  'skipped',
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** The states that a store keeps. */
export const STORED_STATES = ['pending', 'waiting', 'delivered', 'dropped', 'skipped'] as const;
export type StoredState = (typeof STORED_STATES)[number];

export const DELIVERY_SIGNALS = [
  'send',
  'succeed',
  'fail_retry',
  'fail_final',
  'lose_owner',
  'disable',
  'enable_send',
  'enable_skip',
  'skip',
  'delete_endpoint',
  'retry_now',
  'expire_held',
] as const;
export type DeliverySignal = (typeof DELIVERY_SIGNALS)[number];

/**
 * Where a signal leads: a new state, no change, a refusal that says why, or `back`: to what is
 * stored, `pending` or `waiting`, whichever it was before it was sent or held.
 */
export type Transition =
  | { kind: 'to'; state: DeliveryState }
  | { kind: 'back' }
  | { kind: 'stay' }
  | { kind: 'refuse'; why: 'in_flight' | 'ended' | 'held' | 'not_first_tried' | 'not_sending' };

const to = (state: DeliveryState): Transition => ({ kind: 'to', state });
const back: Transition = { kind: 'back' };
const stay: Transition = { kind: 'stay' };
const refuse = (why: (Transition & { kind: 'refuse' })['why']): Transition => ({ kind: 'refuse', why });

const notSending = {
  succeed: refuse('not_sending'),
  fail_retry: refuse('not_sending'),
  fail_final: refuse('not_sending'),
  lose_owner: stay,
} as const;

/** An end is final: a resend is a new delivery (P13). */
const ended: Record<DeliverySignal, Transition> = {
  ...notSending,
  send: refuse('ended'),
  disable: stay,
  enable_send: stay,
  enable_skip: stay,
  skip: refuse('ended'),
  delete_endpoint: stay,
  retry_now: refuse('ended'),
  expire_held: stay,
};

/** Complete by type: a state or a signal without its cell does not compile. */
export const TRANSITIONS: Record<DeliveryState, Record<DeliverySignal, Transition>> = {
  pending: {
    ...notSending,
    send: to('sending'),
    disable: to('held'),
    enable_send: stay,
    enable_skip: stay,
    skip: to('skipped'),
    delete_endpoint: to('skipped'),
    retry_now: refuse('not_first_tried'),
    expire_held: stay,
  },
  sending: {
    send: refuse('in_flight'),
    succeed: to('delivered'),
    fail_retry: to('waiting'),
    fail_final: to('dropped'),
    // The attempt's fate is unknown; it is repeated under the same webhook-id (P5).
    lose_owner: back,
    // The request in flight is let finish; its result is recorded, then the rest is held.
    disable: stay,
    enable_send: stay,
    // Disabled while it was in flight, and what was held is skipped: the end stands whatever comes
    // back, as when the endpoint is deleted.
    enable_skip: to('skipped'),
    skip: refuse('in_flight'),
    delete_endpoint: to('skipped'),
    retry_now: refuse('in_flight'),
    expire_held: stay,
  },
  waiting: {
    ...notSending,
    send: to('sending'),
    disable: to('held'),
    enable_send: stay,
    enable_skip: stay,
    skip: to('skipped'),
    delete_endpoint: to('skipped'),
    // Due at once; how long it has waited and how often it was tried are kept.
    retry_now: to('waiting'),
    expire_held: stay,
  },
  held: {
    ...notSending,
    send: refuse('held'),
    disable: stay,
    enable_send: back,
    enable_skip: to('skipped'),
    skip: to('skipped'),
    delete_endpoint: to('skipped'),
    retry_now: refuse('held'),
    expire_held: to('skipped'),
  },
  delivered: ended,
  dropped: ended,
  skipped: ended,
};

/** Pure. Applies one signal to one state. */
export function transition(state: DeliveryState, signal: DeliverySignal): Transition {
  return TRANSITIONS[state][signal];
}

export function isEnd(state: DeliveryState): state is 'delivered' | 'dropped' | 'skipped' {
  return state === 'delivered' || state === 'dropped' || state === 'skipped';
}

/** The state a person sees, from what is stored and what is known around it. */
export function visibleState(
  stored: StoredState,
  around: { endpointEnabled: boolean; sending: boolean },
): DeliveryState {
  if (isEnd(stored)) return stored;
  if (around.sending) return 'sending';
  return around.endpointEnabled ? stored : 'held';
}
