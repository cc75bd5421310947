/** Dry runs of rules and workflows, as they are asked for (dryRun.ts does them). */

import type { Language } from '../core/failures/texts.ts';
import type { WaitChoices } from '../core/workflow/explain.ts';
import type { AutomationKind } from '../store/records/automation.ts';
import type { Routing } from '../store/records/routing.ts';

export interface DryRun {
  kind: AutomationKind;
  definition: string;
  /** The event's type. */
  type: string;
  /** The event's body. */
  raw: string;
  waits: WaitChoices;
  /** False for somebody who may not see the secrets in URLs. */
  showUrls: boolean;
  language: Language;
  now: number;
}

/** As views/dryRun.ts shows them. */
export type DryRunAnswer = Readonly<Record<'verdict' | 'path' | 'end', unknown>>;

export interface DryRuns {
  /** Rejects with Overloaded where too much waits for the thread already. */
  dryRun(routing: Routing, run: DryRun): Promise<DryRunAnswer>;
}
