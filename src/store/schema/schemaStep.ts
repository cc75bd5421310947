/** What a step of the schema is written in: the words that differ between the databases. */

export interface Types {
  int: string;
  bytes: string;
  /** How a table declares its key column; the other columns are `int NOT NULL`. */
  key: string;
  /** Likewise, where the database numbers the rows. */
  serial: string;
  /** The table constraint that makes (workspace, key) the primary key, or nothing. */
  primary: (columns: string) => string;
  /** Table options: WITHOUT ROWID, fillfactor. */
  clustered: string;
  roomy: string;
  /** Statements of this database only. */
  extra: string[];
}

/** The statements of one step. */
export type Step = (types: Types) => string[];
