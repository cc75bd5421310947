/** What the engine tells a tracing backend of: a span for each attempt, below what published its event. */

import { formatId } from '../core/ids.ts';
import type { Endpoint } from '../store/records/endpoints.ts';
import type { LaneItem } from '../store/records/lanes.ts';
import type { AttemptResult } from '../store/records/results.ts';
import type { Span, Tracing } from '../world.ts';

/** Names of attributes are OpenTelemetry's where it has one. */
export function beginAttempt(
  tracing: Tracing,
  workspace: number,
  item: LaneItem,
  { key, url }: Pick<Endpoint, 'key' | 'url'>,
): Span {
  return tracing.begin('deliver', {
    kind: 'client',
    parent: item.trace,
    attributes: {
      'http.request.method': 'POST',
      'server.address': URL.parse(url)?.hostname ?? '',
      'http.request.resend_count': item.attempts,
      'mirsal.workspace_id': formatId('ws', workspace),
      'mirsal.endpoint_id': formatId('ep', key),
      'mirsal.delivery_id': formatId('dlv', item.key),
      'mirsal.event_type': item.eventType,
      'mirsal.sequence': item.sequence,
    },
  });
}

export function endAttempt(span: Span, { attempt, next }: AttemptResult): void {
  const status: Record<string, number> =
    attempt.status === null ? {} : { 'http.response.status_code': attempt.status };
  const error = attempt.outcome === 'success' ? null : attempt.outcome;
  span.end({ ...status, 'mirsal.delivery_state': next.state }, error);
}
