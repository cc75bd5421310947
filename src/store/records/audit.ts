/** The audit log: who did what to what. */

export const AUDIT_ACTIONS = [
  'endpoint.created',
  'endpoint.updated',
  'endpoint.deleted',
  'endpoint.enabled',
  'endpoint.disabled',
  'endpoint.secret_rotated',
  'delivery.retried',
  'delivery.skipped',
  'delivery.replayed',
  'event.replayed',
  'replay.started',
  'replay.cancelled',
  'job.started',
  'job.cancelled',
  'settings.updated',
  'workspace.updated',
  'workspace.suspended',
  'workspace.resumed',
  'workspace.deleted',
  'api_key.created',
  'api_key.revoked',
  'rule.created',
  'rule.updated',
  'rule.enabled',
  'rule.disabled',
  'rule.deleted',
  'rule.brake_reset',
  'workflow.created',
  'workflow.updated',
  'workflow.enabled',
  'workflow.disabled',
  'workflow.deleted',
  'workflow.brake_reset',
  'run.cancelled',
  'member.joined',
  'member.role_changed',
  'member.removed',
  'invitation.created',
  'invitation.resent',
  'invitation.revoked',
  'portal_link.created',
  'portal_link.revoked',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** Who did what to what. Written in the transaction of the change itself, and never changed. */
export interface AuditEntry {
  /** Null for what belongs to no workspace: instance keys. */
  workspace: number | null;
  /** `person:<id>`, `key:<prefix>`, `portal:<id>`, or what in the system did it: `error_budget`, `system`. */
  actor: string;
  action: AuditAction;
  /** Public id of what it was done to: `ep_…`, `dlv_…`, `key_…`, `ws_…`, an event's own id. */
  target: string;
  /** Never a secret. */
  details: Readonly<Record<string, unknown>>;
  at: number;
}

export interface StoredAuditEntry extends AuditEntry {
  key: number;
}

export interface AuditFilter {
  target?: string;
  action?: AuditAction;
}
