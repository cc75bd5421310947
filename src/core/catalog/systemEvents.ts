/** Event types that Mirsal itself publishes, about what it does. Nobody else may, and `*` leaves them out. */

export const SYSTEM_EVENTS = [
  'endpoint.disabled',
  'endpoint.enabled',
  'delivery.dropped',
  'budget.warning',
  'automation.failed',
  'automation.braked',
  'mail.refused',
] as const;
export type SystemEvent = (typeof SYSTEM_EVENTS)[number];

export function isSystemEvent(type: string): type is SystemEvent {
  return SYSTEM_EVENTS.some((known) => known === type);
}
