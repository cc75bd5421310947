/**
 * A store that says of which workspaces something was written through it, so that whoever watches one looks at it soon:
 * in this process at once, on other nodes by a signal that many writes share. It is only a hint. What has changed is
 * what the store says (ports/watching.ts), and a hint that is lost costs some seconds.
 */

import { SECOND } from '../core/duration.ts';
import type { Clock } from '../world.ts';
import type { Signal } from './ports/signals.ts';
import type { Store } from './store.ts';

/** Other nodes are told so often at the most, however much is written. */
const TELL_EVERY_MS = SECOND / 4;

type Verb = {
  [name in keyof Store]: Store[name] extends (...parameters: never) => Promise<unknown> ? name : never;
}[keyof Store];
type Touches<Name extends Verb> = (...parameters: Parameters<Store[Name]>) => number | null;

const first = (workspace: number | null): number | null => workspace;
const member = ({ workspace }: { workspace: number | null }): number | null => workspace;

/** Of each verb that changes what people see, the workspace that it writes in; null where it is none. */
const TOUCHES: { [Name in Verb]?: Touches<Name> } = {
  publish: member,
  record: (_node, workspace) => workspace,
  updateWorkspace: first,
  identifyWorkspace: first,
  suspendWorkspace: first,
  resumeWorkspace: first,
  deleteWorkspace: first,
  eraseSome: (_node, job) => job.workspace,
  revokeApiKey: first,
  putEventType: member,
  deleteEventType: first,
  createEndpoint: member,
  updateEndpoint: first,
  deleteEndpoint: first,
  disableEndpoint: first,
  enableEndpoint: first,
  claimProbe: first,
  retryNow: first,
  skipDelivery: first,
  replayDelivery: first,
  replayEvent: first,
  createReplay: member,
  cancelReplay: first,
  sendReplayBatch: (_node, replay) => replay.workspace,
  finishReplay: (_node, replay) => replay.workspace,
  createJob: member,
  cancelJob: first,
  advanceJob: (_node, job) => job.workspace,
  changeMany: (_node, job) => job.workspace,
  createAutomation: member,
  updateAutomation: first,
  enableAutomation: first,
  deleteAutomation: first,
  cancelRuns: first,
  advanceRuns: (_version, [step]) => step?.run.workspace ?? null,
  createBin: member,
  updateBinAnswer: first,
  deleteBin: first,
  captureRequest: member,
  writeSkips: first,
  expireHeld: first,
  warnOfExpiry: first,
  settleMail: first,
};

export function announcing(store: Store, clock: Clock): Store {
  const receivers: Array<(signal: Signal) => void> = [];
  const written = new Set<number>();
  let isTelling = false;

  const tell = (): void => {
    isTelling = false;
    const workspaces = [...written];
    written.clear();
    store.notify({ kind: 'written', workspaces });
  };
  const touch = (workspace: number): void => {
    const signal: Signal = { kind: 'written', workspaces: [workspace] };
    for (const receive of receivers) receive(signal);
    written.add(workspace);
    if (isTelling) return;
    isTelling = true;
    clock.after(TELL_EVERY_MS, tell, { unref: true });
  };

  const announced = Object.fromEntries(
    Object.entries(TOUCHES).map(([name, workspaceOf]) => {
      const verb = store[name as Verb] as (...parameters: unknown[]) => Promise<unknown>;
      const touches = workspaceOf as (...parameters: unknown[]) => number | null;
      return [
        name,
        async (...parameters: unknown[]) => {
          try {
            return await verb(...parameters);
          } finally {
            // Where the answer was lost, it may have been written all the same.
            const workspace = touches(...parameters);
            if (workspace !== null) touch(workspace);
          }
        },
      ];
    }),
  );
  return {
    ...store,
    ...(announced as Partial<Store>),
    listen(receive) {
      receivers.push(receive);
      store.listen(receive);
    },
  };
}
