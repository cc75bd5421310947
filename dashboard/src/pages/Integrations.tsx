/** `/settings/integrations`: what can be connected. */

import { Button, Card, Group, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { IconWebhook } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { queries } from '../api/queries.ts';
import { Page } from '../parts/Page.tsx';
import { useTexts } from '../texts/index.tsx';

export function Integrations() {
  const { integrations } = useTexts();
  const endpoints = useQuery(queries.endpoints);
  const isConnected = (endpoints.data ?? []).length > 0;
  return (
    <Page title={integrations.title} lead={integrations.lead}>
      <Card withBorder maw="40rem">
        <Group justify="space-between">
          <Group wrap="nowrap" className="min-0">
            <ThemeIcon variant="light" size="xl">
              <IconWebhook size={22} aria-hidden />
            </ThemeIcon>
            <Stack gap={0}>
              <Title order={2} fz="md">
                {integrations.webhooks}
              </Title>
              <Text c="dimmed" fz="sm">
                {integrations.webhooksText}
              </Text>
            </Stack>
          </Group>
          <Button
            component={Link}
            to="/settings/integrations/webhooks"
            variant={isConnected ? 'default' : 'filled'}
          >
            {isConnected ? integrations.manage : integrations.connect}
          </Button>
        </Group>
      </Card>
    </Page>
  );
}
