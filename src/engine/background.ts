/** The jobs of a node that sends, in the order in which they are begun. */

import type { Plan } from '../core/plan.ts';
import type { Clock } from '../world.ts';
import { createBulkWorks } from './bulk.ts';
import type { Changes } from './changes.ts';
import type { EngineLog, EngineStore, OnError } from './deps.ts';
import type { Directory } from './directory.ts';
import { createErasure, createWorkspaceDeletion } from './erasures.ts';
import { createHousekeeping, createSkipWriting, createStatsFolding, createSweep } from './housekeeping.ts';
import { createIndexing } from './indexing.ts';
import { createJobs, type Job, type Jobs } from './jobs.ts';
import { createLongWork } from './longWork.ts';
import type { Offload, SpareKeys } from './offload.ts';
import { createMailer, createNoticePublishing, type Mailing, type NoticePublishingDeps } from './outbox.ts';
import { placesOf } from './prepare.ts';
import type { Publishing } from './publishing.ts';
import { createReplayer } from './replays.ts';
import { createRuns } from './runs.ts';

export interface BackgroundDeps {
  store: EngineStore;
  clock: Clock;
  log: EngineLog;
  node: string;
  uuid(): string;
  nextKey(): number;
  plans: readonly Plan[];
  /** Null where no mail server is set: nobody is mailed. */
  mailing: Mailing | null;
  directory: Directory;
  offload: Offload | null;
  spareKeys(): SpareKeys;
  isSending(delivery: number): boolean;
  lanesChanged: Changes['lanesChanged'];
  publishSystemEvent: Publishing['publishSystemEvent'];
  onNotice: NoticePublishingDeps['onNotice'];
  /** Whether events are to be found by text. */
  search: boolean;
  /** Whether this node holds the slice. */
  worksOn(slice: number): boolean;
  onError: OnError;
}

export function createBackground(deps: BackgroundDeps): Jobs {
  const { store, clock, log, node, uuid, nextKey, plans, mailing, lanesChanged, onError } = deps;
  const workspace = deps.directory.fresh;
  const onDone = (fields: Record<string, unknown>): void => log.debug(fields, 'retention');
  const jobs: Job[] = [
    createNoticePublishing({
      ...{ store, clock, log, workspace },
      publish: deps.publishSystemEvent,
      onNotice: deps.onNotice,
    }),
  ];
  if (mailing !== null) jobs.push(createMailer({ store, clock, uuid, log, mailing, onError }));
  jobs.push(
    createReplayer({ store, clock, node, nextKey, lanesChanged }),
    createLongWork({
      ...{ store, clock, node },
      works: [
        ...createBulkWorks({ store, nextKey, isSending: deps.isSending, lanesChanged }),
        createWorkspaceDeletion(store),
        createErasure({ store, lanesChanged }),
      ],
    }),
    createRuns({
      store,
      workspace,
      places: (view) => placesOf({ nextKey, mailHost: mailing?.host ?? null, plans }, view),
      offload: deps.offload,
      spareKeys: deps.spareKeys,
      lanesChanged,
      onError,
    }),
    createHousekeeping({ store, clock, plans, lanesChanged, onDone }),
    createSweep({ store, clock, onDone }),
    createSkipWriting({ store, clock }),
    createStatsFolding({ store, clock }),
  );
  if (deps.search) {
    const { directory, offload, worksOn } = deps;
    jobs.push(createIndexing({ store, clock, view: directory.view, offload, worksOn }));
  }
  return createJobs({ clock, onError }, jobs);
}
