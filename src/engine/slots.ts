/**
 * Who may send now. A fixed number of requests is in flight per node, and at most a share of it
 * per workspace (P11); waiting workspaces take turns, and within one, lanes in the order in which
 * they asked. So a workspace whose receivers hang fills its own share and nobody else's.
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
  /** Workspaces with someone waiting and room in their share, in turn. */
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

  const serve = (): void => {
    for (const workspace of turns) {
      if (inFlight >= limits.total) return;
      turns.delete(workspace);
      const mine = share(workspace);
      const next = mine.waiting.shift();
      if (next === undefined) continue;
      mine.inFlight += 1;
      inFlight += 1;
      next();
      // Back to the end of the line: a Set iterates over what is added while it is walked.
      if (mine.waiting.length > 0 && mine.inFlight < limits.perWorkspace) turns.add(workspace);
    }
  };

  const tryAcquire = (workspace: number): boolean => {
    const mine = share(workspace);
    const isFree = inFlight < limits.total && mine.inFlight < limits.perWorkspace;
    if (!isFree || mine.waiting.length > 0) return false;
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
        if (mine.inFlight < limits.perWorkspace) turns.add(workspace);
        serve();
      });
    },
    release(workspace) {
      const mine = share(workspace);
      mine.inFlight -= 1;
      inFlight -= 1;
      if (mine.waiting.length > 0) turns.add(workspace);
      else if (mine.inFlight === 0) shares.delete(workspace);
      serve();
    },
    inFlight: () => inFlight,
  };
}
