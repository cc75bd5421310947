/**
 * Reading of JSON bodies. One parser for all routes: UTF-8 is checked (a decoder would silently put
 * U+FFFD for what is broken), nesting is limited before anything recursive sees the text, and the raw
 * text is kept beside the value, for routes that pass slices of it on unharmed.
 *
 * `__proto__` is an ordinary member: JSON.parse makes it an own property, and nothing here merges.
 */

import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';
import { MAX_JSON_DEPTH, parseJson } from '../core/json/parse.ts';
import { isLarge, type PostedText } from '../engine/engine.ts';
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
    /** The form of the events that the route reads itself: of a large text of them nothing is parsed before. */
    events?: PostedText['form'];
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

/** The parsed body; undefined for an empty one (a route that needs a body says so by its schema). Throws a Problem. */
export function readJsonBody(request: FastifyRequest, bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  requirePlainBody(request);
  if (!isUtf8(bytes)) {
    throw new Problem('invalid_utf8', 'The body holds bytes that are not UTF-8. Encode it as UTF-8.');
  }
  const text = stripByteOrderMark(bytes.toString('utf8'));
  const { events, maxJsonDepth = MAX_JSON_DEPTH } = request.routeOptions.config;
  request.rawText = text;
  if (events !== undefined && isLarge({ text })) return undefined;
  return parseBody(text, maxJsonDepth);
}

/** Throws a Problem for what is no JSON, or too deep. */
export function parseBody(text: string, maxDepth: number): unknown {
  const parsed = parseJson(text, { maxDepth });
  if (!parsed.ok) throw new Problem(parsed.code, `The body is ${withoutEnd(parsed.message)}.`);
  return parsed.value;
}

/** RFC 8259, 8.1: a parser may ignore a leading U+FEFF rather than treat it as an error. */
function stripByteOrderMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function withoutEnd(message: string): string {
  return message.endsWith('.') ? message.slice(0, -1) : message;
}
