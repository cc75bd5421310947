/** The audit log: append-only, written by other verbs in their own transactions; for both databases. */

import type { Kysely, Transaction } from 'kysely';
import { maskDetails } from '../../core/egress/maskUrl.ts';
import type { AuditStore } from '../ports/audit.ts';
import type { AuditAction, AuditEntry } from '../records/audit.ts';
import { INSTALLATION, type Schema } from '../schema/schema.ts';

/** To be part of the transaction of the change that it tells of. */
export async function insertAudit(trx: Transaction<Schema>, entry: AuditEntry): Promise<void> {
  await trx
    .insertInto('audit')
    .values({
      ...entry,
      workspace: entry.workspace ?? INSTALLATION,
      // Everybody who may read sees them.
      details: JSON.stringify(maskDetails(entry.details)),
    })
    .execute();
}

export function audit(read: Kysely<Schema>): AuditStore {
  return {
    async listAudit(workspace, filter, page) {
      let query = read.selectFrom('audit').selectAll().where('workspace', '=', workspace);
      if (filter.target !== undefined) query = query.where('target', '=', filter.target);
      if (filter.action !== undefined) query = query.where('action', '=', filter.action);
      if (page.before !== null) query = query.where('key', '<', page.before);
      const rows = await query.orderBy('key', 'desc').limit(page.limit).execute();
      return rows.map((row) => ({
        ...row,
        action: row.action as AuditAction,
        details: JSON.parse(row.details) as Record<string, unknown>,
      }));
    },
  };
}
