/** What events are found by, read from their stored bodies. Pure. */

import { familyOf } from '../core/catalog/envelope.ts';
import { DEFAULT_SEARCHABLE } from '../core/catalog/eventType.ts';
import { eventBody } from '../core/routing/body.ts';
import { termsOf } from '../core/search/terms.ts';
import type { IndexBatch, Unindexed } from '../store/records/search.ts';
import type { WorkspaceView } from './directory.ts';

export function termsOfEvents(
  workspace: number,
  view: Pick<WorkspaceView, 'eventType'> | null,
  events: Unindexed['events'],
): IndexBatch['docs'] {
  return events.map(({ key, type, body }) => {
    const value = parsed(body);
    if (value === undefined) return { event: key, terms: [] };
    const known = view?.eventType(type) ?? { searchable: DEFAULT_SEARCHABLE[familyOf(body)], subject: null };
    return { event: key, terms: termsOf(workspace, known, eventBody(body, value)) };
  });
}

/** Undefined for what is no JSON: one such body must not keep the others out of the index. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
