/** What went wrong, in the reader's words, and a way on. */

import { Alert, Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconAlertTriangle } from '@tabler/icons-react';
import { MirsalError } from '../api/client.ts';
import type { Texts } from '../texts/en.ts';
import { useTexts } from '../texts/index.tsx';

/** The API says most things itself, in the reader's language. */
export function sentenceOf(error: unknown, texts: Texts): string {
  if (!(error instanceof MirsalError)) return texts.problems.unknown;
  const { code, status, problem } = error;
  if (code === 'network_error' || code === 'deadline_exceeded' || code === 'unexpected_answer') {
    return texts.problems[code];
  }
  if (status === 503) return texts.problems.store_unavailable;
  if (status === 404) return texts.problems.gone;
  return problem === null ? texts.problems.unknown : problem.title;
}

export function ProblemAlert({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const texts = useTexts();
  return (
    <Alert color="red" icon={<IconAlertTriangle size={18} />} role="alert">
      <Group justify="space-between">
        <Text fz="sm">{sentenceOf(error, texts)}</Text>
        {onRetry && (
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            {texts.common.tryAgain}
          </Button>
        )}
      </Group>
    </Alert>
  );
}

export function useNotify() {
  const texts = useTexts();
  const show = (message: string, color: string): void => {
    notifications.show({ message, color, closeButtonProps: { 'aria-label': texts.common.close } });
  };
  return {
    done: (message: string) => show(message, 'teal'),
    failed: (error: unknown) => show(sentenceOf(error, texts), 'red'),
  };
}

/** Texts beside the fields that the API names as faulty, by their JSON pointers. */
export function faultsOf(error: unknown): Record<string, string> {
  if (!(error instanceof MirsalError)) return {};
  const faults = (error.problem?.errors ?? []).map(({ field, message }): [string, string] => [
    field.slice(1),
    message,
  ]);
  return Object.fromEntries(faults);
}
