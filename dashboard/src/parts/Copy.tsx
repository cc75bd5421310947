/** What a machine reads, shown left to right, with a button that copies it. */

import { ActionIcon, CopyButton, Group, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useTexts } from '../texts/index.tsx';

export function Copy({ value, shown, label }: { value: string; shown?: string; label?: string }) {
  const { common } = useTexts();
  return (
    <Group gap={4} wrap="nowrap" className="min-0">
      <bdi className="mono truncate">{shown ?? value}</bdi>
      <CopyButton value={value} timeout={1_500}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? common.copied : common.copy}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              onClick={copy}
              aria-label={`${copied ? common.copied : common.copy}: ${label ?? value}`}
            >
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}
