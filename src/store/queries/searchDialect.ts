/** What differs between the databases for blocks, the runs of events that are found by what is in any of them. */

import type { Kysely, RawBuilder, Transaction } from 'kysely';
import type { Schema } from '../schema/schema.ts';

export interface NewBlock {
  first: number;
  /** The last event's key, which is the block's. */
  key: number;
  /** In text, as they stand in the rows of events. */
  terms: readonly string[];
}

/** Blocks of a workspace that reach into a range of keys. */
export interface BlocksAsked {
  workspace: number;
  words: readonly string[];
  lower: number;
  upper: number;
  /** Only those whose key is lower. */
  below: number;
  limit: number;
}

export interface SearchDialect {
  /** To be part of a transaction. */
  insertBlocks(trx: Transaction<Schema>, workspace: number, blocks: readonly NewBlock[]): Promise<void>;
  deleteBlocks(write: Kysely<Schema>, workspace: number, keys: readonly number[]): Promise<number>;
  /** Those that have all the words somewhere, the newest first. */
  findBlocks(db: Kysely<Schema>, asked: BlocksAsked): Promise<Array<{ key: number; first: number }>>;
  /** Holds the bodies as they are until the transaction ends; nothing where transactions are alone anyway. */
  lockBodies: RawBuilder<unknown>;
  /** Likewise the workspace's mark. */
  lockMark: RawBuilder<unknown>;
}
