/** Jobs: long work that somebody asks for and watches. It goes on in steps, on whichever node, until it ends. */

/** What kinds there are, and whether one that runs may be cancelled. */
export const JOB_KINDS = {
  retry_deliveries: { cancellable: true },
  skip_deliveries: { cancellable: true },
  replay_deliveries: { cancellable: true },
  delete_workspace: { cancellable: false },
  erase: { cancellable: false },
} as const satisfies Record<string, { cancellable: boolean }>;
export type JobKind = keyof typeof JOB_KINDS;

export const JOB_STATES = ['running', 'finished', 'cancelled', 'failed'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** What came of it, as its kind tells: JSON, without anything that is to be kept secret. */
export type JobReport = Readonly<Record<string, unknown>>;

export interface Job {
  key: number;
  /** Null for what belongs to the installation as a whole. */
  workspace: number | null;
  kind: JobKind;
  /** What was asked for: JSON, in the form that the kind has given it. */
  input: unknown;
  state: JobState;
  /** How much is done, of the total; its kind says of what. */
  done: number;
  /** Null while it is not known. */
  total: number | null;
  report: JobReport;
  /** Why it was cancelled, or failed. */
  reason: string | null;
  createdBy: string;
  createdAt: number;
  endedAt: number | null;
}

export type NewJob = Pick<
  Job,
  'key' | 'workspace' | 'kind' | 'input' | 'total' | 'report' | 'createdBy' | 'createdAt'
>;

/** A running job as the node has it that works on it. */
export interface OwnedJob extends Job {
  /** Where it stands: JSON, in the kind's own form; null before the first step. */
  cursor: unknown;
  /** Moved by every change of the job: whoever names an old one has lost it. */
  revision: number;
}

/** The job after a step. */
export interface JobProgress {
  done: number;
  total: number | null;
  cursor: unknown;
  report: JobReport;
  /** In the place of what was asked for, where that is not to be kept. */
  input?: unknown;
  /** Present where it ends with this step. */
  end?: { state: 'finished' | 'failed'; reason: string | null };
}

export interface JobFilter {
  kind?: JobKind;
  state?: JobState;
}
