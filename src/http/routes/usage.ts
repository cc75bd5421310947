/** `/v1/usage`: what was used by day and event type, to bill by: a workspace's own, or all workspaces'. */

import { type Static, Type } from 'typebox';
import { DAY } from '../../core/duration.ts';
import { formatId, parseId } from '../../core/ids.ts';
import type { Workspace } from '../../store/records/administration.ts';
import type { UsageQuery, UsageRow } from '../../store/records/customers.ts';
import { callerOf, hasScope } from '../auth.ts';
import { CUSTOMER_LIMITS } from '../customerLimits.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, nullable, pageOf, ref } from '../operation.ts';
import { DEFAULT_PAGE } from '../paging.ts';
import { type Fault, faulty, notFound, Problem } from '../problem.ts';
import { readCursorOf, usageCursor } from '../usageCursor.ts';
import { foundWorkspace, workspaceKey } from './workspaces.ts';

/** Workspaces that one call looks at, most of which may have used nothing. */
const WORKSPACES_AT_ONCE = 200;

const UsageSchema = Type.Object(
  {
    workspace_id: Type.String({ description: 'Whose usage it is.' }),
    external_id: nullable(Type.String(), { description: 'What your platform calls the workspace.' }),
    day: Type.String({ description: 'The UTC day, such as 2026-05-04.' }),
    event_type: Type.String(),
    events: Type.Integer({ description: 'Events accepted, tests and system events among them.' }),
    attempts: Type.Integer({ description: 'Requests that have ended on that day.' }),
    delivered: Type.Integer({ description: 'Deliveries that have arrived on that day.' }),
    dropped: Type.Integer({ description: 'Deliveries given up on that day.' }),
    skipped: Type.Integer({ description: 'Deliveries released unsent on that day.' }),
  },
  { $id: 'Usage', description: 'What a workspace has used of an event type on one day.' },
);
type UsageView = Static<typeof UsageSchema>;

export const usageComponents = [UsageSchema, pageOf(ref('Usage'), 'UsagePage')];

const dayInput = (what: string) =>
  Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: `${what}, such as 2026-05-01.` });

export function usageRoutes(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/usage',
    {
      config: { access: 'key' },
      schema: {
        ...describe({
          id: 'listUsage',
          summary: 'What was used, by UTC day and event type',
          tag: 'Statistics',
          access: 'key',
          description:
            'A key or session gets its own workspace (scope `read`). An instance key gets all workspaces, one after the ' +
            'other by age, or the one that `workspace_id`, `external_id` or the header names. Each count is exact, however long the events themselves are ' +
            `kept, and stays ${CUSTOMER_LIMITS.usage_days.value} days. A page may be short and still have a next.`,
          answers: { 200: { schema: ref('UsagePage'), description: 'By workspace, day and type.' } },
          problems: ['not_found', 'scope_required', 'workspace_required', 'instance_key_required'],
        }),
        querystring: Type.Object(
          {
            from: dayInput('The first day'),
            to: Type.Optional(dayInput('The last day; the first one where it is absent')),
            workspace_id: Type.Optional(Type.String({ maxLength: 64, description: 'With an instance key.' })),
            external_id: Type.Optional(Type.String({ maxLength: 255, description: 'With an instance key.' })),
            limit: Type.Optional(
              Type.Integer({
                minimum: 1,
                maximum: 1_000,
                default: DEFAULT_PAGE,
                description: 'Rows on a page.',
              }),
            ),
            cursor: Type.Optional(
              Type.String({ maxLength: 512, description: '`next_cursor` of the page before.' }),
            ),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const { limit = DEFAULT_PAGE, cursor, ...query } = request.query;
      const span = readSpan(query);
      const after = cursor === undefined ? null : readCursorOf(cursor);
      const only = await namedWorkspace(deps, request, query);
      const all = only === null ? await deps.store.listWorkspaces() : [only];
      const rows: UsageView[] = [];
      const left = all.filter(({ key }) => after === null || key >= after.workspace);
      for (const workspace of left.slice(0, WORKSPACES_AT_ONCE)) {
        const mine: UsageQuery = {
          ...{ workspace: workspace.key, ...span, limit: limit - rows.length },
          after: after?.workspace === workspace.key ? after : null,
        };
        const found = mine.limit === 0 ? [] : await deps.store.readUsage(mine);
        rows.push(...found.slice(0, mine.limit).map((row) => usageView(workspace, row)));
        const last = found[mine.limit - 1];
        if (last !== undefined) return { data: rows, next_cursor: usageCursor(last) };
      }
      const next = left[WORKSPACES_AT_ONCE];
      const isOver = next === undefined;
      return {
        data: rows,
        next_cursor: isOver ? null : usageCursor({ workspace: next.key, at: 0, type: '' }),
      };
    },
  );
}

function usageView({ key, externalId }: Workspace, row: UsageRow): UsageView {
  const { events, attempts, delivered, dropped, skipped } = row;
  return {
    workspace_id: formatId('ws', key),
    external_id: externalId,
    day: new Date(row.at).toISOString().slice(0, 10),
    event_type: row.type,
    ...{ events, attempts, delivered, dropped, skipped },
  };
}

/** Throws a Problem for what is no day, or no span. */
function readSpan({ from, to = from }: { from: string; to?: string }): { since: number; until: number } {
  const faults: Fault[] = [];
  const dayOf = (field: string, text: string): number => {
    const at = Date.parse(`${text}T00:00:00.000Z`);
    if (Number.isNaN(at)) faults.push({ field, message: 'is not a day such as 2026-05-01', in: 'query' });
    return at;
  };
  const [since, last] = [dayOf('/from', from), dayOf('/to', to)];
  if (faults.length === 0 && last < since) {
    faults.push({ field: '/to', message: 'lies before the first day', in: 'query' });
  }
  if (faults.length > 0) throw faulty('invalid_request', faults);
  return { since, until: last + DAY };
}

/** Null for all workspaces. Throws a Problem where whoever asks may not see it, or there is none. */
async function namedWorkspace(
  { store }: HttpDeps,
  request: Parameters<typeof callerOf>[0],
  { workspace_id, external_id }: { workspace_id?: string; external_id?: string },
): Promise<Workspace | null> {
  const caller = callerOf(request);
  if (!caller.instance && !hasScope(caller, 'read')) {
    throw new Problem('scope_required', 'This needs an API key with the scope "read".');
  }
  if (!caller.instance && (workspace_id !== undefined || external_id !== undefined)) {
    const own = parseId('ws', workspace_id ?? '');
    if (external_id !== undefined || own !== caller.workspace) {
      throw new Problem(
        'instance_key_required',
        'The usage of other workspaces is read with an instance key.',
      );
    }
  }
  if (external_id !== undefined) {
    const found = await store.findByExternalId(external_id);
    if (found === null) throw notFound('workspace', external_id);
    return found;
  }
  const key = workspace_id === undefined ? caller.workspace : workspaceKey(workspace_id);
  if (key !== null)
    return foundWorkspace(await store.findWorkspace(key), workspace_id ?? formatId('ws', key));
  if (caller.instance) return null;
  throw new Problem('workspace_required', 'Name the workspace: "Mirsal-Workspace: ws_…".');
}
