/** What events had in the scopes of their type, as the API shows it. Pure. */

import { type Static, Type } from 'typebox';
import type { Scope } from '../../core/catalog/eventType.ts';
import { nullable, ref, time } from '../operation.ts';
import { formatTime } from '../paging.ts';

/** Enough for the choices of a form; what was seen longer ago can be typed. */
export const MAX_SEEN_EVENTS = 1_000;
export const MAX_SEEN_VALUES = 200;

const SeenScopeSchema = Type.Object(
  {
    name: Type.String({ description: "The scope's name, as in `scope` of a trigger." }),
    title: Type.Object(
      {
        en: Type.String({ description: 'In English.' }),
        ar: Type.String({ description: 'In Arabic.' }),
      },
      { description: 'What it is called.' },
    ),
    values: Type.Array(
      Type.Object({
        id: Type.Unsafe<unknown>({
          anyOf: [{ type: 'string' }, { type: 'number' }],
          description: 'As it stands in the body, and as a trigger takes it.',
        }),
        label: nullable(Type.String(), {
          description: 'Its name at that time; null where the body has none.',
        }),
        last_seen_at: time('When the latest event with it was accepted.'),
        event_count: Type.Integer({ description: 'In how many of the events looked at it was.' }),
      }),
      { description: `At most ${MAX_SEEN_VALUES}, the latest first.` },
    ),
  },
  { $id: 'SeenScope', description: "What events of a type had in one of the type's scopes." },
);
type SeenScopeView = Static<typeof SeenScopeSchema>;

const SeenScopesSchema = Type.Object(
  {
    data: Type.Array(ref<SeenScopeView>('SeenScope'), { description: "One of each of the type's scopes." }),
    events_looked_at: Type.Integer({
      description: `The latest events of the type, at most ${MAX_SEEN_EVENTS}.`,
    }),
  },
  { $id: 'SeenScopes' },
);

export const seenScopeComponents = [SeenScopeSchema, SeenScopesSchema];

export interface SeenId {
  id: unknown;
  label: string | null;
  lastSeenAt: number;
  count: number;
}

export interface SeenScope {
  scope: Scope;
  /** By the id as JSON. */
  values: Map<string, SeenId>;
}

export function seenScopeView({ scope, values }: SeenScope): SeenScopeView {
  const shown = [...values.values()].map(({ id, label, lastSeenAt, count }) => ({
    id,
    label,
    last_seen_at: formatTime(lastSeenAt),
    event_count: count,
  }));
  return { name: scope.name, title: { ...scope.title }, values: shown };
}
