/** `ETag` and `If-Match`: whoever has read something changes it only if nobody else has since. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { formatId } from '../core/ids.ts';
import { realRandom } from '../real.ts';
import type { Store } from '../store/store.ts';
import { aServer, callApp, type TestServer } from './testing/server.ts';

let server: TestServer;
/** Verbs in the place of the store's own. */
let faults: Partial<Store>;

const parts = {
  ...support,
  ...{ workspace: support.WORKSPACE, random: realRandom, createMovableClock },
  async aSqliteStore(clock: Parameters<typeof support.aSqliteStore>[0]) {
    const opened = await support.aSqliteStore(clock);
    const store = new Proxy(opened.store, { get: (own, name: keyof Store) => faults[name] ?? own[name] });
    return { ...opened, store };
  },
};

beforeEach(async () => {
  faults = {};
  server = await aServer(parts);
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

interface Thing {
  make(): Promise<string>;
  patches: readonly [object, object];
  /** With the key of an instance. */
  instance?: boolean;
  deletable?: boolean;
}

const created = async (url: string, body: object): Promise<string> => {
  const made = await server.call('POST', url, body);
  expect(made.status).toBe(201);
  return `${url}/${made.body.id ?? made.body.name}`;
};
const webhook = { type: 'webhook', url: 'https://a.example/1' };
const RULE = { name: 'A rule', trigger: { event_type: 'contact.tag.added' }, actions: [webhook] };
const FLOW = {
  ...{ name: 'A flow', triggers: [{ event_type: 'contact.tag.added' }] },
  steps: [{ id: 'a', ...webhook }],
};
const TYPE = { name: 'order.placed', title: { en: 'Order', ar: 'طلب' }, schema: { type: 'object' } };
const named = [{ name: 'One' }, { name: 'Two' }] as const;

const THINGS: Record<string, Thing> = {
  endpoint: {
    make: () => created('/v1/endpoints', { url: 'https://a.example/', event_types: ['*'] }),
    ...{ patches: named, deletable: true },
  },
  rule: { make: () => created('/v1/rules', RULE), patches: named, deletable: true },
  'rule that is switched': {
    make: () => created('/v1/rules', RULE),
    patches: [{ enabled: false }, { enabled: true }],
  },
  workflow: { make: () => created('/v1/workflows', FLOW), patches: named, deletable: true },
  'event type': {
    make: () => created('/v1/event-types', TYPE),
    patches: [{ title: { en: 'One', ar: 'واحد' } }, { title: { en: 'Two', ar: 'اثنان' } }],
    deletable: true,
  },
  settings: {
    make: async () => '/v1/settings',
    patches: [{ release_per_second: 3 }, { release_per_second: 4 }],
  },
  workspace: {
    make: async () => `/v1/workspaces/${formatId('ws', support.WORKSPACE)}`,
    ...{ patches: named, instance: true },
  },
  bin: {
    make: () => created('/v1/bins', {}),
    patches: [{ answer: { status: 201 } }, { answer: { status: 202 } }],
    deletable: true,
  },
};

describe.each(Object.entries(THINGS))('%s', (_, { make, patches, instance = false, deletable = false }) => {
  test('is changed under the tag that was read, and no more once somebody has changed it', async () => {
    const url = await make();
    const key = instance ? await server.key([], null) : await server.key(['manage']);
    const call = (method: string, body?: object, tag?: string) =>
      callApp(server.app, method, url, body, {
        authorization: `Bearer ${key}`,
        ...(tag === undefined ? {} : { 'if-match': tag }),
      });
    const read = await call('GET');
    const tag = String(read.headers.etag);
    expect(tag).toMatch(/^"[\w-]{22}"$/);
    expect((await call('GET')).headers.etag).toBe(tag);
    const changed = await call('PATCH', patches[0], tag);
    expect(changed.status).toBe(200);
    expect(changed.headers.etag).not.toBe(tag);
    expect((await call('GET')).headers.etag).toBe(changed.headers.etag);
    const late = await call('PATCH', patches[1], tag);
    expect([late.status, late.body.code]).toEqual([412, 'changed_meanwhile']);
    expect((await call('GET')).headers.etag).toBe(changed.headers.etag);
    if (deletable) expect((await call('DELETE', undefined, tag)).status).toBe(412);
    // Of several one is enough, and a proxy may have made it a weak one.
    const some = `"other", W/${String(changed.headers.etag)}`;
    expect((await call('PATCH', patches[1], some)).status).toBe(200);
    expect((await call('PATCH', patches[0], '*')).status).toBe(200);
    expect((await call('PATCH', patches[1])).status).toBe(200);
    if (!deletable) return;
    expect((await call('DELETE', undefined, String((await call('GET')).headers.etag))).status).toBe(204);
    expect((await call('DELETE', undefined, '*')).status).toBe(404);
  });
});

test('what comes between the comparison and the change is not overwritten', async () => {
  const url = await created('/v1/endpoints', { url: 'https://a.example/', event_types: ['*'] });
  const tag = String((await server.call('GET', url)).headers.etag);
  const own = server.store.updateEndpoint;
  faults.updateEndpoint = async (...parameters) => {
    faults = {};
    expect((await server.call('PATCH', url, { name: 'Theirs' })).status).toBe(200);
    return own(...parameters);
  };
  const late = await server.call('PATCH', url, { name: 'Mine' }, { 'if-match': tag });
  expect([late.status, late.body.code]).toEqual([412, 'changed_meanwhile']);
  expect((await server.call('GET', url)).body.name).toBe('Theirs');
});

test('an older version is restored only under the tag that was read', async () => {
  const url = await created('/v1/rules', RULE);
  const other = { ...webhook, url: 'https://a.example/2' };
  await server.call('PATCH', url, { actions: [other] });
  const tag = String((await server.call('GET', url)).headers.etag);
  await server.call('PATCH', url, { name: 'Theirs' });
  const restore = (named: string, key: string) =>
    server.call('POST', `${url}/versions/1/restore`, {}, { 'if-match': named, 'idempotency-key': key });
  const late = await restore(tag, 'one');
  expect([late.status, late.body.code]).toEqual([412, 'changed_meanwhile']);
  const now = await server.call('GET', url);
  expect(now.body).toMatchObject({ name: 'Theirs', actions: [other] });
  // The key of what was refused is free.
  const done = await restore(String(now.headers.etag), 'one');
  expect([done.status, done.body.actions]).toMatchObject([200, [webhook]]);
  expect((await server.call('GET', url)).headers.etag).toBe(done.headers.etag);
  expect((await restore(tag, 'k'.repeat(256))).status).toBe(400);
});

test('a tag does not move by what happens by itself', async () => {
  const url = await created('/v1/endpoints', { url: 'https://a.example/', event_types: ['*'] });
  await server.call('POST', `${url}/disable`);
  const tag = (await server.call('GET', url)).headers.etag;
  await server.call('POST', '/v1/events', { type: 'contact.tag.added', data: support.aTagEvent(1).value });
  const again = await server.call('GET', url);
  expect(again.body.held).toBe(1);
  expect(again.headers.etag).toBe(tag);
});

test('the document describes the tag that is read and the one that is named', async () => {
  const { paths } = (await server.call('GET', '/v1/openapi.json')).body;
  const { get, patch, delete: removal } = paths['/v1/endpoints/{id}'];
  expect(get.responses['200'].headers).toHaveProperty('etag');
  for (const operation of [patch, removal]) {
    const names = operation.parameters.map(({ name }: { name: string }) => name);
    expect(names).toContain('if-match');
    expect(operation.responses['412'].description).toContain('changed_meanwhile');
  }
});
