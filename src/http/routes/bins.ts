/** `/v1/bins`: built-in test destinations (B4). What they capture comes in through capture.ts. */

import { Readable } from 'node:stream';
import { Type } from 'typebox';
import { SECOND } from '../../core/duration.ts';
import { parseId } from '../../core/ids.ts';
import type { Bin, BinAnswer, BinRequestPage, ListedBinRequest } from '../../store/records/bins.ts';
import { randomText } from '../apiKey.ts';
import { callerOf, workspaceOf } from '../auth.ts';
import type { BinNotices } from '../binNotices.ts';
import { giveReply } from '../binRelay.ts';
import { KIB } from '../bodies.ts';
import type { App, HttpDeps } from '../deps.ts';
import { answerHeaderFaults } from '../headerRules.ts';
import { describe, idParams, ref } from '../operation.ts';
import type { Page, PageTurns } from '../pageTurns.ts';
import { cursorOf, pageFrom, pageQuery, readPage } from '../paging.ts';
import { faulty, notFound, Problem } from '../problem.ts';
import type { RateLimiter } from '../rateLimits.ts';
import {
  BIN_LIFETIME_MS,
  BIN_LIMITS,
  BIN_PAGE_BYTES,
  type BinInput,
  type BinReplyInput,
  binRequestView,
  binView,
  DEFAULT_ANSWER,
} from '../views/bin.ts';

/** 131 bits: who knows the address may send to it and look into it. */
const TOKEN_CHARS = 22;
const MAX_WAIT_S = 30;
/** In bytes: put into JSON within a millisecond. */
const SMALL_BODY = 16 * KIB;

interface Around {
  notices: BinNotices;
  limiter: RateLimiter;
  turns: PageTurns;
}

export function binRoutes(app: App, deps: HttpDeps, around: Around): void {
  createRoute(app, deps);
  readRoutes(app, deps);
  requestsRoute(app, deps, around);
  answerRoute(app, deps, around);
  changeRoutes(app, deps, around);
}

function createRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/bins',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'createBin',
          summary: 'Create a test destination',
          tag: 'Bins',
          access: 'manage',
          answers: { 201: { schema: ref('Bin'), description: 'The bin.' } },
          problems: ['limit_reached'],
          hasBody: true,
        }),
        body: ref<BinInput>('BinInput'),
      },
    },
    async (request, reply) => {
      const now = deps.clock.now();
      const bin = {
        key: deps.engine.nextKey(),
        workspace: workspaceOf(request),
        token: randomText(TOKEN_CHARS, (length) => deps.random.bytes(length)),
        answer: mergeAnswer(DEFAULT_ANSWER, request.body.answer ?? {}),
        createdAt: now,
        expiresAt: now + BIN_LIFETIME_MS,
      };
      if (!(await deps.store.createBin(bin, BIN_LIMITS.bins))) {
        throw new Problem(
          'limit_reached',
          `The workspace has ${BIN_LIMITS.bins} bins already. Delete one, or wait until one expires.`,
        );
      }
      return reply.code(201).send(binView({ ...bin, requests: 0 }, deps.meta.publicUrl()));
    },
  );
}

function readRoutes(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/bins',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'listBins',
          summary: 'List bins',
          tag: 'Bins',
          access: 'read',
          answers: { 200: { schema: ref('BinPage'), description: 'Bins, newest first.' } },
        }),
        querystring: Type.Object(pageQuery, { additionalProperties: false }),
      },
    },
    async (request) => {
      const { limit, before } = readPage(request.query);
      const now = deps.clock.now();
      const bins = (await deps.store.listBins(workspaceOf(request)))
        .filter(({ key, expiresAt }) => expiresAt > now && (before === null || key < before))
        .sort((one, other) => other.key - one.key);
      const { rows, next } = pageFrom(bins, limit);
      return { data: rows.map((bin) => binView(bin, deps.meta.publicUrl())), next_cursor: next };
    },
  );

  app.get(
    '/v1/bins/:id',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'getBin',
          summary: 'Get a bin',
          tag: 'Bins',
          access: 'read',
          answers: { 200: { schema: ref('Bin'), description: 'The bin.' } },
        }),
        params: idParams('bin'),
      },
    },
    async (request) =>
      binView(await binOfId(deps, workspaceOf(request), request.params.id), deps.meta.publicUrl()),
  );
}

