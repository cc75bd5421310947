/** What nodes ask on behalf of those who watch workspaces. */

import type { MarkDetails, Marks } from '../records/watching.ts';

export interface WatchStore {
  /** By workspace; those that are gone are absent. `anchor` is the time, ms, from which attempts are added up. */
  readMarks(workspaces: readonly number[], anchor: number): Promise<Map<number, Marks>>;
  readMarkDetails(workspace: number, anchor: number): Promise<MarkDetails>;
}
