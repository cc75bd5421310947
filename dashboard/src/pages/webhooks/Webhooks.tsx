/** `/settings/integrations/webhooks`: where events are sent, how that goes, and what can be done about it. */

import { Button, Card, Group, Progress, Stack, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import type { Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { Bars } from '../../parts/Bars.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { type Column, List, Pages } from '../../parts/List.tsx';
import { Page } from '../../parts/Page.tsx';
import { EndpointStateMark } from '../../parts/State.tsx';
import { TextLink } from '../../parts/TextLink.tsx';
import { Time } from '../../parts/Time.tsx';
import { formatPercent } from '../../texts/format.ts';
import { useTexts } from '../../texts/index.tsx';
import { EnableDialog } from './EnableDialog.tsx';
import { nameOf } from './nameOf.ts';
import { WebhookActions } from './WebhookActions.tsx';

const AddWebhook = lazy(() => import('./AddWebhook.tsx').then(({ AddWebhook: page }) => ({ default: page })));

type Endpoint = Schemas.Endpoint;

export function Webhooks() {
  const { webhooks: texts, common } = useTexts();
  const { add, enable } = useSearch({ from: '/frame/settings/integrations/webhooks' });
  const navigate = useNavigate({ from: '/settings/integrations/webhooks' });
  const endpoints = useQuery(queries.endpoints);
  const sparklines = useQuery(queries.sparklines);
  const isDenied = usePlanWithoutWebhooks();

  // What the page loads, as a list of one page.
  const list = {
    ...endpoints,
    data: endpoints.data && { pages: [{ data: endpoints.data }] },
    hasNextPage: false,
    isFetchingNextPage: false,
    fetchNextPage: () => {},
  };
  const openAdd = (): void => void navigate({ search: { add: true } });
  const close = (): void => void navigate({ search: {} });
  const enabled = endpoints.data?.find(({ id }) => id === enable);

  const columns: Column<Endpoint>[] = [
    { title: texts.columns.name, cell: (endpoint) => <NameAndUrl endpoint={endpoint} /> },
    {
      title: texts.columns.events,
      cell: ({ event_types }) =>
        event_types[0] === '*' ? (
          texts.allTypes
        ) : (
          <span title={event_types.join(', ')}>{texts.types(event_types.length)}</span>
        ),
    },
    {
      title: texts.columns.last,
      cell: ({ id }) => (
        <LastDay line={sparklines.data?.data.find(({ endpoint_id }) => endpoint_id === id)} />
      ),
    },
    { title: texts.columns.state, cell: (endpoint) => <EndpointStateMark endpoint={endpoint} /> },
    { title: common.actions, cell: (endpoint) => <WebhookActions endpoint={endpoint} />, end: true },
  ];

  return (
    <Page
      title={texts.title}
      lead={texts.lead}
      actions={
        <Button
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={openAdd}
          disabled={isDenied !== null}
        >
          {texts.add}
        </Button>
      }
    >
      {isDenied !== null && <Empty title={texts.planTitle} text={texts.planText(isDenied)} />}
      <BudgetBar />
      <Pages
        query={list}
        empty={
          isDenied === null && (
            <Empty
              title={texts.empty}
              text={texts.emptyText}
              action={<Button onClick={openAdd}>{texts.add}</Button>}
            />
          )
        }
      >
        {(rows) => (
          <List
            label={texts.title}
            columns={columns}
            rows={rows}
            keyOf={({ id }) => id}
            note={disabledNote}
          />
        )}
      </Pages>
      {add && (
        <Suspense>
          <AddWebhook onClose={close} />
        </Suspense>
      )}
      {enabled !== undefined && <EnableDialog endpoint={enabled} onClose={close} />}
    </Page>
  );
}

/** The plan's name where it has no webhooks; else null. */
function usePlanWithoutWebhooks(): string | null {
  const meta = useQuery(queries.meta);
  const plans = useQuery(queries.plans);
  const plan = plans.data?.data.find(({ name }) => name === meta.data?.plan);
  return plan !== undefined && !plan.webhooks ? plan.name : null;
}

function NameAndUrl({ endpoint }: { endpoint: Endpoint }) {
  return (
    <div className="min-0">
      <TextLink
        to="/deliveries"
        search={{ endpoint_id: endpoint.id }}
        className="truncate row-link"
        fw={600}
        display="block"
      >
        <bdi>{nameOf(endpoint)}</bdi>
      </TextLink>
      <span className="url" title={endpoint.url}>
        {endpoint.url}
      </span>
    </div>
  );
}

function LastDay({ line }: { line: Schemas.Sparkline | undefined }) {
  const { webhooks } = useTexts();
  if (line === undefined) {
    return (
      <Text fz="sm" c="dimmed">
        {webhooks.quiet}
      </Text>
    );
  }
  const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
  return (
    <Group gap="xs" wrap="nowrap">
      <Bars
        className="spark"
        succeeded={line.delivered}
        failed={line.failed}
        label={webhooks.spark(sum(line.delivered), sum(line.failed))}
      />
      <Text fz="sm" className="tabular">
        {formatPercent(line.success_rate)}
      </Text>
    </Group>
  );
}

/** Below the row of a disabled one: since when, by whom, and how much is held. */
function disabledNote(endpoint: Endpoint) {
  return endpoint.disabled === null ? null : (
    <DisabledNote since={endpoint.disabled.at} held={endpoint.held} />
  );
}

function DisabledNote({ since, held }: { since: string; held: number }) {
  const { webhooks } = useTexts();
  return (
    <Text fz="sm" c="dimmed">
      <Time at={since} />
      {' · '}
      {webhooks.held(held)}
    </Text>
  );
}

function BudgetBar() {
  const { budget: texts } = useTexts();
  const budget = useQuery(queries.budget);
  const endpoints = useQuery(queries.endpoints);
  if (budget.data === undefined || budget.data.errors === 0) return null;
  const { errors, limit, window_s, endpoints: causes } = budget.data;
  const share = Math.min(100, (100 * errors) / limit);
  return (
    <Card withBorder>
      <Stack gap="xs">
        <Group justify="space-between">
          <Text fz="sm">{texts.window(window_s / 60)}</Text>
          <Text fz="sm" fw={600} className="tabular">
            {texts.label(errors, limit)}
          </Text>
        </Group>
        <Progress
          value={share}
          color={share > 75 ? 'red' : 'orange'}
          aria-label={texts.label(errors, limit)}
        />
        <Group gap="md">
          {causes.slice(0, 5).map(({ endpoint_id, errors: caused }) => {
            const endpoint = endpoints.data?.find(({ id }) => id === endpoint_id);
            return (
              endpoint && (
                <Text key={endpoint_id} fz="sm" c="dimmed">
                  <bdi>{nameOf(endpoint)}</bdi> <span className="tabular">{caused}</span>
                </Text>
              )
            );
          })}
        </Group>
        <Text fz="sm" c="dimmed">
          {texts.explain(limit)}
        </Text>
      </Stack>
    </Card>
  );
}
