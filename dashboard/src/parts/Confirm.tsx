/** A question before something is lost or stopped: what will happen, in numbers, and the two answers. */

import { Button, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/index.tsx';
import { Dialog } from './Dialog.tsx';

export function Confirm({
  title,
  text,
  action,
  color = 'red',
  isPending,
  onConfirm,
  onClose,
  children,
}: {
  title: string;
  text?: string;
  /** The word on the button that does it. */
  action: string;
  color?: string;
  isPending: boolean;
  onConfirm(): void;
  onClose(): void;
  children?: ReactNode;
}) {
  const { common } = useTexts();
  return (
    <Dialog onClose={onClose} title={title}>
      <Stack>
        {text !== undefined && <Text fz="sm">{text}</Text>}
        {children}
        <Group justify="end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button color={color} loading={isPending} onClick={onConfirm} data-autofocus>
            {action}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
