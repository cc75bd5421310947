/** Statistics and the overview: series without holes, honest sums, and nothing of other workspaces. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock, passUntil } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { DAY, HOUR, MINUTE } from '../core/duration.ts';
import { realRandom } from '../real.ts';
import { aResult, aServer, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

let server: TestServer;
beforeEach(async () => {
  server = await aServer(parts);
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

const get = async (url: string) => {
  const { status, body } = await server.call('GET', url);
  expect(status).toBe(200);
  return body;
};

async function anEndpointOf(events: string[], retry = 'none'): Promise<string> {
  for (const name of events) await server.call('POST', '/v1/event-types', { name });
  const members = { url: 'https://crm.example.com/', event_types: events, retry: { preset: retry } };
  const made = await server.call('POST', '/v1/endpoints', members);
  expect(made.status).toBe(201);
  return made.body.id;
}

let published = 0;
async function publish(type: string): Promise<void> {
  await server.call('POST', '/v1/event-types', { name: type });
  published += 1;
  const answer = await server.call('POST', '/v1/events', { id: `e${published}`, type, data: {} });
  expect(answer.status).toBe(202);
}

/** Until so many attempts were counted. */
async function attemptsCounted(count: number): Promise<void> {
  await passUntil(server.clock, async () => (await get('/v1/stats')).totals.attempts === count);
}

describe('series', () => {
  test.each([
    ['hour', 60, MINUTE],
    ['day', 24, HOUR],
    ['week', 168, HOUR],
    ['month', 31, DAY],
  ] as const)(
    'a %s has %i steps without a hole, of which the last holds now',
    async (range, points, stepMs) => {
      const id = await anEndpointOf(['custom.a']);
      for (const url of ['/v1/stats', `/v1/endpoints/${id}/stats`]) {
        const body = await get(`${url}?range=${range}`);
        const times = body.points.map(({ at }: { at: string }) => Date.parse(at));
        expect(times).toHaveLength(points);
        expect(times.map((at: number) => at % stepMs).every((rest: number) => rest === 0)).toBe(true);
        expect(times.slice(1).every((at: number, index: number) => at - times[index] === stepMs)).toBe(true);
        expect(body).toMatchObject({ range, step_s: stepMs / 1_000, since: body.points[0].at });
        expect(Date.parse(body.until) - stepMs).toBe(times.at(-1));
        expect(server.clock.now()).toBeGreaterThanOrEqual(times.at(-1));
        expect(server.clock.now()).toBeLessThan(Date.parse(body.until));
        expect(body.points[3]).toMatchObject({ attempts: 0, delivered: 0, latency_ms: null });
      }
    },
  );

  test('tell what was accepted by type, and how each attempt ended, at the time when it did', async () => {
    const crm = await anEndpointOf(['custom.a']);
    const other = await anEndpointOf(['custom.b']);
    await publish('custom.a');
    await publish('custom.a');
    await attemptsCounted(2);
    server.answerWith(() => aResult(500));
    await publish('custom.b');
    await publish('custom.c');
    await attemptsCounted(3);
    const all = await get('/v1/stats?range=hour&by=event_type');
    // Dropped deliveries make notices, and those events.
    expect(all.totals).toMatchObject({ attempts: 3, delivered: 2, failed: 1, dropped: 1 });
    const types = Object.fromEntries(
      all.event_types.map((series: { event_type: string; events: number }) => [
        series.event_type,
        series.events,
      ]),
    );
    expect(types).toMatchObject({ 'custom.a': 2, 'custom.b': 1, 'custom.c': 1 });
    for (const series of all.event_types) {
      expect(series.points).toHaveLength(60);
      expect(series.points.reduce((sum: number, some: number) => sum + some, 0)).toBe(series.events);
    }
    const sum = (name: string) =>
      all.points.reduce((so: number, point: Record<string, number>) => so + (point[name] ?? 0), 0);
    for (const name of ['events', 'attempts', 'delivered', 'failed', 'dropped']) {
      expect(sum(name)).toBe(all.totals[name]);
    }
    const mine = await get(`/v1/endpoints/${crm}/stats`);
    expect(mine.totals).toMatchObject({ delivered: 2, failed: 0, latency_ms: { p50: expect.any(Number) } });
    expect(mine.totals.latency_ms.p99).toBeLessThanOrEqual(5);
    expect((await get(`/v1/endpoints/${other}/stats`)).totals).toMatchObject({
      failed: 1,
      failures: { http: 1, timeout: 0 },
      dropped: 1,
    });
    const lines = await get('/v1/endpoints/sparklines');
    expect(lines.data).toHaveLength(2);
    const line = lines.data.find(({ endpoint_id }: { endpoint_id: string }) => endpoint_id === crm);
    expect(line).toMatchObject({ success_rate: 1, delivered: expect.arrayContaining([2]) });
    expect(line.delivered).toHaveLength(24);
  });

  test('of an endpoint that there is not are a 404, and of an unknown range a 400', async () => {
    expect((await server.call('GET', '/v1/endpoints/ep_1/stats')).status).toBe(404);
    expect((await server.call('GET', '/v1/stats?range=year')).status).toBe(400);
  });

  test('stay as they are when minutes are added up to hours', async () => {
    await anEndpointOf(['custom.a']);
    await publish('custom.a');
    await attemptsCounted(1);
    const before = await get('/v1/stats?range=week');
    server.clock.move(3 * HOUR);
    while ((await server.store.foldStats(server.clock.now(), 100)) > 0);
    const after = await get('/v1/stats?range=week');
    expect(after.totals).toEqual(before.totals);
    expect(after.points.find(({ events }: { events: number }) => events > 0)).toEqual(
      before.points.find(({ events }: { events: number }) => events > 0),
    );
  });
});

