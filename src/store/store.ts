/**
 * The store's port: everything the product asks of a database, in domain verbs, by noun (ports/); what the verbs
 * take and answer is in records/. Two stores implement it (sqlite/, postgres/); contract.ts is the suite that both
 * pass. Who needs one or two nouns takes those.
 *
 * Conventions: keys are integers (core/ids.ts), times are milliseconds since the epoch, JSON
 * that a receiver will see is raw text and never re-encoded. Every verb that writes is one
 * transaction, durable when its promise resolves. A verb that takes `by`, who asked for it, writes
 * its entry of the audit log in that transaction. When the database cannot be reached or
 * cannot sync, verbs reject with StoreUnavailable and have changed nothing, or (where the
 * answer itself was lost) may have changed everything. What a verb then says when it is called again
 * stands in contract/faultCases.ts; either way the data are as if it had been called once.
 */

import type { AdministrationStore } from './ports/administration.ts';
import type { AuditStore } from './ports/audit.ts';
import type { AutomationStore, RunStore, RunWorkStore } from './ports/automation.ts';
import type { BinStore } from './ports/bins.ts';
import type { BulkWorkStore } from './ports/bulk.ts';
import type { CustomerStore, DeletionStore, ErasureStore } from './ports/customers.ts';
import type { EndpointStore } from './ports/endpoints.ts';
import type { JobStore, JobWorkStore } from './ports/jobs.ts';
import type { LaneStore } from './ports/lanes.ts';
import type { LifecycleStore } from './ports/lifecycle.ts';
import type { LogStore } from './ports/log.ts';
import type { NodeStore, SliceStore } from './ports/nodes.ts';
import type { MailStore, NoticeStore } from './ports/notices.ts';
import type {
  IdentityStore,
  InvitationStore,
  MemberStore,
  PeopleStore,
  PortalLinkStore,
} from './ports/people.ts';
import type { PublishStore } from './ports/publishing.ts';
import type { RecordStore } from './ports/recording.ts';
import type { ReplayStore, ReplayWorkStore, ResendStore } from './ports/replays.ts';
import type { RequestStore } from './ports/requests.ts';
import type { RetentionStore, SkipStore, SweepStore } from './ports/retention.ts';
import type { RoutingStore } from './ports/routing.ts';
import type { SearchStore, SearchWorkStore, UnindexStore } from './ports/search.ts';
import type { SecretStore } from './ports/secret.ts';
import type { SignalStore } from './ports/signals.ts';
import type { StatsStore, StatsWorkStore } from './ports/stats.ts';
import type { WatchStore } from './ports/watching.ts';

/** The database is away, full or refuses to sync. The caller answers 503 and may try again. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** The workspace's routing is no longer at the version that the caller named. Nothing was written. */
export class RoutingMoved extends Error {
  override readonly name = 'RoutingMoved';
}

/** All of it: what a database's store implements. */
export interface Store
  extends LifecycleStore,
    SecretStore,
    AdministrationStore,
    CustomerStore,
    DeletionStore,
    ErasureStore,
    PeopleStore,
    MemberStore,
    InvitationStore,
    PortalLinkStore,
    IdentityStore,
    RoutingStore,
    EndpointStore,
    PublishStore,
    NodeStore,
    SliceStore,
    LaneStore,
    RecordStore,
    LogStore,
    ResendStore,
    ReplayStore,
    ReplayWorkStore,
    JobStore,
    BulkWorkStore,
    RequestStore,
    JobWorkStore,
    AuditStore,
    NoticeStore,
    MailStore,
    AutomationStore,
    RunStore,
    RunWorkStore,
    BinStore,
    SkipStore,
    SweepStore,
    RetentionStore,
    StatsStore,
    StatsWorkStore,
    WatchStore,
    SearchStore,
    SearchWorkStore,
    UnindexStore,
    SignalStore {}
