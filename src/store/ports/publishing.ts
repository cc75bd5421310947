/** Taking events in: half of the hot path. */

import type { PublishAnswer, PublishCall } from '../records/publishing.ts';

/** Events with all that they set off: one call, one transaction. */
export interface PublishStore {
  publish(call: PublishCall): Promise<PublishAnswer>;
}
