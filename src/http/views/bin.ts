/** Bins, their answers and what they captured, as the API shows and takes them. Pure. */

import { type Static, Type } from 'typebox';
import { DAY } from '../../core/duration.ts';
import { formatId } from '../../core/ids.ts';
import type { Bin, BinAnswer, BinReply, ListedBinRequest } from '../../store/records/bins.ts';
import { KIB, MIB } from '../bodies.ts';
import { nullable, oneOf, pageOf, ref, time } from '../operation.ts';
import { formatTime } from '../paging.ts';
import { bytesMembers, bytesView, HeaderPairs, headerPairs } from './bytes.ts';

/** Said out loud in the API and on the page: a bin is for testing, not for keeping. */
export const BIN_LIMITS = { bins: 50, requests: 500, request_bytes: MIB, bytes: 16 * MIB, days: 7 } as const;
/** Of the bodies on one page, where they are asked for. */
export const BIN_PAGE_BYTES = 4 * MIB;
export const BIN_LIFETIME_MS = BIN_LIMITS.days * DAY;
export const MAX_DELAY_MS = 30_000;

export const DEFAULT_ANSWER = {
  status: 200,
  headers: {},
  body: '',
  delay_ms: 0,
  failure_rate: 0,
  relay_ms: 0,
} satisfies BinAnswer;

const answerMembers = {
  status: Type.Integer({ minimum: 200, maximum: 599 }),
  headers: Type.Record(Type.String(), Type.String()),
  body: Type.String({ maxLength: 64 * KIB }),
  delay_ms: Type.Integer({ minimum: 0, maximum: MAX_DELAY_MS }),
  failure_rate: Type.Number({
    minimum: 0,
    maximum: 1,
    description: 'The share of requests that are answered 500 instead.',
  }),
  relay_ms: Type.Integer({
    minimum: 0,
    maximum: MAX_DELAY_MS,
    description:
      'How long a request waits to be answered by a call of `answerBinRequest`; without one, the bin answers as it is told here.',
  }),
};

const BinAnswerSchema = Type.Object(answerMembers, { $id: 'BinAnswer', description: 'How the bin answers.' });

const BinInputSchema = Type.Object(
  {
    answer: Type.Optional(
      Type.Object(
        {
          status: Type.Optional(answerMembers.status),
          headers: Type.Optional(answerMembers.headers),
          body: Type.Optional(answerMembers.body),
          delay_ms: Type.Optional(answerMembers.delay_ms),
          failure_rate: Type.Optional(answerMembers.failure_rate),
          relay_ms: Type.Optional(answerMembers.relay_ms),
        },
        { additionalProperties: false, description: 'What is absent stays as it is.' },
      ),
    ),
  },
  { $id: 'BinInput', additionalProperties: false },
);
export type BinInput = Static<typeof BinInputSchema>;

const BinReplySchema = Type.Object(
  {
    status: answerMembers.status,
    headers: Type.Optional(answerMembers.headers),
    body: Type.Optional(answerMembers.body),
  },
  {
    $id: 'BinReply',
    additionalProperties: false,
    description: 'The answer to one request that waits for it.',
  },
);
export type BinReplyInput = Omit<BinReply, 'headers' | 'body'> & Partial<BinReply>;

const BinSchema = Type.Object(
  {
    id: Type.String(),
    url: Type.String({ description: 'Captures everything that is sent to it or below it.' }),
    inspect_url: Type.String({ description: 'Shows what came, in a browser.' }),
    answer: ref<BinAnswer>('BinAnswer'),
    request_count: Type.Integer(),
    created_at: time('When it was made.'),
    expires_at: time('When it and all it holds are deleted.'),
    limits: Type.Object(
      {
        bins: Type.Integer({ description: 'Bins of a workspace at one time.' }),
        requests: Type.Integer({ description: 'Requests that it keeps, the newest.' }),
        request_bytes: Type.Integer({ description: 'What it keeps of the body of one.' }),
        bytes: Type.Integer({ description: 'What it keeps of all bodies; the oldest requests go first.' }),
        days: Type.Integer({ description: 'How long it lives.' }),
      },
      { description: 'What bins hold.' },
    ),
  },
  {
    $id: 'Bin',
    description:
      'A test destination. It keeps the newest 500 requests, 1 MiB of each and 16 MiB of all, for 7 days.',
  },
);
export type BinView = Static<typeof BinSchema>;

const SignatureVerdictSchema = Type.Object(
  {
    verdict: oneOf(['valid', 'invalid', 'unsigned', 'unknown_endpoint'] as const),
    reason: nullable(Type.String()),
  },
  { $id: 'SignatureVerdict', description: 'Whether an endpoint that points to this bin signed the request.' },
);
export type SignatureVerdictView = Static<typeof SignatureVerdictSchema>;

const BinRequestSchema = Type.Object(
  {
    id: Type.String(),
    at: time('When it came.'),
    method: Type.String(),
    path: Type.String({ description: "What follows the bin's own address: path and query." }),
    headers: HeaderPairs,
    body: nullable(bytesMembers.body, {
      description: 'As text, or base64 where `encoding` says so; null where it was not asked for.',
    }),
    encoding: nullable(bytesMembers.encoding),
    body_bytes: Type.Integer({ description: 'What is kept of the body.' }),
    truncated: Type.Boolean({ description: 'True where more came than is kept.' }),
    signature: ref<SignatureVerdictView>('SignatureVerdict'),
  },
  { $id: 'BinRequest', description: 'A captured request.' },
);
export type BinRequestView = Static<typeof BinRequestSchema>;

export const binComponents = [
  BinAnswerSchema,
  BinInputSchema,
  BinReplySchema,
  BinSchema,
  pageOf(ref('Bin'), 'BinPage'),
  SignatureVerdictSchema,
  BinRequestSchema,
  pageOf(ref('BinRequest'), 'BinRequestPage'),
];

export function binUrl(publicUrl: string, token: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/b/${token}`;
}

export function binView(bin: Bin, publicUrl: string): BinView {
  const url = binUrl(publicUrl, bin.token);
  return {
    id: formatId('bin', bin.key),
    url,
    inspect_url: `${url}?inspect`,
    answer: shownAnswer(bin.answer),
    request_count: bin.requests,
    created_at: formatTime(bin.createdAt),
    expires_at: formatTime(bin.expiresAt),
    limits: { ...BIN_LIMITS },
  };
}

/** Without replies that are on their way, and with what answers of before did not have. */
function shownAnswer(answer: BinAnswer): BinAnswer {
  const { status, headers, body, delay_ms, failure_rate, relay_ms = 0 } = answer;
  return { status, headers, body, delay_ms, failure_rate, relay_ms };
}

export function binRequestView(row: ListedBinRequest, { body }: { body: boolean }): BinRequestView {
  return {
    id: formatId('req', row.key),
    at: formatTime(row.at),
    method: row.method,
    path: row.path,
    headers: headerPairs(row.headers),
    ...(body ? bytesView(row.body) : { body: null, encoding: null }),
    body_bytes: row.bodyBytes,
    truncated: row.truncated,
    signature: JSON.parse(row.signature),
  };
}
