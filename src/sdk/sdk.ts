/** `mirsal/sdk`: for whoever publishes events and reads what became of them, and for whoever receives webhooks. Nothing of Node is needed. */

export { receive, verifyIn, webhooks } from './adapters.ts';
export type { CallOptions, NewEventOf, Pages } from './calls.ts';
export { Mirsal, type MirsalOptions } from './client.ts';
export { type ErrorCode, MirsalError } from './errors.ts';
export type { EventData, WebhookBodies } from './generated/events.ts';
export type * as Schemas from './generated/schemas.ts';
export {
  createOutbox,
  type Outbox,
  type OutboxDatabase,
  type OutboxDialect,
  type OutboxOptions,
  type OutboxRow,
  type OutboxRows,
  type Statement,
  type WriteOptions,
} from './outbox.ts';
export { createPublisher, type Publisher, type PublisherOptions } from './publisher.ts';
export { createRelay, type Relay, type RelayOptions, startRelay } from './relay.ts';
export type { HintKind, StreamMessage, StreamOptions } from './stream.ts';
export {
  DEFAULT_TOLERANCE_S,
  type HeadersLike,
  type SignedRequest,
  type VerifyOptions,
  verify,
  type Webhook,
  WebhookError,
  type WebhookFault,
} from './verify.ts';
