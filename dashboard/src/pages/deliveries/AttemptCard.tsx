/** One attempt: how it went, how long each part took, and request and answer as they were. */

import { Badge, Button, Card, CopyButton, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { IconAlertCircle, IconCheck } from '@tabler/icons-react';
import type { Schemas } from '../../api/client.ts';
import { Code } from '../../parts/Code.tsx';
import { Time } from '../../parts/Time.tsx';
import { formatDuration } from '../../texts/format.ts';
import { useTexts } from '../../texts/index.tsx';

type Attempt = Schemas.AttemptDetail;

export function AttemptCard({ attempt }: { attempt: Attempt }) {
  const { delivery: texts, common } = useTexts();
  const { number, outcome, status, started_at, duration_ms, error_text } = attempt;
  const isGood = outcome === 'success';
  return (
    <Card withBorder component="section" aria-label={texts.attempt(number)}>
      <Stack gap="sm">
        <Group justify="space-between">
          <Group gap="sm">
            <Title order={3} fz="sm">
              {texts.attempt(number)}
            </Title>
            <Badge
              variant="light"
              tt="none"
              color={isGood ? 'teal' : 'red'}
              leftSection={
                isGood ? <IconCheck size={13} aria-hidden /> : <IconAlertCircle size={13} aria-hidden />
              }
            >
              {status === null ? outcome : `HTTP ${status}`}
            </Badge>
            <Text fz="sm" c="dimmed">
              <Time at={started_at} /> · {texts.took(formatDuration(duration_ms))}
            </Text>
          </Group>
          <CopyButton value={asCurl(attempt)}>
            {({ copied, copy }) => (
              <Button size="compact-sm" variant="default" onClick={copy}>
                {copied ? common.copied : texts.curl}
              </Button>
            )}
          </CopyButton>
        </Group>
        {error_text && <Text fz="sm">{error_text}</Text>}
        <Timings attempt={attempt} />
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Message
            title={texts.request}
            first={attempt.request.url}
            headers={attempt.request.headers}
            body={attempt.request.body}
            truncated={false}
          />
          {attempt.response === null ? (
            <Stack gap="xs">
              <Text fz="sm" fw={600}>
                {texts.response}
              </Text>
              <Text c="dimmed" fz="sm">
                {texts.noAnswer}
              </Text>
            </Stack>
          ) : (
            <Message
              title={texts.response}
              first={status === null ? '' : `HTTP ${status}`}
              headers={attempt.response.headers}
              body={attempt.response.body}
              truncated={attempt.response.truncated}
            />
          )}
        </SimpleGrid>
      </Stack>
    </Card>
  );
}

function Message({
  title,
  first,
  headers,
  body,
  truncated,
}: {
  title: string;
  first: string;
  headers: ReadonlyArray<readonly string[]>;
  body: string | null;
  truncated: boolean;
}) {
  const { delivery: texts } = useTexts();
  return (
    <Stack gap="xs" className="min-0">
      <Text fz="sm" fw={600}>
        {title}{' '}
        {truncated && (
          <Text span c="dimmed" fw={400}>
            ({texts.truncated})
          </Text>
        )}
      </Text>
      <Code
        label={`${title}: ${texts.headers}`}
        text={[first, ...headers.map(([name, value]) => `${name}: ${value}`)].join('\n')}
      />
      {body === null || body === '' ? (
        <Text c="dimmed" fz="sm">
          {texts.emptyBody}
        </Text>
      ) : (
        <Code label={`${title}: ${texts.body}`} text={indented(body)} />
      )}
    </Stack>
  );
}

/** JSON is easier to read over lines; its digits stay as they are, since nothing is parsed that a double would round. */
function indented(body: string): string {
  if (body.length > 200_000 || /\d{16}/.test(body)) return body;
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

const PHASES = ['dns', 'connect', 'tls', 'response'] as const;

/** In one bar, to scale. */
function Timings({ attempt: { timings_ms } }: { attempt: Attempt }) {
  const { delivery: texts } = useTexts();
  const parts = PHASES.flatMap((phase) => {
    const ms = timings_ms[phase];
    return ms === null || ms === undefined ? [] : [{ phase, ms }];
  });
  if (parts.length === 0) return null;
  return (
    <Text fz="sm" c="dimmed" className="tabular">
      {parts.map(({ phase, ms }) => `${texts.timings[phase]} ${formatDuration(ms)}`).join(' · ')}
    </Text>
  );
}

/** For a shell; what would be signed anew each time is in it as it was. */
function asCurl({ request }: Attempt): string {
  const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const headers = request.headers.map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`);
  const body = request.body === null ? [] : [`--data-binary ${quote(request.body)}`];
  return [`curl -X POST ${quote(request.url)}`, ...headers, ...body].join(' \\\n  ');
}
