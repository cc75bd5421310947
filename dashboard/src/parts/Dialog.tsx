/** A dialog in the middle, or at the far side for longer work. Its head is no banner: a page has one already. */

import { Drawer, Group, Modal, useDirection } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/index.tsx';

interface DialogProps {
  title: string;
  onClose(): void;
  children: ReactNode;
}

export function Dialog({ title, onClose, children }: DialogProps) {
  const { common } = useTexts();
  return (
    <Modal.Root opened onClose={onClose} centered>
      <Modal.Overlay />
      <Modal.Content>
        <Group justify="space-between" wrap="nowrap" px="md" pt="md">
          <Modal.Title fw={600}>{title}</Modal.Title>
          <Modal.CloseButton aria-label={common.close} />
        </Group>
        <Modal.Body pt="sm">{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

export function SideDialog({ title, onClose, children }: DialogProps) {
  const { common } = useTexts();
  const { dir } = useDirection();
  return (
    <Drawer.Root opened onClose={onClose} size="lg" position={dir === 'rtl' ? 'left' : 'right'}>
      <Drawer.Overlay />
      <Drawer.Content>
        <Group justify="space-between" wrap="nowrap" px="md" pt="md">
          <Drawer.Title fw={600}>{title}</Drawer.Title>
          <Drawer.CloseButton aria-label={common.close} />
        </Group>
        <Drawer.Body pt="sm">{children}</Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
