/** The audit log: each change writes its own entry, so it is only read here. */

import type { AuditFilter, StoredAuditEntry } from '../records/audit.ts';
import type { Page } from '../records/log.ts';

/** Newest first. */
export interface AuditStore {
  listAudit(workspace: number, filter: AuditFilter, page: Page): Promise<StoredAuditEntry[]>;
}
