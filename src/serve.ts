/**
 * Wiring: the place where real things are constructed and given to each other. A test replaces
 * some of them through `Parts`.
 */

import { accessSync, constants, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { type Bootstrapped, bootstrap } from './bootstrap.ts';
import { type Config, ConfigError, type Role } from './config.ts';
import type { PersonMail } from './core/personMail.ts';
import { createEngine } from './engine/create.ts';
import type { Engine } from './engine/engine.ts';
import type { Mailing } from './engine/outbox.ts';
import { createStoreClock } from './engine/time.ts';
import { readDashboard } from './http/dashboardFiles.ts';
import type { HttpDeps } from './http/deps.ts';
import { type Listener, listen } from './http/listener.ts';
import { rateLimitsOf } from './http/rateLimits.ts';
import { createHttpServer } from './http/server.ts';
import { createIdentity } from './identity/create.ts';
import type { Passwords } from './identity/hashing.ts';
import { renderPersonMail } from './mail/people.ts';
import { renderDue } from './mail/render.ts';
import { createMailSender } from './mail/transport.ts';
import { createMetrics } from './metrics.ts';
import type { Resolver } from './net/names.ts';
import { createSender } from './net/sender.ts';
import { listeningPlaces } from './net/target.ts';
import { createOffload } from './offload/client.ts';
import { realClock, realRandom } from './real.ts';
import { openSealer } from './secret.ts';
import { createSetupToken } from './setupToken.ts';
import { announcing } from './store/announcing.ts';
import { openPostgres } from './store/postgres/postgres.ts';
import type { Listening } from './store/records/nodes.ts';
import { openSqlite } from './store/sqlite/sqlite.ts';
import type { Store } from './store/store.ts';
import { createTracing } from './tracing.ts';
import { VERSION } from './version.ts';
import type { Clock, MailResult, Random, Send, SendMail } from './world.ts';

/** Beside `src`, and beside `dist` in the published package. */
const DASHBOARD = fileURLToPath(new URL('../dashboard/dist', import.meta.url));

/** What a test may put in the place of the real thing. */
export interface Parts {
  clock?: Clock;
  random?: Random;
  send?: Send;
  sendMail?: SendMail;
  resolver?: Resolver;
  onConnect?: (address: string, port: number) => void;
  passwords?: Passwords;
}

export interface Running {
  /** The address to reach it at, such as `http://localhost:8080`. */
  url: string;
  port: number;
  keys: Bootstrapped;
  /** With which the first owner is made; null where there is one, or none is needed. */
  setupToken: string | null;
  store: Store;
  engine: Engine;
  /** Stops taking requests, finishes what is in flight, hands the lanes back, closes the store. */
  stop(): Promise<void>;
}

/** Throws ConfigError where the data directory cannot be used. */
export function openStore(config: Config, clock: Clock): Store {
  if (config.databaseUrl !== null) return openPostgres({ url: config.databaseUrl, clock });
  makeDataDirectory(config.dataDir);
  return openSqlite({ directory: config.dataDir, clock });
}

/** Only its owner may look into a directory that is made here: bodies and keys are in it. */
function makeDataDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const fault =
      code === 'EEXIST' || code === 'ENOTDIR' ? 'is not a directory' : 'cannot be made, or not be written to';
    throw new ConfigError(
      `The data directory ${path} ${fault} (${code}). Choose another with MIRSAL_DATA_DIR.`,
    );
  }
}

/** Null where no mail server is set. */
function createMailing(
  config: Config,
  publicUrl: () => string,
  replacement: SendMail | null,
): Mailing | null {
  const host = config.publicUrl === null ? null : new URL(config.publicUrl).hostname;
  const from = config.mailFrom ?? `Mirsal <mirsal@${host ?? 'localhost'}>`;
  const send = config.smtpUrl === null ? null : createMailSender({ url: config.smtpUrl, from });
  const chosen = replacement ?? send;
  if (chosen === null) return null;
  return {
    send: chosen,
    // There is no page yet on which endpoints are enabled: mails tell of the API alone.
    render: (mail) => renderDue(mail, { publicUrl: publicUrl(), webhooksPage: null }),
    host: host ?? 'mirsal.invalid',
  };
}

/** Hands mails to people to the mail server at once; null where none is set. */
function mailingPeople(
  mailing: Mailing | null,
  random: Random,
): ((mail: PersonMail) => Promise<MailResult>) | null {
  if (mailing === null) return null;
  return (mail) =>
    mailing.send({
      ...renderPersonMail(mail),
      to: mail.to,
      language: mail.language,
      messageId: `<${random.uuid()}@${mailing.host}>`,
    });
}

/**
 * Starts one node. The port is bound before anything is made: a start on a port that is taken leaves nothing
 * behind. Rejects where the port is taken, the store cannot be opened, migrated or reached, or the secret is
 * not the one that the database was made with.
 */
