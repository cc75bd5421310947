/** What the engine tells of its work to whoever counts it. Nothing here waits or throws. */

import type { AttemptResult } from '../store/records/results.ts';
import type { MailResult } from '../world.ts';
import type { PublishOutcome } from './engine.ts';

export interface Meter {
  /** A call was answered after so many ms. */
  published(outcome: PublishOutcome, ms: number): void;
  /** An attempt's result was recorded. */
  attempted(result: AttemptResult): void;
  /** One transaction of the hot path took so many ms; `isDone` is false where the store rejected it. */
  committed(call: 'publish' | 'record', ms: number, isDone: boolean): void;
  /** A notice was handled: what it is about. */
  noticed(kind: string): void;
  /** A mail was handed to the mail server, or could not be. */
  mailed(outcome: MailResult['kind']): void;
  /** Something failed that will be tried again; `where` names what. */
  failed(where: string): void;
}

export const NO_METER: Meter = {
  published() {},
  attempted() {},
  committed() {},
  noticed() {},
  mailed() {},
  failed() {},
};
