/** The head of a page: what it is, in one sentence why one is here, and what one can do. */

import { Group, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import { useTexts } from '../texts/index.tsx';

export function Page({
  title,
  lead,
  actions,
  children,
}: {
  title: ReactNode;
  /** For the window, where `title` is more than a text. */
  name?: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const texts = useTexts();
  const heading = useRef<HTMLHeadingElement>(null);
  const windowTitle = typeof title === 'string' ? title : '';
  useEffect(() => {
    document.title = windowTitle === '' ? texts.product : `${windowTitle} · ${texts.product}`;
  }, [windowTitle, texts.product]);
  // Who moves by keyboard or hears the page begins at its heading.
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="end">
        <div className="min-0">
          <Title order={1} fz="h2" ref={heading} tabIndex={-1}>
            {title}
          </Title>
          {lead !== undefined && <Text c="dimmed">{lead}</Text>}
        </div>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
