/** Enabling a webhook again, and what becomes of what was held meanwhile. */

import { Radio, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { mirsal, type Schemas } from '../../api/client.ts';
import { Confirm } from '../../parts/Confirm.tsx';
import { useNotify } from '../../parts/Problem.tsx';
import { useTexts } from '../../texts/index.tsx';
import { nameOf } from './nameOf.ts';

export function EnableDialog({ endpoint, onClose }: { endpoint: Schemas.Endpoint; onClose(): void }) {
  const { enable: texts } = useTexts();
  const { done, failed } = useNotify();
  const client = useQueryClient();
  const [held, choose] = useState<'send' | 'skip'>('send');
  const name = nameOf(endpoint);
  const enabling = useMutation({
    mutationFn: () => mirsal.endpoints.enable(endpoint.id, { held }),
    onSuccess() {
      done(texts.done(name));
      onClose();
    },
    onError: failed,
    onSettled: () => client.invalidateQueries({ queryKey: ['endpoints'] }),
  });
  return (
    <Confirm
      title={texts.title(name)}
      action={texts.submit}
      color="teal"
      isPending={enabling.isPending}
      onConfirm={() => enabling.mutate()}
      onClose={onClose}
    >
      {endpoint.held === 0 ? (
        <Text fz="sm">{texts.nothingHeld}</Text>
      ) : (
        <Radio.Group
          label={texts.heldText(endpoint.held)}
          value={held}
          onChange={(value) => choose(value === 'skip' ? 'skip' : 'send')}
        >
          <Stack gap="sm" mt="sm">
            <Radio value="send" label={texts.send} description={texts.sendText} />
            <Radio value="skip" label={texts.skip} description={texts.skipText} />
          </Stack>
        </Radio.Group>
      )}
    </Confirm>
  );
}
