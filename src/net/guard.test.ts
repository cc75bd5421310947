/** P10: no forbidden address is ever connected to. Every refusal here also asserts that no socket was opened. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { createNameLookup, createSystemResolver, parseHosts } from './names.ts';
import {
  aPolicy,
  aRawReceiver,
  aReceiver,
  aRequest,
  aResolver,
  aSender,
  cleanUp,
  listen,
  realClock,
} from './testdata/kit.ts';

afterEach(cleanUp);

const NOTHING_ALLOWED = aPolicy('');
const PUBLIC = '93.184.216.34';

const CORPUS = readFileSync(new URL('../core/egress/hostile-targets.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

describe('the hostile corpus', () => {
  it.each(CORPUS)('%s is blocked and nothing is opened', async (url) => {
    const { sender, connects } = aSender({ policy: NOTHING_ALLOWED });
    const result = await sender.send(aRequest(url));
    expect(result).toMatchObject({ outcome: { kind: 'blocked' }, response: null, address: null });
    expect(await sender.checkTarget(url)).toMatchObject({ ok: false, failure: { kind: 'blocked' } });
    expect(connects).toEqual([]);
  });
});

describe('what DNS answers', () => {
  it.each([
    ['blocked', 'address_forbidden', 'a private address beside a public one', [PUBLIC, '10.0.0.1']],
    ['blocked', 'address_forbidden', 'loopback', ['127.0.0.1']],
    ['blocked', 'address_forbidden', 'a mapped metadata address', ['::ffff:a9fe:a9fe']],
    ['blocked', 'address_forbidden', 'a mapped address beside a public one', [PUBLIC, '::ffff:a9fe:a9fe']],
    ['blocked', 'address_forbidden', 'something that is no address', ['metadata.internal']],
    [
      'blocked',
      'dns_too_many_addresses',
      '4096 addresses',
      Array.from({ length: 4096 }, (_, i) => `93.184.${i >> 8}.${i & 255}`),
    ],
    ['dns', 'dns_no_address', 'nothing', []],
  ])('%s (%s): %s', async (kind, code, _what, addresses) => {
    const { sender, connects } = aSender({
      policy: NOTHING_ALLOWED,
      resolver: aResolver({ 'hooks.example.com': addresses }),
    });
    const url = 'http://hooks.example.com/';
    expect((await sender.send(aRequest(url))).outcome).toMatchObject({ kind, code });
    expect(await sender.checkTarget(url)).toMatchObject({ ok: false, failure: { kind, code } });
    expect(connects).toEqual([]);
  });

  it('an unknown name is a failure of DNS', async () => {
    const { sender, connects } = aSender();
    const result = await sender.send(aRequest('http://nowhere.example.com/'));
    expect(result.outcome).toMatchObject({ kind: 'dns', code: 'dns_not_found' });
    expect(connects).toEqual([]);
  });

  it('P7: no answer at all ends with the deadline, as a failure of DNS', async () => {
    const silent = new Promise<never>(() => {});
    const { sender, connects } = aSender({ resolver: aResolver({ 'hooks.example.com': () => silent }) });
    const result = await sender.send(aRequest('http://hooks.example.com/', { timeoutMs: 100 }));
    expect(result.outcome).toMatchObject({ kind: 'dns', code: 'dns_timeout' });
    expect(result.durationMs).toBeLessThan(1500);
    expect(connects).toEqual([]);
  });

  it('is asked once per connection, so a second answer cannot differ', async () => {
    const url = new URL(await aReceiver((_request, response) => response.end()));
    let asked = 0;
    const flip = (): string[] => {
      asked += 1;
      return asked <= 2 ? ['127.0.0.2'] : ['127.0.0.1'];
    };
    // 127.0.0.2 stands for the vetted address, 127.0.0.1 for the one that rebinding aims at.
    const { sender, connects } = aSender({
      policy: aPolicy('127.0.0.2'),
      resolver: aResolver({ 'hooks.example.com': flip }),
    });
    const target = `http://hooks.example.com:${url.port}/`;
    const first = await sender.send(aRequest(target));
    expect(connects).toEqual([`127.0.0.2 ${url.port}`]);
    // The receiver listens on 127.0.0.1 alone: that this fails shows that 127.0.0.2 was really connected to.
    expect(first.outcome).toMatchObject({ kind: 'connect', code: 'connection_refused' });
    const second = await sender.send(aRequest(target));
    expect(second.outcome).toMatchObject({ kind: 'blocked', code: 'address_forbidden' });
    expect(connects).toHaveLength(1);
  });

  it('keeps the Host header when it is connected to by address', async () => {
    const url = new URL(await aReceiver((request, response) => response.end(String(request.headers.host))));
    const { sender } = aSender({ resolver: aResolver({ 'hooks.example.com': ['127.0.0.1'] }) });
    const result = await sender.send(aRequest(`http://hooks.example.com:${url.port}/`));
    expect(Buffer.from(result.response?.body ?? []).toString()).toBe(`hooks.example.com:${url.port}`);
    expect(result.timings.dns).toBeTypeOf('number');
  });

  it('has its addresses tried in turn', async () => {
    const url = new URL(await aReceiver((_request, response) => response.end()));
    const { sender, connects } = aSender({
      resolver: aResolver({ 'hooks.example.com': ['127.0.0.9', '127.0.0.1'] }),
    });
    const result = await sender.send(aRequest(`http://hooks.example.com:${url.port}/`));
    expect(result).toMatchObject({ outcome: { kind: 'answered' }, address: '127.0.0.1' });
    expect(connects).toEqual([`127.0.0.9 ${url.port}`, `127.0.0.1 ${url.port}`]);
    expect(result.note).toBe('Addresses that failed: 127.0.0.9 (connection_refused).');
  });

  it('fails with what tells most, whichever address came last; each is in the note', async () => {
    const url = new URL(await aRawReceiver((socket) => socket.write('no TLS')));
    const { sender } = aSender({
      resolver: aResolver({ 'hooks.example.com': ['127.0.0.1', '127.0.0.9'] }),
    });
    const result = await sender.send(aRequest(`https://hooks.example.com:${url.port}/`));
    expect(result.outcome).toMatchObject({ kind: 'tls', code: 'tls_handshake' });
    expect(result).toMatchObject({
      address: '127.0.0.1',
      note: 'Addresses that failed: 127.0.0.1 (tls_handshake), 127.0.0.9 (connection_refused).',
    });
  });
});

describe('localhost', () => {
  it('works by the hosts file when loopback is allowed', async () => {
    const url = new URL(await aReceiver((_request, response) => response.end()));
    const { sender } = aSender({
      policy: aPolicy('127.0.0.0/8,::1'),
      resolver: createSystemResolver({ clock: realClock }),
    });
    const result = await sender.send(aRequest(`http://localhost:${url.port}/`));
    expect(result).toMatchObject({ outcome: { kind: 'answered' }, address: '127.0.0.1' });
  });

  it('is told apart in the hosts file', () => {
    const names = parseHosts('127.0.0.1 localhost\n::1\tLocalhost # both\n# 10.0.0.1 hidden\nbad line\n');
    expect(names.get('localhost')).toEqual(['127.0.0.1', '::1']);
    expect(names.size).toBe(1);
  });
});

describe('look-ups', () => {
  it('share one question, and are cached no longer than their TTL and 30 s', async () => {
    let nowMs = 0;
    const clock = { ...realClock, monotonic: () => nowMs };
    let asked = 0;
    const zone = {
      'a.example.com': () => {
        asked += 1;
        return [PUBLIC];
      },
    };
    const names = createNameLookup({ resolver: aResolver(zone, 3600), clock });
    await Promise.all([names.lookup('a.example.com'), names.lookup('a.example.com')]);
    expect(asked).toBe(2);
    nowMs = 29_999;
    await names.lookup('a.example.com');
    expect(asked).toBe(2);
    nowMs = 30_000;
    expect(await names.lookup('a.example.com')).toEqual({ ok: true, addresses: [PUBLIC] });
    expect(asked).toBe(4);
  });

  it('go on with one address family when the other stays silent', async () => {
    const resolver = aResolver({ 'a.example.com': [PUBLIC] });
    const silent = { ...resolver, resolve6: () => new Promise<never>(() => {}) };
    const names = createNameLookup({ resolver: silent, clock: realClock });
    expect(await names.lookup('a.example.com')).toEqual({ ok: true, addresses: [PUBLIC] });
  });
});

describe('this server itself', () => {
  function ownAddresses(): string[] {
    const entries = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
    return entries.map(({ address }) => address).filter((address) => !address.startsWith('fe80'));
  }

  async function anOwnListener(host: string, allowed = '127.0.0.0/8,0.0.0.0') {
    let seen = '';
    const server = createServer((request, response) => {
      seen = `${request.headers.host} ${request.url}`;
      response.end();
    });
    const port = await listen(server);
    const kit = aSender({
      policy: aPolicy(allowed),
      ownListener: () => ({ host, port }),
      publicUrl: () => 'https://mirsal.example.com',
      resolver: aResolver({ 'rebound.example.com': ['127.0.0.1'], 'mirsal.example.com': [PUBLIC] }),
    });
    return { ...kit, port, seen: () => seen };
  }

  it('P10: neither are those of other nodes, wherever they listen; another port of theirs may be', async () => {
    const port = await listen(createServer((_request, response) => response.end()));
    const elsewhere = await listen(createServer((_request, response) => response.end()));
    const { sender, connects } = aSender({
      policy: aPolicy('127.0.0.0/8,192.0.2.0/24,2001:db8::/32'),
      ownListener: () => ({ host: '127.0.0.1', port: 1 }),
      nodeListeners: () => [
        { address: '127.0.0.1', port },
        { address: '192.0.2.7', port: 8080 },
        { address: '2001:db8::7', port: 8080 },
      ],
      publicUrl: () => 'https://mirsal.example.com',
      resolver: aResolver({ 'node.example.com': ['192.0.2.7'] }),
    });
    for (const host of [
      `127.0.0.1:${port}`,
      `127.8.8.8:${port}`,
      '192.0.2.7:8080',
      'node.example.com:8080',
      '[2001:db8::7]:8080',
    ]) {
      const url = `http://${host}/v1/events`;
      expect((await sender.send(aRequest(url))).outcome).toMatchObject({ code: 'own_listener' });
      expect(await sender.checkTarget(url)).toMatchObject({ ok: false, failure: { code: 'own_listener' } });
    }
    expect(connects).toEqual([]);
    expect((await sender.send(aRequest(`http://127.0.0.1:${elsewhere}/`))).outcome.kind).toBe('answered');
  });

  it.each(['127.0.0.1', '0.0.0.0', '::', 'localhost'])('is refused, listening on %s', async (host) => {
    const { sender, connects, port } = await anOwnListener(host);
    for (const target of ['127.0.0.1', '127.8.8.8', '[::ffff:127.0.0.1]', '0.0.0.0', 'rebound.example.com']) {
      const result = await sender.send(aRequest(`http://${target}:${port}/v1/events`));
      expect(`${target} ${result.outcome.kind === 'blocked' && result.outcome.code}`).toBe(
        `${target} own_listener`,
      );
    }
    expect(connects).toEqual([]);
  });

  it('is reached for its own bins, directly and with their own Host', async () => {
    const { sender, connects, port, seen } = await anOwnListener('0.0.0.0');
    const result = await sender.send(aRequest('https://mirsal.example.com/b/abc?inspect'));
    expect(result).toMatchObject({ outcome: { kind: 'answered' }, address: '127.0.0.1' });
    expect(connects).toEqual([`127.0.0.1 ${port}`]);
    expect(seen()).toBe('mirsal.example.com /b/abc?inspect');
    expect(await sender.checkTarget('https://mirsal.example.com/b/abc')).toMatchObject({
      ok: true,
      isOwnBin: true,
    });
  });

  it.each(ownAddresses())(
    'is refused at %s, listening everywhere, and at no other port of it',
    async (address) => {
      const { sender, connects, port } = await anOwnListener('0.0.0.0', '0.0.0.0/0,::/0');
      const host = address.includes(':') ? `[${address}]` : address;
      const own = await sender.send(aRequest(`http://${host}:${port}/v1/events`));
      expect(own.outcome).toMatchObject({ kind: 'blocked', code: 'own_listener' });
      expect(await sender.checkTarget(`http://${host}:${port}/b/abc`)).toMatchObject({ ok: false });
      expect(await sender.checkTarget(`http://${host}:${port === 9 ? 10 : 9}/`)).toMatchObject({ ok: true });
      expect(connects).toEqual([]);
    },
  );

  it.each([
    'https://mirsal.example.com/v1/events',
    'https://MIRSAL.example.com:443/v1/events',
    'http://mirsal.example.com/v1/events',
    'https://mirsal.example.com/',
    'https://mirsal.example.com/b',
    'https://mirsal.example.com//b/x',
    'https://mirsal.example.com/b/../v1/events',
    'https://mirsal.example.com/b/%2e%2e/v1/events',
  ])('is refused under its public URL outside its bins: %s', async (url) => {
    const { sender, connects } = await anOwnListener('0.0.0.0');
    const { outcome } = await sender.send(aRequest(url));
    expect(outcome).toMatchObject({ kind: 'blocked', code: 'own_listener' });
    expect(await sender.checkTarget(url)).toMatchObject({ ok: false, failure: { code: 'own_listener' } });
    expect(connects).toEqual([]);
  });

  it('leaves other ports of its public host to others', async () => {
    const { sender } = await anOwnListener('0.0.0.0');
    expect(await sender.checkTarget('https://mirsal.example.com:8443/in')).toMatchObject({ ok: true });
  });
});

describe('B5: source addresses', () => {
  it('are what a request comes from', async () => {
    const url = await aReceiver((request, response) => response.end(request.socket.remoteAddress));
    const { sender } = aSender({ sourceAddresses: ['127.0.0.7'] });
    const result = await sender.send(aRequest(url));
    expect(Buffer.from(result.response?.body ?? []).toString()).toBe('127.0.0.7');
  });

  it('are never silently left out', async () => {
    const url = await aReceiver((_request, response) => response.end());
    const missing = aSender({ sourceAddresses: ['::1'] });
    expect((await missing.sender.send(aRequest(url))).outcome).toMatchObject({
      code: 'source_address_unavailable',
    });
    expect(missing.connects).toEqual([]);
    const wrong = aSender({ sourceAddresses: [PUBLIC] });
    expect((await wrong.sender.send(aRequest(url))).outcome).toMatchObject({
      code: 'source_address_unavailable',
    });
  });
});
