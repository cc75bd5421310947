/** What pages ask for, by noun. The first part of a key is the kind of thing, by which hints make it stale (live.ts). */

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { mirsal } from './client.ts';

const PAGE = 50;

type EventFilter = { type?: string | undefined; subject?: string | undefined };
type DeliveryFilter = {
  endpoint_id?: string | undefined;
  state?: string | undefined;
};

const next = ({ next_cursor }: { next_cursor: string | null }): string | undefined =>
  next_cursor ?? undefined;
const first: { initialPageParam: string | undefined } = { initialPageParam: undefined };

export const queries = {
  me: queryOptions({ queryKey: ['me'], queryFn: () => mirsal.me.get(), staleTime: 30_000 }),
  setup: queryOptions({ queryKey: ['setup'], queryFn: () => mirsal.setup.get() }),
  overview: queryOptions({ queryKey: ['overview'], queryFn: () => mirsal.overview.get() }),
  stats: queryOptions({ queryKey: ['stats', 'day'], queryFn: () => mirsal.stats.get({ range: 'day' }) }),
  meta: queryOptions({ queryKey: ['meta'], queryFn: () => mirsal.meta.get(), staleTime: 60_000 }),
  budget: queryOptions({ queryKey: ['budget'], queryFn: () => mirsal.budget.get() }),
  plans: queryOptions({
    queryKey: ['plans'],
    queryFn: () => mirsal.plans.list(),
    staleTime: Number.POSITIVE_INFINITY,
  }),
  eventTypes: queryOptions({
    queryKey: ['eventTypes'],
    queryFn: () => mirsal.eventTypes.list(),
    staleTime: 60_000,
  }),
  endpoints: queryOptions({
    queryKey: ['endpoints'],
    async queryFn() {
      const all = [];
      for await (const endpoint of mirsal.endpoints.list({ limit: 100 })) all.push(endpoint);
      return all;
    },
  }),
  endpoint: (id: string) =>
    queryOptions({ queryKey: ['endpoints', id], queryFn: () => mirsal.endpoints.get(id) }),
  sparklines: queryOptions({
    queryKey: ['sparklines'],
    queryFn: () => mirsal.endpoints.getSparklines(),
  }),
  events: (filter: EventFilter) =>
    infiniteQueryOptions({
      queryKey: ['events', filter],
      queryFn: async ({ pageParam }) =>
        await mirsal.events.list({ ...filter, limit: PAGE, cursor: pageParam }),
      ...first,
      getNextPageParam: next,
    }),
  event: (id: string) => queryOptions({ queryKey: ['events', id], queryFn: () => mirsal.events.get(id) }),
  deliveries: (filter: DeliveryFilter) =>
    infiniteQueryOptions({
      queryKey: ['deliveries', filter],
      queryFn: async ({ pageParam }) =>
        await mirsal.deliveries.list({
          ...(filter as Parameters<typeof mirsal.deliveries.list>[0]),
          limit: PAGE,
          cursor: pageParam,
        }),
      ...first,
      getNextPageParam: next,
    }),
  delivery: (id: string) =>
    queryOptions({ queryKey: ['deliveries', id], queryFn: () => mirsal.deliveries.get(id) }),
};