function requestsRoute(app: App, deps: HttpDeps, { notices, limiter, turns }: Around): void {
  app.get(
    '/v1/bins/:id/requests',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'listBinRequests',
          summary: 'List what a bin captured, or wait for the next request',
          tag: 'Bins',
          access: 'read',
          description:
            'Newest first. With `after`, what came after that request, oldest first. With `wait`, an empty answer is put off ' +
            'until a request comes, or the time is over. With `bodies`, a page ends before 4 MiB of them.',
          answers: { 200: { schema: ref('BinRequestPage'), description: 'Captured requests.' } },
        }),
        params: idParams('bin'),
        querystring: Type.Object(
          {
            ...pageQuery,
            wait: Type.Optional(Type.Number({ minimum: 0, maximum: MAX_WAIT_S, description: 'Seconds.' })),
            after: Type.Optional(Type.String({ maxLength: 64, description: 'The id of a request (req_…).' })),
            bodies: Type.Optional(Type.Boolean({ default: false, description: 'With the bodies.' })),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const bin = await binOfId(deps, workspaceOf(request), request.params.id);
      const { wait = 0, after, bodies: body = false } = request.query;
      const { limit, before } = readPage(request.query);
      const from: BinRequestPage = {
        ...(after === undefined ? { before } : { after: readAfter(after) }),
        limit,
        bodyBytes: body ? BIN_LIMITS.request_bytes : 0,
        maxBytes: BIN_PAGE_BYTES,
      };
      const gone = (): boolean => reply.raw.destroyed;
      const look = { ...from, limit: 1, bodyBytes: 0 };
      const waits = () => waitForRequests(deps, notices, { bin, from: look, waitMs: wait * SECOND, gone });
      if (wait > 0) await limiter.whileWaiting(callerOf(request).by, waits);
      const read = async () => {
        const found = await deps.store.listBinRequests(bin.workspace, bin.key, from);
        return { found, next: after === undefined ? await nextPage(deps, bin, found) : null };
      };
      if (!body) {
        const { found, next } = await read();
        return { data: found.map((row) => binRequestView(row, { body })), next_cursor: next };
      }
      // What is read of the store, and the piece that is being made.
      const page = await turns.open(bin.workspace, 2 * BIN_PAGE_BYTES, reply.raw);
      const text = pageText(page, await page.make(read));
      return reply.type('application/json; charset=utf-8').send(Readable.from(text, { objectMode: false }));
    },
  );
}

/** Piece by piece, each request with its body. */
async function* pageText(
  page: Page,
  { found, next }: { found: readonly ListedBinRequest[]; next: string | null },
): AsyncGenerator<string> {
  yield '{"data":[';
  for (const [index, row] of found.entries()) {
    const make = async () => JSON.stringify(binRequestView(row, { body: true }));
    // What is small takes no turn.
    const text = await (row.body.length > SMALL_BODY ? page.make(make) : make());
    yield index === 0 ? text : `,${text}`;
  }
  yield `],"next_cursor":${JSON.stringify(next)}}`;
}

/** A page may end for its bytes: whether there is another is looked up. */
async function nextPage(
  deps: HttpDeps,
  bin: Bin,
  found: readonly ListedBinRequest[],
): Promise<string | null> {
  const last = found.at(-1);
  if (last === undefined) return null;
  const one = { before: last.key, limit: 1, bodyBytes: 0, maxBytes: 0 };
  const older = await deps.store.listBinRequests(bin.workspace, bin.key, one);
  return older.length === 0 ? null : cursorOf(last.key);
}

async function waitForRequests(
  deps: HttpDeps,
  notices: BinNotices,
  call: { bin: Bin; from: BinRequestPage; waitMs: number; gone(): boolean },
): Promise<void> {
  const end = deps.clock.monotonic() + call.waitMs;
  for (;;) {
    const left = end - deps.clock.monotonic();
    // Asked for before looking, so that what comes in between is not missed.
    const notice = notices.next(call.bin.key, left);
    const found = await deps.store.listBinRequests(call.bin.workspace, call.bin.key, call.from);
    if (found.length > 0 || left <= 0 || notices.closed || call.gone()) return;
    await notice;
    if ((await deps.store.findBin(call.bin)) === null) return;
  }
}

