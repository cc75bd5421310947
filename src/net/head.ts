/**
 * The head of an answer as receivers write it, read so that a readable status line counts as what it says.
 *
 * undici's parser is strict: a `100` that nobody asked for, a line that ends with LF alone, a folded header
 * or a space in a header's name end the exchange with an error, although the receiver has taken the event;
 * and none of its options says otherwise. So the bytes pass through an AnswerReader on their way from the
 * socket to the parser. It takes the interim answers (1xx) out, lets a clean head pass untouched, and writes
 * a sloppy one anew, of which the parser needs no more than where the body ends:
 *
 *   idle ──begin()──▶ head ──final head──▶ body ──begin()──▶ head …
 *                      │ ▲
 *                      └─┘ interim answers, incomplete heads
 */
import type { Socket } from 'node:net';
import { UnreadableAnswer } from './failure.ts';
import { MAX_HEADERS_READ_BYTES, MAX_INTERIM_BYTES } from './limits.ts';

export interface AnswerHead {
  status: number;
  /** Names and values in turn, as received, but unfolded and without the spaces around them. */
  headers: string[];
  /** What breaks the rules of RFC 9112, in words; empty for a clean head. */
  faults: readonly string[];
}

/** The form that the parser takes for certain. Its own rules for Content-Length and Transfer-Encoding are in `isClean`. */
const CLEAN_HEAD =
  /^HTTP\/1\.[01] [2-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/;
const FRAMING_HEADER = /\n(?:content-length|transfer-encoding):/gi;
/** Without a space behind the digits: undici would count it as one more. */
const CLEAN_LENGTH = /\ncontent-length:[ \t]*\d{1,15}\r/i;
const CLEAN_STATUS_LINE = /^HTTP\/1\.[01] \d{3}(?: [\t\x20-\x7e\x80-\xff]*)?$/;
/** The digits must have ended: a status that broke off amid them is none. */
const STATUS_LINE = /^HTTP\/\d+(?:\.\d+)?[ \t]+([1-9]\d\d)(?:[ \t]|$)/i;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/g;
const PROTOCOL = 'HTTP/';
const CR = 0x0d;
const LF = 0x0a;
const MAX_SEEN = 80;

/** Reads the answers of one connection. Throws UnreadableAnswer for what is none. */
export class AnswerReader {
  #state: 'idle' | 'head' | 'body' = 'idle';
  #held: Buffer = Buffer.alloc(0);
  /** Bytes of `#held` in which no head ends. */
  #scanned = 0;
  #interimBytes = 0;
  #lastInterim: string | null = null;
  #hasBegun = false;
  #sloppyHead: AnswerHead | null = null;

  /** A request is about to be written: what comes next is its answer. */
  begin(): void {
    this.#state = 'head';
    this.#held = Buffer.alloc(0);
    this.#scanned = 0;
    this.#interimBytes = 0;
    this.#lastInterim = null;
    this.#hasBegun = false;
    this.#sloppyHead = null;
  }

  /** Whether any byte of an answer has come. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** The head as received, where it had to be written anew; null where it was clean. */
  get sloppyHead(): AnswerHead | null {
    return this.#sloppyHead;
  }

  /** What the parser gets of these bytes; null while a head is incomplete. */
  take(chunk: Buffer): Buffer | null {
    this.#hasBegun = true;
    if (this.#state !== 'head') return chunk;
    if (this.#held.length === 0 && isClean(chunk)) {
      this.#state = 'body';
      return chunk;
    }
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    return this.#readHeads();
  }

  /** A head whose end never came; null where not even its status did. */
  get unfinishedHead(): AnswerHead | null {
    if (this.#state !== 'head') return null;
    const head = readHead(this.#held.toString('latin1'));
    return head === null || head.status < 200 ? null : head;
  }

  /** The beginning of what came instead of a final answer, quoted; null when nothing did. */
  get seen(): string | null {
    return this.#held.length > 0 ? quote(this.#held) : this.#lastInterim;
  }

  #readHeads(): Buffer | null {
    for (;;) {
      this.#skipEmptyLines();
      this.#refuseOtherProtocols();
      const end = headEnd(this.#held, this.#scanned);
      this.#refuseExcess(end === -1 ? this.#held.length : end);
      if (end === -1) {
        // The last two bytes may be the beginning of an end.
        this.#scanned = Math.max(0, this.#held.length - 2);
        return null;
      }
      const head = readHead(this.#held.toString('latin1', 0, end));
      if (head === null) throw new UnreadableAnswer('not_http', quote(this.#held));
      if (head.status === 101) throw new UnreadableAnswer('switching', quote(this.#held));
      if (head.status >= 200) return this.#pass(head, end);
      this.#lastInterim = quote(this.#held);
      this.#interimBytes += end;
      this.#drop(end);
      if (this.#held.length === 0) return null;
    }
  }

  #pass(head: AnswerHead, end: number): Buffer {
    const bytes = this.#held;
    this.#state = 'body';
    this.#held = Buffer.alloc(0);
    if (isClean(bytes)) return bytes;
    this.#sloppyHead = head;
    return Buffer.concat([Buffer.from(cleanHead(head), 'latin1'), bytes.subarray(end)]);
  }

  #drop(bytes: number): void {
    this.#held = this.#held.subarray(bytes);
    this.#scanned = 0;
  }

  /** RFC 9112, 2.2, asks this of servers; some receivers need it of clients. */
  #skipEmptyLines(): void {
    let at = 0;
    while (this.#held[at] === CR || this.#held[at] === LF) at += 1;
    if (at === 0) return;
    this.#interimBytes += at;
    this.#drop(at);
  }

  /** At once and not at the end of a head: who speaks another protocol may wait for us for ever. */
  #refuseOtherProtocols(): void {
    const beginning = this.#held.toString('latin1', 0, PROTOCOL.length).toUpperCase();
    if (!PROTOCOL.startsWith(beginning)) throw new UnreadableAnswer('not_http', quote(this.#held));
    const lineEnd = this.#scanned === 0 ? this.#held.indexOf(LF) : -1;
    if (lineEnd === -1) return;
    const line = this.#held.toString('latin1', 0, lineEnd).replace(/\r+$/, '');
    if (!STATUS_LINE.test(line)) throw new UnreadableAnswer('not_http', quote(this.#held));
  }

  #refuseExcess(headBytes: number): void {
    if (headBytes > MAX_HEADERS_READ_BYTES) throw new UnreadableAnswer('head_too_large', quote(this.#held));
    if (this.#interimBytes > MAX_INTERIM_BYTES) {
      throw new UnreadableAnswer('too_many_interim', this.#lastInterim ?? quote(this.#held));
    }
  }
}

/**
 * Lets what is read from the socket pass through the reader, by replacing the one method with which undici
 * takes bytes from it. What cannot be read destroys the socket, with the error that the exchange then ends with.
 */
export function readThrough(socket: Socket, reader: AnswerReader): void {
  const read = socket.read.bind(socket);
  socket.read = (size?: number): Buffer | null => {
    for (let chunk: Buffer | null = read(size); chunk !== null; chunk = read(size)) {
      try {
        const ready = reader.take(chunk);
        if (ready !== null) return ready;
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
        return null;
      }
    }
    return null;
  };
}

/** Pure. What a head says, or as much of it as is there; null where its first line is no status line. */
export function readHead(text: string): AnswerHead | null {
  const faults = new Set<string>();
  const [first = '', ...rest] = text.split('\n');
  const statusLine = first.replace(/\r+$/, '');
  const status = STATUS_LINE.exec(statusLine)?.[1];
  if (status === undefined) return null;
  if (!CLEAN_STATUS_LINE.test(statusLine)) faults.add('an irregular status line');
  if (!first.endsWith('\r')) faults.add('lines that end with LF alone');
  const headers: string[] = [];
  for (const raw of rest) {
    const line = raw.replace(/\r+$/, '');
    if (line === '') break;
    if (!raw.endsWith('\r')) faults.add('lines that end with LF alone');
    readHeader(line, headers, faults);
  }
  for (const fault of framingFaults(headers)) faults.add(fault);
  return { status: Number(status), headers, faults: [...faults] };
}

/** Adds the header of one line to `headers`, and what is wrong with the line to `faults`. */
function readHeader(line: string, headers: string[], faults: Set<string>): void {
  const text = line.replace(CONTROLS, ' ');
  if (text !== line) faults.add('control characters in a header');
  if (/^[ \t]/.test(text) && headers.length > 0) {
    faults.add('a folded header');
    headers.push(`${headers.pop()} ${text.trim()}`.trim());
    return;
  }
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(0, colon));
  if (name.trim() === '') {
    faults.add('a line that is no header');
    return;
  }
  if (!TOKEN.test(name))
    faults.add(/\s/.test(name) ? 'a space in a header name' : 'an unreadable header name');
  headers.push(name.trim(), text.slice(colon + 1).trim());
}

function framingFaults(headers: readonly string[]): string[] {
  const faults: string[] = [];
  const lengths = valuesOf(headers, 'content-length');
  if (lengths.length > 1) faults.push('Content-Length twice');
  if (lengths.some((length) => !/^\d{1,15}$/.test(length))) faults.push('an unreadable Content-Length');
  const encodings = valuesOf(headers, 'transfer-encoding');
  if (encodings.length > 1) faults.push('Transfer-Encoding twice');
  if (lengths.length > 0 && encodings.length > 0) faults.push('both Content-Length and Transfer-Encoding');
  return faults;
}

/** Pure. The same status and the same end of the body, in the parser's terms, on a connection that ends after it. */
function cleanHead({ status, headers }: AnswerHead): string {
  return `HTTP/1.1 ${status} \r\n${framing(headers)}connection: close\r\n\r\n`;
}

/** RFC 9112, 6.3: Transfer-Encoding wins over Content-Length. Of several lengths the smallest, so that nobody waits for what may not come. */
function framing(headers: readonly string[]): string {
  const encodings = valuesOf(headers, 'transfer-encoding');
  if (encodings.length > 0) {
    return /(?:^|,)\s*chunked\s*$/i.test(encodings.join(',')) ? 'transfer-encoding: chunked\r\n' : '';
  }
  const lengths = valuesOf(headers, 'content-length').flatMap((value) => value.split(','));
  const readable = lengths.map((length) => length.trim()).filter((length) => /^\d{1,15}$/.test(length));
  return readable.length === 0 ? '' : `content-length: ${Math.min(...readable.map(Number))}\r\n`;
}

function valuesOf(headers: readonly string[], name: string): string[] {
  return headers.filter((_value, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name);
}

/** Whether these bytes begin with a whole head that the parser takes as it is. */
function isClean(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const head = bytes.toString('latin1', 0, end + 4);
  if (!CLEAN_HEAD.test(head)) return false;
  const framings = head.match(FRAMING_HEADER);
  if (framings === null) return true;
  return framings.length === 1 && (/transfer/i.test(framings[0]) || CLEAN_LENGTH.test(head));
}

/** Where the head ends, behind its empty line; -1 while there is none. */
function headEnd(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(LF, from); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return -1;
}

/** The beginning, as a text in quotes in which everything unusual is escaped. */
function quote(bytes: Buffer): string {
  const line = bytes.toString('latin1', 0, MAX_SEEN).replace(/[\r\n]+$/, '');
  const text = JSON.stringify(line.split(/\r?\n/, 1)[0] ?? '');
  return text.replace(/[\x7f-\xff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
