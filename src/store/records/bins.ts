/** Bins and what they captured. */

export interface BinAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
  delay_ms: number;
  /** 0…1: the share of requests answered 500 instead. */
  failure_rate: number;
  /** How long a request waits to be answered by somebody; absent in those of before, for 0. */
  relay_ms?: number;
  /** What was answered to the request of this key, until that has taken it. */
  [reply: `reply_${number}`]: BinReply | undefined;
}

export interface BinReply {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface Bin {
  key: number;
  workspace: number;
  token: string;
  answer: BinAnswer;
  createdAt: number;
  expiresAt: number;
  requests: number;
}

export interface BinRequest {
  key: number;
  workspace: number;
  bin: number;
  at: number;
  method: string;
  /** Path and query after the bin's own URL, starting with `/` or `?` or empty. */
  path: string;
  headers: string;
  body: Uint8Array;
  truncated: boolean;
  /** JSON text of the signature verdict. */
  signature: string;
}

/** As it is listed: `body` may be only the beginning of what is kept. */
export interface ListedBinRequest extends BinRequest {
  /** What is kept of the body, in bytes. */
  bodyBytes: number;
}

/** Newest first, or oldest first after a key. */
export type BinRequestPage = ({ before: number | null } | { after: number }) & {
  limit: number;
  /** Of each body, its first bytes. */
  bodyBytes: number;
  /** Of all of them: the page ends before the request that would exceed it, but has one at least. */
  maxBytes: number;
};

/** What a bin keeps, the newest of it. */
export interface BinRoom {
  requests: number;
  bytes: number;
}
