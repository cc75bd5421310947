/** What a process asks of the database as such, before and after its work. */

/** Opened, brought to this version, asked whether it answers, closed. */
export interface LifecycleStore {
  /** Brings the schema to this version. Forward-only; each step is one transaction. Returns the names of steps done. */
  migrate(): Promise<string[]>;
  /** Resolves where the database can answer; rejects with StoreUnavailable otherwise. */
  ping(): Promise<void>;
  /** How busy its connections are, or its threads: by name, which stay the same. Asks nobody. */
  load(): StoreLoad[];
  close(): Promise<void>;
}

export interface StoreLoad {
  pool: string;
  /** Connections in use. */
  busy: number;
  /** Connections that are open and not in use. */
  idle: number;
  /** Calls that wait for one. */
  waiting: number;
}
