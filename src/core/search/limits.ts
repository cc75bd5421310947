/** Limits of finding events by text. Pure data. */

import type { Limit } from '../limits.ts';

export const SEARCH_LIMITS = {
  text: {
    value: 4096,
    unit: 'characters of searchable members of one event',
    beyond: 'the event is not found by what comes after them',
  },
  value: {
    value: 256,
    unit: 'characters of one searchable member',
    beyond: 'the event is not found by what comes after them',
  },
  terms: {
    value: 128,
    unit: 'words, numbers and addresses that one event is found by',
    beyond: 'the event is not found by the others',
  },
  words: { value: 8, unit: 'words of one search', beyond: 'the request is refused' },
  paths: {
    value: 50,
    unit: 'searchable members of an event type of your own',
    beyond: 'the event type is refused',
  },
} as const satisfies Record<string, Limit>;
