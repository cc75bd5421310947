/**
 * What the HTTP side is given by main.ts, and the types that its files share.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { PersonMail } from '../core/personMail.ts';
import type { Plan } from '../core/plan.ts';
import type { Sealer } from '../core/sealing.ts';
import type { Engine } from '../engine/engine.ts';
import type { Identity } from '../identity/identity.ts';
import type { AdministrationStore } from '../store/ports/administration.ts';
import type { AuditStore } from '../store/ports/audit.ts';
import type { AutomationStore, RunStore } from '../store/ports/automation.ts';
import type { BinStore } from '../store/ports/bins.ts';
import type { CustomerStore, DeletionStore } from '../store/ports/customers.ts';
import type { EndpointStore } from '../store/ports/endpoints.ts';
import type { JobStore } from '../store/ports/jobs.ts';
import type { LifecycleStore } from '../store/ports/lifecycle.ts';
import type { LogStore } from '../store/ports/log.ts';
import type { MailStore, NoticeStore } from '../store/ports/notices.ts';
import type { InvitationStore, MemberStore, PeopleStore, PortalLinkStore } from '../store/ports/people.ts';
import type { ReplayStore, ResendStore } from '../store/ports/replays.ts';
import type { RequestStore } from '../store/ports/requests.ts';
import type { SearchStore } from '../store/ports/search.ts';
import type { SignalStore } from '../store/ports/signals.ts';
import type { StatsStore } from '../store/ports/stats.ts';
import type { WatchStore } from '../store/ports/watching.ts';
import type { Clock, MailResult, Random, Tracing } from '../world.ts';
import type { DashboardFiles } from './dashboardFiles.ts';
import type { DryRuns } from './dryRuns.ts';

/** The verdict on a URL that a person typed: its form, and every address that its name resolves to. */
export type TargetVerdict = { ok: true } | { ok: false; code: string; message: string };

export interface HttpMeta {
  version: string;
  /** Where this installation is reached from outside, without a slash at the end. Asked anew each time. */
  publicUrl(): string;
  /** Addresses that deliveries come from, for allow-lists (B5). */
  sourceIps: readonly string[];
  /** Further limits to be published in /v1/meta, beside those of the API itself. */
  limits: Readonly<Record<string, number>>;
}

/** At one node (rateLimits.ts). */
export interface RateLimits {
  /** Requests of one API key in ten seconds. */
  key: number;
  /** Requests without a key from one address in ten seconds: pages, health. */
  address: number;
  /** Requests that one bin captures in ten seconds. */
  bin: number;
  /** Requests with a key that is none, from one address in a minute. */
  wrong_keys: number;
  /** Requests of one API key that wait for something at one time. */
  waiting: number;
}

/** What Prometheus is told. */
export interface HttpMetrics {
  contentType: string;
  /** `route` is its pattern, never the address that was asked for. */
  answered(method: string, route: string, status: number, ms: number): void;
  render(): Promise<string>;
}

/** What of the store the routes ask. */
export interface HttpStore
  extends AdministrationStore,
    CustomerStore,
    Pick<DeletionStore, 'deleteWorkspace'>,
    EndpointStore,
    LogStore,
    ResendStore,
    ReplayStore,
    JobStore,
    RequestStore,
    AuditStore,
    NoticeStore,
    Pick<MailStore, 'listMails'>,
    AutomationStore,
    RunStore,
    BinStore,
    StatsStore,
    SearchStore,
    WatchStore,
    PeopleStore,
    MemberStore,
    InvitationStore,
    PortalLinkStore,
    SignalStore,
    Pick<LifecycleStore, 'ping'> {}

export interface HttpDeps {
  store: HttpStore;
  engine: Engine;
  clock: Clock;
  random: Random;
  sealer: Sealer;
  checkTarget(url: string): Promise<TargetVerdict>;
  meta: HttpMeta;
  /** Null for none. */
  rateLimits: RateLimits | null;
  /** Addresses and networks whose `X-Forwarded-For` is believed. */
  trustedProxies: readonly string[];
  identity: Identity;
  /** Hands a mail to the mail server at once. Null where none is set. */
  mailPerson: ((mail: PersonMail) => Promise<MailResult>) | null;
  setup: {
    /** Without it nobody becomes the first owner; null where only this machine can ask. */
    token: string | null;
    /** Called when there is an owner. */
    done(): void;
  };
  /** Null where dry runs are done on the loop. */
  dryRuns: DryRuns | null;
  /** From the least to the most. */
  plans: readonly Plan[];
  /** Whether events are indexed, and found by text. */
  search: boolean;
  /** Null where nothing is measured. */
  metrics: HttpMetrics | null;
  /** Besides instance keys, what opens `/metrics`; null for nothing. */
  metricsToken: string | null;
  /** Null where no tracing backend is set. */
  tracing: Tracing | null;
  /** Null where it has not been built. */
  dashboard: DashboardFiles | null;
  /** Whether the built-in event types can be read without a key. */
  publicCatalog: boolean;
  /** A pino instance, or false for silence. */
  logger: FastifyBaseLogger | false;
}

/** The Fastify instance with TypeBox schemas as its types. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;
