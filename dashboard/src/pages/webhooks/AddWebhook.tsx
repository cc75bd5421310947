/** Adding a webhook: where to, and which events. Then its secret. */

import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { mirsal } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { Copy } from '../../parts/Copy.tsx';
import { SideDialog } from '../../parts/Dialog.tsx';
import { faultsOf, ProblemAlert, useNotify } from '../../parts/Problem.tsx';
import { useTexts } from '../../texts/index.tsx';
import { EventTypesInput } from './EventTypesInput.tsx';

export function AddWebhook({ onClose }: { onClose(): void }) {
  const { addWebhook: texts, common } = useTexts();
  const { failed } = useNotify();
  const client = useQueryClient();
  const types = useQuery(queries.eventTypes);
  const form = useForm({
    initialValues: { url: '', name: '', event_types: [] as string[] },
    validate: {
      url: (url) => (URL.canParse(url) && /^https?:/.test(url) ? null : texts.badUrl),
      event_types: (chosen) => (chosen.length === 0 ? texts.noEvents : null),
    },
    validateInputOnBlur: ['url'],
  });
  const makeBin = useMutation({
    mutationFn: () => mirsal.bins.create({}),
    onSuccess: ({ url }) => form.setFieldValue('url', url),
    onError: failed,
  });
  const add = useMutation({
    mutationFn: (values: typeof form.values) => mirsal.endpoints.create(values),
    onSuccess: () => client.invalidateQueries({ queryKey: ['endpoints'] }),
    onError: (error) => form.setErrors(faultsOf(error)),
  });
  return (
    <SideDialog onClose={onClose} title={add.data === undefined ? texts.title : texts.secretTitle}>
      {add.data === undefined ? (
        <form onSubmit={form.onSubmit((values) => add.mutate(values))} noValidate>
          <Stack>
            {add.error !== null && <ProblemAlert error={add.error} />}
            <TextInput
              label={texts.url}
              description={texts.urlHint}
              type="url"
              dir="ltr"
              required
              data-autofocus
              autoComplete="off"
              {...form.getInputProps('url')}
            />
            <Button
              variant="default"
              size="compact-sm"
              me="auto"
              loading={makeBin.isPending}
              onClick={() => makeBin.mutate()}
            >
              {texts.useBin}
            </Button>
            <TextInput
              label={texts.name}
              description={texts.nameHint}
              dir="auto"
              autoComplete="off"
              {...form.getInputProps('name')}
            />
            <EventTypesInput
              types={types.data?.data ?? []}
              chosen={form.values.event_types}
              onChange={(chosen) => form.setFieldValue('event_types', chosen)}
              error={form.errors.event_types}
            />
            <Group justify="end" gap="xs">
              <Button variant="default" onClick={onClose}>
                {common.cancel}
              </Button>
              <Button type="submit" loading={add.isPending}>
                {texts.submit}
              </Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <Stack>
          <Text fz="sm">{texts.secretText}</Text>
          <Copy value={add.data.secret} label={texts.secret} />
          <Button onClick={onClose} data-autofocus>
            {texts.done}
          </Button>
        </Stack>
      )}
    </SideDialog>
  );
}
