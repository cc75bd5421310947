/**
 * What a node counts and measures, for Prometheus. Names, kinds and texts stand here alone; docs/metrics.md is made
 * of them. No label names a workspace, an endpoint or anything else of which there may be thousands.
 */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { SECOND } from './core/duration.ts';
import type { Engine } from './engine/engine.ts';
import type { Meter } from './engine/meter.ts';
import type { HttpMetrics } from './http/deps.ts';
import type { LifecycleStore } from './store/ports/lifecycle.ts';

/** From a commit in memory to a receiver that uses up its five seconds. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface Metrics {
  engine: Meter;
  http: HttpMetrics;
  /** An outgoing proxy began to fail, or works again. */
  proxy(isFailing: boolean): void;
  /** What is looked at whenever somebody asks. */
  watch(seen: { engine: Pick<Engine, 'standing'>; store: Pick<LifecycleStore, 'load'> }): void;
  /** All of them, by name: for documentation. */
  list(): Promise<Array<{ name: string; type: string; help: string; labels: string[] }>>;
}

export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Histogram({ name, help, labelNames, buckets: SECONDS, registers });

  gauge('mirsal_build_info', 'Always 1; the label says which version runs.', ['version']).set({ version }, 1);
  const accepted = counter('mirsal_events_accepted_total', 'Events that were accepted, repeats left out.');
  const repeated = counter(
    'mirsal_events_repeated_total',
    'Events that were published again under a known id.',
  );
  const created = counter('mirsal_deliveries_created_total', 'Deliveries that accepted events have made.');
  const runs = counter(
    'mirsal_runs_begun_total',
    'Runs of rules and workflows that accepted events have begun.',
  );
  const publishing = histogram('mirsal_publish_duration_seconds', 'From a call to publish to its commit.');
  const attempts = counter('mirsal_attempts_total', 'Attempts by outcome: success, or how they failed.', [
    'outcome',
  ]);
  const attemptSeconds = histogram(
    'mirsal_attempt_duration_seconds',
    'How long attempts took, whatever came of them.',
  );
  const ended = counter('mirsal_deliveries_ended_total', 'Deliveries that attempts have ended, by state.', [
    'state',
  ]);
  const charged = counter(
    'mirsal_budget_errors_total',
    'Failed attempts that were charged to an error budget.',
  );
  const notices = counter('mirsal_notices_total', 'What happened that people are told of, by kind.', [
    'kind',
  ]);
  const mails = counter('mirsal_mails_total', 'Mails handed to the mail server, by what it said.', [
    'outcome',
  ]);
  const commits = histogram(
    'mirsal_store_commit_duration_seconds',
    'How long transactions of the hot path took.',
    ['call'],
  );
  const refused = counter(
    'mirsal_store_failures_total',
    'Transactions of the hot path that the store rejected.',
    ['call'],
  );
  const failures = counter(
    'mirsal_background_failures_total',
    'Work that failed and is tried again, by what it was.',
    ['where'],
  );
  const requests = histogram(
    'mirsal_http_request_duration_seconds',
    'Requests to the API, by route and status.',
    ['method', 'route', 'status'],
  );
  const proxy = gauge('mirsal_proxy_failing', '1 while the outgoing proxy fails, else 0.');
  const lanes = gauge('mirsal_open_lanes', 'Lanes with something queued that this node works.');
  const oldest = gauge(
    'mirsal_oldest_waiting_seconds',
    'Age of the oldest delivery that is next in its lane, of the lanes that this node works.',
  );
  const inFlight = gauge('mirsal_requests_in_flight', 'Attempts under way.');
  const memory = gauge('mirsal_bodies_memory_bytes', 'What events and deliveries in memory weigh.');
  const connections = gauge('mirsal_store_connections', 'Connections to the database, by pool and state.', [
    'pool',
    'state',
  ]);
  const waiting = gauge(
    'mirsal_store_waiting',
    'Calls that wait for a connection or the database thread, by pool.',
    ['pool'],
  );

  // A labelled counter costs 0.3 µs each time: what is counted for each delivery is handed over when somebody asks.
  const attemptsBy = new Map<string, number>();
  const endedBy = new Map<string, number>();
  let seen: Parameters<Metrics['watch']>[0] | null = null;
  const look = (): void => {
    attempts.reset();
    for (const [outcome, times] of attemptsBy) attempts.inc({ outcome }, times);
    ended.reset();
    for (const [state, times] of endedBy) ended.inc({ state }, times);
    if (seen === null) return;
    const standing = seen.engine.standing();
    lanes.set(standing.lanes);
    oldest.set(standing.oldestMs / SECOND);
    inFlight.set(standing.inFlight);
    memory.set(standing.memoryBytes);
    for (const { pool, busy, idle, waiting: calls } of seen.store.load()) {
      connections.set({ pool, state: 'busy' }, busy);
      connections.set({ pool, state: 'idle' }, idle);
      waiting.set({ pool }, calls);
    }
  };

  return {
    engine: {
      published(outcome, ms) {
        publishing.observe(ms / SECOND);
        if (outcome.kind !== 'accepted') return;
        for (const [index, event] of outcome.accepted.entries()) {
          if (outcome.repeated[index] === true) {
            repeated.inc();
          } else {
            accepted.inc();
            created.inc(event.deliveries);
            runs.inc(event.runs);
          }
        }
      },
      attempted({ attempt, next, charged: isCharged }) {
        count(attemptsBy, attempt.outcome);
        attemptSeconds.observe(attempt.durationMs / SECOND);
        if (next.state !== 'waiting') count(endedBy, next.state);
        if (isCharged) charged.inc();
      },
      committed(call, ms, isDone) {
        commits.observe({ call }, ms / SECOND);
        if (!isDone) refused.inc({ call });
      },
      noticed: (kind) => notices.inc({ kind }),
      mailed: (outcome) => mails.inc({ outcome }),
      failed: (where) => failures.inc({ where }),
    },
    http: {
      contentType: registry.contentType,
      answered: (method, route, status, ms) =>
        requests.observe({ method, route, status: String(status) }, ms / SECOND),
      async render() {
        look();
        return registry.metrics();
      },
    },
    proxy: (isFailing) => proxy.set(isFailing ? 1 : 0),
    watch(watched) {
      seen = watched;
    },
    list: async () =>
      registry.getMetricsAsArray().map((metric) => {
        const { name, help, labelNames } = metric as unknown as {
          name: string;
          help: string;
          labelNames: string[];
        };
        return { name, help, type: metric.constructor.name.toLowerCase(), labels: labelNames };
      }),
  };
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
