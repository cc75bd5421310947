import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { builtInEventTypes } from './catalog.ts';
import { dataOf } from './envelope.ts';
import type { EventType } from './eventType.ts';
import { validateData } from './validate.ts';

function typeOf(name: string): EventType {
  return builtInEventTypes.get(name) ?? expect.fail(`no event type ${name}`);
}

/** The data of a type's first sample with one place changed; `undefined` takes the member out. */
function changed(name: string, path: string[], value: unknown): unknown {
  const eventType = typeOf(name);
  const data = JSON.parse(dataOf(eventType.family, eventType.samples[0]?.body ?? '{}'));
  let holder = data;
  for (const member of path.slice(0, -1)) holder = holder[member];
  const last = path.at(-1) ?? '';
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return data;
}

function faultsWith(name: string, path: string[], value: unknown): Array<[field: string, message: string]> {
  return validateData(typeOf(name), changed(name, path, value)).map(({ field, message }) => [field, message]);
}

describe('faults', () => {
  test('a missing member is named where it should stand', () => {
    expect(faultsWith('contact.tag.added', ['contact', 'email'], undefined)).toEqual([
      ['/data/contact/email', 'is missing'],
    ]);
  });

  test('a wrong kind says what is wanted and what came', () => {
    expect(faultsWith('contact.created', ['contact', 'assignee'], 'x')).toEqual([
      ['/data/contact/assignee', 'must be an object or null, but is a string'],
    ]);
  });

  test('all faults are reported at once, at most 20', () => {
    const data = { tag: {}, contact: { id: -1, email: 'x', fields: 1 } };
    expect(validateData(typeOf('contact.tag.added'), data).map((fault) => fault.field)).toEqual([
      '/data/tag/id',
      '/data/tag/name',
      '/data/contact/id',
      '/data/contact/email',
      '/data/contact/fields',
    ]);
    const tags = Array.from({ length: 100 }, () => 1);
    expect(validateData(typeOf('contact.created'), { contact: { id: 1, tags } })).toHaveLength(20);
  });

  test('very large data is answered with its first fault', () => {
    const tags = Array.from({ length: 50_000 }, () => 1);
    expect(validateData(typeOf('contact.created'), { contact: { id: 1, tags } })).toHaveLength(1);
  });

  test('any JSON ends in faults or none, for every type', () => {
    fc.assert(
      fc.property(fc.constantFrom(...builtInEventTypes.values()), fc.jsonValue(), (eventType, value) => {
        for (const { field, message } of validateData(eventType, value)) {
          expect(field).toMatch(/^\/data/);
          expect(message).not.toBe('');
        }
      }),
    );
  });

  test('members of prototypes do not count as present', () => {
    const data = JSON.parse(
      '{"__proto__":{"tag":{"id":1,"name":"x"}},"contact":{"id":1,"email":"a@b","fields":[]}}',
    );
    expect(validateData(typeOf('contact.tag.added'), data).map((fault) => fault.field)).toEqual([
      '/data/tag',
    ]);
  });
});

describe('messaging data', () => {
  test.each(['event_id', 'event_type'])('%s is the envelope’s and refused in data', (name) => {
    expect(
      validateData(typeOf('contact.created'), {
        ...Object(changed('contact.created', ['x'], 1)),
        [name]: 'a',
      }),
    ).toEqual([
      { field: `/data/${name}`, message: 'is set by the envelope; take it out of data', keyword: 'reserved' },
    ]);
  });

  test('must be an object even where the schema would allow more', () => {
    expect(validateData({ family: 'messaging', schema: {} }, [])).toMatchObject([{ field: '/data' }]);
    expect(validateData({ family: 'custom', schema: {} }, [])).toEqual([]);
  });

  test('an assignee may be null or absent, custom fields stand beside the standard ones', () => {
    expect(faultsWith('contact.created', ['contact', 'assignee'], null)).toEqual([]);
    expect(faultsWith('contact.created', ['contact', 'assignee'], undefined)).toEqual([]);
    expect(faultsWith('contact.created', ['contact', 'فصيلة الدم'], 'A+')).toEqual([]);
  });

  test('a tag is added or removed, without -ed', () => {
    expect(faultsWith('contact.tag.updated', ['action'], 'added')).toEqual([
      ['/data/action', 'must be one of "add", "remove", but is "added"'],
    ]);
    expect(faultsWith('contact.tag.updated', ['action'], 'remove')).toEqual([]);
  });

  test('times are whole Unix seconds, a message’s also milliseconds', () => {
    expect(faultsWith('contact.created', ['contact', 'created_at'], '2021-10-05')).toHaveLength(1);
    expect(faultsWith('message.sent', ['message', 'timestamp'], 1726740558441)).toEqual([]);
    expect(faultsWith('message.sent', ['message', 'timestamp'], 1.5)).toHaveLength(1);
  });

  test('a message goes the way its event says, and holds what its kind says', () => {
    expect(faultsWith('message.sent', ['message', 'traffic'], 'incoming')).toHaveLength(1);
    expect(faultsWith('message.sent', ['message', 'message'], { type: 'text' })).toEqual([
      ['/data/message/message/text', 'is missing'],
    ]);
    expect(faultsWith('message.sent', ['message', 'message'], { type: 'location' })).toEqual([]);
  });
});

