/** "Was order 612661's sale delivered, and if not, why?": two calls, through the API, on both stores. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import saleBody from '../src/core/catalog/samples/marketing/customer.sale.completed.json' with {
  type: 'json',
};
import contactBody from '../src/core/catalog/samples/messaging/contact.created.json' with { type: 'json' };
import { SECOND } from '../src/core/duration.ts';
import { createMovableClock, type MovableClock, passUntil } from './support/clock.ts';
import type { Answer } from './support/process.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { type Served, startServed } from './support/served.ts';
import { STORES, storeEnv } from './support/stores.ts';

const SALES = 500;
const FIRST_ORDER = 612_661;
/** Of these the receiver wants nothing. */
const REFUSED = FIRST_ORDER + 123;

function aSale(index: number) {
  const { customer, order, ...data } = saleBody.data;
  const fields = {
    ...customer.fields,
    first_name: 'فاطِمة',
    surname: `العليّ${index}`,
    phone_number: `+966 50 123 ${4000 + index}`,
  };
  return {
    type: 'customer.sale.completed',
    id: `sale-${index}`,
    data: {
      ...data,
      customer: { ...customer, contact_id: 20_000_000 + index, email: `Buyer.${index}@Example.com`, fields },
      order: { ...order, id: FIRST_ORDER + index },
    },
  };
}

