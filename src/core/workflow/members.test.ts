import { describe, expect, test } from 'vitest';
import { builtInEventTypes } from '../catalog/catalog.ts';
import { buildCustomEventType } from '../catalog/customEventType.ts';
import type { EventType } from '../catalog/eventType.ts';
import { parseFieldPath } from '../routing/condition.ts';
import { knowMember } from './members.ts';

function know(eventType: EventType, field: string) {
  return knowMember(eventType, parseFieldPath(field) ?? expect.fail(field));
}

function builtIn(name: string): EventType {
  return builtInEventTypes.get(name) ?? expect.fail(name);
}

describe('members of built-in types', () => {
  test('every member of every sample is known', () => {
    const paths = (value: unknown, at: string[]): string[][] =>
      typeof value !== 'object' || value === null
        ? [at]
        : [at, ...Object.entries(value).flatMap(([name, inner]) => paths(inner, [...at, name]))];
    for (const eventType of builtInEventTypes.values()) {
      for (const { body } of eventType.samples) {
        for (const path of paths(JSON.parse(body), [])) expect(knowMember(eventType, path)).toBe('known');
      }
    }
  });

  test.each([
    ['contact.tag.added', 'data.tag.id', 'known'],
    ['contact.tag.added', 'data.tag.colour', 'unknown'],
    ['contact.tag.added', 'data.contact.emial', 'unknown'],
    ['contact.tag.added', 'contact.email', 'unknown'],
    ['contact.tag.added', 'data.contact.fields.first_name', 'undecided'],
    ['contact.tag.added', 'data.contact.email.domain', 'unknown'],
    ['contact.tag.added', 'account.name', 'undecided'],
    ['contact.tag.added', 'created_at', 'known'],
    ['contact.tag.added', 'timestamp', 'unknown'],
    ['contact.tag.added', 'constructor', 'unknown'],
    ['contact.optin.completed', 'data.page_model.blog.id', 'known'],
    ['contact.optin.completed', 'data.funnel_step.id', 'known'],
    ['contact.optin.completed', 'data.page.id', 'unknown'],
    ['customer.sale.completed', 'data.coupon.code', 'undecided'],
    ['customer.sale.completed', 'data.order_item.resources.7.data.id', 'undecided'],
    ['customer.sale.completed', 'data.order_item.resources.7.type', 'known'],
    ['customer.sale.completed', 'data.order_item.resources.7.kind', 'unknown'],
    ['customer.sale.completed', 'data.order_item.resources.first', 'unknown'],
    ['contact.tag.updated', 'event_id', 'known'],
    ['contact.tag.updated', 'event_id.x', 'unknown'],
    ['contact.tag.updated', 'contact.favourite_colour', 'undecided'],
    ['contact.tag.updated', 'contact.assignee.nickname', 'undecided'],
    ['contact.tag.updated', 'contact.tags.5', 'known'],
    ['contact.tag.updated', 'label', 'unknown'],
  ])('%s: %s is %s', (name, field, expected) => {
    expect(know(builtIn(name), field)).toBe(expected);
  });
});

describe('members of custom types', () => {
  const order = buildCustomEventType({
    name: 'order.paid',
    schema: {
      type: 'object',
      properties: {
        id: { type: 'integer' },
        address: { $ref: '#/$defs/address' },
        lines: { type: 'array', items: { type: 'object', properties: { sku: { type: 'string' } } } },
        notes: { additionalProperties: { type: 'string' } },
        pair: { prefixItems: [{ const: 1 }], items: false },
        any: {},
      },
      $defs: {
        address: { type: 'object', properties: { city: { type: 'string' } }, additionalProperties: false },
      },
    },
    samples: [{ name: 'one', data: { id: 1, extra: 2 } }],
  });

  test.each([
    ['data.id', 'known'],
    ['data.extra', 'known'],
    ['data.other', 'undecided'],
    ['data.id.x', 'unknown'],
    ['data.address.city', 'known'],
    ['data.address.street', 'unknown'],
    ['data.lines.0.sku', 'known'],
    ['data.lines.0.price', 'undecided'],
    ['data.notes.a', 'known'],
    ['data.notes.a.b', 'unknown'],
    ['data.pair.0', 'known'],
    ['data.pair.1', 'unknown'],
    ['data.any.x', 'undecided'],
    ['timestamp', 'known'],
    ['account', 'unknown'],
  ])('%s is %s', (field, expected) => {
    expect(know(order, field)).toBe(expected);
  });
});
