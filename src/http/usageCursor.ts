/** Cursors of usage: the row that was shown last, as text that nobody need read. Pure. */

import type { UsageRow } from '../store/records/customers.ts';
import { faulty } from './problem.ts';

type Place = Pick<UsageRow, 'workspace' | 'at' | 'type'>;

export function usageCursor({ workspace, at, type }: Place): string {
  return Buffer.from(JSON.stringify([workspace, at, type])).toString('base64url');
}

/** Throws a Problem for a text that is no cursor of ours. */
export function readCursorOf(cursor: string): Place {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(read) && read.length === 3) {
      const [workspace, at, type] = read as unknown[];
      if (Number.isSafeInteger(workspace) && Number.isSafeInteger(at) && typeof type === 'string') {
        return { workspace: Number(workspace), at: Number(at), type };
      }
    }
  } catch {
    // Said below.
  }
  throw faulty('invalid_request', [
    { field: '/cursor', message: 'is not a cursor of this list', in: 'query' },
  ]);
}
