/** `/v1/audit`: who did what. */

import { Type } from 'typebox';
import { AUDIT_ACTIONS } from '../../store/records/audit.ts';
import { workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, oneOf, ref } from '../operation.ts';
import { pageFrom, pageQuery, readPage } from '../paging.ts';
import { auditEntryView } from '../views/history.ts';

export function auditRoutes(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/audit',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'listAudit',
          summary: 'List who changed what',
          tag: 'Administration',
          access: 'read',
          answers: { 200: { schema: ref('AuditPage'), description: 'Entries, newest first.' } },
        }),
        querystring: Type.Object(
          {
            ...pageQuery,
            target: Type.Optional(
              Type.String({ maxLength: 200, description: 'The id of an endpoint, a delivery, a key …' }),
            ),
            action: Type.Optional(oneOf(AUDIT_ACTIONS)),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const page = readPage(request.query);
      const { target, action } = request.query;
      const filter = {
        ...(target === undefined ? {} : { target }),
        ...(action === undefined ? {} : { action }),
      };
      const found = await deps.store.listAudit(workspaceOf(request), filter, {
        ...page,
        limit: page.limit + 1,
      });
      const { rows, next } = pageFrom(found, page.limit);
      return { data: rows.map(auditEntryView), next_cursor: next };
    },
  );
}
