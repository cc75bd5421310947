/** `/v1/mails`: what was sent to whom, and what became of it. */

import { Type } from 'typebox';
import { type IdPrefix, parseId } from '../../core/ids.ts';
import { readMailAddress } from '../../core/mailAddress.ts';
import { MAIL_STATES, type MailFilter } from '../../store/records/mails.ts';
import { workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, oneOf, ref } from '../operation.ts';
import { pageFrom, pageQuery, readPage } from '../paging.ts';
import { faulty } from '../problem.ts';
import { mailView } from '../views/mail.ts';

const MailQuery = Type.Object(
  {
    ...pageQuery,
    state: Type.Optional(oneOf(MAIL_STATES)),
    recipient: Type.Optional(Type.String({ maxLength: 320, description: 'An address, as the mail has it.' })),
    run_id: Type.Optional(Type.String({ maxLength: 64, description: 'Those that a run has sent.' })),
    notice_id: Type.Optional(Type.String({ maxLength: 64, description: 'Those that tell of a notice.' })),
  },
  { additionalProperties: false },
);

export function mailRoutes(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/mails',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'listMails',
          summary: 'List mails',
          tag: 'Notices',
          access: 'read',
          description:
            'Mails of notices, and those that rules and workflows send. They are kept for 90 days.',
          answers: { 200: { schema: ref('MailPage'), description: 'Mails, newest first.' } },
        }),
        querystring: MailQuery,
      },
    },
    async (request) => {
      const { state, recipient, run_id, notice_id } = request.query;
      const { limit, before } = readPage(request.query);
      const filter: MailFilter = state === undefined ? {} : { state };
      if (recipient !== undefined) filter.recipient = addressOf(recipient);
      if (run_id !== undefined) filter.run = keyOf('run', run_id, 'run_id');
      if (notice_id !== undefined) filter.notice = keyOf('ntc', notice_id, 'notice_id');
      const mails = await deps.store.listMails(workspaceOf(request), filter, { limit: limit + 1, before });
      const { rows, next } = pageFrom(mails, limit);
      return { data: rows.map(mailView), next_cursor: next };
    },
  );
}

function addressOf(typed: string): string {
  const read = readMailAddress(typed);
  if (read.ok) return read.address;
  throw faulty('invalid_request', [{ field: '/recipient', message: read.message, in: 'query' }]);
}

function keyOf(prefix: IdPrefix, id: string, name: string): number {
  const key = parseId(prefix, id);
  if (key !== null) return key;
  throw faulty('invalid_request', [
    { field: `/${name}`, message: `is not such an id (${prefix}_…)`, in: 'query' },
  ]);
}
