/** `/deliveries`: the log of what was sent, is sent and will be. */

import { Button, Group, Select } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { queries } from '../../api/queries.ts';
import { Empty } from '../../parts/Empty.tsx';
import { Pages } from '../../parts/List.tsx';
import { Page } from '../../parts/Page.tsx';
import { useTexts } from '../../texts/index.tsx';
import { nameOf } from '../webhooks/nameOf.ts';
import { DeliveryList } from './DeliveryList.tsx';

const STATES = ['pending', 'waiting', 'held', 'delivered', 'dropped', 'skipped'] as const;

export function Deliveries() {
  const { deliveries: texts, common } = useTexts();
  const filter = useSearch({ from: '/frame/deliveries' });
  const navigate = useNavigate({ from: '/deliveries' });
  const list = useInfiniteQuery(queries.deliveries(filter));
  const endpoints = useQuery(queries.endpoints);
  const isFiltered = filter.state !== undefined || filter.endpoint_id !== undefined;
  const set = (change: Partial<typeof filter>): void => void navigate({ search: { ...filter, ...change } });
  return (
    <Page title={texts.title} lead={texts.lead}>
      <Group gap="sm" align="end">
        <Select
          label={texts.state}
          placeholder={texts.allStates}
          clearable
          data={STATES.map((state) => ({ value: state, label: texts.states[state] }))}
          value={filter.state ?? null}
          onChange={(state) => set({ state: state ?? undefined })}
        />
        <Select
          label={texts.endpoint}
          placeholder={texts.allEndpoints}
          clearable
          searchable
          data={(endpoints.data ?? []).map((endpoint) => ({ value: endpoint.id, label: nameOf(endpoint) }))}
          value={filter.endpoint_id ?? null}
          onChange={(id) => set({ endpoint_id: id ?? undefined })}
        />
        {isFiltered && (
          <Button variant="subtle" onClick={() => navigate({ search: {} })}>
            {common.clearFilters}
          </Button>
        )}
      </Group>
      <Pages
        query={list}
        empty={
          isFiltered ? (
            <Empty title={texts.emptyFiltered} />
          ) : (
            <Empty title={texts.empty} text={texts.emptyText} />
          )
        }
      >
        {(rows) => <DeliveryList deliveries={rows} label={texts.title} />}
      </Pages>
    </Page>
  );
}
