/** Notices as listed, who is told, and the events that only Mirsal publishes. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { formatId } from '../core/ids.ts';
import { realRandom } from '../real.ts';
import { aServer, callApp, type TestServer } from './testing/server.ts';

let insert: (rows: readonly support.NewNotice[]) => Promise<void>;
const parts = {
  ...support,
  workspace: support.WORKSPACE,
  random: realRandom,
  createMovableClock,
  async aSqliteStore(clock: Parameters<typeof support.aSqliteStore>[0]) {
    const opened = await support.aSqliteStore(clock);
    insert = opened.insertNotices;
    return opened;
  },
};

let server: TestServer;
beforeEach(async () => {
  server = await aServer(parts);
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

const CRM = { name: 'CRM', url: 'https://crm.example.com/' };
const BUDGET = { limit: 30, window_s: 1_800, scope: 'workspace' } as const;
const AT = Date.UTC(2026, 2, 2, 9);

describe('GET /v1/notices', () => {
  test('lists every kind, newest first, with ids as the API writes them', async () => {
    const common = { workspace: support.WORKSPACE, endpoint: 7, delivery: null, at: AT };
    const culprit = { endpoint: 7, ...CRM, errors: 15, error: 'HTTP 500' };
    const disabled = { ...CRM, reason: 'gone', by: 'mirsal', error: 'HTTP 410', trip: null } as const;
    const dropped = { ...CRM, event: 'e1', event_type: 'call.ended', reason: 'gone', attempts: 1 };
    await insert([
      {
        ...common,
        kind: 'budget.warning',
        endpoint: null,
        details: { level: 50, errors: 15, budget: BUDGET, endpoints: [culprit] },
      },
      { ...common, kind: 'endpoint.disabled', details: disabled },
      { ...common, kind: 'endpoint.enabled', details: { ...CRM, by: 'me', held: 2, choice: 'skip' } },
      { ...common, kind: 'delivery.dropped', delivery: 9, details: dropped },
      { ...common, kind: 'held.expiring', details: { ...CRM, held: 1, oldest_at: AT, expires_at: AT } },
    ]);
    const { status, body } = await server.call('GET', '/v1/notices');
    expect(status).toBe(200);
    const [expiring, drop, enabled, disabling, warning] = body.data;
    const iso = '2026-03-02T09:00:00.000Z';
    expect(expiring).toMatchObject({ kind: 'held.expiring', details: { oldest_at: iso, expires_at: iso } });
    expect(drop).toMatchObject({ delivery_id: formatId('dlv', 9), details: { event_id: 'e1' } });
    expect(enabled).toMatchObject({ kind: 'endpoint.enabled', details: { held: 2, choice: 'skip' } });
    expect(disabling).toMatchObject({
      id: expect.stringMatching(/^ntc_/),
      kind: 'endpoint.disabled',
      at: iso,
      endpoint_id: formatId('ep', 7),
      delivery_id: null,
      details: { reason: 'gone', error: 'HTTP 410' },
      mails: [],
    });
    expect(warning.details.endpoints).toEqual([
      { endpoint_id: formatId('ep', 7), ...CRM, errors: 15, error: 'HTTP 500' },
    ]);
    const first = (await server.call('GET', '/v1/notices?limit=4')).body;
    expect(first.data).toHaveLength(4);
    const rest = (await server.call('GET', `/v1/notices?limit=4&cursor=${first.next_cursor}`)).body;
    expect(rest).toMatchObject({ data: [{ id: warning.id }], next_cursor: null });
  });

  test('shows who was mailed and what the mail server said', async () => {
    const owners = [{ email: 'layla@example.com', language: 'ar' } as const];
    await server.store.updateWorkspace(support.WORKSPACE, { owners }, AT, 'me');
    const details = { ...CRM, by: 'me', held: 0, choice: 'send' } as const;
    await insert([
      {
        workspace: support.WORKSPACE,
        kind: 'endpoint.enabled',
        endpoint: 7,
        delivery: null,
        details,
        at: AT,
      },
    ]);
    const rules = { now: AT + 60_000, groupMs: 60_000, droppedMs: 60_000, notBefore: 0 };
    await server.store.composeMails(support.WORKSPACE, { ...rules, messageId: () => '<1@x>' });
    const shown = async () => (await server.call('GET', '/v1/notices')).body.data[0].mails;
    const common = { recipient: 'layla@example.com', language: 'ar' };
    expect(await shown()).toEqual([{ ...common, state: 'pending', error: null, sent_at: null }]);
    const [mail] = await server.store.claimDueMails(support.WORKSPACE, AT + 60_000, 1, 1);
    await server.store.settleMail(mail?.workspace ?? 0, mail?.key ?? 0, { kind: 'sent', at: AT + 61_000 });
    expect(await shown()).toEqual([
      { ...common, state: 'sent', error: null, sent_at: '2026-03-02T09:01:01.000Z' },
    ]);
  });
});

describe('owners', () => {
  test('are named by holders of an instance key, when a workspace is made and later', async () => {
    const instance = await server.key(['manage', 'read'], null);
    const as = (method: string, url: string, body?: unknown) =>
      callApp(server.app, method, url, body, { authorization: `Bearer ${instance}` });
    const owners = [{ email: 'layla@example.com', language: 'ar' }];
    const made = await as('POST', '/v1/workspaces', { name: 'Acme', owners });
    expect(made).toMatchObject({ status: 201, body: { owners } });
    const changed = await as('PATCH', `/v1/workspaces/${made.body.id}`, { owners: [] });
    expect(changed).toMatchObject({ status: 200, body: { name: 'Acme', owners: [] } });
  });

  test('are addresses that can stand in a header', async () => {
    const instance = await server.key(['manage'], null);
    for (const email of ['a', 'a@b\r\nBcc: c@d', 'a@b, c@d', 'A <a@b>', 'a@[192.0.2.1]', 'a\u0007@b']) {
      const call = { name: 'Acme', owners: [{ email, language: 'en' }] };
      const answer = await callApp(server.app, 'POST', '/v1/workspaces', call, {
        authorization: `Bearer ${instance}`,
      });
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    }
  });
});

describe('system events', () => {
  test('cannot be published by a caller, alone or in a batch', async () => {
    const event = { type: 'endpoint.disabled', data: {} };
    const one = await server.call('POST', '/v1/events', event);
    expect(one).toMatchObject({
      status: 422,
      body: { code: 'reserved_event_type', errors: [{ field: '/type' }] },
    });
    const batch = await server.call('POST', '/v1/events/batch', { events: [event] });
    expect(batch).toMatchObject({ status: 422, body: { code: 'reserved_event_type' } });
  });

  test('are in the catalog, can be named by an endpoint, and tried out with a sample', async () => {
    const type = await server.call('GET', '/v1/event-types/endpoint.disabled');
    expect(type.body).toMatchObject({ system: true, custom: false, family: 'custom', subject: null });
    expect((await server.call('GET', '/v1/event-types/call.ended')).body.system).toBe(false);
    const members = { url: 'https://ops.example.com/', event_types: ['endpoint.disabled'] };
    const made = await server.call('POST', '/v1/endpoints', members);
    expect(made.status).toBe(201);
    const tried = await server.call('POST', `/v1/endpoints/${made.body.id}/test`, {
      event_type: 'endpoint.disabled',
    });
    expect(tried.status).toBe(202);
  });

  test('cannot be defined anew', async () => {
    const answer = await server.call('POST', '/v1/event-types', { name: 'endpoint.disabled' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'event_type_exists' } });
  });
});
