/** `/v1/stream`: server-sent events that say what has changed, so that pages ask anew for what they show. */

import type { ServerResponse } from 'node:http';
import { Type } from 'typebox';
import { callerOf, recheckOf, workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe } from '../operation.ts';
import { faulty, Problem } from '../problem.ts';
import { HINT_KINDS, type HintKind } from '../stream/hints.ts';
import { type Hub, type Refusal, type Sink, STREAM_LIMITS, type Watcher } from '../stream/hub.ts';

const DESCRIPTION = `Server-sent events: hints of what has changed in the workspace, for pages that then ask for what they show.

- \`ready\`: from here on, changes are told.
- \`changed\`: \`{"hints": [{"kind": …, "id": …}]}\`. Kinds are \`event\` (accepted), \`delivery\` (queued, attempted, ended; the id is its
  endpoint's), \`endpoint\`, \`notice\`, \`run\`, \`bin\`, \`replay\`, \`job\` and \`settings\` (event types, rules, workflows and settings; told with
  every change of endpoints, too). The id is null where it may be any of the kind. A message comes every 250 ms at the most, and names each thing once; now and then one comes
  though nothing was changed.
- \`reset\`: what was missed is not known; ask for everything anew.

Each message has an id. With \`Last-Event-ID\`, at whichever node, the first messages tell what has changed since. A comment comes every 15 s.
A reader that is too slow is cut off, and so is one whose key is revoked.`;

const EXAMPLE = `retry: 2000

id: 2.k2.0.0.5.1.0.0.0.0.0.0
event: ready
data: {}

id: 2.k2.3.1.6.1.0.0.0.0.0.0
event: changed
data: {"hints":[{"kind":"event","id":null},{"kind":"delivery","id":"ep_107fmli44xs"}]}

`;

export function streamRoutes(app: App, deps: Pick<HttpDeps, 'store' | 'identity' | 'clock'>, hub: Hub): void {
  const { response, ...described } = describe({
    id: 'streamChanges',
    summary: 'Watch what changes',
    tag: 'Statistics',
    access: 'read',
    description: DESCRIPTION,
    answers: {},
  });
  app.get(
    '/v1/stream',
    {
      config: { access: 'read' },
      schema: {
        ...described,
        querystring: Type.Object(
          {
            kinds: Type.Optional(
              Type.String({
                maxLength: 200,
                description: `Only hints of these kinds, separated by commas: ${HINT_KINDS.join(', ')}.`,
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: {
          200: {
            description: 'The stream; it ends when its reader, its key or the node goes.',
            content: { 'text/event-stream': { schema: { type: 'string', examples: [EXAMPLE] } } },
          },
          ...response,
        },
      },
    },
    async (request, reply) => {
      const kinds = readKinds(request.query.kinds);
      const workspace = workspaceOf(request);
      const { by } = callerOf(request);
      const refusal = hub.refuses({ workspace, by });
      if (refusal !== null) throw tooMany(refusal);
      const isAllowed = recheckOf(request, deps);
      const lastId = request.headers['last-event-id'];
      reply.hijack();
      const { raw } = reply;
      const watcher: Watcher = {
        workspace,
        by,
        kinds,
        sink: sinkOf(raw),
        // Past what is remembered of callers: it is asked because one may be none any more.
        isAllowed,
      };
      raw.once('close', () => hub.leave(watcher));
      // A connection that breaks closes as well.
      raw.on('error', () => {});
      raw.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
      });
      hub.watch(watcher, typeof lastId === 'string' ? lastId : null);
    },
  );
}

function sinkOf(raw: ServerResponse): Sink {
  return {
    write: (text) => void raw.write(text),
    unread: () => raw.writableLength,
    end: () => void raw.end(),
    cut: () => void raw.destroy(),
  };
}

function readKinds(text: string | undefined): ReadonlySet<HintKind> | null {
  if (text === undefined) return null;
  const kinds = text.split(',').map((kind) => kind.trim());
  const unknown = kinds.filter((kind) => !(HINT_KINDS as readonly string[]).includes(kind));
  if (unknown.length > 0) {
    const message = `has "${unknown[0]}", which is none of ${HINT_KINDS.join(', ')}`;
    throw faulty('invalid_request', [{ field: '/kinds', message, in: 'query' }]);
  }
  return new Set(kinds as HintKind[]);
}

const TOO_MANY: Record<Exclude<Refusal, 'closed'>, string> = {
  key: `This API key has ${STREAM_LIMITS.key.value} streams here already.`,
  workspace: `This workspace has ${STREAM_LIMITS.workspace.value} streams here already.`,
  node: `This node has ${STREAM_LIMITS.node.value} streams already.`,
};

function tooMany(refusal: Refusal): Problem {
  const detail = refusal === 'closed' ? 'This node is stopping.' : TOO_MANY[refusal];
  return new Problem('rate_limited', detail, { headers: { 'retry-after': '5' } });
}
