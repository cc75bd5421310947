/**
 * Who may send now. A fixed number of requests is in flight per node (P11). A workspace may hold as many
 * slots as are still free, up to a limit: so the more of them hang, the less each may take, and there is
 * always room for one more workspace (four that take all they can have 200 of 1,000 each, and 200 stay
 * free). Waiting workspaces take turns, and within one, lanes in the order in which they asked.
 */

export interface SlotLimits {
  /** Requests in flight on this node. */
  total: number;
  /** Of those, at most so many for one workspace. */
  perWorkspace: number;
}

export interface Slots {
  /** True where the caller may send at once; it must call `release` afterwards. */
  tryAcquire(workspace: number): boolean;
  /** Resolves when the caller may send; it must call `release` afterwards. */
  acquire(workspace: number): Promise<void>;
  release(workspace: number): void;
  inFlight(): number;
}

interface Share {
  inFlight: number;
  waiting: Array<() => void>;
}

export function createSlots(limits: SlotLimits): Slots {
  const shares = new Map<number, Share>();
  /** Workspaces with someone waiting, in turn. */
  const turns = new Set<number>();
  let inFlight = 0;

  const share = (workspace: number): Share => {
    let found = shares.get(workspace);
    if (found === undefined) {
      found = { inFlight: 0, waiting: [] };
      shares.set(workspace, found);
    }
    return found;
  };

  /** The first slot is always to be had while one is free. */
  const mayTake = (held: number): boolean => {
    const free = limits.total - inFlight;
    return free > 0 && held < limits.perWorkspace && (held === 0 || held <= free);
  };

  const serve = (): void => {
    for (const workspace of turns) {
      if (inFlight >= limits.total) return;
      const mine = share(workspace);
      // It keeps its place until there is room for it.
      if (!mayTake(mine.inFlight)) continue;
      turns.delete(workspace);
      const next = mine.waiting.shift();
      if (next === undefined) continue;
      mine.inFlight += 1;
      inFlight += 1;
      next();
      // Back to the end of the line: a Set iterates over what is added while it is walked.
      if (mine.waiting.length > 0) turns.add(workspace);
    }
  };

  const tryAcquire = (workspace: number): boolean => {
    const mine = share(workspace);
    if (!mayTake(mine.inFlight) || mine.waiting.length > 0) return false;
    mine.inFlight += 1;
    inFlight += 1;
    return true;
  };

  return {
    tryAcquire,
    acquire(workspace) {
      if (tryAcquire(workspace)) return Promise.resolve();
      const mine = share(workspace);
      return new Promise((resolve) => {
        mine.waiting.push(resolve);
        turns.add(workspace);
        serve();
      });
    },
    release(workspace) {
      const mine = share(workspace);
      mine.inFlight -= 1;
      inFlight -= 1;
      // Who has just had a slot stands behind those that wait for one.
      if (turns.delete(workspace)) turns.add(workspace);
      if (mine.waiting.length === 0 && mine.inFlight === 0) shares.delete(workspace);
      serve();
    },
    inFlight: () => inFlight,
  };
}