describe.each(STORES)('on %s', (store) => {
  let clock: MovableClock;
  let mirsal: Served;
  let receiver: Receiver;

  const get = async (path: string): Promise<Answer['body']> => {
    const { status, body } = await mirsal.call('GET', path);
    expect(status).toBe(200);
    return body;
  };
  const search = (q: string) => get(`/v1/search?q=${encodeURIComponent(q)}`);
  const idsBy = async (text: string, list = 'events', more = '') =>
    (await get(`/v1/${list}?text=${encodeURIComponent(text)}&limit=100${more}`)).data.map(
      (row: { id: string }) => row.id,
    );
  /** Until the newest event is indexed, and so all are. Keys made in one millisecond run some ahead of it. */
  const indexed = async (): Promise<void> => {
    const [newest] = (await get('/v1/events?limit=1')).data;
    const since = Date.parse(newest.accepted_at) + SECOND / 2;
    clock.move(SECOND);
    await passUntil(clock, async () => Date.parse((await search('612661')).indexed_until) > since);
  };

  beforeAll(async () => {
    clock = createMovableClock();
    receiver = await startReceiver();
    receiver.answerWith(({ body }) => (body.includes(`"id":${REFUSED}`) ? 503 : 200));
    mirsal = await startServed({ env: await storeEnv(store), parts: { clock } });
    const made = await mirsal.call('POST', '/v1/endpoints', {
      url: `${receiver.url}/sales`,
      name: 'مستودع الشحن',
      event_types: ['customer.sale.completed'],
      retry: { preset: 'none' },
      ordering: { by: 'none', lanes: 8 },
    });
    expect(made.status).toBe(201);
    for (let from = 0; from < SALES; from += 100) {
      const events = Array.from({ length: 100 }, (_, index) => aSale(from + index));
      const answer = await mirsal.call('POST', '/v1/events/batch', { events });
      expect(answer.status).toBe(202);
    }
    await passUntil(clock, async () => {
      const open = await get('/v1/deliveries?state=pending,waiting,sending&limit=1');
      return open.data.length === 0;
    });
    await indexed();
  });
  afterAll(async () => {
    await mirsal.close();
    await receiver.close();
  });

  test('the order number finds its sale and its delivery, and the delivery says why it did not arrive', async () => {
    const found = await search(`${REFUSED}`);
    expect(found.events.map(({ id }: { id: string }) => id)).toEqual(['sale-123']);
    expect(found.deliveries).toMatchObject([{ event_id: 'sale-123', state: 'dropped' }]);
    const delivery = await get(`/v1/deliveries/${found.deliveries[0].id}`);
    expect(delivery.attempts).toMatchObject([{ outcome: 'http', status: 503 }]);
    expect(delivery.reason).toContain('503');

    const arrived = await search(`${FIRST_ORDER}`);
    expect(arrived.deliveries).toMatchObject([{ event_id: 'sale-0', state: 'delivered' }]);
  });

  test.each([
    ['the order number in Arabic digits', '٦١٢٦٦٨'],
    ['an e-mail in any case', 'BUYER.7@example.COM'],
    ['a name in another way of writing it, with its number', 'العلي٧'],
    ['two words that only one event has both of', 'فاطمه العلي7'],
    ['a telephone number with its country', '+966501234007'],
    ['one as it is written there', '050 123 4007'],
    ['the contact', '20000007'],
  ])('an event is found by %s', async (_, text) => {
    expect(await idsBy(text)).toEqual(['sale-7']);
    expect((await get(`/v1/deliveries?text=${encodeURIComponent(text)}`)).data).toMatchObject([
      { event_id: 'sale-7' },
    ]);
  });

  test('what all have is listed page by page, with the other filters', async () => {
    const ids: string[] = [];
    let cursor = '';
    do {
      const shown = await get(`/v1/events?text=qui%20rapporte&limit=100${cursor}`);
      ids.push(...shown.data.map(({ id }: { id: string }) => id));
      cursor = shown.next_cursor === null ? '' : `&cursor=${shown.next_cursor}`;
      expect(Date.parse(shown.indexed_until)).toBeGreaterThan(0);
    } while (cursor !== '');
    expect(new Set(ids).size).toBe(SALES);
    expect(await idsBy('rapporte', 'deliveries', '&state=dropped,skipped')).toHaveLength(1);
    expect(await idsBy('rapporte', 'deliveries', '&status=5xx')).toHaveLength(1);
    expect(await idsBy('rapporte', 'deliveries', '&status=404')).toEqual([]);
    expect(await idsBy('rapporte', 'events', '&type=contact.created')).toEqual([]);
    expect(await idsBy('nobodyhasthis')).toEqual([]);
  });

  test('an event of another type is found by what its type marks, not by its pictures', async () => {
    const { event_type: type, event_id: _id, ...data } = contactBody;
    await mirsal.call('POST', '/v1/events', { type, id: 'contact-1', data });
    await indexed();
    for (const text of ['johndoe@example.com', 'johndoe', 'John Doe', '60123456789', 'sampleTag2']) {
      expect(await idsBy(text)).toEqual(['contact-1']);
    }
    expect(await idsBy('cdn')).toEqual([]);
  });

  test('a type of your own is found by what it names, or by what stands in the two top levels', async () => {
    const define = (body: object) => mirsal.call('POST', '/v1/event-types', body);
    await define({ name: 'parcel.sent', searchable: ['/data/parcels/*/tracking'] });
    await define({ name: 'parcel.lost' });
    const refused = await define({ name: 'parcel.found', searchable: ['no pointer'] });
    expect(refused.body).toMatchObject({ code: 'invalid_event_type', errors: [{ field: '/searchable/0' }] });
    const data = { parcels: [{ tracking: 'ZX-90071992547409931' }], note: { text: 'Fragile' } };
    await mirsal.call('POST', '/v1/events', { type: 'parcel.sent', id: 'p-1', data });
    await mirsal.call('POST', '/v1/events', { type: 'parcel.lost', id: 'p-2', data });
    await indexed();
    expect(await idsBy('zx-90071992547409931')).toEqual(['p-1']);
    expect(await idsBy('fragile')).toEqual(['p-2']);
  });

  test('any id goes straight to its thing', async () => {
    const [{ id: endpoint }] = (await get('/v1/endpoints')).data;
    const [delivery] = (await get('/v1/deliveries?limit=1')).data;
    const exact = async (q: string) => (await search(q)).exact;
    expect(await exact('sale-9')).toMatchObject({ kind: 'event', path: '/v1/events/sale-9' });
    expect((await search('sale-9')).deliveries).toMatchObject([{ event_id: 'sale-9' }]);
    expect(await exact(delivery.id)).toMatchObject({ kind: 'delivery', id: delivery.id });
    expect(await exact(delivery.webhook_id)).toMatchObject({ kind: 'delivery', id: delivery.id });
    expect(await exact(endpoint)).toMatchObject({ kind: 'endpoint', name: 'مستودع الشحن' });
    expect(await exact('customer.sale.completed')).toMatchObject({ kind: 'event_type' });
    const bin = (await mirsal.call('POST', '/v1/bins', {})).body;
    expect(await exact(bin.id)).toMatchObject({ kind: 'bin', path: `/v1/bins/${bin.id}` });
    expect(await exact('dlv_nosuch')).toBeNull();
  });

  test('endpoints, automations and event types are found by their names', async () => {
    const rule = { name: 'Thank buyers', trigger: { event_type: 'customer.sale.completed' }, enabled: false };
    const actions = [{ type: 'send_webhook', url: `${receiver.url}/rule` }];
    await mirsal.call('POST', '/v1/rules', { ...rule, actions });
    expect((await search('الشحن')).endpoints).toMatchObject([{ name: 'مستودع الشحن' }]);
    expect((await search('عمليه بيع')).event_types).toMatchObject([{ id: 'customer.sale.completed' }]);
    expect(await search('NO SUCH NAME')).toMatchObject({ endpoints: [], automations: [], event_types: [] });
  });

  test('what cannot be searched for is refused with its name', async () => {
    const refusal = async (path: string) => (await mirsal.call('GET', path)).body;
    expect(await refusal('/v1/events?text=%2B%2B')).toMatchObject({ errors: [{ field: '/text' }] });
    expect(await refusal('/v1/deliveries?text=a%20b%20c%20d%20e%20f%20g%20h%20i')).toMatchObject({
      errors: [{ field: '/text' }],
    });
    expect(await refusal('/v1/deliveries?source=nobody')).toMatchObject({ errors: [{ field: '/source' }] });
    expect(await refusal('/v1/deliveries?state=pending,lost')).toMatchObject({
      errors: [{ field: '/state' }],
    });
  });

  test('notices are listed by their kind', async () => {
    await passUntil(clock, async () => (await get('/v1/notices?kind=delivery.dropped')).data.length === 1);
    expect((await get('/v1/notices?kind=endpoint.enabled')).data).toEqual([]);
  });
});

test('with search off nothing is indexed, lists say so, and ids are found all the same', async () => {
  const mirsal = await startServed({ env: { MIRSAL_SEARCH: 'off' } });
  await mirsal.call('POST', '/v1/events', aSale(1));
  expect((await mirsal.call('GET', '/v1/events?text=612662')).body).toMatchObject({ code: 'search_off' });
  const { body } = await mirsal.call('GET', '/v1/search?q=sale-1');
  expect(body).toMatchObject({ exact: { kind: 'event', id: 'sale-1' }, indexed_until: null });
  await mirsal.close();
});
