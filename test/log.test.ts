/** "Was it sent, and if not, why?": the log, through the API, on both stores (A13, A14, A15, P2, P9, P12, P13). */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock, type MovableClock } from './support/clock.ts';
import type { Answer as ApiAnswer } from './support/process.ts';
import { type Received, type Receiver, startReceiver } from './support/receiver.ts';
import { type Served, startServed, until } from './support/served.ts';
import { STORES, storeEnv } from './support/stores.ts';

/** Deliveries as the API lists them. */
type Rows = ApiAnswer['body'];
type Row = Rows[number];

const numberOf = ({ body }: Received): number =>
  (JSON.parse(body) as { data: { number: number } }).data.number;

describe.each(STORES)('on %s', (store) => {
  let clock: MovableClock;
  let mirsal: Served;
  let receiver: Receiver;
  let tests = 0;
  /** Each test has a type and a path of its own. */
  let type: string;
  let path: string;
  /** What the receiver answers at this test's path; null to keep it waiting. */
  let status: (request: Received, index: number) => number | null;
  const finishers: Array<() => void> = [];

  beforeAll(async () => {
    clock = createMovableClock();
    receiver = await startReceiver();
    receiver.answerWith(async (request, index) => {
      const answer = status(request, index);
      if (answer !== null) return { status: answer, headers: { 'x-answered': `${index}`, 'x-two': 'a, b' } };
      await new Promise<void>((resolve) => finishers.push(resolve));
      return 200;
    });
    mirsal = await startServed({ env: await storeEnv(store), parts: { clock } });
  });
  afterAll(async () => {
    await mirsal.close();
    await receiver.close();
  });
  beforeEach(async () => {
    tests += 1;
    type = `log.test${tests}`;
    path = `/${type}`;
    status = () => 200;
    await mirsal.call('POST', '/v1/event-types', { name: type, subject: '/data/contact' });
  });

  const get = async (url: string): Promise<Rows> => (await mirsal.call('GET', url)).body;
  const post = (url: string, body?: unknown) => mirsal.call('POST', url, body);
  const anEndpoint = async (members: object = {}): Promise<string> => {
    const url = `${receiver.url}${path}`;
    const made = await post('/v1/endpoints', { url, event_types: [type], ...members });
    expect(made.status).toBe(201);
    return made.body.id;
  };
  const publish = async (number: number, data: object = {}): Promise<string> => {
    const answer = await post('/v1/events', { type, data: { number, contact: number, ...data } });
    expect(answer.status).toBe(202);
    return answer.body.id;
  };
  /** This test's deliveries, oldest first. */
  const deliveries = async (query = ''): Promise<Row[]> =>
    (await get(`/v1/deliveries?type=${type}&limit=100${query}`)).data.toReversed();
  const states = async (): Promise<string[]> => (await deliveries()).map((row: Row) => row.state);
  const once = (...wanted: string[]): Promise<string[]> =>
    until(states, (found) => JSON.stringify(found) === JSON.stringify(wanted));
  const numbers = (): number[] => receiver.of(path).map(numberOf);

  describe('lists', () => {
    /** Rows in every state: delivered, waiting, pending, held, sending, skipped, dropped. */
    async function everyState(): Promise<Row[]> {
      const answers: Record<string, number | null> = { good: 200, bad: 500, hangs: null, refuses: 404 };
      status = ({ path: asked }) => answers[asked.split('?')[1] ?? ''] ?? null;
      const ids: Record<string, string> = {};
      for (const name of ['good', 'bad', 'hangs', 'off', 'refuses']) {
        const retry = name === 'refuses' ? { retry: { preset: 'none' } } : {};
        ids[name] = await anEndpoint({ url: `${receiver.url}${path}?${name}`, ...retry });
      }
      await post(`/v1/endpoints/${ids.off}/disable`);
      for (const number of [1, 2, 3]) {
        await publish(number);
        clock.move(10);
      }
      const rows = await until(deliveries, (found) => {
        const of = (name: string) => found.filter((row) => row.endpoint_id === ids[name]);
        return (
          of('good').every((row) => row.state === 'delivered') &&
          of('refuses').every((row) => row.state === 'dropped') &&
          of('bad')[0]?.state === 'waiting' &&
          of('hangs')[0]?.state === 'sending'
        );
      });
      const last = rows.findLast((row) => row.endpoint_id === ids.bad);
      expect((await post(`/v1/deliveries/${last.id}/skip`)).status).toBe(200);
      return deliveries();
    }

    test('A14: are filtered by type, endpoint, state, subject, event and time, alone and together', async () => {
      const all = await everyState();
      expect(all).toHaveLength(15);
      const ids = (rows: Row[]): string[] => rows.map(({ id }) => id);
      const expectFiltered = async (query: string, wanted: (row: Row) => boolean): Promise<void> => {
        const expected = ids(all.filter(wanted));
        expect([query, ids(await deliveries(query))]).toEqual([query, expected]);
      };
      const found = new Set(all.map(({ state }) => state));
      expect([...found].sort()).toEqual(
        ['delivered', 'dropped', 'held', 'pending', 'sending', 'skipped', 'waiting'].sort(),
      );
      for (const state of found) await expectFiltered(`&state=${state}`, (row) => row.state === state);
      for (const endpoint of new Set(all.map((row) => row.endpoint_id))) {
        await expectFiltered(`&endpoint_id=${endpoint}`, (row) => row.endpoint_id === endpoint);
        for (const state of found) {
          const both = (row: Row) => row.endpoint_id === endpoint && row.state === state;
          await expectFiltered(`&endpoint_id=${endpoint}&state=${state}`, both);
        }
      }
      const [first, second, third] = [...new Set(all.map((row) => row.event_id))];
      await expectFiltered('&subject=2', (row) => row.event_id === second);
      await expectFiltered(`&event_id=${third}`, (row) => row.event_id === third);
      await expectFiltered('&subject=4', () => false);
      const at = all.find((row) => row.event_id === second).created_at;
      const plus = encodeURIComponent(at.replace('Z', '+00:00'));
      await expectFiltered(`&since=${plus}`, (row) => row.event_id !== first);
      await expectFiltered(`&until=${plus}`, (row) => row.event_id === first);
      await expectFiltered(`&since=${plus}&until=${at}&state=delivered`, () => false);
      await expectFiltered(
        `&since=${at}&state=held&subject=3`,
        (row) => row.state === 'held' && row.event_id === third,
      );
      for (const finish of finishers.splice(0)) finish();
    });

    test('A14: events are filtered by type, subject and time', async () => {
      for (const number of [1, 2, 3]) {
        await publish(number, { contact: number % 2 });
        clock.move(10);
      }
      const list = async (query: string): Promise<string[]> =>
        (await get(`/v1/events?type=${type}${query}`)).data.map((event: Row) => event.id);
      const [newest, middle, oldest] = await list('');
      const at = (await get(`/v1/events/${middle}`)).accepted_at;
      expect(await list('&subject=1')).toEqual([newest, oldest]);
      expect(await list(`&since=${at}`)).toEqual([newest, middle]);
      expect(await list(`&until=${at}`)).toEqual([oldest]);
      expect(await list(`&until=${at}&subject=0`)).toEqual([]);
    });

    test.each(['deliveries', 'events'])(
      'A14: pages of %s have no gap and no repeat while new ones come in',
      async (what) => {
        await anEndpoint();
        for (let number = 0; number < 40; number += 1) await publish(number);
        for (const filter of [`type=${type}`, `type=${type}&state=delivered`]) {
          if (what === 'events' && filter.includes('state')) continue;
          await until(states, (found) => found.every((one) => one === 'delivered'));
          const had = (await get(`/v1/${what}?${filter}&limit=100`)).data.map((row: Row) => row.id);
          const walked: string[] = [];
          let cursor: string | null = '';
          for (let page = 0; cursor !== null; page += 1) {
            const found: Row = await get(
              `/v1/${what}?${filter}&limit=7${cursor === '' ? '' : `&cursor=${cursor}`}`,
            );
            walked.push(...found.data.map((row: Row) => row.id));
            cursor = found.next_cursor;
            await publish(100 + page);
            expect(page).toBeLessThan(30);
          }
          expect(walked).toEqual(had);
        }
      },
    );
  });

  describe('a delivery', () => {
    test('A14: shows every attempt exactly as sent and as answered, with its timings', async () => {
      status = (_request, index) => (index === 0 ? 503 : 201);
      await anEndpoint({ headers: { authorization: 'Bearer of-the-receiver', 'X-Team': 'a' } });
      await publish(1);
      await once('waiting');
      const [{ id }] = await deliveries();
      expect((await post(`/v1/deliveries/${id}/retry`)).status).toBe(202);
      await once('delivered');
      const shown = await get(`/v1/deliveries/${id}`);
      const requests = receiver.of(path);
      expect(shown.attempts.map((attempt: Row) => [attempt.number, attempt.status, attempt.outcome])).toEqual(
        [
          [1, 503, 'http'],
          [2, 201, 'success'],
        ],
      );
      for (const [index, attempt] of shown.attempts.entries()) {
        const request = requests[index];
        expect(attempt.request).toMatchObject({ url: receiver.url + path, body: request?.body });
        const sent = Object.fromEntries(
          attempt.request.headers.map(([name, value]: [string, string]) => [name.toLowerCase(), value]),
        );
        expect(request?.headers).toMatchObject(sent);
        expect(sent).toMatchObject({
          'webhook-id': shown.webhook_id,
          'mirsal-attempt': String(index + 1),
          authorization: 'Bearer of-the-receiver',
        });
        expect(attempt.response).toMatchObject({ body: 'ok', encoding: 'utf8', truncated: false });
        expect(attempt.response.headers).toContainEqual(['x-answered', String(index)]);
        expect(attempt.response.headers).toContainEqual(['x-two', 'a, b']);
        expect(attempt.timings_ms.response).toBeTypeOf('number');
        expect(attempt.address).toBe('127.0.0.1');
        // By the store's clock, as the times beside it.
        const [from, to] = [shown.created_at, shown.ended_at].map((time) => Date.parse(time));
        expect(Date.parse(attempt.started_at)).toBeGreaterThanOrEqual(from ?? Number.NaN);
        expect(Date.parse(attempt.started_at)).toBeLessThanOrEqual(to ?? Number.NaN);
      }
      expect(shown).toMatchObject({ state: 'delivered', reason: 'HTTP 201', attempt_count: 2 });
    });

    test('A14: tells a connection that was opened from one that was kept', async () => {
      await using fresh = await startReceiver();
      await anEndpoint({ url: `${fresh.url}/` });
      await publish(1);
      await publish(2);
      await once('delivered', 'delivered');
      const [first, second] = await deliveries();
      const timings = async ({ id }: Row) => (await get(`/v1/deliveries/${id}`)).attempts[0].timings_ms;
      expect(await timings(first)).toEqual({ connect: expect.any(Number), response: expect.any(Number) });
      expect(await timings(second)).toEqual({ response: expect.any(Number) });
    });

    test('A14: shows the values of an endpoint’s own headers only to a key that may manage', async () => {
      await anEndpoint({ headers: { authorization: 'Bearer of-the-receiver' } });
      await publish(1);
      await once('delivered');
      const key = (await post('/v1/api-keys', { name: 'reader', scopes: ['read'] })).body.key;
      const [{ id }] = await deliveries();
      const url = `/v1/deliveries/${id}`;
      const read = await mirsal.call('GET', url, undefined, { authorization: `Bearer ${key}` });
      expect(read.text).not.toContain('of-the-receiver');
      expect(read.body.attempts[0].request.headers).toContainEqual(['authorization', '***']);
      expect((await mirsal.call('GET', url)).text).toContain('of-the-receiver');
    });

    test('A15: says what it waits for, counting down', async () => {
      status = () => 500;
      const id = await anEndpoint();
      for (const number of [1, 2, 3]) await publish(number);
      await once('waiting', 'pending', 'pending');
      const texts = async () => (await deliveries()).map((row) => row.waiting_for?.text ?? null);
      expect(await texts()).toEqual([
        'waiting for its retry, next attempt in 30 s',
        'waiting for #1 ahead of it, next attempt in 30 s',
        'waiting for #1 ahead of it, next attempt in 30 s (2 are ahead in all)',
      ]);
      clock.move(2_500);
      const [first, second] = await deliveries();
      expect(first.waiting_for).toMatchObject({ kind: 'retry', next_attempt_at: first.next_attempt_at });
      expect(second.waiting_for).toMatchObject({
        kind: 'earlier_delivery',
        delivery_id: first.id,
        sequence: 1,
        ahead: 1,
        next_attempt_at: first.next_attempt_at,
        text: 'waiting for #1 ahead of it, next attempt in 28 s',
      });
      await post(`/v1/endpoints/${id}/disable`);
      expect(await texts()).toEqual(Array(3).fill('held: waiting for the endpoint to be enabled'));
      await mirsal.call('DELETE', `/v1/endpoints/${id}`);
      expect(await texts()).toEqual([null, null, null]);
    });

    test('A15: waits for one that is being sent; that one can be neither retried nor skipped', async () => {
      status = () => null;
      await anEndpoint();
      await publish(1);
      await publish(2);
      await once('sending', 'pending');
      const [first, second] = await deliveries();
      expect(first.waiting_for).toBeNull();
      expect(second.waiting_for.text).toBe('waiting for #1 ahead of it, which is in turn');
      for (const action of ['retry', 'skip']) {
        const refused = await post(`/v1/deliveries/${first.id}/${action}`);
        expect([refused.status, refused.body.detail]).toEqual([
          409,
          expect.stringContaining('being sent at this moment'),
        ]);
      }
      status = () => 200;
      for (const finish of finishers.splice(0)) finish();
      await once('delivered', 'delivered');
    });
  });

  describe('a person', () => {
    test('A15: retries a waiting delivery: it is due now, keeps its place, and a pending one is told why not', async () => {
      status = (_request, index) => (index === 0 ? 500 : 200);
      await anEndpoint();
      await publish(1);
      await publish(2);
      await once('waiting', 'pending');
      const [first, second] = await deliveries();
      const refused = await post(`/v1/deliveries/${second.id}/retry`);
      expect(refused.status).toBe(409);
      expect(refused.body).toMatchObject({ code: 'delivery_not_retryable' });
      expect(refused.body.detail).toContain('waiting for #1 ahead of it');
      const retried = await post(`/v1/deliveries/${first.id}/retry`);
      expect(retried.body).toMatchObject({ id: first.id, replay_of: null });
      // The clock stands still: it did not wait for its 30 s.
      await once('delivered', 'delivered');
      expect(numbers()).toEqual([1, 1, 2]);
    });

    test('P13: retries an ended delivery: a replay at the tail, marked, under the same webhook-id', async () => {
      status = (request, index) => (numberOf(request) === 2 && index === 1 ? 500 : 200);
      await anEndpoint();
      for (const number of [1, 2, 3]) await publish(number);
      await once('delivered', 'waiting', 'pending');
      const [first, second] = await deliveries();
      const answer = await post(`/v1/deliveries/${first.id}/retry`);
      expect(answer.status).toBe(202);
      expect(answer.body).toMatchObject({
        replay_of: first.id,
        event_id: first.event_id,
        webhook_id: first.webhook_id,
        state: 'pending',
        sequence: 4,
      });
      expect(numbers()).toEqual([1, 2]);
      await post(`/v1/deliveries/${second.id}/retry`);
      await once('delivered', 'delivered', 'delivered', 'delivered');
      expect(numbers()).toEqual([1, 2, 2, 3, 1]);
      const [original, , , , replay] = receiver.of(path);
      expect(replay?.headers).toMatchObject({
        'webhook-id': original?.headers['webhook-id'],
        'mirsal-replay': 'true',
      });
      expect(replay?.body).toBe(original?.body);
      expect((await get(`/v1/deliveries/${first.id}`)).state).toBe('delivered');
    });

    test('skips a delivery: it is never sent, says who skipped it, and the next follows', async () => {
      status = (_request, index) => (index === 0 ? 500 : 200);
      await anEndpoint();
      for (const number of [1, 2, 3, 4]) await publish(number);
      await once('waiting', 'pending', 'pending', 'pending');
      const [first, , third] = await deliveries();
      for (const { id } of [third, first]) {
        const skipped = await post(`/v1/deliveries/${id}/skip`);
        expect(skipped.status).toBe(200);
        expect(skipped.body).toMatchObject({
          state: 'skipped',
          reason: expect.stringMatching(/^skipped_by: key:/),
        });
        expect(skipped.body.ended_at).not.toBeNull();
      }
      await once('skipped', 'delivered', 'skipped', 'delivered');
      expect(numbers()).toEqual([1, 2, 4]);
      const again = await post(`/v1/deliveries/${first.id}/skip`);
      expect([again.status, again.body.code]).toEqual([409, 'delivery_not_skippable']);
    });

    test('P2: deletes an endpoint: what was still to be sent ends as skipped, with the reason, and stays in the log', async () => {
      status = () => 500;
      const id = await anEndpoint();
      await publish(1);
      await publish(2);
      await once('waiting', 'pending');
      await mirsal.call('DELETE', `/v1/endpoints/${id}`);
      const rows = await deliveries();
      expect(rows).toMatchObject([
        { state: 'skipped', reason: 'endpoint_deleted', endpoint_id: id, attempt_count: 1 },
        { state: 'skipped', reason: 'endpoint_deleted', endpoint_id: id, attempt_count: 0 },
      ]);
      const shown = await get(`/v1/deliveries/${rows[0].id}`);
      expect(shown.attempts[0].request.body).toBe(receiver.of(path)[0]?.body);
      const resent = await post(`/v1/deliveries/${rows[0].id}/retry`);
      expect([resent.status, resent.body.detail]).toEqual([409, expect.stringContaining('deleted')]);
    });

    test('P9, A13: disables an endpoint: what comes is held and counted; enabling asks, and "send" sends it in order', async () => {
      const id = await anEndpoint();
      await publish(1);
      await once('delivered');
      const off = await post(`/v1/endpoints/${id}/disable`);
      expect(off.body).toMatchObject({ enabled: false, disabled: { reason: 'manual' }, held: 0 });
      for (const number of [2, 3, 4]) await publish(number);
      expect(await states()).toEqual(['delivered', 'held', 'held', 'held']);
      expect(await get(`/v1/endpoints/${id}`)).toMatchObject({ held: 3, enabled: false });
      const listed = (await get('/v1/endpoints?limit=100')).data.find((row: Row) => row.id === id);
      expect(listed.held).toBe(3);
      const asked = await post(`/v1/endpoints/${id}/enable`, {});
      expect([asked.status, asked.body]).toMatchObject([409, { code: 'held_choice_required', held: 3 }]);
      expect(numbers()).toEqual([1]);
      const on = await post(`/v1/endpoints/${id}/enable`, { held: 'send' });
      expect(on.body).toMatchObject({ enabled: true, disabled: null, held: 0 });
      await once('delivered', 'delivered', 'delivered', 'delivered');
      expect(numbers()).toEqual([1, 2, 3, 4]);
    });

    test('P9, A13: enables an endpoint with "skip": what was held ends as skipped, what comes then is sent', async () => {
      const id = await anEndpoint();
      await post(`/v1/endpoints/${id}/disable`);
      for (const number of [1, 2]) await publish(number);
      await post(`/v1/endpoints/${id}/enable`, { held: 'skip' });
      await publish(3);
      await once('skipped', 'skipped', 'delivered');
      const rows = await deliveries('&state=skipped');
      expect(rows.map(({ reason }) => reason)).toEqual(
        Array(2).fill(expect.stringMatching(/^skipped_by: key:/)),
      );
      expect(numbers()).toEqual([3]);
    });

    test('A15: does not lose a waiting delivery by disabling: it is held, then waits on, and is sent first', async () => {
      status = (_request, index) => (index === 0 ? 500 : 200);
      const id = await anEndpoint();
      for (const number of [1, 2]) await publish(number);
      await once('waiting', 'pending');
      await post(`/v1/endpoints/${id}/disable`);
      expect(await states()).toEqual(['held', 'held']);
      await post(`/v1/endpoints/${id}/enable`, { held: 'send' });
      const [first] = await deliveries();
      expect(first.state).toBe('waiting');
      await post(`/v1/deliveries/${first.id}/retry`);
      await once('delivered', 'delivered');
      expect(numbers()).toEqual([1, 1, 2]);
    });
  });

  describe('an event', () => {
    test('P12: says for each endpoint why it went there or not, with the clause that failed and the actual value', async () => {
      const wants = { field: 'data.city', op: 'equals', value: 'Riyadh' };
      const yes = await anEndpoint();
      const no = await anEndpoint({
        condition: { all: [{ field: 'data.number', op: 'greater_than', value: 0 }, wants] },
      });
      const missing = await anEndpoint({ condition: { field: 'data.country', op: 'equals', value: 'SA' } });
      await post(`/v1/endpoints/${await anEndpoint({ event_types: ['contact.created'] })}/disable`);
      const event = await get(`/v1/events/${await publish(1, { city: 'Jeddah' })}`);
      expect(event.reason).toBeNull();
      expect(event.verdicts).toHaveLength(3);
      expect(event.verdicts).toContainEqual(
        expect.objectContaining({
          endpoint_id: yes,
          matched: true,
          source: { kind: 'subscription', id: yes, run_id: null, step: null },
        }),
      );
      expect(event.verdicts).toContainEqual(
        expect.objectContaining({ endpoint_id: no, matched: false, clause: wants, actual: 'Jeddah' }),
      );
      const absent = event.verdicts.find((verdict: Row) => verdict.endpoint_id === missing);
      expect(absent).toMatchObject({ matched: false, clause: { field: 'data.country' } });
      expect(absent.reason).toMatch(/data\.country/);
      expect(event.deliveries.map((row: Row) => row.endpoint_id)).toEqual([yes]);
    });

    test('P2: that nothing wanted is kept and says so', async () => {
      const alone = await get(`/v1/events/${await publish(1)}`);
      expect(alone).toMatchObject({ deliveries: [], verdicts: [], delivery_count: 0 });
      expect(alone.reason).toBe('nothing_wanted_it: no endpoint takes this type of event');
      await anEndpoint({ condition: { field: 'data.number', op: 'greater_than', value: 5 } });
      const refused = await get(`/v1/events/${await publish(1)}`);
      expect(refused.reason).toBe(
        'nothing_wanted_it: the one endpoint that takes this type of event said no',
      );
      expect(refused.verdicts).toMatchObject([{ matched: false, actual: 1 }]);
    });
  });
});
