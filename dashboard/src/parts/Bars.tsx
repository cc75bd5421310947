/** What succeeded and what failed, step by step: in a table's cell, or as a chart. */

import { Text } from '@mantine/core';

export interface BarsProps {
  succeeded: readonly number[];
  failed: readonly number[];
  /** The same in words. */
  label: string;
  className: 'spark' | 'bars';
}

const GAP = 0.25;

export function Bars({ succeeded, failed, label, className }: BarsProps) {
  const most = Math.max(1, ...succeeded.map((count, step) => count + (failed[step] ?? 0)));
  return (
    <svg
      className={className}
      viewBox={`0 0 ${succeeded.length} 1`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {succeeded.map((count, step) => {
        const bad = (failed[step] ?? 0) / most;
        const good = count / most;
        const place = { x: step + GAP / 2, width: 1 - GAP };
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place.
          <g key={step}>
            {good + bad === 0 && (
              <rect {...place} y={0.97} height={0.03} fill="var(--mantine-color-default-border)" />
            )}
            <rect {...place} y={1 - good} height={good} fill="var(--mantine-color-teal-filled)" />
            <rect {...place} y={1 - good - bad} height={bad} fill="var(--mantine-color-red-filled)" />
          </g>
        );
      })}
    </svg>
  );
}

export function Legend({ color, text }: { color: string; text: string }) {
  return (
    <Text fz="sm" c="dimmed" component="span">
      <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
        <rect width="10" height="10" rx="2" fill={`var(--mantine-color-${color}-filled)`} />
      </svg>{' '}
      {text}
    </Text>
  );
}
