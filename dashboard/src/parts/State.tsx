/** States, told by an icon, a word and a colour: never by the colour alone. */

import { Badge } from '@mantine/core';
import {
  type Icon,
  IconAlertCircle,
  IconArrowForwardUp,
  IconCheck,
  IconClock,
  IconHandStop,
  IconHourglass,
  IconPlayerPause,
  IconSend,
} from '@tabler/icons-react';
import type { Schemas } from '../api/client.ts';
import { useTexts } from '../texts/index.tsx';

type DeliveryState = Schemas.Delivery['state'];

const DELIVERY: Readonly<Record<DeliveryState, { color: string; Icon: Icon }>> = {
  pending: { color: 'gray', Icon: IconHourglass },
  sending: { color: 'blue', Icon: IconSend },
  waiting: { color: 'orange', Icon: IconClock },
  held: { color: 'orange', Icon: IconHandStop },
  delivered: { color: 'teal', Icon: IconCheck },
  dropped: { color: 'red', Icon: IconAlertCircle },
  skipped: { color: 'gray', Icon: IconArrowForwardUp },
};

function Mark({ color, Icon: Shown, text }: { color: string; Icon: Icon; text: string }) {
  return (
    <Badge variant="light" color={color} tt="none" fw={600} leftSection={<Shown size={13} aria-hidden />}>
      {text}
    </Badge>
  );
}

export function DeliveryStateMark({ state }: { state: DeliveryState }) {
  const { deliveries } = useTexts();
  return <Mark {...DELIVERY[state]} text={deliveries.states[state]} />;
}

export function EndpointStateMark({
  endpoint,
}: {
  endpoint: Pick<Schemas.Endpoint, 'disabled' | 'failing'>;
}) {
  const { webhooks } = useTexts();
  const reason = endpoint.disabled?.reason;
  if (reason === undefined && endpoint.failing !== null) {
    return <Mark color="orange" Icon={IconAlertCircle} text={webhooks.failing(endpoint.failing.failures)} />;
  }
  if (reason === undefined) return <Mark color="teal" Icon={IconCheck} text={webhooks.state.enabled} />;
  if (reason === 'manual') {
    return <Mark color="gray" Icon={IconPlayerPause} text={webhooks.state.manual} />;
  }
  return <Mark color="red" Icon={IconAlertCircle} text={webhooks.state[reason]} />;
}
