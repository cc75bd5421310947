/** The pages before somebody is signed in: one thing to do, in the middle. */

import { Button, Card, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { chooseLanguage } from '../preferences.ts';
import { LANGUAGE } from '../texts/format.ts';
import { useTexts } from '../texts/index.tsx';

export function CenterCard({ title, lead, children }: { title: string; lead?: string; children: ReactNode }) {
  const { product, otherLanguage } = useTexts();
  const other = LANGUAGE === 'ar' ? 'en' : 'ar';
  useEffect(() => {
    document.title = `${title} · ${product}`;
  }, [title, product]);
  return (
    <main className="center-page">
      <Stack w="min(26rem, 100%)" gap="sm">
        <Card withBorder p="xl" shadow="xs">
          <Stack>
            <div>
              <Text c="teal" fw={600}>
                {product}
              </Text>
              <Title order={1} fz="h2">
                {title}
              </Title>
              {lead !== undefined && <Text c="dimmed">{lead}</Text>}
            </div>
            {children}
          </Stack>
        </Card>
        <Button
          variant="subtle"
          size="compact-sm"
          mx="auto"
          lang={other}
          onClick={() => chooseLanguage(other)}
        >
          {otherLanguage}
        </Button>
      </Stack>
    </main>
  );
}
