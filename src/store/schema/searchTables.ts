/** The tables of finding events by text (queries/search.ts), as Kysely sees them. */

/** Events that are committed and not yet indexed: a row for each call that published. */
export interface SearchQueueTable {
  workspace: number;
  /** The lowest of the events' keys. */
  key: number;
  /** All of them, as JSON. */
  events: string;
}

export interface SearchMarksTable {
  workspace: number;
  /** Events up to it are in blocks; those after it are looked at one by one. */
  sealed: number;
}

/** What an event is found by: keys of terms, each between spaces. Empty where it was taken out. */
export interface SearchDocsTable {
  workspace: number;
  event: number;
  terms: string;
}

/** A run of events, from `first` to `key`; PostgreSQL has its terms here, SQLite in `search_index`. */
export interface SearchBlocksTable {
  workspace: number;
  /** The last event's. */
  key: number;
  first: number;
}

export interface SearchSchema {
  search_queue: SearchQueueTable;
  search_marks: SearchMarksTable;
  search_docs: SearchDocsTable;
  search_blocks: SearchBlocksTable;
}
