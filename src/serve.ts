/**
 * Wiring: the place where real things are constructed and given to each other. A test replaces
 * some of them through `Parts`.
 */

import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { type Bootstrapped, bootstrap } from './bootstrap.ts';
import type { Config, Role } from './config.ts';
import { createSealer, SEALING_KEY_BYTES } from './core/sealing.ts';
import { createEngine } from './engine/create.ts';
import type { Engine } from './engine/engine.ts';
import type { Mailing } from './engine/outbox.ts';
import { createStoreClock } from './engine/time.ts';
import { createHttpServer } from './http/server.ts';
import { renderDue } from './mail/render.ts';
import { createMailSender } from './mail/transport.ts';
import type { Resolver } from './net/names.ts';
import { createSender } from './net/sender.ts';
import { realClock, realRandom } from './real.ts';
import { openPostgres } from './store/postgres/postgres.ts';
import { openSqlite } from './store/sqlite/sqlite.ts';
import type { Store } from './store/store.ts';
import type { Clock, Random, Send, SendMail } from './world.ts';

export const VERSION: string = packageJson.version;

/** What a test may put in the place of the real thing. */
export interface Parts {
  clock?: Clock;
  random?: Random;
  send?: Send;
  sendMail?: SendMail;
  resolver?: Resolver;
  onConnect?: (address: string, port: number) => void;
}

export interface Running {
  /** The address to reach it at, such as `http://localhost:8080`. */
  url: string;
  port: number;
  keys: Bootstrapped;
  store: Store;
  engine: Engine;
  /** Stops taking requests, finishes what is in flight, hands the lanes back, closes the store. */
  stop(): Promise<void>;
}

export function openStore(config: Config, clock: Clock): Store {
  if (config.databaseUrl !== null) return openPostgres({ url: config.databaseUrl, clock });
  mkdirSync(config.dataDir, { recursive: true });
  return openSqlite({ directory: config.dataDir, clock });
}

/** The key that seals stored secrets: from MIRSAL_SECRET, or from a file generated beside the data. */
function sealingKey(config: Config, random: Random): Uint8Array {
  if (config.secret !== null) return createHash('sha256').update(config.secret).digest();
  mkdirSync(config.dataDir, { recursive: true });
  const path = join(config.dataDir, 'secret.key');
  if (!existsSync(path)) {
    writeFileSync(path, `${Buffer.from(random.bytes(SEALING_KEY_BYTES)).toString('base64')}\n`, {
      flag: 'wx',
    });
    chmodSync(path, 0o600);
  }
  return createHash('sha256').update(readFileSync(path, 'utf8').trim()).digest();
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
    render: (mail) => renderDue(mail, publicUrl()),
    host: host ?? 'mirsal.invalid',
  };
}

/** Starts one node. Rejects where the store cannot be opened, migrated or reached, or the port is taken. */
export async function serve(config: Config, roles: ReadonlySet<Role>, parts: Parts = {}): Promise<Running> {
  const clock = createStoreClock(parts.clock ?? realClock);
  const random = parts.random ?? realRandom;
  const logger = pino({ level: config.logLevel });
  const store = openStore(config, clock);
  let port = config.port;
  let listening = false;
  const publicUrl = (): string => config.publicUrl ?? `http://localhost:${port}`;
  const sender = createSender({
    clock,
    policy: { allowedTargets: config.allowedTargets, requireHttps: config.requireHttps },
    ownListener: () => (listening ? { host: '127.0.0.1', port } : null),
    isOwnBin: (url) => url.origin === publicUrl() && url.pathname.startsWith('/b/'),
    ...(config.bindSourceIps ? { sourceAddresses: config.sourceIps } : {}),
    ...(parts.resolver ? { resolver: parts.resolver } : {}),
    ...(parts.onConnect ? { onConnect: parts.onConnect } : {}),
  });
  const sealer = createSealer(sealingKey(config, random), (length) => random.bytes(length));
  const engine = createEngine({
    store,
    world: { clock, random, send: parts.send ?? sender.send },
    sealer,
    log: logger,
    shared: config.databaseUrl !== null,
    sends: roles.has('engine'),
    mailing: createMailing(config, publicUrl, parts.sendMail ?? null),
    plans: config.plans,
    onTime: clock.agree,
  });
  const app = createHttpServer({
    store,
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
    logger,
  });
  const stop = async (): Promise<void> => {
    await app.close();
    await engine.stop();
    await sender.close();
    await store.close();
  };
  try {
    await store.migrate();
    await engine.start();
    const given = {
      apiKey: config.bootstrapApiKey,
      instanceKey: config.bootstrapInstanceKey,
      ownerEmail: config.ownerEmail,
    };
    const keys = await bootstrap(store, random, given, clock.now(), engine.nextKey);
    await app.listen({ host: config.host, port: config.port });
    const address = app.server.address();
    if (address !== null && typeof address === 'object') port = address.port;
    listening = true;
    return { url: publicUrl(), port, keys, store, engine, stop };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}
