/** An older version of a rule or workflow made the newest again. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { realRandom } from '../real.ts';
import { aServer, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

let server: TestServer;
beforeEach(async () => {
  server = await aServer(parts);
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

const create = async (path: string, body: object) => (await server.call('POST', `/v1/${path}`, body)).body;
const versionsOf = async (path: string): Promise<Array<{ version: number; definition: object }>> =>
  (await server.call('GET', `/v1/${path}/versions`)).body.data;

const webhook = (n: number) => ({ type: 'webhook', url: `https://a.example/${n}` });
const RULE = { name: 'A rule', trigger: { event_type: 'contact.tag.added' }, actions: [webhook(1)] };

test('a restored version is a new one equal to the old, whatever was added since; position and state stay', async () => {
  const { id } = await create('rules', RULE);
  const condition = { field: 'data.contact.id', op: 'equals', value: 1 };
  const patch = { name: 'Another', actions: [webhook(2)], condition, position: 7, enabled: false };
  await server.call('PATCH', `/v1/rules/${id}`, patch);
  const { status, body } = await server.call('POST', `/v1/rules/${id}/versions/1/restore`);
  expect(status).toBe(200);
  expect(body).toMatchObject({ ...RULE, version: 3, position: 7, enabled: false, warnings: [] });
  expect(body.condition).toBeNull();
  const [newest, second, first] = await versionsOf(`rules/${id}`);
  expect(newest?.definition).toEqual(first?.definition);
  expect(second?.definition).toMatchObject({ name: 'Another', condition });
  // It is in force already.
  expect((await server.call('POST', `/v1/rules/${id}/versions/3/restore`)).body.version).toBe(3);
});

test('what an old version names must still be there', async () => {
  const made = await create('endpoints', { url: 'https://b.example/', event_types: ['*'] });
  const { id } = await create('rules', { ...RULE, actions: [{ type: 'webhook', endpoint_id: made.id }] });
  await server.call('PATCH', `/v1/rules/${id}`, { actions: [webhook(1)] });
  await server.call('DELETE', `/v1/endpoints/${made.id}`);
  const { status, body } = await server.call('POST', `/v1/rules/${id}/versions/1/restore`);
  expect(status).toBe(422);
  expect(body).toMatchObject({ code: 'invalid_definition', errors: [{ field: '/actions/0/endpoint_id' }] });
  expect((await server.call('GET', `/v1/rules/${id}`)).body.version).toBe(2);
});

test('a workflow says what becomes of runs that wait, a rule has none', async () => {
  const steps = (n: number) => [{ id: 'a', ...webhook(n) }];
  const { id } = await create('workflows', {
    ...{ name: 'A flow', triggers: [{ event_type: 'contact.tag.added' }], steps: steps(1) },
  });
  await server.call('PATCH', `/v1/workflows/${id}`, { steps: steps(2) });
  const restore = (path: string, body?: object) => server.call('POST', `/v1/${path}/restore`, body);
  expect((await restore(`workflows/${id}/versions/1`, { waiting_runs: 'drop' })).status).toBe(400);
  const { body } = await restore(`workflows/${id}/versions/1`, { waiting_runs: 'move' });
  expect(body).toMatchObject({ version: 3, steps: steps(1) });
  const rule = (await create('rules', RULE)).id;
  expect((await restore(`rules/${rule}/versions/1`, { waiting_runs: 'move' })).status).toBe(400);
});

test.each(['9', '0', 'x', '1.5'])('version %s is none', async (version) => {
  const { id } = await create('rules', RULE);
  const { status } = await server.call('POST', `/v1/rules/${id}/versions/${version}/restore`);
  expect(status).toBe(version === '9' ? 404 : 400);
  expect((await server.call('POST', `/v1/rules/rule_1/versions/1/restore`)).status).toBe(404);
});
