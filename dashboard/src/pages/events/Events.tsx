/** `/events`: everything that was accepted. */

import { Badge, Button, Group, Select, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { Empty } from '../../parts/Empty.tsx';
import { type Column, List, Pages } from '../../parts/List.tsx';
import { Page } from '../../parts/Page.tsx';
import { TextLink } from '../../parts/TextLink.tsx';
import { Time } from '../../parts/Time.tsx';
import { LANGUAGE } from '../../texts/format.ts';
import { useTexts } from '../../texts/index.tsx';
import { useTypeTitle } from '../deliveries/DeliveryList.tsx';

const TYPING_MS = 300;

export function Events() {
  const { events: texts, common } = useTexts();
  const filter = useSearch({ from: '/frame/events' });
  const navigate = useNavigate({ from: '/events' });
  const list = useInfiniteQuery(queries.events(filter));
  const types = useQuery(queries.eventTypes);
  const titleOf = useTypeTitle();
  const isFiltered = filter.type !== undefined || filter.subject !== undefined;
  const set = (change: Partial<typeof filter>): void => void navigate({ search: { ...filter, ...change } });
  const setSubject = useDebouncedCallback(
    (subject: string) => set({ subject: subject.trim() || undefined }),
    TYPING_MS,
  );

  const columns: Column<Schemas.Event>[] = [
    {
      title: texts.columns.type,
      cell: ({ id, type, test }) => (
        <Group gap="xs" wrap="nowrap">
          <TextLink to="/events/$id" params={{ id }} fw={600} className="row-link">
            {titleOf(type)}
          </TextLink>
          {test && (
            <Badge variant="light" color="gray" tt="none">
              {texts.test}
            </Badge>
          )}
        </Group>
      ),
    },
    { title: texts.columns.subject, cell: ({ subject }) => <bdi className="truncate">{subject ?? '–'}</bdi> },
    {
      title: texts.columns.deliveries,
      cell: ({ delivery_count }) =>
        delivery_count === 0 ? (
          <Text c="dimmed" fz="sm">
            {texts.noDelivery}
          </Text>
        ) : (
          texts.deliveries(delivery_count)
        ),
    },
    { title: texts.columns.at, cell: ({ accepted_at }) => <Time at={accepted_at} />, end: true },
  ];

  return (
    <Page title={texts.title} lead={texts.lead}>
      <Group gap="sm" align="end">
        <Select
          label={texts.type}
          placeholder={texts.allTypes}
          clearable
          searchable
          data={(types.data?.data ?? []).map(({ name, title }) => ({ value: name, label: title[LANGUAGE] }))}
          value={filter.type ?? null}
          onChange={(type) => set({ type: type ?? undefined })}
        />
        <TextInput
          key={filter.subject ?? ''}
          label={texts.subject}
          defaultValue={filter.subject ?? ''}
          dir="auto"
          onChange={({ currentTarget }) => setSubject(currentTarget.value)}
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
        {(rows) => <List label={texts.title} columns={columns} rows={rows} keyOf={({ id }) => id} />}
      </Pages>
    </Page>
  );
}
