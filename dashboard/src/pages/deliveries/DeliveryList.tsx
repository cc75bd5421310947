/** Deliveries as rows, wherever they are listed. */

import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { type Column, List } from '../../parts/List.tsx';
import { DeliveryStateMark } from '../../parts/State.tsx';
import { TextLink } from '../../parts/TextLink.tsx';
import { Time } from '../../parts/Time.tsx';
import { formatNumber, LANGUAGE } from '../../texts/format.ts';
import { useTexts } from '../../texts/index.tsx';
import { nameOf } from '../webhooks/nameOf.ts';

/** The name of an event type in the reader's language; its own where it has none. */
export function useTypeTitle(): (name: string) => string {
  const types = useQuery(queries.eventTypes);
  return (name) => types.data?.data.find((type) => type.name === name)?.title[LANGUAGE] ?? name;
}

export function useEndpointName(): (id: string) => string {
  const { deliveries } = useTexts();
  const endpoints = useQuery(queries.endpoints);
  return (id) => {
    const endpoint = endpoints.data?.find((known) => known.id === id);
    if (endpoint !== undefined) return nameOf(endpoint);
    return endpoints.data === undefined ? id : deliveries.deletedEndpoint;
  };
}

export function DeliveryList({
  deliveries,
  label,
}: {
  deliveries: readonly Schemas.Delivery[];
  label: string;
}) {
  const { deliveries: texts } = useTexts();
  const titleOf = useTypeTitle();
  const endpointName = useEndpointName();
  const columns: Column<Schemas.Delivery>[] = [
    {
      title: texts.columns.event,
      cell: ({ id, event_type }) => (
        <TextLink to="/deliveries/$id" params={{ id }} fw={600} className="row-link">
          {titleOf(event_type)}
        </TextLink>
      ),
    },
    { title: texts.columns.endpoint, cell: ({ endpoint_id }) => <bdi>{endpointName(endpoint_id)}</bdi> },
    { title: texts.columns.state, cell: ({ state }) => <DeliveryStateMark state={state} /> },
    {
      title: texts.columns.attempts,
      cell: ({ attempt_count }) => <span className="tabular">{formatNumber(attempt_count)}</span>,
    },
    { title: texts.columns.at, cell: ({ created_at }) => <Time at={created_at} />, end: true },
  ];
  return <List label={label} columns={columns} rows={deliveries} keyOf={({ id }) => id} />;
}
