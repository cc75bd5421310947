/**
 * How a change reaches the lanes that it concerns: on this node at once, on others by a signal, and in any case
 * within some seconds, since every node looks at what the store says (slices.ts, `checkRouting`).
 */

import type { RoutingStore } from '../store/ports/routing.ts';
import type { Signal, SignalStore } from '../store/ports/signals.ts';
import type { OnError } from './deps.ts';
import type { Directory } from './directory.ts';
import type { Lanes } from './lanes.ts';
import type { SliceKeeper } from './slices.ts';

export interface ChangesDeps {
  store: SignalStore & Pick<RoutingStore, 'routingVersions'>;
  directory: Directory;
  lanes: Pick<Lanes, 'works' | 'wakeWorkspace'>;
  slices: Pick<SliceKeeper, 'balance' | 'compareAll' | 'look'>;
  /** Whether this node works slices at all. */
  sends: boolean;
  onError: OnError;
}

export interface Changes {
  /** A workspace was changed, by this node or by what was recorded here. */
  routingChanged(workspace: number): Promise<void>;
  /** What is queued in these lanes was changed. */
  lanesChanged(lanes: readonly number[]): Promise<void>;
  /** Looks whether workspaces that this node holds a view of have been changed elsewhere. */
  checkRouting(): Promise<void>;
  /** Does what another node's signal asks for. */
  receive(signal: Signal): void;
}

export function createChanges({ store, directory, lanes, slices, sends, onError }: ChangesDeps): Changes {
  /** Does it without anybody waiting for it. */
  const background = (where: string, task: () => Promise<void>): void => {
    task().catch((error: unknown) => onError(error, where));
  };

  const refresh = async (workspace: number, atLeast?: number): Promise<void> => {
    await directory.refresh(workspace, atLeast);
    lanes.wakeWorkspace(workspace);
  };

  const checkRouting = async (): Promise<void> => {
    const held = directory.workspaces();
    const versions = await store.routingVersions(held);
    for (const [workspace, version] of versions) {
      if ((directory.held(workspace)?.version ?? 0) < version) await refresh(workspace, version);
    }
  };

  /** Signals may have been lost. */
  const lookAtAll = async (): Promise<void> => {
    await checkRouting();
    if (!sends) return;
    await slices.balance();
    await slices.compareAll();
  };

  return {
    checkRouting,
    async routingChanged(workspace) {
      await refresh(workspace);
      store.notify({ kind: 'routing', workspace });
    },
    async lanesChanged(changed) {
      slices.look(changed);
      const others = changed.filter((lane) => !lanes.works(lane));
      if (others.length > 0) store.notify({ kind: 'lanes', lanes: others });
    },
    receive(signal) {
      switch (signal.kind) {
        case 'routing':
          background('routing', () => refresh(signal.workspace));
          break;
        case 'lanes':
          slices.look(signal.lanes);
          break;
        case 'slices':
          if (sends) background('slices', slices.balance);
          break;
        case 'everything':
          background('look at all', lookAtAll);
          break;
        case 'bin':
        case 'written':
          break;
        default:
          signal satisfies never;
      }
    },
  };
}
