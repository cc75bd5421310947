/** The way to the first webhook, in steps that tick themselves off. */

import { Card, Group, Stack, Text, ThemeIcon, Title, VisuallyHidden } from '@mantine/core';
import { IconCheck, IconCircle } from '@tabler/icons-react';
import type { Schemas } from '../api/client.ts';
import { TextLink } from '../parts/TextLink.tsx';
import { useTexts } from '../texts/index.tsx';

export function Beginning({ done }: { done: Schemas.Overview['onboarding'] }) {
  const {
    overview: { begin: texts },
  } = useTexts();
  const steps = [
    { title: texts.webhook, text: texts.webhookText, isDone: done.has_endpoints, add: true },
    { title: texts.publish, text: texts.publishText, isDone: done.has_events, add: false },
    { title: texts.see, text: texts.seeText, isDone: done.has_delivered, add: false },
  ];
  return (
    <Card withBorder>
      <Stack>
        <div>
          <Title order={2} fz="md">
            {texts.title}
          </Title>
          <Text c="dimmed" fz="sm">
            {texts.lead}
          </Text>
        </div>
        <Stack component="ol" gap="sm" m={0} p={0} style={{ listStyle: 'none' }}>
          {steps.map(({ title, text, isDone, add }) => (
            <Group key={title} component="li" wrap="nowrap" align="start">
              <ThemeIcon variant="light" color={isDone ? 'teal' : 'gray'} radius="xl">
                {isDone ? <IconCheck size={16} aria-hidden /> : <IconCircle size={16} aria-hidden />}
              </ThemeIcon>
              <div>
                <TextLink to="/settings/integrations/webhooks" search={add ? { add: true } : {}} fw={600}>
                  {title}
                </TextLink>
                {isDone && <VisuallyHidden> ({texts.done})</VisuallyHidden>}
                <Text fz="sm" c="dimmed">
                  {text}
                </Text>
              </div>
            </Group>
          ))}
        </Stack>
      </Stack>
    </Card>
  );
}
