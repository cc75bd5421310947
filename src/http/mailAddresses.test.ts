/** Wherever somebody types an e-mail address, the same rule holds. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import * as support from '../../test/support/engine.ts';
import { formatId } from '../core/ids.ts';
import { realRandom } from '../real.ts';
import { aServer, callApp, type TestServer } from './testing/server.ts';

const parts = { ...support, workspace: support.WORKSPACE, random: realRandom, createMovableClock };

let server: TestServer;
let instance: string;
beforeEach(async () => {
  server = await aServer(parts);
  instance = await server.key([], null);
});
afterEach(async () => {
  await server.close();
  expect(server.check.failures).toEqual([]);
});

const rule = (to: string) => ({
  name: 'Tell them',
  trigger: { event_type: 'contact.tag.added' },
  actions: [{ type: 'email', to, subject: 'S', text: 'T' }],
});
const asInstance = (method: string, url: string, body: unknown) =>
  callApp(server.app, method, url, body, { authorization: `Bearer ${instance}` });

/** Ways in: how an address is given, where it stands in the request, and where in the answer. */
const WAYS = [
  {
    what: 'recipients of notices',
    send: (email: string) =>
      server.call('PATCH', '/v1/settings', { notification_recipients: [{ email, language: 'ar' }] }),
    field: '/notification_recipients/0/email',
    answered: { notification_recipients: [{ email: 'sam@example.com' }] },
  },
  {
    what: 'the account',
    send: (account_email: string) => server.call('PATCH', '/v1/settings', { account_email }),
    field: '/account_email',
    answered: { account_email: 'sam@example.com' },
  },
  {
    what: 'owners of a new workspace',
    send: (email: string) =>
      asInstance('POST', '/v1/workspaces', { name: 'New', owners: [{ email, language: 'en' }] }),
    field: '/owners/0/email',
    answered: { owners: [{ email: 'sam@example.com' }] },
  },
  {
    what: 'recipients of a new workspace',
    send: (email: string) =>
      asInstance('POST', '/v1/workspaces', {
        name: 'New',
        settings: { notification_recipients: [{ email, language: 'en' }] },
      }),
    field: '/settings/notification_recipients/0/email',
    answered: { settings: { notification_recipients: [{ email: 'sam@example.com' }] } },
  },
  {
    what: 'owners of a workspace',
    send: (email: string) =>
      asInstance('PATCH', `/v1/workspaces/${formatId('ws', support.WORKSPACE)}`, {
        owners: [{ email, language: 'en' }],
      }),
    field: '/owners/0/email',
    answered: { owners: [{ email: 'sam@example.com' }] },
  },
  {
    what: 'the action of a rule',
    send: (to: string) => server.call('POST', '/v1/rules', rule(to)),
    field: '/actions/0/to',
    answered: { actions: [{ to: 'sam@example.com' }] },
  },
];

describe.each(WAYS)('$what', ({ send, field, answered }) => {
  test('is kept without the marks that were pasted around it', async () => {
    const { status, body } = await send('\u200e\u202bsam@example.com\u202c\u00a0');
    expect(status).toBeLessThan(300);
    expect(body).toMatchObject(answered);
  });

  test('is refused with a mark within it, the member and the mark named', async () => {
    const { status, body } = await send('sam@exam\u200eple.com');
    expect(status).toBeGreaterThanOrEqual(400);
    expect(body.errors).toMatchObject([
      { field, message: expect.stringContaining('U+200E LEFT-TO-RIGHT MARK') },
    ]);
  });
});
