/** Endpoints with their secrets, as a store keeps them, and what is to be told of how they fare. */

import type { Ordering } from '../../core/delivery/order.ts';
import type { RetryPolicy } from '../../core/delivery/retry.ts';
import type { Condition } from '../../core/routing/condition.ts';

/** `suspended`: its workspace is, and enables it when it is resumed. */
export type DisabledReason = 'manual' | 'error_budget' | 'gone' | 'suspended';

/** At most so many attempts start in a second, evenly spaced (engine/pacing.ts). */
export interface RateLimit {
  per_second: number;
}

export interface SignatureSettings {
  /** Also send `v1a` (Ed25519). */
  v1a: boolean;
  /** The compatibility header `X-Webhook-Signature`, and how its HMAC is written. */
  compatibility: 'none' | 'base64' | 'hex';
}

export type SecretKind = 'v1' | 'v1a';

export interface SealedSecret {
  key: number;
  kind: SecretKind;
  /** AES-256-GCM, see core/sealing.ts. */
  sealed: Uint8Array;
  createdAt: number;
  /** Signs until then beside its successor; null for the one in force. */
  expiresAt: number | null;
}

export interface Endpoint {
  key: number;
  workspace: number;
  url: string;
  name: string;
  eventTypes: readonly string[];
  condition: Condition | null;
  ordering: Ordering;
  retry: RetryPolicy;
  timeoutMs: number;
  /** Null for none. */
  rateLimit: RateLimit | null;
  /** Custom headers as sealed JSON text (they often carry credentials); null for none. */
  sealedHeaders: Uint8Array | null;
  signature: SignatureSettings;
  /** Null while enabled. */
  disabled: { reason: DisabledReason; at: number; by: string } | null;
  /** Since it was last enabled; null where it never was disabled, or is. */
  recovery: Recovery | null;
  createdAt: number;
  updatedAt: number;
  /** The rule or workflow that first named its URL in an action; null for one that a person connected. */
  automation: number | null;
  /** Keys of the lanes in use now, by place. */
  lanes: readonly number[];
  secrets: readonly SealedSecret[];
}

/**
 * Where actions send that name exactly this URL: one endpoint of the workspace, whichever rules and workflows name it. The
 * first of them in the order of their making, as a routing has them: former versions made one for each automation.
 */
export function typedEndpoint(endpoints: Iterable<Endpoint>, url: string): Endpoint | undefined {
  for (const endpoint of endpoints) {
    if (endpoint.automation !== null && endpoint.url === url) return endpoint;
  }
  return undefined;
}

export type NewEndpoint = Omit<Endpoint, 'disabled' | 'recovery' | 'updatedAt'>;

/** How an endpoint comes back (P9): one delivery is tried alone, then what was held follows at a set rate. */
export interface Recovery {
  /** What was accepted before was held. */
  since: number;
  /** No delivery has arrived since. */
  probing: boolean;
  perSecond: number;
}

export interface EndpointPatch {
  url?: string;
  name?: string;
  eventTypes?: readonly string[];
  condition?: Condition | null;
  /** New lanes replace the old ones; what is queued in those still goes out, in its own order. */
  ordering?: { ordering: Ordering; lanes: readonly number[] };
  retry?: RetryPolicy;
  timeoutMs?: number;
  rateLimit?: RateLimit | null;
  sealedHeaders?: Uint8Array | null;
  /** Members that are named replace what is stored. */
  signature?: Partial<SignatureSettings>;
}

/** What is held at a disabled endpoint, or open at any. */
export interface OpenCount {
  count: number;
  /** When the oldest was made, ms. */
  oldestAt: number;
}

/** An endpoint's latest attempts have failed. */
export interface Failing {
  since: number;
  lastAt: number;
  failures: number;
  error: string;
}
