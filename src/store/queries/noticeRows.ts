/** Rows of notices as the store's records, and which mails are theirs. Pure. */

import { type Selectable, type SqlBool, sql } from 'kysely';
import type { Notice, NoticeDetails, NoticeKind } from '../records/notices.ts';
import type { NoticesTable } from '../schema/schema.ts';

/** Mails of notices, as their indexes say it. */
export const IS_OF_NOTICES = sql<SqlBool>`kind <> 'step'`;

/** `{}` for what is no JSON: one broken row must not hide the others. Whoever needs its members says what is missing. */
function readJson<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    return {} as T;
  }
}

/** Whether its details could be read. */
export function isReadable({ details }: Pick<Notice, 'details'>): boolean {
  return Object.keys(details).length > 0;
}

export function readKeys(text: string): number[] {
  const keys = readJson<number[]>(text);
  return Array.isArray(keys) ? keys : [];
}

export function toNotice(row: Selectable<NoticesTable>): Notice {
  const { key, workspace, kind, endpoint, delivery, at, count } = row;
  const details = readJson<NoticeDetails[NoticeKind]>(row.details);
  return { key, workspace, kind: kind as NoticeKind, endpoint, delivery, details, at, count };
}
