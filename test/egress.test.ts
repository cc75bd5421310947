/**
 * P10: no forbidden address is ever connected to, through no way out: not when an endpoint is made or
 * changed, not on delivery, test, retry or replay, and not behind a redirect. The whole product runs,
 * with a name server of the test's own and a watch on every socket that is opened.
 */

import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AddressRecord, Resolver } from '../src/net/names.ts';
import { createMovableClock, type MovableClock } from './support/clock.ts';
import { callsTo } from './support/process.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { type Served, startServed, until } from './support/served.ts';

const CORPUS = readFileSync(new URL('../src/core/egress/hostile-targets.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

/** What the corpus says is also to be covered, as far as the URL's text goes. */
const ALSO: ReadonlyArray<readonly [what: string, url: string]> = [
  ['a user name', 'https://user@example.com/'],
  ['a user name and a password', 'https://user:password@example.com/'],
  ['an empty user name', 'https://@example.com/'],
  ['port 0', 'https://example.com:0/'],
  ['port 65536', 'https://example.com:65536/'],
  ['a port of 20 digits', 'https://example.com:18446744073709551696/'],
  ['a port that is no number', 'https://example.com:http/'],
  ['a line break', 'https://example.com/\r\nHost: 127.0.0.1'],
  ['a line break in the host', 'https://exa\nmple.com/'],
  ['a tab', 'https://example.com/\t'],
  ['a NUL', 'https://example.com/\u0000'],
  ['a DEL', 'https://example.com/\u007f'],
  ['a NEL', 'https://example.com/\u0085'],
  ['a line separator', 'https://example.com/\u2028'],
  ['a space before it', ' https://example.com/'],
  ['an escaped NUL in the host', 'https://127.0.0.1%00.example.com/'],
  ['localhost in full-width letters', 'http://ｌｏｃａｌｈｏｓｔ/'],
  ['localhost with a Roman numeral fifty', 'http://\u217cocalhost/'],
  ['localhost with a Cyrillic o', 'http://l\u043ecalhost/'],
  ['localhost with a soft hyphen', 'http://local\u00adhost/'],
  ['localhost with a final dot', 'http://localhost./'],
  ['127.0.0.1 with ideographic full stops', 'http://127。0。0。1/'],
  ['127.0.0.1 with a final dot', 'http://127.0.0.1./'],
  ['169.254.169.254 in circled digits', 'http://①⑥⑨.②⑤④.①⑥⑨.②⑤④/'],
  ['169.254.169.254 in mathematical digits', 'http://𝟏𝟔𝟗.𝟐𝟓𝟒.𝟏𝟔𝟗.𝟐𝟓𝟒/'],
  ['no host', 'http:///path'],
  ['no scheme', 'example.com/path'],
  ['a scheme of another kind', 'ftp://example.com/'],
  ['javascript', 'javascript:alert(1)'],
];

/** Global unicast, and never connected to: nothing may open a socket to it while these tests run. */
const PUBLIC = '93.184.216.34';
const FORBIDDEN: ReadonlyArray<readonly [what: string, addresses: readonly string[]]> = [
  ['127.0.0.1', ['127.0.0.1']],
  ['a private address beside a public one', [PUBLIC, '10.0.0.1']],
  ['the metadata service', ['169.254.169.254']],
  ['an AAAA record ::ffff:a9fe:a9fe', ['::ffff:a9fe:a9fe']],
  ['an AAAA record for loopback beside a public A record', [PUBLIC, '::1']],
  ['what a CNAME to a private name leads to', ['192.168.1.10', 'fd00::10']],
  ['NAT64 around the metadata service', ['64:ff9b::a9fe:a9fe']],
  ['4096 records', Array.from({ length: 4096 }, (_, n) => `93.184.${n >> 8}.${n & 255}`)],
  ['something that is no address', ['postgres']],
];

type Zone = Map<string, readonly string[] | Promise<never>>;

/** A name server whose every answer may differ from the last: TTL 0. */
function aResolver(zone: Zone, onQuestion: (host: string) => void): Resolver {
  const answer = async (host: string, isV6: boolean): Promise<AddressRecord[]> => {
    onQuestion(host);
    const addresses = zone.get(host);
    if (addresses === undefined) throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    const records = (await addresses).map((address) => ({ address, ttl: 0 }));
    return records.filter(({ address }) => address.includes(':') === isV6);
  };
  return { resolve4: (host) => answer(host, false), resolve6: (host) => answer(host, true) };
}

const zone: Zone = new Map();
const connects: string[] = [];
let onQuestion: (host: string) => void = () => {};
let clock: MovableClock;
let mirsal: Served;

beforeAll(async () => {
  clock = createMovableClock();
  mirsal = await startServed({
    env: { MIRSAL_ALLOWED_TARGETS: '' },
    parts: {
      clock,
      resolver: aResolver(zone, (host) => onQuestion(host)),
      onConnect: (address, port) => connects.push(`${address} ${port}`),
    },
  });
  // Nearly everything here fails, as it should.
  await mirsal.call('PATCH', '/v1/settings', { budget: { limit: 10_000 } });
});
afterAll(async () => {
  await mirsal.close();
});
beforeEach(() => {
  connects.length = 0;
});

const create = (url: string, members: object = {}) =>
  mirsal.call('POST', '/v1/endpoints', { url, event_types: ['contact.tag.added'], ...members });
const change = (id: string, url: string) => mirsal.call('PATCH', `/v1/endpoints/${id}`, { url });
const remove = (id: string) => mirsal.call('DELETE', `/v1/endpoints/${id}`);

const EVENT = {
  type: 'contact.tag.added',
  data: {
    tag: { id: 1, name: 'a tag' },
    contact: {
      id: 1,
      email: 'reader@example.com',
      fields: [],
      ip: null,
      referred_by_contact_id: null,
      referred_by_contact_email: null,
    },
  },
};

/** Publishes one event; resolves to its one delivery's id. */
async function publish(): Promise<string> {
  const accepted = await mirsal.call('POST', '/v1/events', EVENT);
  expect(accepted.body).toMatchObject({ deliveries: 1 });
  const { body } = await mirsal.call('GET', `/v1/deliveries?event_id=${accepted.body.id}`);
  return body.data[0].id;
}

/** The delivery in full, once it has made that many attempts. */
async function tried(id: string, attempts: number) {
  const { body } = await until(
    () => mirsal.call('GET', `/v1/deliveries/${id}`),
    ({ body: found }) => found.attempt_count >= attempts && found.state !== 'sending',
  );
  return body;
}

describe('an endpoint', () => {
  let existing: string;
  beforeAll(async () => {
    zone.set('hooks.example.com', [PUBLIC]);
    existing = (await create('https://hooks.example.com/')).body.id;
  });
  afterAll(async () => {
    await remove(existing);
  });

  async function expectRefused(url: string, statuses: readonly number[] = [422]): Promise<void> {
    for (const answer of [await create(url), await change(existing, url)]) {
      expect(statuses).toContain(answer.status);
      expect(answer.body.errors).toMatchObject([{ field: '/url' }]);
      expect(answer.body.errors[0].message).toMatch(/\w/);
    }
    expect(connects).toEqual([]);
    const { body } = await mirsal.call('GET', '/v1/endpoints');
    expect(body.data.map((endpoint: { url: string }) => endpoint.url)).toEqual([
      'https://hooks.example.com/',
    ]);
  }

  test.each(CORPUS)('P10: cannot be made at, or moved to, %s', (url) => expectRefused(url));

  test.each(ALSO)('P10: cannot have a URL with %s', (_what, url) => expectRefused(url));

  test('P10: cannot have a URL of 10 kB', () =>
    // The schema's limit, said before anything looks at what the URL means.
    expectRefused(`https://example.com/${'x'.repeat(10_000)}`, [400, 422]));

  test.each(FORBIDDEN)('P10: cannot be made at a name that leads to %s', async (_what, addresses) => {
    zone.set('rebinding.example.com', addresses);
    await expectRefused('http://rebinding.example.com/');
  });

  test('may have a name that does not resolve yet', async () => {
    const made = await create('https://later.example.com/');
    expect(made.status).toBe(201);
    await remove(made.body.id);
    expect(connects).toEqual([]);
  });
});

describe('a name that leads elsewhere after its endpoint was made', () => {
  let id: string;
  beforeEach(async () => {
    zone.set('flips.example.com', [PUBLIC]);
    id = (await create('http://flips.example.com/hook')).body.id;
    return async () => {
      await remove(id);
    };
  });

  test.each(FORBIDDEN)(
    'P10: to %s: delivery, retry, retry now, replay and test are blocked, and nothing is connected to',
    async (_what, addresses) => {
      zone.set('flips.example.com', addresses);
      const delivery = await publish();
      await tried(delivery, 1);
      clock.move(30_000);
      await tried(delivery, 2);
      await mirsal.call('POST', `/v1/deliveries/${delivery}/retry`);
      await tried(delivery, 3);
      clock.move(90_000);
      const dropped = await tried(delivery, 4);
      expect(dropped.state).toBe('dropped');
      const replay = await mirsal.call('POST', `/v1/deliveries/${delivery}/retry`);
      expect(replay.body.replay_of).toBe(delivery);
      const replayed = await tried(replay.body.id, 1);
      await mirsal.call('POST', `/v1/deliveries/${replay.body.id}/skip`);
      const sample = await mirsal.call('POST', `/v1/endpoints/${id}/test`, { event_type: 'contact.created' });
      const tested = await tried(sample.body.delivery_id, 1);
      const attempts = [...dropped.attempts, ...replayed.attempts, ...tested.attempts];
      expect(attempts.map(({ outcome }) => outcome)).toEqual(Array(6).fill('blocked'));
      for (const attempt of attempts) {
        expect(attempt).toMatchObject({ status: null, response: null, address: null });
        expect(attempt.error).toMatch(/^(address_forbidden|dns_too_many_addresses): flips\.example\.com /);
      }
      expect(connects).toEqual([]);
    },
  );

  test('P10: to no answer for 10 s: the attempt ends at its deadline, as dns (P7)', async () => {
    const asked = Promise.withResolvers<void>();
    onQuestion = () => asked.resolve();
    zone.set('flips.example.com', new Promise<never>(() => {}));
    const delivery = await publish();
    await asked.promise;
    clock.move(5_000);
    const { attempts } = await tried(delivery, 1);
    onQuestion = () => {};
    expect(attempts).toMatchObject([{ outcome: 'dns', status: null, address: null }]);
    expect(attempts[0].duration_ms).toBeLessThanOrEqual(5_000);
    expect(connects).toEqual([]);
  });

  test('P10: to nothing, or out of being: dns', async () => {
    for (const [answer, code] of [
      [[], 'dns_no_address'],
      [null, 'dns_not_found'],
    ] as const) {
      if (answer === null) zone.delete('flips.example.com');
      else zone.set('flips.example.com', answer);
      const delivery = await publish();
      const { attempts } = await tried(delivery, 1);
      expect(attempts[0].outcome).toBe('dns');
      expect(attempts[0].error).toContain(code);
      await mirsal.call('POST', `/v1/deliveries/${delivery}/skip`);
    }
    expect(connects).toEqual([]);
  });
});

describe('this server itself', () => {
  test('P10: is refused as a target, under every spelling of its address', async () => {
    const { port } = mirsal.running;
    zone.set('mirsal.example.com', ['127.0.0.1']);
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '0.0.0.0', 'mirsal.example.com']) {
      const answer = await create(`http://${host}:${port}/v1/events`);
      expect([host, answer.status, answer.body.code]).toEqual([host, 422, 'target_refused']);
    }
    expect(connects).toEqual([]);
  });

  test('P10: is refused even where the operator allows loopback, whose other ports stay allowed', async () => {
    await using receiver = await startReceiver();
    const opened: string[] = [];
    const open = await startServed({
      parts: {
        resolver: aResolver(zone, () => {}),
        onConnect: (address, port) => opened.push(`${address} ${port}`),
      },
    });
    const { port } = open.running;
    zone.set('mirsal.example.com', ['127.0.0.1']);
    zone.set('flips.example.com', [PUBLIC]);
    const at = (url: string) => open.call('POST', '/v1/endpoints', { url, event_types: ['*'] });
    for (const host of ['127.0.0.1', '127.9.9.9', '[::ffff:127.0.0.1]', 'mirsal.example.com']) {
      const answer = await at(`http://${host}:${port}/v1/events`);
      expect(answer.body.detail).toContain('(own_listener)');
    }
    const rebound = await at(`http://flips.example.com:${port}/v1/events`);
    zone.set('flips.example.com', ['127.0.0.1']);
    await at(`${receiver.url}/in`);
    await open.call('POST', '/v1/events', EVENT);
    await receiver.count(1);
    const { body } = await until(
      () => open.call('GET', `/v1/deliveries?endpoint_id=${rebound.body.id}`),
      ({ body: found }) => found.data[0].attempts.length === 1,
    );
    expect(body.data[0].attempts[0]).toMatchObject({ outcome: 'blocked' });
    expect(body.data[0].attempts[0].error).toContain('own_listener');
    expect(opened).toEqual([`127.0.0.1 ${new URL(receiver.url).port}`]);
    await open.close();
  });

  test('B4: is reached for its own bins, without any allowance', async () => {
    const bin = (await mirsal.call('POST', '/v1/bins')).body;
    const made = await create(bin.url);
    expect(made.status).toBe(201);
    const delivery = await tried(await publish(), 1);
    expect(delivery).toMatchObject({ state: 'delivered', attempts: [{ outcome: 'success', status: 200 }] });
    const { body } = await mirsal.call('GET', `/v1/bins/${bin.id}/requests?bodies=true`);
    expect(body.data).toMatchObject([{ method: 'POST', signature: { verdict: 'valid' } }]);
    expect(connects).toEqual([`127.0.0.1 ${mirsal.running.port}`]);
    await remove(made.body.id);
  });

  test('P10: is refused at every address of this machine, and reached for its bins, when it listens on all', async () => {
    const opened: string[] = [];
    const everywhere = await startServed({
      env: { MIRSAL_HOST: '0.0.0.0', MIRSAL_ALLOWED_TARGETS: '0.0.0.0/0,::/0' },
      parts: { onConnect: (address, port) => opened.push(`${address} ${port}`) },
    });
    const { port } = everywhere.running;
    const make = (url: string) => everywhere.call('POST', '/v1/endpoints', { url, event_types: ['*'] });
    const own = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
    const hosts = own.map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address));
    for (const host of [...hosts, 'localhost']) {
      const answer = await make(`http://${host}:${port}/v1/events`);
      expect([host, answer.status, answer.body.code]).toEqual([host, 422, 'target_refused']);
    }
    const bin = (await everywhere.call('POST', '/v1/bins')).body;
    expect((await make(bin.url)).status).toBe(201);
    await everywhere.call('POST', '/v1/events', EVENT);
    await until(
      () => everywhere.call('GET', `/v1/bins/${bin.id}/requests`),
      ({ body }) => body.data.length === 1,
    );
    expect(opened).toEqual([`127.0.0.1 ${port}`]);
    await everywhere.close();
  });

  test.each(['127.0.0.5', '::', 'localhost'])(
    'B4: is reached for its bins when it listens on %s',
    async (host) => {
      const other = await startServed({
        env: { MIRSAL_HOST: host, MIRSAL_PUBLIC_URL: 'https://mirsal.example.com' },
      });
      const url = `http://${host === '127.0.0.5' ? host : 'localhost'}:${other.running.port}`;
      const call = callsTo(url);
      const bin = (await call('POST', '/v1/bins')).body;
      expect(bin.url).toContain('https://mirsal.example.com/b/');
      const { status } = await call('POST', '/v1/endpoints', { url: bin.url, event_types: ['*'] });
      expect(status).toBe(201);
      const refused = await call('POST', '/v1/endpoints', {
        url: 'https://mirsal.example.com/v1/events',
        event_types: ['*'],
      });
      expect(refused).toMatchObject({ status: 422, body: { code: 'target_refused' } });
      await call('POST', '/v1/events', EVENT);
      await until(
        () => call('GET', `/v1/bins/${bin.id}/requests`),
        ({ body }) => body.data.length === 1,
      );
      await other.close();
    },
  );

  test('a loop through somebody who passes requests on ends by itself', async () => {
    await using proxy = await startReceiver();
    const looping = await startServed();
    const answers: number[] = [];
    proxy.answerWith(async ({ headers }) => {
      const ours = Object.entries(headers).filter(([name]) => name.startsWith('mirsal-'));
      const own = Object.fromEntries(ours.map(([name, value]) => [name, String(value)]));
      const { status } = await looping.call('POST', '/v1/events', EVENT, own);
      answers.push(status);
      return status;
    });
    await looping.call('POST', '/v1/endpoints', {
      url: `${proxy.url}/in`,
      event_types: ['*'],
      retry: { preset: 'none' },
    });
    await looping.call('POST', '/v1/events', EVENT);
    await until(
      () => looping.call('GET', '/v1/deliveries?state=dropped'),
      ({ body }) => body.data.length === 1,
    );
    expect(answers).toEqual([202, 202, 202, 202, 202, 422]);
    await looping.close();
  });

  test('P10: is not reached through what only looks like a bin', async () => {
    for (const path of ['/b/../v1/events', '/b/%2e%2e/v1/events', '/bin/x', '/v1/events?/b/', '/B/x']) {
      const answer = await create(mirsal.running.url + path);
      expect([path, answer.status]).toEqual([path, 422]);
    }
    expect(connects).toEqual([]);
  });
});

