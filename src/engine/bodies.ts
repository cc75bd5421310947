/**
 * Large bodies, in memory only while they are being sent, and once however many lanes send the same one
 * (an event of 1 MiB may go to thousands of endpoints). Workspaces share the room for them as they
 * share the slots for sending.
 */

import type { LaneStore } from '../store/ports/lanes.ts';
import type { LaneItem } from '../store/records/lanes.ts';
import { createSlots } from './slots.ts';

/** Of up to 1 MiB each. */
const HELD_AT_ONCE = { total: 96, perWorkspace: 48 };

export interface HeldBody {
  bytes: Uint8Array;
  /** To be called once. */
  release(): void;
}

interface Entry {
  bytes: Promise<Uint8Array | null>;
  users: number;
}

export interface Bodies {
  /** Reads the item's body, or shares it with who has it. Null where it is gone. */
  hold(workspace: number, item: LaneItem): Promise<HeldBody | null>;
}

export function createBodies(store: Pick<LaneStore, 'readBody'>): Bodies {
  const entries = new Map<string, Entry>();
  const room = createSlots(HELD_AT_ONCE);

  const read = async (workspace: number, item: LaneItem): Promise<Uint8Array | null> => {
    if (!room.tryAcquire(workspace)) await room.acquire(workspace);
    return store.readBody(workspace, item);
  };

  return {
    async hold(workspace, item) {
      const name = item.ownBody ? `${workspace} message ${item.message}` : `${workspace} event ${item.event}`;
      let entry = entries.get(name);
      if (entry === undefined) {
        entry = { bytes: read(workspace, item), users: 0 };
        entries.set(name, entry);
      }
      const mine = entry;
      mine.users += 1;
      const release = (): void => {
        mine.users -= 1;
        if (mine.users > 0) return;
        entries.delete(name);
        room.release(workspace);
      };
      try {
        const bytes = await mine.bytes;
        if (bytes !== null) return { bytes, release };
      } catch (error) {
        release();
        throw error;
      }
      release();
      return null;
    },
  };
}
