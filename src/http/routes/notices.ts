/** `/v1/notices`: what Mirsal had to tell of, and who was told. */

import { Type } from 'typebox';
import { NOTICE_KINDS } from '../../store/records/notices.ts';
import { workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, oneOf, ref } from '../operation.ts';
import { pageFrom, pageQuery, readPage } from '../paging.ts';
import { noticeView } from '../views/notice.ts';

const NoticeQuery = Type.Object(
  { ...pageQuery, kind: Type.Optional(oneOf(NOTICE_KINDS, { description: 'Only those of this kind.' })) },
  { additionalProperties: false },
);

export function noticeRoutes(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/notices',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'listNotices',
          summary: 'List notices',
          tag: 'Notices',
          access: 'read',
          description:
            'Endpoints disabled and enabled, warnings of the error budget, dropped deliveries, held ones that will soon be ' +
            'skipped, automations that failed or were braked, and refused mails; with the mails that tell of them. All but ' +
            'held ones are published as system events, too.',
          answers: { 200: { schema: ref('NoticePage'), description: 'Notices, newest first.' } },
        }),
        querystring: NoticeQuery,
      },
    },
    async (request) => {
      const { limit, before } = readPage(request.query);
      const notices = await deps.store.listNotices(workspaceOf(request), {
        ...{ limit: limit + 1, before },
        ...(request.query.kind === undefined ? {} : { kind: request.query.kind }),
      });
      const { rows, next } = pageFrom(notices, limit);
      return { data: rows.map(noticeView), next_cursor: next };
    },
  );
}