export async function serve(config: Config, roles: ReadonlySet<Role>, parts: Parts = {}): Promise<Running> {
  const clock = createStoreClock(parts.clock ?? realClock);
  const listener = await listen(config);
  // What was opened is closed in the opposite order; the port is given back last.
  const closing: Array<() => Promise<void>> = [() => listener.close()];
  const stop = async (): Promise<void> => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  try {
    const store = announcing(openStore(config, clock), clock);
    closing.push(() => store.close());
    await store.migrate();
    return await startOn(store, { config, roles, parts, clock, listener, closing, stop });
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

interface Opened {
  config: Config;
  roles: ReadonlySet<Role>;
  parts: Parts;
  clock: ReturnType<typeof createStoreClock>;
  listener: Listener;
  closing: Array<() => Promise<void>>;
  stop(): Promise<void>;
}

/** Everything above a store that is open and up to date. */
async function startOn(store: Store, opened: Opened): Promise<Running> {
  const { config, roles, parts, clock, listener, closing, stop } = opened;
  const random = parts.random ?? realRandom;
  const logger = pino({ level: config.logLevel });
  const { port } = listener;
  const publicUrl = (): string => config.publicUrl ?? `http://localhost:${port}`;
  const sealer = await openSealer(store, config, random);
  const metrics = createMetrics(VERSION);
  let nodeListeners: readonly Listening[] = [];
  const sender = createSender({
    clock,
    policy: { allowedTargets: config.allowedTargets, requireHttps: config.requireHttps },
    ownListener: () => ({ host: listener.host, port }),
    nodeListeners: () => nodeListeners,
    publicUrl,
    proxy: config.proxy,
    onProxy(state, message) {
      metrics.proxy(state === 'failing');
      logger[state === 'failing' ? 'warn' : 'info']({ proxy: state }, message);
    },
    ...(config.bindSourceIps ? { sourceAddresses: config.sourceIps } : {}),
    ...(parts.resolver ? { resolver: parts.resolver } : {}),
    ...(parts.onConnect ? { onConnect: parts.onConnect } : {}),
  });
  closing.push(() => sender.close());
  const mailing = createMailing(config, publicUrl, parts.sendMail ?? null);
  const offload = createOffload({ plans: config.plans, mailHost: mailing?.host ?? null });
  closing.push(() => offload.close());
  const tracing = config.tracing
    ? await createTracing(VERSION, (message) => logger.warn({ tracing: 'failing' }, message))
    : null;
  if (tracing !== null) closing.push(() => tracing.close());
  const engine = createEngine({
    store,
    world: { clock, random, send: parts.send ?? sender.send },
    sealer,
    log: logger,
    shared: config.databaseUrl !== null,
    sends: roles.has('engine'),
    mailing,
    plans: config.plans,
    search: config.search,
    listens: () => listeningPlaces(listener),
    onListening(listening) {
      nodeListeners = listening;
    },
    onTime: clock.agree,
    meter: metrics.engine,
    ...(tracing ? { tracing } : {}),
    offload,
  });
  closing.push(() => engine.stop());
  metrics.watch({ engine, store });
  const setup = createSetupToken(config, listener.host, sealer);
  const identity = createIdentity({
    store,
    clock,
    secret: sealer.derive('sessions'),
    nextKey: engine.nextKey,
    publicUrl,
    randomBytes: (length) => random.bytes(length),
    ...(parts.passwords ? { passwords: parts.passwords } : {}),
  });
  const deps: HttpDeps = {
    store,
    identity,
    mailPerson: mailingPeople(mailing, random),
    setup,
    engine,
    clock,
    random,
    sealer,
    async checkTarget(url) {
      const check = await sender.checkTarget(url);
      // A name that does not resolve yet may do so tomorrow; a forbidden address never becomes right.
      if (check.ok || check.failure.kind === 'dns') return { ok: true };
      return { ok: false, code: check.failure.code, message: check.failure.message };
    },
    meta: { version: VERSION, publicUrl, sourceIps: config.sourceIps, limits: {} },
    plans: config.plans,
    search: config.search,
    rateLimits: rateLimitsOf(config.requestsPerSecond),
    trustedProxies: config.trustedProxies,
    dryRuns: offload,
    metrics: metrics.http,
    metricsToken: config.metricsToken,
    publicCatalog: config.publicCatalog,
    dashboard: readDashboard(DASHBOARD),
    tracing,
    logger,
  };
  const app = createHttpServer(deps, listener.server);
  // Closing the app ends what waits, such as the readers of a bin, so that requests in flight do end.
  closing.push(async () => {
    await Promise.all([listener.drain(), app.close()]);
  });
  await engine.start();
  await app.ready();
  const keys = await bootstrap(store, random, givenKeys(config), clock.now(), engine.nextKey);
  const needsSetup = await store.needsSetup();
  if (needsSetup) setup.keep();
  else await identity.prepare();
  listener.serve(app.routing);
  const setupToken = needsSetup ? setup.token : null;
  return { url: publicUrl(), port, keys, setupToken, store, engine, stop };
}

function givenKeys(config: Config): Parameters<typeof bootstrap>[2] {
  return {
    apiKey: config.bootstrapApiKey,
    instanceKey: config.bootstrapInstanceKey,
    ownerEmail: config.ownerEmail,
  };
}