describe('the overview', () => {
  test('of a new workspace says what is still to be done', async () => {
    expect(await get('/v1/overview')).toMatchObject({
      today: { totals: { events: 0 }, success_rate: null },
      endpoints: { total: 0 },
      attention: [],
      waiting: { count: 0, oldest_at: null },
      budget: { errors: 0 },
      notices: [],
      onboarding: { has_bins: false, has_endpoints: false, has_events: false, has_delivered: false },
    });
  });

  test('has in one call what was, what waits and what needs attention, the gravest first', async () => {
    const fine = await anEndpointOf(['custom.a']);
    await publish('custom.a');
    await attemptsCounted(1);
    server.clock.move(DAY);
    const failing = await anEndpointOf(['custom.b'], 'standard');
    const manual = await anEndpointOf(['custom.c']);
    await server.call('POST', `/v1/endpoints/${manual}/disable`);
    server.answerWith(() => aResult(410));
    const gone = await anEndpointOf(['custom.d']);
    await publish('custom.d');
    server.answerWith(() => aResult(500));
    await publish('custom.b');
    await publish('custom.c');
    await passUntil(server.clock, async () => {
      const { attention, notices } = await get('/v1/overview');
      return attention.length === 3 && notices.length > 0;
    });
    const seen = await get('/v1/overview');
    expect(seen.attention.map(({ id }: { id: string }) => id)).toEqual([gone, failing, manual]);
    expect(seen).toMatchObject({
      yesterday: { totals: { delivered: 1, failed: 0 }, success_rate: 1 },
      today: { success_rate: 0 },
      endpoints: { total: 4, enabled: 2, disabled: 2, failing: 1 },
      waiting: { count: 1, oldest_at: expect.any(String) },
      held: { count: 1, oldest_at: expect.any(String) },
      onboarding: { has_bins: false, has_endpoints: true, has_events: true, has_delivered: true },
    });
    expect(seen.notices[0]).toMatchObject({ kind: expect.any(String) });
    expect(fine).not.toBe(gone);
  });
});
