/** What would say no, in silence, is told where a definition is written. */

import { describe, expect, test } from 'vitest';
import type { Condition } from '../routing/condition.ts';
import { parseRule, parseWorkflow } from './parse.ts';
import { aRule, aWorkflow, context, email, wait, webhook } from './testdata/definitions.ts';
import { warnOfCondition } from './warnings.ts';

function warningsOf(overrides: object): string[] {
  const parsed = parseRule(aRule({ trigger: { event_type: 'contact.tag.added' }, ...overrides }), context);
  if (!parsed.ok) return expect.fail(JSON.stringify(parsed.faults));
  return parsed.warnings.map(({ path, code }) => `${path} ${code}`);
}

const scope = (tag: unknown) => ({ trigger: { event_type: 'contact.tag.added', scope: { tag } } });
const clause = (field: string, op: string, value: unknown, rest: object = {}) => ({
  condition: { all: [{ field, op, value, ...rest }] },
});

describe('a warning', () => {
  test.each([
    ['a scope by name where ids are numbers', scope('VIP'), '/trigger/scope/tag scope_by_name'],
    ['Arabic-Indic digits in an id', scope('١٤١٠٠٢'), '/trigger/scope/tag arabic_digits'],
    [
      'a text operator on a number',
      clause('data.tag.id', 'starts_with', '14'),
      '/condition/all/0/value text_operator_on_number',
    ],
    [
      'a text for a number',
      clause('data.tag.id', 'one_of', ['1', '2']),
      '/condition/all/0/value text_operator_on_number',
    ],
    [
      'a number for a text',
      clause('data.contact.email', 'equals', 5),
      '/condition/all/0/value number_for_text',
    ],
    [
      'Arabic-Indic digits in a text',
      clause('data.tag.name', 'contains', 'رقم ٥'),
      '/condition/all/0/value arabic_digits',
    ],
    [
      'Persian digits in a list',
      clause('data.tag.name', 'one_of', ['a', '۵']),
      '/condition/all/0/value arabic_digits',
    ],
    [
      'a member that no sample has',
      clause('data.contact.fields.zzz', 'equals', 'x'),
      '/condition/all/0/field member_in_no_sample',
    ],
    [
      'another placeholder in a template',
      { actions: [webhook('', { id: undefined, template: { a: ['b', 'Hi $' + '{data.contact.email}'] } })] },
      '/actions/0/template/a/1 dollar_placeholder',
    ],
    [
      'another placeholder in a mail',
      { actions: [email('', { id: undefined, text: 'Hi $' + '{name}' })] },
      '/actions/0/text dollar_placeholder',
    ],
  ])('tells of %s', (_, overrides, expected) => {
    const { actions } = overrides as { actions?: Array<Record<string, unknown>> };
    for (const action of actions ?? []) delete action.id;
    expect(warningsOf(overrides)).toEqual([expected]);
  });

  test('says what to write instead', () => {
    const parsed = parseRule(aRule({ ...scope('VIP') }), context);
    expect(parsed).toMatchObject({
      ok: true,
      warnings: [
        {
          message: expect.stringMatching(
            /"VIP", but events have ids .* numbers, such as 141002; write the id/,
          ),
        },
      ],
    });
  });

  test('is not given for what is meant so', () => {
    for (const overrides of [
      scope(141002),
      scope('141002'),
      clause('data.tag.id', 'equals', 141002),
      clause('data.tag.id', 'greater_than', 5),
      clause('data.tag.name', 'contains', '٥', { ignore_arabic_forms: true }),
      clause('data.contact.email', 'exists', true),
      clause('data.tag.name', 'equals', 'x'),
      {
        actions: [{ type: 'webhook', url: 'https://example.com/', template: 'it costs $5 {{data.tag.id}}' }],
      },
    ]) {
      expect(warningsOf(overrides)).toEqual([]);
    }
  });

  test('is given for what a wait asks, by the awaited event', () => {
    const parsed = parseWorkflow(aWorkflow([wait('v', [], [], { scope: { tag: 'VIP' } })]), context);
    expect(parsed).toMatchObject({
      ok: true,
      warnings: [{ path: '/steps/0/scope/tag', code: 'scope_by_name' }],
    });
  });
});

describe('a condition that stands by itself', () => {
  const types = ['contact.tag.added', 'contact.tag.removed'].map((name) => {
    const type = context.eventType(name);
    if (type === undefined) throw new Error(`${name} is not in the catalog.`);
    return type;
  });
  const told = (condition: Condition) =>
    warnOfCondition(condition, types, '/condition').map(({ path, code }) => `${path} ${code}`);

  test.each<[string, Condition, string[]]>([
    ['fits', { field: 'data.tag.id', op: 'equals', value: 1 }, []],
    [
      'names a member that no type can have',
      { not: { field: 'data.tga.id', op: 'exists', value: true } },
      ['/condition/not/field member_in_no_sample'],
    ],
    [
      'compares a number with a text',
      {
        any: [
          { field: 'type', op: 'equals', value: 'x' },
          { field: 'data.tag.id', op: 'equals', value: '1' },
        ],
      },
      ['/condition/any/1/value text_operator_on_number'],
    ],
    [
      'asks for an item of a list',
      {
        field: 'data.contact.fields',
        op: 'any_item',
        value: { field: 'slgu', op: 'equals', value: 'city' },
      },
      ['/condition/value/field member_in_no_sample'],
    ],
  ])('that %s', (_, condition, expected) => {
    expect(told(condition)).toEqual(expected);
  });
});
