/** What retention reads and deletes. */

/** Some keys of one kind, oldest first. */
export interface KeySpan {
  /** After this key … */
  after: number;
  /** … and before this one. */
  before: number;
  /** How many are looked at; each batch costs about as much whatever it finds. */
  limit: number;
}

export interface Purged {
  /** How many rows are gone. */
  deleted: number;
  /** The last key looked at; null where no more follow. */
  last: number | null;
  /** The first key that is old enough but still needed. */
  kept: number | null;
}

export interface ExpiredHeld {
  skipped: number;
  /** Lanes that it concerns. */
  lanes: number[];
}
