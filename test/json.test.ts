/**
 * Posted JSON reaches the receiver unharmed (REQUIREMENTS, Bodies), and an event is accepted once
 * however often it is posted (P1, P2). Everything over real HTTP, on both stores.
 */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { type Served, startServed, until } from './support/served.ts';
import { STORES, storeEnv } from './support/stores.ts';

const MIB = 1024 * 1024;
const CREATED = '2026-01-31T08:00:00+00:00';

/** `depth` levels: the object itself, then arrays. */
const nested = (depth: number): string => `{"deep":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

/** What a value of a programming language would not survive. As raw text: escapes are JSON's. */
const UNHARMED: ReadonlyArray<readonly [what: string, data: string]> = [
  ['member order', '{"z":1,"a":{"y":2,"b":3}}'],
  ['names like integers, in their order', '{"10":"ten","2":"two","01":"x","-1":"y"}'],
  ['numbers beyond 2^53', '{"n":9007199254740993,"m":[123456789012345678901234567890]}'],
  ['minus zero', '{"n":-0,"m":-0.0}'],
  ['numbers beyond any double', '{"n":1e400,"m":-1E+400,"tiny":1e-400}'],
  ['trailing zeros', '{"n":1.10,"m":100.000,"e":1E2}'],
  ['more digits than a double has', '{"n":3.14159265358979323846264338327950288}'],
  ['a lone surrogate, escaped', String.raw`{"s":"\ud800","t":"x\uDFFFy"}`],
  ['a NUL, escaped', String.raw`{"s":"\u0000","\u0000":1}`],
  ['escapes that need not be', String.raw`{"s":"\/\u0061\u00e9","\u0062":1}`],
  ['__proto__ and constructor', '{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}}'],
  ['emoji, raw', '{"s":"\u{1f42b}\u{1f468}\u200d\u{1f469}\u200d\u{1f467}"}'],
  ['emoji, escaped', String.raw`{"s":"\ud83d\udc2b"}`],
  ['Arabic with marks, and marks of direction', '{"اسم":"مُرْسَالٌ \u200f\u202bx\u202c"}'],
  ['line and paragraph separators, DEL, BOM', '{"s":"\u2028\u2029\u007f\ufeff"}'],
  ['white space', '{ "a" :\t[ 1 ,\r\n 2 ] ,\n\n  "b" : { } , "c":[ ]\n}'],
  ['repeated members', '{"a":1,"a":2,"b":{"c":1,"c":[],"c":null}}'],
  ['names that look like the envelope’s', '{"type":1,"data":{"data":[]},"timestamp":"x","id":{}}'],
  ['brackets and quotes in texts', String.raw`{"s":"}],\"{[\\","\"}":"\\\\\""}`],
  ['64 levels', nested(64)],
  ['nothing', '{}'],
];

describe.each(STORES)('on %s', (store) => {
  let mirsal: Served;
  let receiver: Receiver;
  let endpoint: string;

  beforeAll(async () => {
    receiver = await startReceiver();
    mirsal = await startServed({ env: await storeEnv(store) });
    for (const family of ['custom', 'marketing', 'messaging']) {
      await mirsal.call('POST', '/v1/event-types', { name: `json.${family}`, family });
    }
    const made = await mirsal.call('POST', '/v1/endpoints', {
      url: `${receiver.url}/in`,
      event_types: ['json.custom', 'json.marketing', 'json.messaging'],
    });
    endpoint = made.body.id;
  });
  afterAll(async () => {
    await mirsal.close();
    await receiver.close();
  });

  /** Runs `post` and resolves to the bodies that came of it. */
  const arriving = async (count: number, post: () => Promise<unknown>): Promise<string[]> => {
    const before = receiver.received.length;
    await post();
    await receiver.count(before + count);
    return receiver.received.slice(before).map(({ body }) => body);
  };
  const eventText = (family: string, data: string, id: string = randomUUID()): string =>
    `{"type":"json.${family}","created_at":"${CREATED}","id":"${id}","data":${data}}`;
  const publish = async (text: string): Promise<void> => {
    const answer = await mirsal.call('POST', '/v1/events', text);
    expect(answer.text).toContain('"deliveries":1');
  };
  const customBody = (data: string): string =>
    `{"type":"json.custom","timestamp":"2026-01-31T08:00:00.000Z","data":${data}}`;

  describe('JSON', () => {
    test.each(UNHARMED)('%s: arrives byte for byte in a body of the custom family', async (_what, data) => {
      const [body] = await arriving(1, () => publish(eventText('custom', data)));
      expect(body).toBe(customBody(data));
    });

    test.each(UNHARMED)('%s: in a body of the marketing family, account too', async (_what, data) => {
      const text = `{"account":${data},"data":${data},"created_at":"${CREATED}","type":"json.marketing"}`;
      const [body] = await arriving(1, () => publish(text));
      expect(body).toBe(
        `{"type":"json.marketing","data":${data},"account":${data},"created_at":"${CREATED}"}`,
      );
    });

    test.each(UNHARMED)(
      '%s: in a body of the messaging family, beside the envelope’s',
      async (_what, data) => {
        const id = randomUUID();
        const [body] = await arriving(1, () => publish(eventText('messaging', data, id)));
        const inner = data.slice(1, -1).trim();
        expect(body).toBe(`{"event_type":"json.messaging","event_id":"${id}"${inner && `,${inner}`}}`);
      },
    );

    test('a batch keeps each event’s data byte for byte', async () => {
      const events = UNHARMED.map(([, data]) => eventText('custom', data));
      const bodies = await arriving(UNHARMED.length, () =>
        mirsal.call('POST', '/v1/events/batch', `{ "events" : [ ${events.join(' ,\n')} ] }`),
      );
      expect(bodies).toEqual(UNHARMED.map(([, data]) => customBody(data)));
    });

    test('what was held, and so read back from the database, arrives byte for byte', async () => {
      await mirsal.call('POST', `/v1/endpoints/${endpoint}/disable`);
      for (const [, data] of UNHARMED) await publish(eventText('custom', data));
      const bodies = await arriving(UNHARMED.length, () =>
        mirsal.call('POST', `/v1/endpoints/${endpoint}/enable`, { held: 'send' }),
      );
      expect(bodies).toEqual(UNHARMED.map(([, data]) => customBody(data)));
    });

    test('the log gives data and account back as they were posted, and what was sent', async () => {
      for (const [, data] of UNHARMED) {
        const id = randomUUID();
        const text = `{"type":"json.custom","id":"${id}","data":${data},"account":${data},"created_at":"${CREATED}"}`;
        await arriving(1, () => publish(text));
        const event = await mirsal.call('GET', `/v1/events/${id}`);
        expect(event.text).toContain(`"data":${data},"account":${data},"deliveries":`);
        const delivery = await until(
          () => mirsal.call('GET', `/v1/deliveries/${event.body.deliveries[0].id}`),
          ({ body }) => body.state === 'delivered',
        );
        expect(delivery.body.attempts[0].request.body).toBe(customBody(data));
      }
    });

    test('messaging data comes back member by member', async () => {
      const id = randomUUID();
      const data = String.raw`{"10":"ten","2":9007199254740993,"a":"\ud800","a":-0}`;
      await arriving(1, () => publish(eventText('messaging', data, id)));
      expect((await mirsal.call('GET', `/v1/events/${id}`)).text).toContain(`"data":${data},"account":null,`);
    });

    test.each(['event_type', 'event_id', String.raw`\u0065vent_type`])(
      'messaging data may not bring its own %s',
      async (name) => {
        const answer = await mirsal.call('POST', '/v1/events', eventText('messaging', `{"${name}":1}`));
        expect(answer.status).toBe(422);
        expect(answer.body.errors[0].field).toMatch(/^\/data\/event_(type|id)$/);
      },
    );
  });

  describe('what cannot be read', () => {
    test.each([
      ['65 levels of data', 'too_deep', eventText('custom', nested(65))],
      ['100,000 levels', 'too_deep', eventText('custom', nested(100_000))],
      ['JSON that ends too early', 'invalid_json', '{"type":"json.custom","data":{'],
      ['a number that JSON does not know', 'invalid_json', eventText('custom', '{"n":NaN}')],
      ['a lone surrogate that is no escape', 'invalid_utf8', surrogateBytes()],
      ['bytes that are not UTF-8', 'invalid_utf8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
      ['an event that says type twice', 'duplicate_member', '{"type":"a","type":"json.custom","data":{}}'],
      ['nothing', 'invalid_json', ''],
    ])('%s is refused with 400 %s', async (_what, code, body) => {
      const answer = await mirsal.call('POST', '/v1/events', body);
      expect(answer.body).toMatchObject({ code, status: 400 });
      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    });

    test('too deep a nesting names the limit, in a batch as well', async () => {
      const single = await mirsal.call('POST', '/v1/events', eventText('custom', nested(66)));
      expect(single.body.detail).toMatch(/nested deeper than 6\d levels/);
      const batch = (depth: number) =>
        mirsal.call('POST', '/v1/events/batch', `{"events":[${eventText('custom', nested(depth))}]}`);
      const bodies = await arriving(1, async () => expect((await batch(64)).status).toBe(202));
      expect(bodies).toEqual([customBody(nested(64))]);
      expect((await batch(65)).body).toMatchObject({ code: 'too_deep', status: 400 });
    });

    test('a body of 1 MiB is taken, a byte more is 413', async () => {
      const padded = (bytes: number): string => {
        const shell = eventText('custom', '{"s":""}').length;
        return eventText('custom', `{"s":"${'x'.repeat(bytes - shell)}"}`);
      };
      await arriving(1, () => publish(padded(MIB)));
      const answer = await mirsal.call('POST', '/v1/events', padded(MIB + 1));
      expect(answer.status).toBe(413);
      expect(answer.body.code).toBe('body_too_large');
    });

    test('an event of a batch may be no larger than one that comes alone', async () => {
      const large = eventText('custom', `{"s":"${'x'.repeat(MIB)}"}`);
      const answer = await mirsal.call('POST', '/v1/events/batch', `{"events":[${large}]}`);
      expect(answer.body).toMatchObject({ code: 'body_too_large', errors: [{ field: '/events/0/data' }] });
      expect(answer.status).toBe(413);
    });
  });

  describe('an event posted again', () => {
    test('under the same id is answered as the first time, marked, and sent once', async () => {
      const text = eventText('custom', '{"again":1}', 'order-1');
      const first = await mirsal.call('POST', '/v1/events', text);
      await arriving(1, async () => {
        const again = await mirsal.call('POST', '/v1/events', text);
        expect([again.status, again.body]).toEqual([first.status, first.body]);
        expect(first.headers.get('idempotent-replayed')).toBeNull();
        expect(again.headers.get('idempotent-replayed')).toBe('true');
        await publish(eventText('custom', '{"after":1}'));
      });
      const { body } = await mirsal.call('GET', '/v1/deliveries?event_id=order-1');
      expect(body.data).toHaveLength(1);
    });

    test('under the same Idempotency-Key is answered with the first id; another body is 409', async () => {
      const headers = { 'idempotency-key': 'a key of 20 letters!' };
      const text = '{"type":"json.custom","data":{"key":1}}';
      const first = await mirsal.call('POST', '/v1/events', text, headers);
      const again = await mirsal.call('POST', '/v1/events', text, headers);
      expect(again.status).toBe(202);
      expect(again.body).toEqual(first.body);
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      const other = await mirsal.call('POST', '/v1/events', text.replace('1', '2'), headers);
      expect(other.status).toBe(409);
      expect(other.body).toMatchObject({
        code: 'idempotency_conflict',
        errors: [{ field: '/idempotency-key', in: 'header' }],
      });
    });

    test('with other data under its id is 409, alone or in a batch, and changes nothing', async () => {
      await publish(eventText('custom', '{"n":1}', 'order-2'));
      const other = eventText('custom', '{"n":2}', 'order-2');
      const answer = await mirsal.call('POST', '/v1/events', other);
      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({ code: 'idempotency_conflict', errors: [{ field: '/id' }] });
      const fresh = eventText('custom', '{"n":3}', 'order-3');
      const batch = await mirsal.call('POST', '/v1/events/batch', `{"events":[${fresh},${other}]}`);
      expect(batch.body).toMatchObject({ code: 'idempotency_conflict', errors: [{ field: '/events/1/id' }] });
      expect((await mirsal.call('GET', '/v1/events/order-3')).status).toBe(404);
      expect((await mirsal.call('GET', '/v1/events/order-2')).text).toContain('"data":{"n":1}');
    });

    test.each([
      ['one id', { 'x-none': '1' }, eventText('custom', '{"n":1}', 'at-once')],
      ['one Idempotency-Key', { 'idempotency-key': 'at once' }, '{"type":"json.custom","data":{"n":2}}'],
    ])('30 times at once under %s is one event and one delivery', async (_what, headers, text) => {
      const bodies = await arriving(1, async () => {
        const posts = Array.from({ length: 30 }, () => mirsal.call('POST', '/v1/events', text, headers));
        const answers = await Promise.all(posts);
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
        expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
        const replayed = answers.filter(({ headers: had }) => had.get('idempotent-replayed') === 'true');
        expect(replayed).toHaveLength(29);
      });
      // One lane: what comes after it shows that nothing more of it was to come.
      const [next] = await arriving(1, () => publish(eventText('custom', '{"next":1}')));
      expect(bodies).toHaveLength(1);
      expect(next).toBe(customBody('{"next":1}'));
      const { id } = (await mirsal.call('POST', '/v1/events', text, headers)).body;
      expect((await mirsal.call('GET', `/v1/deliveries?event_id=${id}`)).body.data).toHaveLength(1);
    });
  });

  describe('what an event is checked against', () => {
    const contact = { id: 1, email: 'reader@example.com', fields: [], ip: null };

    test('an unknown type is 422 and names the closest one', async () => {
      const answer = await mirsal.call('POST', '/v1/events', { type: 'contact.tag.aded', data: {} });
      expect(answer.status).toBe(422);
      expect(answer.body).toMatchObject({ code: 'unknown_event_type', errors: [{ field: '/type' }] });
      expect(answer.body.errors[0].message).toContain('did you mean "contact.tag.added"?');
    });

    test('data that does not fit its schema is 422 and names the member; nothing is stored', async () => {
      const data = { tag: { id: 'not a number', name: 'A' }, contact };
      const answer = await mirsal.call('POST', '/v1/events', { type: 'contact.tag.added', id: 'bad', data });
      expect(answer.status).toBe(422);
      expect(answer.body.code).toBe('schema_violation');
      const fields = answer.body.errors.map(({ field }: { field: string }) => field);
      expect(fields).toContain('/data/tag/id');
      expect((await mirsal.call('GET', '/v1/events/bad')).status).toBe(404);
    });

    test('with validation "warn" it is accepted, says so, and arrives as posted', async () => {
      await mirsal.call('PATCH', '/v1/settings', { validation: 'warn' });
      await mirsal.call('PATCH', `/v1/endpoints/${endpoint}`, { event_types: ['*'] });
      const text = '{"type":"contact.tag.added","id":"warned","data":{"tag":{"id":"no number"}}}';
      const [body] = await arriving(1, async () => {
        const answer = await mirsal.call('POST', '/v1/events', text);
        expect(answer.status).toBe(202);
        expect(answer.body.warnings).toContainEqual({
          field: '/data/tag/id',
          message: expect.any(String),
        });
      });
      expect(body).toContain('"data":{"tag":{"id":"no number"}}');
      const { body: event } = await mirsal.call('GET', '/v1/events/warned');
      expect(event.warnings.map(({ field }: { field: string }) => field)).toContain('/data/tag/id');
      await mirsal.call('PATCH', '/v1/settings', { validation: 'strict' });
      expect((await mirsal.call('POST', '/v1/events', text.replace('warned', 'strict'))).status).toBe(422);
    });
  });
});

/** U+D800 as UTF-8 would have it if it were a character. */
function surrogateBytes(): Buffer {
  return Buffer.concat([
    Buffer.from('{"type":"json.custom","data":{"s":"'),
    Buffer.from([0xed, 0xa0, 0x80]),
    Buffer.from('"}}'),
  ]);
}
