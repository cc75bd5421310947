/** Searching by text as lists take it: the words of `text`, and how far the index is. */

import { Type } from 'typebox';
import { KEYS_PER_MS } from '../core/ids.ts';
import { SEARCH_LIMITS } from '../core/search/limits.ts';
import { wordsOf } from '../core/search/terms.ts';
import type { HttpDeps } from './deps.ts';
import { formatTime } from './paging.ts';
import { faulty, Problem } from './problem.ts';

const MAX_TEXT = 256;

export const textQuery = {
  text: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: MAX_TEXT,
      description:
        'Words, numbers and addresses, all of which the event holds: order numbers, e-mails, names. Case, the ways ' +
        'of writing Arabic and its digits make no difference.',
    }),
  ),
};

/** Throws a Problem where it holds no word, or too many, or search is off. `member` is the parameter's name. */
export function readWords(
  deps: Pick<HttpDeps, 'search'>,
  workspace: number,
  text: string,
  member: string,
): number[] {
  if (!deps.search) {
    throw new Problem('search_off', 'Events are not indexed here: MIRSAL_SEARCH is off.');
  }
  const words = wordsOf(workspace, text);
  const most = SEARCH_LIMITS.words.value;
  if (words.length > 0 && words.length <= most) return words;
  const message = words.length === 0 ? 'holds no letter and no digit' : `holds more than ${most} words`;
  throw faulty('invalid_request', [{ field: `/${member}`, message, in: 'query' }]);
}

/** Events that were accepted before it are found; to be asked before the search. */
export async function readIndexedUntil(
  deps: Pick<HttpDeps, 'store' | 'clock'>,
  workspace: number,
): Promise<string> {
  const now = deps.clock.now();
  const first = await deps.store.firstUnindexed(workspace);
  return formatTime(first === null ? now : Math.min(now, Math.floor(first / KEYS_PER_MS)));
}
