/** Where there is nothing yet: what will be here, and the next step. */

import { Card, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

export function Empty({ title, text, action }: { title: string; text?: string; action?: ReactNode }) {
  return (
    <Card withBorder py="xl">
      <Stack align="center" gap="xs" ta="center">
        <Text fw={600}>{title}</Text>
        {text !== undefined && (
          <Text c="dimmed" maw="34rem">
            {text}
          </Text>
        )}
        {action}
      </Stack>
    </Card>
  );
}
