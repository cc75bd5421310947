/**
 * What waits for the database thread. Workspaces take turns, one request each, so that a backlog of one
 * delays another by the group under way and no more; within a workspace the order stays. What belongs to
 * no workspace (single statements, the beginnings of interactive transactions) has a turn as one of them.
 * Pure.
 */

import type { Request } from './protocol.ts';

/** In the order in which they came; taken from the front without moving the rest. */
interface Line {
  requests: Request[];
  taken: number;
}

/** What a request weighs in its group; little where it is a single statement. */
function weigh({ work }: Request): number {
  if (work.kind === 'publish') return work.call.length;
  return work.kind === 'record' ? work.results.length : 1;
}

function turnOf({ work }: Request): number | null {
  return work.kind === 'publish' || work.kind === 'record' ? work.workspace : null;
}

export class TurnQueue {
  /** Whose turn comes next stands first. */
  readonly #lines = new Map<number | null, Line>();
  readonly #leased: Request[] = [];

  add(request: Request): void {
    if (request.lease !== null) {
      this.#leased.push(request);
      return;
    }
    const turn = turnOf(request);
    const line = this.#lines.get(turn);
    if (line === undefined) this.#lines.set(turn, { requests: [request], taken: 0 });
    else line.requests.push(request);
  }

  get isEmpty(): boolean {
    return this.#lines.size === 0 && this.#leased.length === 0;
  }

  /** The next step of the interactive transaction that has this lease. */
  takeLeased(lease: number): Request | undefined {
    const index = this.#leased.findIndex((request) => request.lease === lease);
    return index === -1 ? undefined : this.#leased.splice(index, 1)[0];
  }

  /** What is committed together, as far as it weighs no more than that; or one `begin` or `scrub` alone. */
  takeGroup(mostWeight: number): Request[] {
    const group: Request[] = [];
    let weight = 0;
    for (const [turn, line] of this.#lines) {
      const request = line.requests[line.taken];
      if (request === undefined) throw new Error('A line is never empty.');
      weight += weigh(request);
      const isAlone = request.work.kind === 'begin' || request.work.kind === 'scrub';
      if (group.length > 0 && (isAlone || weight > mostWeight)) break;
      group.push(request);
      line.taken += 1;
      // To the end of the lines: the loop comes to it again after the others.
      this.#lines.delete(turn);
      if (line.taken < line.requests.length) this.#lines.set(turn, line);
      if (isAlone) break;
    }
    return group;
  }
}
