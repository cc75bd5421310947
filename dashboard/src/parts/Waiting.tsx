import { Skeleton } from '@mantine/core';
import { useTexts } from '../texts/index.tsx';

/** The place of what is still to come; later, the last known state stands there instead. */
export function Waiting({ height }: { height: number }) {
  const { common } = useTexts();
  return <Skeleton h={height} role="status" aria-label={common.loading} />;
}
