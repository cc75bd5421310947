/** `/v1/audit`: who did what. */

import { Type } from 'typebox';
import { AUDIT_ACTIONS, type StoredAuditEntry } from '../../store/records/audit.ts';
import { workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, oneOf, ref } from '../operation.ts';
import { pageFrom, pageQuery, readPage } from '../paging.ts';
import { auditEntryView } from '../views/history.ts';

const PERSON = 'person:';

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
      const names = await namesOf(rows, deps);
      return { data: rows.map((row) => auditEntryView(row, names)), next_cursor: next };
    },
  );
}

/** The names of the people who did it, by the actor. */
async function namesOf(
  rows: readonly StoredAuditEntry[],
  { store }: HttpDeps,
): Promise<ReadonlyMap<string, string>> {
  const actors = new Set(rows.map(({ actor }) => actor).filter((actor) => actor.startsWith(PERSON)));
  const people = await store.findPeople([...actors].map((actor) => actor.slice(PERSON.length)));
  return new Map(people.map(({ id, name }) => [`${PERSON}${id}`, name]));
}
