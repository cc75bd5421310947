/**
 * Work, counted. Pure. Whatever a tenant writes (conditions, templates, schemas) multiplies with what an event
 * holds, so both are charged to one account before the work is done, in steps: what one machine refuses, every
 * machine refuses.
 *
 * A charge that does not fit takes nothing and throws WorkLimitReached. The exception never leaves the core: whoever
 * considers the event for one condition, scope or step catches it and says so in its verdict (`workLimit`), and what
 * comes later and still fits goes on.
 */
import { WORK_LIMITS } from './limits.ts';

export class WorkLimitReached extends Error {
  override readonly name = 'WorkLimitReached';
}

export class Work {
  readonly limit: number;
  #used = 0;
  #isExhausted = false;

  constructor(limit: number = WORK_LIMITS.event.value) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** Whether something did not fit. */
  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  /** Takes `steps`, rounded up. Throws WorkLimitReached where they do not fit. */
  charge(steps: number): void {
    const used = this.#used + Math.ceil(steps);
    if (used > this.limit) {
      this.#isExhausted = true;
      throw new WorkLimitReached(workLimit(this.limit));
    }
    this.#used = used;
  }
}

/** Why something was not done, in one sentence. */
export function workLimit(limit: number): string {
  return `work_limit: what considers the event would take more than ${limit} steps; send a smaller event, or use fewer and simpler conditions and templates`;
}

/** What `work` gives, or `otherwise` of the reason where the account is used up. */
export function withinWork<T>(work: () => T, otherwise: (reason: string) => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof WorkLimitReached) return otherwise(error.message);
    throw error;
  }
}

/** Steps for what costs more or less than one character looked at; measured, as multiples of about 5 ns. */
export const STEPS = {
  /** A clause, scope or placeholder: finding its member, and making the verdict. */
  clause: 20,
  /** A member or element that is visited. */
  member: 10,
  /** A schema that is applied to a value: its keywords are read, and an error may be made. */
  applied: 20,
  /** A name that is looked up, or a value that is compared with. */
  compared: 2,
  /** A character that is folded (letter case, Arabic forms): table, normalization, lower case. */
  folded: 8,
  /** A character that a filter reads, changes and writes again. */
  filtered: 2,
  /** A character that is copied or skipped over. */
  copied: 1 / 4,
  /** A character of a text that is searched in. */
  searched: 1,
} as const;
