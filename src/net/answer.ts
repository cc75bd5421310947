/**
 * What is kept of an answer: status, headers and the beginning of the body, as received. Nothing is
 * inflated: a compressed body is stored compressed.
 */
import type { SendResponse } from '../world.ts';
import { MAX_BODY_READ_BYTES, MAX_BODY_STORED_BYTES, MAX_HEADERS_STORED_BYTES } from './limits.ts';

const EMPTY = new Uint8Array(0);

export class Answer {
  #status: number;
  #headers: Array<[name: string, value: string]> = [];
  #chunks: Uint8Array[] = [];
  #storedBytes = 0;
  #readBytes = 0;
  #isTruncated = false;

  /** `rawHeaders`: names and values in turn, as the parser delivers them. */
  constructor(status: number, rawHeaders: readonly unknown[]) {
    this.#status = status;
    let size = 0;
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = headerText(rawHeaders[i]).toLowerCase();
      const value = headerText(rawHeaders[i + 1]);
      size += name.length + value.length;
      if (size > MAX_HEADERS_STORED_BYTES) {
        this.#isTruncated = true;
        break;
      }
      this.#headers.push([name, value]);
    }
  }

  /** Keeps what fits. False when enough has been read and the rest is not wanted. */
  take(chunk: Uint8Array): boolean {
    this.#readBytes += chunk.length;
    const room = MAX_BODY_STORED_BYTES - this.#storedBytes;
    if (chunk.length > room) this.#isTruncated = true;
    if (room > 0) {
      // Copied, because the chunk is a window on the socket's buffer and would keep all of it alive; into
      // an array of its own size (Buffer.from takes a part of a pool), because it may go to another
      // thread, and then all that lies behind a window is copied: 64 KB for an answer of two bytes.
      const kept = new Uint8Array(chunk.subarray(0, room));
      this.#chunks.push(kept);
      this.#storedBytes += kept.length;
    }
    return this.#readBytes < MAX_BODY_READ_BYTES;
  }

  /** The receiver had more to send, and it was not read. */
  cutOff(): void {
    this.#isTruncated = true;
  }

  toResponse(): SendResponse {
    const [first] = this.#chunks;
    return {
      status: this.#status,
      headers: this.#headers,
      body: first === undefined ? EMPTY : this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks),
      truncated: this.#isTruncated,
    };
  }
}

/** Latin-1 keeps every byte that a receiver may send in a header. */
function headerText(raw: unknown): string {
  return Buffer.isBuffer(raw) ? raw.toString('latin1') : String(raw);
}
