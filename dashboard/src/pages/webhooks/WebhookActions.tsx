/** What can be done with one webhook. */

import { ActionIcon, Button, Group, Menu } from '@mantine/core';
import { IconDotsVertical, IconPlayerPause, IconSend2, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { mirsal, type Schemas } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { Confirm } from '../../parts/Confirm.tsx';
import { useNotify } from '../../parts/Problem.tsx';
import { useTexts } from '../../texts/index.tsx';
import { nameOf } from './nameOf.ts';

type Asked = 'disable' | 'remove' | null;

export function WebhookActions({ endpoint }: { endpoint: Schemas.Endpoint }) {
  const { webhooks: texts, common, disable, remove } = useTexts();
  const { done, failed } = useNotify();
  const [asked, ask] = useState<Asked>(null);
  const navigate = useNavigate();
  const client = useQueryClient();
  const types = useQuery(queries.eventTypes);
  const name = nameOf(endpoint);
  const settled = {
    onError: failed,
    onSettled: () => {
      ask(null);
      return client.invalidateQueries({ queryKey: ['endpoints'] });
    },
  };
  const disabling = useMutation({
    ...settled,
    mutationFn: () => mirsal.endpoints.disable(endpoint.id),
    onSuccess: () => done(disable.done(name)),
  });
  const removing = useMutation({
    ...settled,
    mutationFn: () => mirsal.endpoints.delete(endpoint.id),
    onSuccess: () => done(remove.done(name)),
  });
  const testing = useMutation({
    mutationFn: (event_type: string) => mirsal.endpoints.test(endpoint.id, { event_type }),
    async onSuccess({ delivery_id }) {
      done(texts.testSent);
      await navigate({ to: '/deliveries/$id', params: { id: delivery_id } });
    },
    onError: failed,
  });
  const [firstType = '*'] = endpoint.event_types;
  const testType = firstType === '*' ? types.data?.data[0]?.name : firstType;
  const isBusy = testing.isPending || disabling.isPending || removing.isPending;
  return (
    <Group gap="xs" wrap="nowrap" justify="end">
      {endpoint.enabled ? (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconSend2 size={14} aria-hidden />}
          loading={testing.isPending}
          disabled={testType === undefined}
          onClick={() => testType !== undefined && testing.mutate(testType)}
        >
          {texts.test}
        </Button>
      ) : (
        <Button
          size="compact-sm"
          onClick={() => navigate({ to: '/settings/integrations/webhooks', search: { enable: endpoint.id } })}
        >
          {texts.enable}
        </Button>
      )}
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" loading={isBusy} aria-label={common.actionsFor(name)}>
            <IconDotsVertical size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {endpoint.enabled && (
            <Menu.Item leftSection={<IconPlayerPause size={16} />} onClick={() => ask('disable')}>
              {texts.disable}
            </Menu.Item>
          )}
          <Menu.Item
            leftSection={<IconSend2 size={16} />}
            onClick={() => navigate({ to: '/deliveries', search: { endpoint_id: endpoint.id } })}
          >
            {texts.deliveries}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => ask('remove')}>
            {texts.remove}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asked === 'disable' && (
        <Confirm
          title={disable.title(name)}
          text={disable.text}
          action={disable.submit}
          color="orange"
          isPending={disabling.isPending}
          onConfirm={() => disabling.mutate()}
          onClose={() => ask(null)}
        />
      )}
      {asked === 'remove' && (
        <Confirm
          title={remove.title(name)}
          text={remove.text(endpoint.held)}
          action={remove.submit}
          isPending={removing.isPending}
          onConfirm={() => removing.mutate()}
          onClose={() => ask(null)}
        />
      )}
    </Group>
  );
}