describe('a redirect', () => {
  let trap: Receiver;
  beforeAll(async () => {
    trap = await startReceiver();
  });
  afterAll(async () => {
    await trap.close();
  });

  test.each([301, 302, 303, 307, 308])(
    'P10, A8: %i is a failed attempt and is never followed, wherever it leads',
    async (status) => {
      const bin = (await mirsal.call('POST', '/v1/bins')).body;
      const { id } = (await create(bin.url, { retry: { preset: 'none' } })).body;
      const locations = [
        `${trap.url}/trap`,
        'http://169.254.169.254/latest/meta-data/',
        'http://[::ffff:127.0.0.1]/',
        '//127.0.0.1/',
        '/v1/events',
      ];
      for (const location of locations) {
        await mirsal.call('PATCH', `/v1/bins/${bin.id}`, { answer: { status, headers: { location } } });
        const delivery = await tried(await publish(), 1);
        expect(delivery).toMatchObject({ state: 'dropped', attempts: [{ outcome: 'http', status }] });
        expect(delivery.attempts[0].response.headers).toContainEqual(['location', location]);
      }
      const { body } = await mirsal.call('GET', `/v1/bins/${bin.id}/requests?bodies=true`);
      expect(body.data).toHaveLength(locations.length);
      expect(new Set(connects)).toEqual(new Set(connects.length ? [`127.0.0.1 ${mirsal.running.port}`] : []));
      expect(trap.received).toEqual([]);
      await remove(id);
    },
  );
});
