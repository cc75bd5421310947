/** `/events/…`: what happened, who considered it and why, and what it caused. */

import { Button, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { mirsal, type Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { Code } from '../../parts/Code.tsx';
import { Copy } from '../../parts/Copy.tsx';
import { Page } from '../../parts/Page.tsx';
import { ProblemAlert, useNotify } from '../../parts/Problem.tsx';
import { TextLink } from '../../parts/TextLink.tsx';
import { Time } from '../../parts/Time.tsx';
import { Waiting } from '../../parts/Waiting.tsx';
import { useTexts } from '../../texts/index.tsx';
import { Fact } from '../deliveries/Delivery.tsx';
import { DeliveryList, useEndpointName, useTypeTitle } from '../deliveries/DeliveryList.tsx';

export function Event() {
  const { id } = useParams({ from: '/frame/events/$id' });
  const { event: texts } = useTexts();
  const { done, failed } = useNotify();
  const client = useQueryClient();
  const event = useQuery(queries.event(id));
  const titleOf = useTypeTitle();
  const resend = useMutation({
    mutationFn: () => mirsal.events.replay(id, {}),
    onSuccess: ({ data }) => done(texts.resent(data.length)),
    onError: failed,
    onSettled: () => client.invalidateQueries({ queryKey: ['events'] }),
  });
  if (event.data === undefined) {
    return (
      <Page title={texts.title}>
        {event.error === null ? (
          <Waiting height={300} />
        ) : (
          <ProblemAlert error={event.error} onRetry={() => event.refetch()} />
        )}
      </Page>
    );
  }
  const { type, deliveries, verdicts, body_expired, data } = event.data;
  return (
    <Page
      title={titleOf(type)}
      lead={<Sentence event={event.data} />}
      actions={
        deliveries.length > 0 && (
          <Button variant="default" loading={resend.isPending} onClick={() => resend.mutate()}>
            {texts.resend}
          </Button>
        )
      }
    >
      <Facts event={event.data} />
      <Stack gap="xs">
        <Title order={2} fz="md">
          {texts.considered}
        </Title>
        {verdicts.length === 0 ? (
          <Text c="dimmed">{texts.consideredNobody}</Text>
        ) : (
          <Card withBorder p="sm">
            <Stack gap="sm">
              {verdicts.map((verdict, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: verdicts of one event stay in their order.
                <VerdictRow key={place} verdict={verdict} />
              ))}
            </Stack>
          </Card>
        )}
      </Stack>
      {deliveries.length > 0 && (
        <Stack gap="xs">
          <Title order={2} fz="md">
            {texts.deliveries}
          </Title>
          <DeliveryList deliveries={deliveries} label={texts.deliveries} />
        </Stack>
      )}
      <Stack gap="xs">
        <Title order={2} fz="md">
          {texts.payload}
        </Title>
        {body_expired ? (
          <Text c="dimmed">{texts.expired}</Text>
        ) : (
          <Code label={texts.payload} text={JSON.stringify(data, null, 2)} />
        )}
      </Stack>
    </Page>
  );
}

/** How many of those that could have wanted it got it. */
function Sentence({ event }: { event: Schemas.EventDetail }) {
  const { event: texts } = useTexts();
  const own = event.deliveries.filter(({ replay_of }) => replay_of === null).length;
  if (own === 0) return event.reason_text ?? texts.nowhere;
  return texts.went(own, Math.max(own, event.verdicts.length));
}

function Facts({ event }: { event: Schemas.EventDetail }) {
  const { event: texts } = useTexts();
  const { id, type, subject, created_at, accepted_at } = event;
  return (
    <Card withBorder>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        <Fact name={texts.id}>
          <Copy value={id} label={texts.id} />
        </Fact>
        <Fact name={texts.type}>
          <bdi className="mono">{type}</bdi>
        </Fact>
        <Fact name={texts.about}>
          {subject === null ? (
            '–'
          ) : (
            <TextLink to="/events" search={{ subject }}>
              <bdi>{subject}</bdi>
            </TextLink>
          )}
        </Fact>
        <Fact name={texts.accepted}>
          <Time at={accepted_at} />
        </Fact>
        <Fact name={texts.happened}>
          <Time at={created_at} />
        </Fact>
      </SimpleGrid>
    </Card>
  );
}

function VerdictRow({ verdict }: { verdict: Schemas.Verdict }) {
  const { event: texts } = useTexts();
  const endpointName = useEndpointName();
  const { source, endpoint_id, matched, reason_text } = verdict;
  return (
    <Group wrap="nowrap" align="start" gap="sm">
      {matched ? (
        <IconCheck size={18} color="var(--mantine-color-teal-text)" role="img" aria-label={texts.yes} />
      ) : (
        <IconX size={18} color="var(--mantine-color-red-text)" role="img" aria-label={texts.no} />
      )}
      <div className="min-0">
        <Text fz="sm" fw={600}>
          {texts.source[source.kind]}{' '}
          <bdi>{endpoint_id === null ? source.id : endpointName(endpoint_id)}</bdi>
        </Text>
        <Text fz="sm" c="dimmed">
          {reason_text}
        </Text>
      </div>
    </Group>
  );
}