describe('marketing data', () => {
  test('fields are [] when empty and an object otherwise', () => {
    const path = ['contact', 'fields'];
    expect(faultsWith('contact.tag.added', path, [])).toEqual([]);
    expect(faultsWith('contact.tag.added', path, { city: 'Fès' })).toEqual([]);
    expect(faultsWith('contact.tag.added', path, ['x'])).toEqual([
      ['/data/contact/fields', 'must be empty where it is an array'],
    ]);
    expect(faultsWith('contact.tag.added', path, null)).toHaveLength(1);
  });

  test('an opt-in holds exactly one of funnel_step and page_model', () => {
    expect(faultsWith('contact.optin.completed', ['funnel_step'], undefined)).toEqual([
      ['/data', 'must have exactly one of funnel_step, page_model, but has none of them'],
    ]);
    const page = { id: 1, name: 'x', blog: { id: 1, name: 'x' } };
    expect(faultsWith('contact.optin.completed', ['page_model'], page)).toEqual([
      ['/data', 'must have exactly one of funnel_step, page_model, but has funnel_step and page_model'],
    ]);
  });

  test('an IP address stands in opt-ins alone', () => {
    expect(faultsWith('contact.optin.completed', ['contact', 'ip'], '2001:db8::1')).toEqual([]);
    expect(faultsWith('contact.tag.added', ['contact', 'ip'], '203.0.113.1')).toEqual([
      ['/data/contact/ip', 'must be null, but is a string'],
    ]);
  });

  test('a webinar’s duration is a string of seconds', () => {
    expect(faultsWith('contact.webinar.registered', ['webinar', 'duration'], 7200)).toHaveLength(1);
    expect(faultsWith('contact.webinar.registered', ['webinar', 'duration'], 'two hours')).toHaveLength(1);
  });

  test('amounts are whole minor units, the currency is in lower case', () => {
    const plan = 'offer_price_plan';
    expect(faultsWith('customer.sale.completed', [plan, 'direct_charge_amount'], 5.83)).toHaveLength(1);
    expect(faultsWith('customer.sale.completed', [plan, 'currency'], 'EUR')[0]?.[1]).toContain('lower case');
  });

  test('times are ISO 8601 with a zone', () => {
    expect(faultsWith('contact.webinar.registered', ['registered_at'], '2021-10-05T10:37:06Z')).toEqual([]);
    expect(faultsWith('contact.webinar.registered', ['registered_at'], '2021-10-05')).toHaveLength(1);
  });

  test('an address may be written in any script', () => {
    expect(faultsWith('contact.tag.added', ['contact', 'email'], 'بريد@مثال.السعودية')).toEqual([]);
    expect(faultsWith('contact.tag.added', ['contact', 'email'], 'nobody')).toEqual([
      ['/data/contact/email', 'must be an e-mail address, but is "nobody"'],
    ]);
  });
});

describe('alternatives', () => {
  const schema = {
    anyOf: [
      { type: 'string' },
      { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] },
      { type: 'object', properties: { b: { type: 'integer' }, c: {} }, required: ['b', 'c'] },
    ],
  };

  test('that all fail are summed up in one fault that names the closest', () => {
    expect(validateData({ family: 'custom', schema }, { a: 'x' })).toEqual([
      {
        field: '/data',
        message: 'matches none of 3 alternatives; closest: /data/a must be a whole number, but is a string',
        keyword: 'anyOf',
      },
    ]);
  });

  test('reached through references are summed up as well', () => {
    const referring = { $defs: { one: schema }, properties: { x: { $ref: '#/$defs/one' } } };
    expect(validateData({ family: 'custom', schema: referring }, { x: 1 })).toMatchObject([
      { field: '/data/x', keyword: 'anyOf' },
    ]);
  });
});
