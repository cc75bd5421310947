/**
 * Reading of JSON bodies. One parser for all routes: UTF-8 is checked (a decoder would silently put
 * U+FFFD for what is broken), nesting is limited before anything recursive sees the text, and the raw
 * text is kept beside the value, for routes that pass slices of it on unharmed.
 *
 * `__proto__` is an ordinary member: JSON.parse makes it an own property, and nothing here merges.
 */

import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { MAX_JSON_DEPTH, parseJson } from '../core/json/parse.ts';
import { LIGHT_LIMITS } from '../core/limits.ts';
import type { PostedText } from '../engine/engine.ts';
import { Problem } from './problem.ts';

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** Of one event's request, and of each event's data in a batch. */
export const MAX_EVENT_BYTES = MIB;
export const MAX_BATCH_BYTES = 16 * MIB;
export const MAX_BATCH_EVENTS = 1000;
/** Administration needs far less than an event. */
export const MAX_ADMIN_BYTES = 256 * KIB;

/**
 * Levels that an envelope adds around an event's data, so that data itself may nest MAX_JSON_DEPTH:
 * `{data}` and `{events: [{data}]}`.
 */
export const EVENT_DEPTH = MAX_JSON_DEPTH + 1;
export const BATCH_DEPTH = MAX_JSON_DEPTH + 3;

declare module 'fastify' {
  interface FastifyRequest {
    /** The body's text as posted; empty where there was none. */
    rawText: string;
  }
  interface FastifyContextConfig {
    /** Levels of nesting that the route's body may have; MAX_JSON_DEPTH where it says nothing. */
    maxJsonDepth?: number;
    /** The route reads the body itself, when there is room for it (readPostedBody). */
    readsBody?: boolean;
  }
}

/**
 * Throws a Problem for a body that is not plain JSON in UTF-8: unpacked or read in another charset, it would be
 * another one than was signed or logged.
 */
export function requirePlainBody(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase();
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    throw new Problem('unsupported_media_type', `The body is packed (${encoding}). Send it as it is.`);
  }
  const type = request.headers['content-type'] ?? '';
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(type)?.[1]?.toLowerCase();
  if (charset !== undefined && !['utf-8', 'utf8', 'us-ascii'].includes(charset)) {
    throw new Problem('unsupported_media_type', `The body is in ${charset}. Send JSON in UTF-8.`);
  }
}

/**
 * The parsed body; undefined for an empty one (a route that needs a body says so by its schema), and where the route
 * reads it itself. Throws a Problem.
 */
export async function readJsonBody(request: FastifyRequest, stream: Readable): Promise<unknown> {
  const { readsBody = false, maxJsonDepth = MAX_JSON_DEPTH } = request.routeOptions.config;
  if (readsBody) return undefined;
  const bytes = await readBytes(request, stream);
  if (bytes.length === 0) return undefined;
  requirePlainBody(request);
  const text = textOf(bytes);
  request.rawText = text;
  return parseBody(text, maxJsonDepth);
}

/** How many bytes of a body are to be held: those announced, or as many as may be; none where it is refused unread. */
export function expectedBytes({ headers }: FastifyRequest['raw'], most: number): number {
  const announced = announcedBytes(headers);
  if (announced !== null) return announced > most ? 0 : announced;
  return headers['transfer-encoding'] === undefined ? 0 : most;
}

function announcedBytes(headers: IncomingHttpHeaders): number | null {
  const length = headers['content-length'];
  return length === undefined ? null : Number(length);
}

/** Events as they were posted: a large body as its bytes, which are looked at in a thread of their own. Throws a Problem. */
export async function readPostedBody(request: FastifyRequest, form: PostedText['form']): Promise<PostedText> {
  const bytes = await readBytes(request, request.raw);
  if (bytes.length === 0) throw new Problem('invalid_json', 'The body is empty; send an event as JSON.');
  requirePlainBody(request);
  return { form, text: bytes.length > LIGHT_LIMITS.text.value ? bytes : textOf(bytes) };
}

/**
 * The body's bytes; many of them in a buffer of their own, so that they stand in memory once, not in parts and as a
 * whole. Throws a Problem where they are too many or end early.
 */
function readBytes(request: FastifyRequest, stream: Readable): Promise<Buffer<ArrayBuffer>> {
  const { bodyLimit } = request.routeOptions;
  const announced = announcedBytes(request.headers);
  if (announced !== null && announced > bodyLimit) return Promise.reject(tooLarge(bodyLimit));
  const whole = announced === null ? null : Buffer.allocUnsafeSlow(announced);
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      if (size + chunk.length > bodyLimit) end(() => reject(tooLarge(bodyLimit)));
      else if (whole === null) chunks.push(chunk);
      else whole.set(chunk, size);
      size += chunk.length;
    };
    const complete = (): void => end(() => resolve(whole ?? Buffer.concat(chunks)));
    const breakOff = (cause?: Error): void => end(() => reject(endedEarly(cause)));
    const end = (settle: () => void): void => {
      stream.off('data', take).off('end', complete).off('error', breakOff).off('close', breakOff);
      settle();
    };
    stream.on('data', take).on('end', complete).on('error', breakOff).on('close', breakOff);
  });
}

/** What is still to come is not read. */
const UNREAD = { connection: 'close' };

function tooLarge(most: number): Problem {
  const detail = `The body takes more than ${most} bytes. Send less in one request.`;
  return new Problem('body_too_large', detail, { headers: UNREAD });
}

function endedEarly(cause?: Error): Problem {
  return new Problem('invalid_request', 'The body ended too early.', { headers: UNREAD, cause });
}

/** Throws a Problem for bytes that are no UTF-8. A leading U+FEFF is ignored, as RFC 8259, 8.1 allows. */
export function textOf(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) {
    throw new Problem('invalid_utf8', 'The body holds bytes that are not UTF-8. Encode it as UTF-8.');
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** Throws a Problem for what is no JSON, or too deep. */
export function parseBody(text: string, maxDepth: number): unknown {
  const parsed = parseJson(text, { maxDepth });
  if (!parsed.ok) throw new Problem(parsed.code, `The body is ${withoutEnd(parsed.message)}.`);
  return parsed.value;
}

function withoutEnd(message: string): string {
  return message.endsWith('.') ? message.slice(0, -1) : message;
}
