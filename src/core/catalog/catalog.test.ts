import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { getPointer, isPointer } from '../json/pointer.ts';
import { memberSlices } from '../json/slices.ts';
import { builtInEventTypes } from './catalog.ts';
import { accountOf, bodyValue, buildBody, dataOf, familyOf, messagingEventId } from './envelope.ts';
import type { EventType } from './eventType.ts';
import { isSystemEvent, SYSTEM_EVENTS } from './systemEvents.ts';
import { validateData } from './validate.ts';

const eventTypes = [...builtInEventTypes.values()];
const samples = eventTypes.flatMap((eventType) =>
  eventType.samples.map((sample) => ({ eventType, sample, file: `${eventType.name}.${sample.name}` })),
);

/** The text of a sample's file; the sample named "default" is the file without a suffix. */
function fileOf(eventType: EventType, sampleName: string): string {
  const suffix = sampleName === 'default' ? '' : `.${sampleName}`;
  const folder = isSystemEvent(eventType.name) ? 'system' : eventType.family;
  const path = `./samples/${folder}/${eventType.name}${suffix}.json`;
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}

/** Parsed and written again, so that texts compare by members, their order and their values alone. */
function compact(text: string): string {
  return JSON.stringify(JSON.parse(text));
}

test.each(samples)('$file: the parsed body is put together as its text is', ({ eventType, sample }) => {
  const { family } = eventType;
  const data = dataOf(family, sample.body);
  const parts = {
    eventType,
    eventId: 'id-1',
    createdAt: 1_633_448_573_000,
    account: accountOf(family, sample.body),
  };
  expect(familyOf(buildBody({ ...parts, data }))).toBe(family);
  expect(JSON.stringify(bodyValue(parts, JSON.parse(data)))).toBe(compact(buildBody({ ...parts, data })));
});

test('a body of the custom family is known by its shape', () => {
  const eventType = { name: 'order.shipped', family: 'custom' } as const;
  const parts = { eventType, eventId: '', createdAt: 0, account: null };
  expect(familyOf(buildBody({ ...parts, data: '{"data":1,"event_type":2}' }))).toBe('custom');
});

describe('the catalog', () => {
  test('holds eleven messaging types, ten marketing types (A6, B6) and the system events', () => {
    const count = (family: string) => eventTypes.filter((eventType) => eventType.family === family).length;
    expect([count('messaging'), count('marketing'), count('custom')]).toEqual([11, 10, 7]);
    expect(eventTypes.filter(({ name }) => isSystemEvent(name)).map(({ name }) => name)).toEqual([
      ...SYSTEM_EVENTS,
    ]);
  });

  test('has every sample file in it, and no sample without a file', () => {
    const files = ['messaging', 'marketing', 'system'].flatMap((folder) =>
      readdirSync(new URL(`./samples/${folder}`, import.meta.url)),
    );
    // 28 documented ones, 8 of system events.
    expect(files).toHaveLength(36);
    expect(samples).toHaveLength(36);
  });

  test.each(eventTypes)('$name has its texts in English and Arabic', (eventType) => {
    const { title, description, useCases } = eventType;
    const labels = [...eventType.samples, ...eventType.scopes].map((item) => item.title);
    for (const { en, ar } of [title, description, ...labels]) {
      expect(en).toMatch(/^[A-Z]/);
      expect(ar).toMatch(/[\u0600-\u06ff]/);
    }
    expect(useCases.en.length).toBeGreaterThanOrEqual(2);
    expect(useCases.ar).toHaveLength(useCases.en.length);
  });

  test.each(eventTypes)('$name has a title for every member of its schema', (eventType) => {
    const untitled: string[] = [];
    const look = (schema: unknown, at: string) => {
      if (typeof schema !== 'object' || schema === null) return;
      if (!('title' in schema)) untitled.push(at);
      if ('items' in schema) look(schema.items, `${at}/items`);
      for (const [name, member] of Object.entries('properties' in schema ? Object(schema.properties) : {})) {
        look(member, `${at}/${name}`);
      }
    };
    look(eventType.schema, '');
    expect(untitled).toEqual([]);
  });

  test.each(eventTypes)('$name points to its subject and scopes in its own samples', (eventType) => {
    const bodies = eventType.samples.map((sample) => JSON.parse(sample.body));
    const pointers = eventType.scopes.flatMap((scope) => [scope.pointer, scope.labelPointer]);
    for (const pointer of [eventType.subject ?? '', ...pointers]) {
      expect(isPointer(pointer)).toBe(true);
      expect(bodies.some((body) => getPointer(body, pointer).found)).toBe(true);
    }
    if (eventType.subject === null) return;
    const subject = eventType.subject;
    expect(bodies.every((body) => Number.isInteger(Object(getPointer(body, subject)).value))).toBe(true);
  });
});

