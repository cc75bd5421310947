/** How much a platform may note of a workspace. Pure data. */

import type { Limit } from '../core/limits.ts';

const INVALID = 'the request is refused, the member named';

export const CUSTOMER_LIMITS = {
  external_id: { value: 255, unit: "characters of a workspace's external id", beyond: INVALID },
  metadata_members: { value: 20, unit: 'members of its metadata', beyond: INVALID },
  metadata_value: { value: 500, unit: 'characters of a member', beyond: INVALID },
  usage_days: { value: 400, unit: 'days of usage that are kept', beyond: 'what is older is deleted' },
} as const satisfies Record<string, Limit>;
