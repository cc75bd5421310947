/** What tells whether anything of a workspace has changed. */

/**
 * Numbers that move whenever something of their kind does; what they are is nobody's business. Equal ones of two moments
 * say that what a first page shows is the same at both.
 */
export interface Marks {
  /** Accepted. */
  events: number;
  /** Ended since the anchor that was asked with. */
  attempts: number;
  /** What is queued, skipped and sent again. */
  queues: number;
  /** Everything that moves the routing: endpoints, event types, automations, settings. */
  routing: number;
  notices: number;
  runs: number;
  replays: number;
  jobs: number;
  bins: number;
  /** API keys that were revoked, those of the installation among them. */
  revoked: number;
}

/** By key, likewise. */
export interface MarkDetails {
  /** Attempts and queues by endpoint. */
  deliveries: Map<number, number>;
  endpoints: Map<number, number>;
  replays: Map<number, number>;
  jobs: Map<number, number>;
  bins: Map<number, number>;
}
