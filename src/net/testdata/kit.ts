/** Builders for the tests of net: a real clock, real servers, a fake name server. */
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as NetServer,
  type Socket,
} from 'node:net';
import { type EgressPolicy, parseCidrs } from '../../core/egress/address.ts';
import type { Clock, SendRequest } from '../../world.ts';
import type { AddressRecord, Resolver } from '../names.ts';
import { createSender, type Sender, type SenderOptions } from '../sender.ts';

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run, options) {
    const timer = setTimeout(run, delayMs);
    if (options?.unref) timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (run) => void setImmediate(run),
};

const cleanups: Array<() => Promise<void>> = [];

/** For `afterEach`: closes what the test opened, the last first. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

export function aPolicy(allowed: string, overrides: Partial<EgressPolicy> = {}): EgressPolicy {
  const parsed = parseCidrs(allowed);
  if (!parsed.ok) throw new Error(parsed.message);
  return { allowedTargets: parsed.cidrs, requireHttps: false, ...overrides };
}

/** A sender that may reach loopback, and every address that it was about to connect to. */
export function aSender(overrides: Partial<SenderOptions> = {}): { sender: Sender; connects: string[] } {
  const connects: string[] = [];
  const sender = createSender({
    clock: realClock,
    policy: aPolicy('127.0.0.0/8'),
    resolver: aResolver({}),
    onConnect: (address, port) => connects.push(`${address} ${port}`),
    ...overrides,
  });
  cleanups.push(() => sender.close());
  return { sender, connects };
}

export function aRequest(url: string, overrides: Partial<SendRequest> = {}): SendRequest {
  return {
    url,
    method: 'POST',
    headers: [
      ['content-type', 'application/json'],
      ['webhook-id', 'msg_1'],
    ],
    body: '{"a":1}',
    timeoutMs: 2000,
    ...overrides,
  };
}

/** Addresses per name; a function is asked anew each time. Names that are not listed do not exist. */
export type Zone = Record<string, readonly string[] | (() => readonly string[] | Promise<readonly string[]>)>;

export function aResolver(zone: Zone, ttl = 0): Resolver {
  async function answer(host: string, isV6: boolean): Promise<AddressRecord[]> {
    const entry = zone[host];
    if (entry === undefined) throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    const addresses = typeof entry === 'function' ? await entry() : entry;
    return addresses.filter((address) => address.includes(':') === isV6).map((address) => ({ address, ttl }));
  }
  return { resolve4: (host) => answer(host, false), resolve6: (host) => answer(host, true) };
}

/** Listens on loopback until the test ends; answers the port. */
export async function listen(server: NetServer | Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

/** An HTTP receiver; answers its base URL. */
export async function aReceiver(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createHttpServer(listener))}`;
}

/** A receiver that speaks as it likes: `speak` runs at the first bytes of each connection. */
export async function aRawReceiver(speak: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer((socket) => socket.once('data', () => speak(socket)));
  return `http://127.0.0.1:${await listen(server)}`;
}

export function testdata(name: string): string {
  return readFileSync(new URL(`./${name}`, import.meta.url), 'utf8');
}