function changeRoutes(app: App, deps: HttpDeps, { notices }: Around): void {
  app.patch(
    '/v1/bins/:id',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'updateBin',
          summary: 'Script how a bin answers',
          tag: 'Bins',
          access: 'manage',
          answers: { 200: { schema: ref('Bin'), description: 'The bin as it is now.' } },
          hasBody: true,
        }),
        params: idParams('bin'),
        body: ref<BinInput>('BinInput'),
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const bin = await binOfId(deps, workspace, request.params.id);
      const patch = request.body.answer ?? {};
      checkAnswer(patch);
      await deps.store.updateBinAnswer(workspace, bin.key, patch);
      return binView(await binOfId(deps, workspace, request.params.id), deps.meta.publicUrl());
    },
  );

  app.delete(
    '/v1/bins/:id',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'deleteBin',
          summary: 'Delete a bin and what it captured',
          tag: 'Bins',
          access: 'manage',
          answers: { 204: { schema: null, description: 'It is gone.' } },
        }),
        params: idParams('bin'),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const bin = await binOfId(deps, workspace, request.params.id);
      await deps.store.deleteBin(workspace, bin.key);
      // Whoever waits for its requests has nothing to wait for.
      notices.captured(bin.key);
      return reply.code(204).send();
    },
  );
}

function answerRoute(app: App, deps: HttpDeps, { notices }: Around): void {
  app.post(
    '/v1/bins/:id/requests/:request_id/answer',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'answerBinRequest',
          summary: 'Answer a request that waits for it',
          tag: 'Bins',
          access: 'manage',
          description:
            'For bins with `relay_ms`: the sender gets this answer. Who relays requests waits for them with `listBinRequests`, and answers each.',
          answers: { 204: { schema: null, description: 'It is on its way to the sender.' } },
          problems: ['answer_not_awaited'],
          hasBody: true,
        }),
        params: Type.Object({
          id: Type.String({ minLength: 1, maxLength: 200, description: "The bin's id." }),
          request_id: Type.String({
            minLength: 1,
            maxLength: 200,
            description: "The captured request's id.",
          }),
        }),
        body: ref<BinReplyInput>('BinReply'),
      },
    },
    async (request, reply) => {
      const { id, request_id } = request.params;
      const bin = await binOfId(deps, workspaceOf(request), id);
      const key = parseId('req', request_id);
      if (key === null) throw notFound('request', request_id);
      const { status, headers = {}, body = '' } = request.body;
      checkAnswer({ headers }, '');
      if (!(await giveReply(deps, notices, { bin, request: key, reply: { status, headers, body } }))) {
        throw new Problem('answer_not_awaited', 'Its sender has got another answer, or has gone.');
      }
      return reply.code(204).send();
    },
  );
}

async function binOfId(deps: HttpDeps, workspace: number, id: string): Promise<Bin> {
  const key = parseId('bin', id);
  const bin = key === null ? null : await deps.store.findBin({ workspace, key });
  if (!bin || bin.expiresAt <= deps.clock.now()) throw notFound('bin', id);
  return bin;
}

/** Throws a Problem where the headers may not be set. */
function checkAnswer(patch: NonNullable<BinInput['answer']>, place = '/answer'): void {
  const faults = answerHeaderFaults(patch.headers ?? {}, place);
  if (faults.length > 0) throw faulty('invalid_request', faults);
}

function mergeAnswer(answer: BinAnswer, patch: NonNullable<BinInput['answer']>): BinAnswer {
  checkAnswer(patch);
  return {
    status: patch.status ?? answer.status,
    headers: patch.headers ?? answer.headers,
    body: patch.body ?? answer.body,
    delay_ms: patch.delay_ms ?? answer.delay_ms,
    failure_rate: patch.failure_rate ?? answer.failure_rate,
    relay_ms: patch.relay_ms ?? answer.relay_ms ?? 0,
  };
}

function readAfter(id: string): number {
  const key = parseId('req', id);
  if (key === null) {
    throw faulty('invalid_request', [
      { field: '/after', message: 'is not the id of a request (req_…)', in: 'query' },
    ]);
  }
  return key;
}