describe('every sample', () => {
  test.each(samples)('$file is the file, character by character', ({ eventType, sample }) => {
    expect(sample.body).toBe(fileOf(eventType, sample.name).trimEnd());
  });

  test.each(samples)('$file is valid by its schema', ({ eventType, sample }) => {
    expect(validateData(eventType, JSON.parse(dataOf(eventType.family, sample.body)))).toEqual([]);
  });

  test.each(samples)('$file comes out of the envelope as it went in', ({ eventType, sample }) => {
    const body = JSON.parse(sample.body);
    const built = buildBody({
      eventType,
      data: dataOf(eventType.family, sample.body),
      eventId: String(body.event_id),
      createdAt: Date.parse(body.created_at ?? body.timestamp ?? '2021-10-05T15:42:53+00:00'),
      account: accountOf(eventType.family, sample.body),
    });
    expect(compact(built)).toBe(compact(sample.body));
  });
});

describe('bodies', () => {
  const createdAt = Date.UTC(2022, 10, 3, 20, 26, 10, 344);
  const data = ' {"2":1,"b":9007199254740993,"a":1e400,"s":"\\ud83d\\u0041"} ';
  const parts = { eventId: '11111111-1111-4111-8111-111111111111', createdAt, account: null };

  test('marketing: type, data, account and a time without fraction', () => {
    const eventType = { name: 'contact.tag.added', family: 'marketing' } as const;
    const body = buildBody({ ...parts, eventType, data: data.trim(), account: '{ "email":"a@b" }' });
    expect(body).toBe(
      `{"type":"contact.tag.added","data":${data.trim()},"account":{ "email":"a@b" },"created_at":"2022-11-03T20:26:10+00:00"}`,
    );
    expect(dataOf('marketing', body)).toBe(data.trim());
    expect(accountOf('marketing', body)).toBe('{ "email":"a@b" }');
  });

  test('marketing without an account says so with a null address', () => {
    const eventType = { name: 'a', family: 'marketing' } as const;
    const body = buildBody({ ...parts, eventType, data: '{}' });
    expect(memberSlices(body).members.get('account')).toBe('{"email":null}');
    expect(accountOf('marketing', body)).toBeNull();
  });

  test('messaging: the members of data stand beside type and id, untouched', () => {
    const eventType = { name: 'contact.created', family: 'messaging' } as const;
    const body = buildBody({ ...parts, eventType, data });
    expect(body).toBe(
      `{"event_type":"contact.created","event_id":"11111111-1111-4111-8111-111111111111",${data.trim().slice(1, -1)}}`,
    );
    expect(dataOf('messaging', body)).toBe(data.trim());
    expect(accountOf('messaging', body)).toBeNull();
  });

  test('messaging: empty data leaves no comma behind', () => {
    const eventType = { name: 'a', family: 'messaging' } as const;
    const body = buildBody({ ...parts, eventType, data: '{ }' });
    expect(body).toBe('{"event_type":"a","event_id":"11111111-1111-4111-8111-111111111111"}');
    expect(dataOf('messaging', body)).toBe('{}');
  });

  test('custom: the payload of Standard Webhooks, with milliseconds', () => {
    const eventType = { name: 'order.paid', family: 'custom' } as const;
    const body = buildBody({ ...parts, eventType, data: '[1, 2]' });
    expect(body).toBe('{"type":"order.paid","timestamp":"2022-11-03T20:26:10.344Z","data":[1, 2]}');
    expect(dataOf('custom', body)).toBe('[1, 2]');
  });

  test('the caller’s id becomes the event_id where it is a UUID, as written', () => {
    const upper = 'CC5F231A-633C-4FFC-BF61-D970FE5E0085';
    expect(messagingEventId(upper, 'other')).toBe(upper);
    expect(messagingEventId('test-event-id', 'other')).toBe('other');
    expect(messagingEventId(`${upper}\n`, 'other')).toBe('other');
    expect(messagingEventId(null, 'other')).toBe('other');
  });
});
