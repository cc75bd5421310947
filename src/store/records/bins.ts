/** Bins and what they captured: the port's nouns beside records.ts. */

export interface BinAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
  delay_ms: number;
  /** 0…1: the share of requests answered 500 instead. */
  failure_rate: number;
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
