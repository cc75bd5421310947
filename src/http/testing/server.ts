/**
 * A server with a real store and a real engine; only the network and the clock are the test's own.
 * Test files hand in the parts, since sources do not import from test/.
 */

import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { DEFAULT_PLANS } from '../../core/plan.ts';
import type { Sealer } from '../../core/sealing.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Identity } from '../../identity/identity.ts';
import { API_KEY_SCOPES, type ApiKeyScope } from '../../store/records/administration.ts';
import type { Store } from '../../store/store.ts';
import type { Clock, Random, SendRequest, SendResult, World } from '../../world.ts';
import { makeApiKey } from '../apiKey.ts';
import type { App, HttpDeps } from '../deps.ts';
import { createHttpServer } from '../server.ts';
import { attachResponseCheck, type ResponseCheck } from './responseCheck.ts';

export const PUBLIC_URL = 'https://hooks.test';
export const SETUP_TOKEN = 'the token of these tests';

export interface TestClock extends Clock {
  move(ms: number): void;
}

/** As test/support has them. */
export interface TestParts {
  workspace: number;
  sealer: Sealer;
  random: Random;
  createMovableClock(): TestClock;
  aSqliteStore(clock: Clock): Promise<{ store: Store; dispose(): Promise<void> }>;
  anEngine(store: Store, clock: Clock, overrides: { world: World }): Engine;
  anIdentity(store: Store, clock: Clock, over: { nextKey(): number; publicUrl: string }): Identity;
}

export interface TestServer {
  app: App;
  store: Store;
  engine: Engine;
  identity: Identity;
  clock: TestClock;
  check: ResponseCheck;
  /** The API's routes, as `GET /v1/…`. */
  routes: string[];
  /** What was sent, in order. */
  sent: SentRequest[];
  /** How the receiver answers from now on. */
  answerWith(answer: (request: SentRequest) => Promise<SendResult> | SendResult): void;
  /** A key of the workspace (or an instance key, for null) with these scopes. */
  key(scopes: readonly ApiKeyScope[], workspace?: number | null): Promise<string>;
  /** A call with the key of all scopes; `body` as JSON, or as it is when it is a text. */
  call(method: string, url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

/** A request with its body as text. */
export type SentRequest = SendRequest & { body: string };

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers, whose form the response check has verified.
  body: any;
  text: string;
  headers: LightMyRequestResponse['headers'];
}

export function aResult(status: number, body = ''): SendResult {
  return {
    outcome: { kind: 'answered' },
    response: {
      status,
      headers: [['content-type', 'text/plain']],
      body: Buffer.from(body),
      truncated: false,
    },
    note: null,
    durationMs: 3,
    timings: { response: 3 },
    address: '192.0.2.1',
  };
}

export async function aServer(parts: TestParts, overrides: Partial<HttpDeps> = {}): Promise<TestServer> {
  const { random, sealer } = parts;
  const clock = parts.createMovableClock();
  const { store, dispose } = await parts.aSqliteStore(clock);
  const sent: SentRequest[] = [];
  let answer: (request: SentRequest) => Promise<SendResult> | SendResult = () => aResult(200, 'thanks');
  const engine = parts.anEngine(store, clock, {
    world: {
      clock,
      random,
      async send(request) {
        const read = { ...request, body: Buffer.from(request.body).toString() };
        sent.push(read);
        return answer(read);
      },
    },
  });
  await engine.start();
  const identity = parts.anIdentity(store, clock, { nextKey: engine.nextKey, publicUrl: PUBLIC_URL });
  const app = createHttpServer({
    store,
    engine,
    clock,
    random,
    sealer,
    checkTarget: async (url) =>
      url.includes('forbidden')
        ? { ok: false, code: 'address_forbidden', message: 'leads to 10.0.0.1' }
        : { ok: true },
    meta: { version: '0.0.0', publicUrl: () => PUBLIC_URL, sourceIps: ['192.0.2.7'], limits: { lanes: 64 } },
    plans: DEFAULT_PLANS,
    rateLimits: null,
    trustedProxies: [],
    dryRuns: null,
    search: true,
    metrics: null,
    metricsToken: null,
    tracing: null,
    dashboard: null,
    publicCatalog: false,
    identity,
    mailPerson: null,
    setup: { token: SETUP_TOKEN, done() {} },
    logger: false,
    ...overrides,
  });
  const check = attachResponseCheck(app);
  const routes: string[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    if (url.startsWith('/v1/')) routes.push(`${method} ${url}`);
  });
  const key = async (
    scopes: readonly ApiKeyScope[],
    workspace: number | null = parts.workspace,
  ): Promise<string> => {
    const { text, hash, prefix } = makeApiKey(workspace === null ? 'instance' : 'workspace', random.bytes);
    const row = {
      key: engine.nextKey(),
      workspace,
      name: 'Test',
      prefix,
      scopes,
      createdAt: clock.now(),
      hash,
    };
    await store.createApiKey(row, 'test');
    return text;
  };
  const all = await key(API_KEY_SCOPES);
  return {
    app,
    store,
    engine,
    identity,
    clock,
    check,
    routes,
    sent,
    answerWith: (next) => {
      answer = next;
    },
    key,
    call: (method, url, body, headers = {}) =>
      callApp(app, method, url, body, { authorization: `Bearer ${all}`, ...headers }),
    async close() {
      await app.close();
      await engine.stop();
      await dispose();
    },
  };
}

export async function callApp(
  app: App,
  method: string,
  url: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer> {
  const options: InjectOptions = { method: method as NonNullable<InjectOptions['method']>, url, headers };
  if (body !== undefined) {
    options.payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    options.headers = { 'content-type': 'application/json', ...headers };
  }
  const response = await app.inject(options);
  const isJson = String(response.headers['content-type']).includes('json');
  return {
    status: response.statusCode,
    body: isJson && response.payload !== '' ? JSON.parse(response.payload) : null,
    text: response.payload,
    headers: response.headers,
  };
}
