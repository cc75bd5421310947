/** `/`: how things stand, what needs somebody, and what has happened lately. A new workspace sees how to begin. */

import { Alert, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Schemas } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import { Bars, Legend } from '../parts/Bars.tsx';
import { Page } from '../parts/Page.tsx';
import { ProblemAlert } from '../parts/Problem.tsx';
import { EndpointStateMark } from '../parts/State.tsx';
import { TextLink } from '../parts/TextLink.tsx';
import { Time } from '../parts/Time.tsx';
import { Waiting } from '../parts/Waiting.tsx';
import { formatNumber, formatPercent } from '../texts/format.ts';
import { useTexts } from '../texts/index.tsx';
import { Beginning } from './Beginning.tsx';
import { DeliveryList } from './deliveries/DeliveryList.tsx';
import { nameOf } from './webhooks/nameOf.ts';

const LATEST = 8;

export function Overview() {
  const { overview: texts } = useTexts();
  const overview = useQuery(queries.overview);
  const deliveries = useInfiniteQuery(queries.deliveries({}));
  if (overview.data === undefined) {
    return (
      <Page title={texts.title}>
        {overview.error === null ? (
          <Waiting height={300} />
        ) : (
          <ProblemAlert error={overview.error} onRetry={() => overview.refetch()} />
        )}
      </Page>
    );
  }
  const { onboarding } = overview.data;
  const latest = deliveries.data?.pages[0]?.data.slice(0, LATEST) ?? [];
  return (
    <Page title={texts.title} lead={<Sentence overview={overview.data} />}>
      {!onboarding.has_delivered && <Beginning done={onboarding} />}
      <Figures overview={overview.data} />
      <Attention endpoints={overview.data.attention} />
      <Throughput />
      {latest.length > 0 && (
        <Stack gap="xs">
          <Title order={2} fz="md">
            {texts.latest}
          </Title>
          <DeliveryList deliveries={latest} label={texts.latest} />
        </Stack>
      )}
    </Page>
  );
}

/** The answer first. */
function Sentence({ overview }: { overview: Schemas.Overview }) {
  const { overview: texts } = useTexts();
  const broken = overview.attention.length;
  return broken === 0 ? texts.fine : texts.attention(broken);
}

function Figures({ overview }: { overview: Schemas.Overview }) {
  const { overview: texts } = useTexts();
  const { today, yesterday, waiting, held } = overview;
  const openSince = ({ count, oldest_at }: Schemas.OpenDeliveries) =>
    count === 0 || oldest_at === null ? texts.nothingWaits : <Time at={oldest_at} />;
  const rate = (share: number | null): string => (share === null ? '–' : formatPercent(share));
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }}>
      <Figure
        name={texts.events}
        value={formatNumber(today.totals.events)}
        more={texts.yesterday(formatNumber(yesterday.totals.events))}
      />
      <Figure
        name={texts.success}
        value={rate(today.success_rate)}
        more={texts.yesterday(rate(yesterday.success_rate))}
      />
      <Figure name={texts.waiting} value={formatNumber(waiting.count)} more={openSince(waiting)} />
      <Figure name={texts.held} value={formatNumber(held.count)} more={openSince(held)} />
    </SimpleGrid>
  );
}

function Figure({ name, value, more }: { name: string; value: string; more: ReactNode }) {
  return (
    <Card withBorder p="md">
      <Text fz="sm" c="dimmed">
        {name}
      </Text>
      <Text fz={28} fw={600} lh={1.3} className="tabular">
        {value}
      </Text>
      <Text fz="sm" c="dimmed">
        {more}
      </Text>
    </Card>
  );
}

function Attention({ endpoints }: { endpoints: readonly Schemas.Endpoint[] }) {
  const { overview: texts, webhooks } = useTexts();
  if (endpoints.length === 0) return null;
  return (
    <Alert
      variant="default"
      icon={<IconAlertTriangle size={18} color="var(--mantine-color-orange-text)" />}
      title={texts.attentionTitle}
    >
      <Stack gap="xs">
        {endpoints.map((endpoint) => (
          <Group key={endpoint.id} justify="space-between">
            <Group gap="xs">
              <TextLink to="/settings/integrations/webhooks" fw={600}>
                <bdi>{nameOf(endpoint)}</bdi>
              </TextLink>
              <EndpointStateMark endpoint={endpoint} />
            </Group>
            <Text fz="sm">{endpoint.held > 0 && webhooks.held(endpoint.held)}</Text>
          </Group>
        ))}
      </Stack>
    </Alert>
  );
}

function Throughput() {
  const { overview: texts } = useTexts();
  const stats = useQuery(queries.stats);
  if (stats.data === undefined) return <Waiting height={160} />;
  const succeeded = stats.data.points.map(({ delivered }) => delivered);
  const failed = stats.data.points.map((point) => point.failed);
  const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
  return (
    <Card withBorder>
      <Stack gap="xs">
        <Group justify="space-between">
          <Title order={2} fz="md">
            {texts.throughput}
          </Title>
          <Group gap="md">
            <Legend color="teal" text={texts.succeeded} />
            <Legend color="red" text={texts.failed} />
          </Group>
        </Group>
        <Bars
          className="bars"
          succeeded={succeeded}
          failed={failed}
          label={texts.throughputLabel(sum(succeeded), sum(failed))}
        />
      </Stack>
    </Card>
  );
}
