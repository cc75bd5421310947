/** P10, P8: through an outgoing proxy the guard decides as ever, and the proxy's failures are nobody else's. */
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OUTAGE_CODES, OWN_FAULT_CODES } from '../core/delivery/budget.ts';
import type { ProxySettings } from './proxy.ts';
import { aConnectProxy, type ConnectProxy } from './testdata/connectProxy.ts';
import {
  aPolicy,
  aReceiver,
  aRequest,
  aResolver,
  aSender,
  cleanUp,
  listen,
  testdata,
  type Zone,
} from './testdata/kit.ts';

afterEach(cleanUp);

const FORBIDDEN = '10.1.2.3';
let proxy: ConnectProxy;
let port: number;

beforeEach(async () => {
  proxy = aConnectProxy();
  port = await listen(proxy.server);
});

function aProxiedSender(settings: Partial<ProxySettings> = {}, zone: Zone = {}) {
  const told: string[] = [];
  const { sender, connects } = aSender({
    policy: aPolicy('127.0.0.0/8'),
    resolver: aResolver({
      'good.example.com': ['127.0.0.1'],
      'bad.example.com': [FORBIDDEN],
      'mixed.example.com': ['127.0.0.1', FORBIDDEN],
      'proxy.example.com': ['127.0.0.1'],
      ...zone,
    }),
    extraTrust: [testdata('valid.pem')],
    proxy: { host: '127.0.0.1', port, authorization: null, resolvesNames: false, ...settings },
    onProxy: (state, message) => told.push(`${state}: ${message}`),
  });
  return { sender, connects, told };
}

async function aTlsReceiver(): Promise<number> {
  const options = { key: testdata('key.pem'), cert: testdata('valid.pem') };
  const server = createTlsServer(options, (socket) => {
    socket.on('error', () => {});
    socket.on('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 0\r\nname: ${socket.servername}\r\n\r\n`);
    });
  });
  server.on('tlsClientError', () => {});
  return listen(server);
}

describe('through the proxy', () => {
  it('http and https targets are reached by the vetted address; the name goes through the tunnel', async () => {
    let host: string | undefined;
    const plain = new URL(
      await aReceiver((request, response) => {
        host = request.headers.host;
        response.end();
      }),
    );
    const { sender, connects } = aProxiedSender();
    const first = await sender.send(aRequest(`http://good.example.com:${plain.port}/a`));
    expect(first).toMatchObject({ outcome: { kind: 'answered' }, address: '127.0.0.1', note: null });
    expect(host).toBe(`good.example.com:${plain.port}`);
    const secure = await aTlsReceiver();
    const second = await sender.send(aRequest(`https://good.example.com:${secure}/a`));
    expect(second).toMatchObject({ outcome: { kind: 'answered' }, response: { status: 200 } });
    expect(second.response?.headers).toContainEqual(['name', 'good.example.com']);
    expect(second.timings).toMatchObject({ connect: expect.any(Number), tls: expect.any(Number) });
    expect(proxy.heads.map((head) => head.split('\r\n').slice(0, 2))).toEqual(
      [plain.port, secure].map((to) => [`CONNECT 127.0.0.1:${to} HTTP/1.1`, `host: 127.0.0.1:${to}`]),
    );
    expect(connects).toEqual([`127.0.0.1 ${plain.port}`, `127.0.0.1 ${secure}`]);
    const byAddress = await sender.send(aRequest(`https://127.0.0.1:${secure}/a`));
    expect(byAddress.outcome).toEqual({ kind: 'answered' });
    // A tunnel is kept like any connection.
    const again = await sender.send(aRequest(`https://good.example.com:${secure}/a`));
    expect(Object.keys(again.timings)).toEqual(['response']);
    expect(proxy.heads).toHaveLength(3);
  });

  it('credentials are sent at once, and a proxy may be named', async () => {
    const url = await aReceiver((_request, response) => response.end());
    const { sender } = aProxiedSender({ host: 'proxy.example.com', authorization: 'Basic dTpw' });
    expect((await sender.send(aRequest(url))).outcome).toEqual({ kind: 'answered' });
    expect(proxy.heads[0]).toContain('\r\nproxy-authorization: Basic dTpw\r\n');
  });

  it('a bad certificate is the receiver’s, and a refused name too', async () => {
    const to = await aTlsReceiver();
    const { sender } = aProxiedSender({}, { 'other.example.com': ['127.0.0.1'] });
    const result = await sender.send(aRequest(`https://other.example.com:${to}/`));
    expect(result.outcome).toMatchObject({ kind: 'tls', code: 'tls_wrong_name' });
  });
});

