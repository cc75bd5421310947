/** Publishes, pages, meets a conflict and verifies, by the SDK: the same under Node, Bun and Deno. */

import { env } from 'node:process';
import { createPublisher, Mirsal, MirsalError, verify } from '../../src/sdk/sdk.ts';

const mirsal = new Mirsal({ url: env.MIRSAL_URL ?? '', apiKey: env.MIRSAL_KEY ?? '' });

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Not so: ${what}`);
}

const type = `runtime.r${String(Math.random()).slice(2, 12)}`;
await mirsal.eventTypes.create({ name: type });
const publisher = createPublisher(mirsal);
const ids = await Promise.all(
  [1, 2, 3].map(async (n) => (await publisher.publish({ type, data: { n } })).id),
);
await publisher.close();

const found: string[] = [];
for await (const { id } of mirsal.events.list({ type, limit: 2 })) found.unshift(id);
check(found.join() === ids.join(), 'all events are listed, in their order');

const error = await mirsal.eventTypes.create({ name: type }).catch((thrown: unknown) => thrown);
check(error instanceof MirsalError && error.code === 'event_type_exists', 'a conflict has its code');

for await (const { event } of mirsal.stream()) {
  check(event === 'ready', 'the stream is open');
  break;
}

const headers = {
  'webhook-id': 'msg_27UH4WbU6Z5A5EzD8u03UvzRbpk',
  'webhook-timestamp': '1649367553',
  'webhook-signature': 'v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=',
};
const body = '{"email":"test@example.com","username":"test_user"}';
const options = { secrets: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD', now: () => 1_649_367_553_000 };
check((await verify({ headers, body }, options)).id === headers['webhook-id'], 'a signature is verified');
