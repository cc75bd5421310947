/** `/deliveries/…`: what became of one delivery, and exactly what was sent and answered. */

import { Button, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { mirsal, type Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { Confirm } from '../../parts/Confirm.tsx';
import { Copy } from '../../parts/Copy.tsx';
import { Page } from '../../parts/Page.tsx';
import { ProblemAlert, useNotify } from '../../parts/Problem.tsx';
import { DeliveryStateMark } from '../../parts/State.tsx';
import { TextLink } from '../../parts/TextLink.tsx';
import { Time, useNow } from '../../parts/Time.tsx';
import { Waiting } from '../../parts/Waiting.tsx';
import { formatNumber, formatRelative } from '../../texts/format.ts';
import { useTexts } from '../../texts/index.tsx';
import { AttemptCard } from './AttemptCard.tsx';
import { useEndpointName, useTypeTitle } from './DeliveryList.tsx';

export function Delivery() {
  const { id } = useParams({ from: '/frame/deliveries/$id' });
  const { delivery: texts } = useTexts();
  const delivery = useQuery(queries.delivery(id));
  const titleOf = useTypeTitle();
  if (delivery.data === undefined) {
    return (
      <Page title={texts.title}>
        {delivery.error === null ? (
          <Waiting height={300} />
        ) : (
          <ProblemAlert error={delivery.error} onRetry={() => delivery.refetch()} />
        )}
      </Page>
    );
  }
  const { attempts, event_type } = delivery.data;
  return (
    <Page
      title={titleOf(event_type)}
      lead={<Sentence delivery={delivery.data} />}
      actions={<Actions delivery={delivery.data} />}
    >
      <Facts delivery={delivery.data} />
      <Stack gap="sm">
        <Title order={2} fz="md">
          {texts.attempts}
        </Title>
        {attempts.length === 0 && <Text c="dimmed">{texts.noAttempts}</Text>}
        {attempts.toReversed().map((attempt) => (
          <AttemptCard key={attempt.number} attempt={attempt} />
        ))}
      </Stack>
    </Page>
  );
}

/** What became of it, in words. */
function Sentence({ delivery }: { delivery: Schemas.DeliveryDetail }) {
  const {
    delivery: { sentence },
  } = useTexts();
  const now = useNow();
  const { state, attempt_count, next_attempt_at, reason_text, waiting_for } = delivery;
  const head = ((): string => {
    switch (state) {
      case 'waiting':
        return next_attempt_at === null
          ? sentence.behind
          : sentence.waiting(attempt_count, formatRelative(Date.parse(next_attempt_at), now));
      case 'pending':
        return waiting_for === null ? sentence.pending : sentence.behind;
      case 'delivered':
      case 'dropped':
        return sentence[state](attempt_count);
      default:
        return sentence[state];
    }
  })();
  return (
    <>
      {head} {state !== 'delivered' && reason_text}
    </>
  );
}

function Actions({ delivery }: { delivery: Schemas.DeliveryDetail }) {
  const { delivery: texts } = useTexts();
  const { done, failed } = useNotify();
  const client = useQueryClient();
  const [isAsking, ask] = useState(false);
  const { id, state } = delivery;
  const onSettled = () => client.invalidateQueries({ queryKey: ['deliveries'] });
  const retry = useMutation({
    mutationFn: () => mirsal.deliveries.retry(id),
    onSuccess: () => done(texts.retried),
    onError: failed,
    onSettled,
  });
  const skip = useMutation({
    mutationFn: () => mirsal.deliveries.skip(id),
    onSuccess: () => done(texts.skipped),
    onError: failed,
    onSettled() {
      ask(false);
      return onSettled();
    },
  });
  const isOpen = state === 'pending' || state === 'waiting' || state === 'held';
  return (
    <>
      {state === 'waiting' && (
        <Button loading={retry.isPending} onClick={() => retry.mutate()}>
          {texts.retry}
        </Button>
      )}
      {isOpen && (
        <Button variant="default" onClick={() => ask(true)}>
          {texts.skip}
        </Button>
      )}
      {isAsking && (
        <Confirm
          title={texts.skipTitle}
          text={texts.skipText}
          action={texts.skip}
          isPending={skip.isPending}
          onConfirm={() => skip.mutate()}
          onClose={() => ask(false)}
        />
      )}
    </>
  );
}

function Facts({ delivery }: { delivery: Schemas.DeliveryDetail }) {
  const { delivery: texts, deliveries } = useTexts();
  const endpointName = useEndpointName();
  const { state, event_id, endpoint_id, sequence, webhook_id, created_at, ended_at, replay_of } = delivery;
  return (
    <Card withBorder>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        <Fact name={deliveries.state}>
          <DeliveryStateMark state={state} />
        </Fact>
        <Fact name={texts.endpoint}>
          <TextLink to="/deliveries" search={{ endpoint_id }}>
            <bdi>{endpointName(endpoint_id)}</bdi>
          </TextLink>
        </Fact>
        <Fact name={texts.event}>
          <TextLink to="/events/$id" params={{ id: event_id }}>
            <bdi className="mono">{event_id}</bdi>
          </TextLink>
        </Fact>
        <Fact name={texts.sequence}>
          <span className="tabular">{formatNumber(sequence)}</span>
        </Fact>
        <Fact name="webhook-id">
          <Copy value={webhook_id} label="webhook-id" />
        </Fact>
        <Fact name={texts.made}>
          <Time at={created_at} />
        </Fact>
        {ended_at !== null && (
          <Fact name={texts.ended}>
            <Time at={ended_at} />
          </Fact>
        )}
        {replay_of !== null && (
          <Fact name={texts.replayOf}>
            <TextLink to="/deliveries/$id" params={{ id: replay_of }}>
              <bdi className="mono">{replay_of}</bdi>
            </TextLink>
          </Fact>
        )}
      </SimpleGrid>
    </Card>
  );
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Group gap={0} align="start" className="min-0">
      <Stack gap={0} className="min-0">
        <Text fz="sm" c="dimmed">
          {name}
        </Text>
        <div className="min-0 truncate">{children}</div>
      </Stack>
    </Group>
  );
}
