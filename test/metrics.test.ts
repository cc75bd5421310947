/** What `/metrics` tells: to whom, under which names (docs/metrics.md is made of them), and with which figures. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createMetrics } from '../src/metrics.ts';
import { API_KEY, INSTANCE_KEY } from './support/process.ts';
import { startReceiver } from './support/receiver.ts';
import { type Served, startServed, until } from './support/served.ts';
import { STORES, storeEnv } from './support/stores.ts';

const DOCS = join(import.meta.dirname, '../docs');
const TOKEN = 'a-token-of-the-monitoring';

let mirsal: Served | null = null;
afterEach(async () => {
  await mirsal?.close();
  mirsal = null;
});

async function read(token: string | null): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${mirsal?.url}/metrics`, {
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  });
  return { status: answer.status, text: await answer.text() };
}

/** The figure of one series, as it is written; 0 for one that has not begun. */
function figure(text: string, series: string): number {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

const PUBLISHED = { type: 'lead.created', data: { email: 'layla@example.com' } };

test.each(STORES)('on %s, counts what is accepted, sent and refused', async (store) => {
  const receiver = await startReceiver();
  mirsal = await startServed({ env: await storeEnv(store) });
  const { call } = mirsal;
  await call('POST', '/v1/event-types', { name: 'lead.created', schema: { type: 'object' } });
  await call('POST', '/v1/endpoints', { url: receiver.url, event_types: ['lead.created'] });
  for (const id of ['a', 'b', 'b']) await call('POST', '/v1/events', { id, ...PUBLISHED });
  expect((await call('POST', '/v1/events', { type: 'nothing.known', data: {} })).status).toBe(422);
  const { text } = await until(
    () => read(INSTANCE_KEY),
    (seen) => figure(seen.text, 'mirsal_deliveries_ended_total{state="delivered"}') === 2,
  );
  const figures = [
    'mirsal_events_accepted_total',
    'mirsal_events_repeated_total',
    'mirsal_deliveries_created_total',
    'mirsal_attempts_total{outcome="success"}',
    'mirsal_attempt_duration_seconds_count',
    'mirsal_store_commit_duration_seconds_count{call="publish"}',
    'mirsal_http_request_duration_seconds_count{method="POST",route="/v1/events",status="202"}',
    'mirsal_http_request_duration_seconds_count{method="POST",route="/v1/events",status="422"}',
    'mirsal_open_lanes',
    'mirsal_requests_in_flight',
    'mirsal_oldest_waiting_seconds',
  ].map((series) => [series, figure(text, series)]);
  expect(Object.fromEntries(figures)).toEqual({
    mirsal_events_accepted_total: 2,
    mirsal_events_repeated_total: 1,
    mirsal_deliveries_created_total: 2,
    'mirsal_attempts_total{outcome="success"}': 2,
    mirsal_attempt_duration_seconds_count: 2,
    'mirsal_store_commit_duration_seconds_count{call="publish"}': 3,
    'mirsal_http_request_duration_seconds_count{method="POST",route="/v1/events",status="202"}': 3,
    'mirsal_http_request_duration_seconds_count{method="POST",route="/v1/events",status="422"}': 1,
    mirsal_open_lanes: 0,
    mirsal_requests_in_flight: 0,
    mirsal_oldest_waiting_seconds: 0,
  });
  const pools = store === 'SQLite' ? ['lists', 'reader', 'writer'] : ['hot', 'lease', 'other'];
  const named = [...text.matchAll(/^mirsal_store_waiting\{pool="(\w+)"\}/gm)].map(([, pool]) => pool);
  expect(named.toSorted()).toEqual(pools);
  await receiver.close();
});

test('tells how old the delivery is that waits, and what it failed by', async () => {
  const receiver = await startReceiver();
  receiver.answerWith(() => 500);
  mirsal = await startServed();
  const { call } = mirsal;
  await call('POST', '/v1/event-types', { name: 'lead.created', schema: { type: 'object' } });
  await call('POST', '/v1/endpoints', { url: receiver.url, event_types: ['lead.created'] });
  await call('POST', '/v1/events', PUBLISHED);
  const { text } = await until(
    () => read(INSTANCE_KEY),
    (seen) => figure(seen.text, 'mirsal_budget_errors_total') === 1,
  );
  expect(figure(text, 'mirsal_attempts_total{outcome="http"}')).toBe(1);
  expect(figure(text, 'mirsal_open_lanes')).toBe(1);
  const later = await until(
    () => read(INSTANCE_KEY),
    (seen) => figure(seen.text, 'mirsal_oldest_waiting_seconds') > 0.05,
  );
  expect(figure(later.text, 'mirsal_oldest_waiting_seconds')).toBeLessThan(180);
  await receiver.close();
});

test('is for instance keys and the token that is set for it, and names no addresses', async () => {
  mirsal = await startServed({ env: { MIRSAL_METRICS_TOKEN: TOKEN } });
  const statuses = [];
  for (const token of [null, 'another-token-of-somebody', API_KEY, TOKEN, INSTANCE_KEY]) {
    statuses.push((await read(token)).status);
  }
  expect(statuses).toEqual([401, 401, 403, 200, 200]);
  const withToken = { authorization: `Bearer ${TOKEN}` };
  expect((await mirsal.call('GET', '/v1/workspaces', undefined, withToken)).status).toBe(401);
  await mirsal.call('GET', '/v1/events/secret-of-somebody');
  await mirsal.call('GET', '/nowhere/at/all');
  const { text } = await read(TOKEN);
  expect(text).toContain('route="/v1/events/:id",status="404"');
  expect(text).toContain('route="none",status="404"');
  expect(text).not.toContain('secret-of-somebody');
});

test('has the names and texts that docs/metrics.md lists', async () => {
  const rows = (await createMetrics('1.0.0').list())
    .filter(({ name }) => name.startsWith('mirsal_'))
    .map(({ name, type, labels, help }) => {
      const said = labels.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${type} | ${said} | ${help} |`;
    });
  const path = join(DOCS, 'metrics.md');
  const made = readFileSync(path, 'utf8').replace(/(?<=^\| name \| kind .*\n\|---.*\n)(?:\|.*\n)*/m, () =>
    rows.map((row) => `${row}\n`).join(''),
  );
  if (process.env.UPDATE_DOCS === '1') writeFileSync(path, made);
  expect(made).toContain('| `mirsal_attempts_total` | counter | `outcome` |');
  expect(readFileSync(path, 'utf8')).toBe(made);
});

test('has what the alerts and the Grafana dashboard ask for', async () => {
  const known = new Set<string>();
  for (const { name, type } of await createMetrics('1.0.0').list()) {
    known.add(name);
    if (type === 'histogram') for (const part of ['bucket', 'count', 'sum']) known.add(`${name}_${part}`);
  }
  const texts = ['alerts.yaml', 'grafana.json'].map((name) =>
    readFileSync(join(DOCS, 'monitoring', name), 'utf8'),
  );
  for (const text of texts) {
    const asked = new Set(text.match(/\b(?:mirsal|nodejs|process)_[a-z0-9_]+/g));
    expect(asked.size).toBeGreaterThan(5);
    expect([...asked].filter((name) => !known.has(name))).toEqual([]);
  }
});
