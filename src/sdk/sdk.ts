/** `mirsal/sdk`: for whoever receives webhooks. Nothing of Node is needed. */

export { receive, verifyIn, webhooks } from './adapters.ts';
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