describe('P10: the guard', () => {
  it.each([
    'http://10.1.2.3/',
    'http://bad.example.com/',
    'https://mixed.example.com/',
    'http://localhost.local/',
  ])('refuses %s before the proxy is asked anything', async (url) => {
    const { sender, connects } = aProxiedSender();
    expect((await sender.send(aRequest(url))).outcome).toMatchObject({ kind: 'blocked' });
    expect(await sender.checkTarget(url)).toMatchObject({ ok: false });
    expect(proxy.heads).toEqual([]);
    expect(connects).toEqual([]);
  });

  it('own bins are reached directly', async () => {
    const own = new URL(await aReceiver((_request, response) => response.end()));
    const { sender } = aSender({
      proxy: { host: '127.0.0.1', port, authorization: null, resolvesNames: false },
      ownListener: () => ({ host: '127.0.0.1', port: Number(own.port) }),
      publicUrl: () => 'https://hooks.example.com',
    });
    const result = await sender.send(aRequest('https://hooks.example.com/b/x'));
    expect(result.outcome).toEqual({ kind: 'answered' });
    expect(proxy.heads).toEqual([]);
  });

  it('where only the proxy resolves, names are vetted by their spelling, addresses as ever', async () => {
    const to = new URL(await aReceiver((_request, response) => response.end())).port;
    proxy.names['known.example.com'] = '127.0.0.1';
    const { sender } = aProxiedSender({ resolvesNames: true });
    const url = `http://known.example.com:${to}/`;
    expect(await sender.checkTarget(url)).toMatchObject({ ok: true });
    expect((await sender.send(aRequest(url))).outcome).toEqual({ kind: 'answered' });
    expect(proxy.heads[0]).toMatch(/^CONNECT known\.example\.com:\d+ HTTP/);
    for (const bad of ['http://10.1.2.3/', 'http://metadata.google.internal/', 'http://10.1.2.3.nip.io/']) {
      expect((await sender.send(aRequest(bad))).outcome).toMatchObject({ kind: 'blocked' });
    }
    expect(proxy.heads).toHaveLength(1);
  });
});

describe('P8: a failing proxy is this server’s own fault', () => {
  it.each<[string, string, ConnectProxy['mood']]>([
    ['proxy_credentials', 'a 407', 407],
    ['proxy_failed', 'a 502', 502],
    ['proxy_failed', 'a 403', 403],
    ['proxy_failed', 'a 301', 301],
    ['proxy_failed', 'no answer at all', 'close'],
    ['proxy_failed', 'another protocol', { raw: 'SSH-2.0-OpenSSH\r\n\r\n' }],
    ['proxy_failed', 'a head without end', { raw: `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(20_000)}\r\n\r\n` }],
    ['proxy_timeout', 'silence', 'silent'],
  ])(
    '%s after %s: named as such, told to the operator once, and again when it is over',
    async (code, _what, mood) => {
      const url = await aReceiver((_request, response) => response.end());
      const { sender, told } = aProxiedSender();
      proxy.mood = mood;
      for (let i = 0; i < 2; i += 1) {
        const { outcome, address } = await sender.send(
          aRequest(url, { timeoutMs: mood === 'silent' ? 300 : 10_000 }),
        );
        expect(outcome).toMatchObject({
          kind: 'connect',
          code,
          message: expect.stringContaining('outgoing proxy'),
        });
        expect(address).toBeNull();
      }
      expect(OUTAGE_CODES.has(code)).toBe(true);
      proxy.mood = 'open';
      expect((await sender.send(aRequest(url))).outcome).toEqual({ kind: 'answered' });
      expect(told.map((line) => line.split(':')[0])).toEqual(['failing', 'working']);
    },
  );

  it('so is one that does not listen, or has no address', async () => {
    const closed = await listen(aConnectProxy().server);
    await cleanUp();
    const gone = aProxiedSender({ port: closed });
    expect((await gone.sender.send(aRequest('http://good.example.com:9999/'))).outcome).toMatchObject({
      code: 'proxy_unreachable',
    });
    const unknown = aProxiedSender({ host: 'no.example.com' });
    expect((await unknown.sender.send(aRequest('http://good.example.com:9999/'))).outcome).toMatchObject({
      code: 'proxy_unreachable',
      message: expect.stringContaining('no address'),
    });
    expect(gone.told).toHaveLength(1);
  });

  it('one that opens other tunnels tells of the receiver: charged to nobody, but no reason to wait for ever', async () => {
    const url = await aReceiver((_request, response) => response.end());
    const { sender, told } = aProxiedSender();
    await sender.send(aRequest(url));
    const closed = await listen(aConnectProxy().server);
    proxy.mood = 502;
    const { outcome } = await sender.send(aRequest(`http://good.example.com:${closed}/`));
    expect(outcome).toMatchObject({ kind: 'connect', code: 'proxy_no_tunnel' });
    expect(OWN_FAULT_CODES.has('proxy_no_tunnel') && !OUTAGE_CODES.has('proxy_no_tunnel')).toBe(true);
    expect(told).toEqual([]);
  });
});
