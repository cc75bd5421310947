/** Writing down what attempts came to: the other half of the hot path. */

import type { AttemptResult, RecordAnswer } from '../records/results.ts';

/** Results come in groups: each call is one transaction of one workspace. */
export interface RecordStore {
  /**
   * The results of one workspace, in one transaction, with what follows for the endpoints: the error
   * budget, disabling, notices (budget.ts). A batch may be handed in again when its answer was lost: what
   * is recorded already stays as it is.
   */
  record(node: string, workspace: number, results: readonly AttemptResult[]): Promise<RecordAnswer>;
  /** How many results at most to hand in with one call of `record`, and how many calls at one time: in all, and of one workspace. */
  readonly recording: {
    readonly batch: number;
    readonly writers: number;
    readonly writersPerWorkspace: number;
  };
}
