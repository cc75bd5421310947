import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../json/parse.ts';
import { type EventBody, eventBody } from '../routing/body.ts';
import { pickMembers } from './pick.ts';
import { parsePlaceholders } from './placeholder.ts';
import {
  checkTemplateText,
  compileTemplate,
  compileTemplateText,
  renderSubject,
  renderTemplate,
  renderText,
  TEMPLATE_LIMITS,
} from './template.ts';

const RAW = `{"type": "contact.tag.added", "data": {
  "id": 9007199254740993, "amount": 1.50, "email": " Owner@Example.com ", "name": "مها \\"م\\"", "empty": "",
  "nothing": null, "yes": true, "tags": [ "a", {"b": 1e400} ], "a.b": "dotted", "First Name": "Maha",
  "at": 1633448573, "when": "2021-10-05T17:42:53+02:00", "lines": "one\\r\\ntwo\\nBcc: x@example.com"}}`;
const body = eventBody(RAW, JSON.parse(RAW));

function rendered(template: unknown, of: EventBody = body): string {
  const compiled = compileTemplate(template);
  if (!compiled.ok) return expect.fail(JSON.stringify(compiled.faults));
  const result = renderTemplate(compiled.template, of);
  return result.ok ? result.text : expect.fail(JSON.stringify(result.faults));
}

function faultsOf(template: unknown) {
  const compiled = compileTemplate(template);
  if (!compiled.ok) return compiled.faults;
  const result = renderTemplate(compiled.template, body);
  return result.ok ? [] : result.faults;
}

describe('a JSON template', () => {
  test.each([
    ['{{data.id}}', '9007199254740993'],
    ['{{data.amount}}', '1.50'],
    ['{{data.tags}}', '[ "a", {"b": 1e400} ]'],
    ['{{ data.tags.1.b }}', '1e400'],
    ['{{data.nothing}}', 'null'],
    ['{{data.name}}', '"مها \\"م\\""'],
    ['{{data.a\\.b}}', '"dotted"'],
    ['{{ data.First Name }}', '"Maha"'],
  ])('a string that is only %s becomes the value itself, digit for digit', (template, expected) => {
    expect(rendered(template)).toBe(expected);
  });

  test.each([
    ['id {{data.id}}', 'id 9007199254740993'],
    ['{{data.amount}} {{data.yes}}', '1.50 true'],
    ['({{data.nothing}}{{data.empty}})', '()'],
    ['Hello {{data.name}}!', 'Hello مها "م"!'],
    [' {{data.yes}}', ' true'],
    ['tags: {{data.tags}}', 'tags: [ "a", {"b": 1e400} ]'],
  ])('within text, %j is rendered as text', (template, expected) => {
    expect(JSON.parse(rendered(template))).toBe(expected);
  });

  test.each([
    ['{{data.email | trim | lower}}', 'owner@example.com'],
    ['{{data.yes|upper}}', 'TRUE'],
    ['{{data.tags | json}}', '[ "a", {"b": 1e400} ]'],
    ['{{data.at | date}}', '2021-10-05T15:42:53.000Z'],
    ['{{data.when | date}}', '2021-10-05T15:42:53.000Z'],
    ['{{data.missing | default: "friend"}}', 'friend'],
    ['{{data.missing | upper | default: "friend" | upper}}', 'FRIEND'],
    ['{{data.empty | default: 5}}', 5],
    ['{{data.nothing | default: false}}', false],
    ['{{data.missing | default: null}}', null],
    ['{{data.missing | default: -0.25}}', -0.25],
    ['{{data.yes | default: false}}', true],
    ['{{data.missing | default: "a } b | c \\" }} d"}}', 'a } b | c " }} d'],
    ['{{"{{"}} and }}', '{{ and }}'],
    ['{{ "plain" | upper }}', 'PLAIN'],
  ])('%s gives %j', (template, expected) => {
    expect(JSON.parse(rendered(template))).toEqual(expected);
  });

  test('keeps its own form and order, and every other value as it is', () => {
    const template = {
      z: 1,
      a: [true, null, 'x', {}],
      '{{name}}': '{{data.id}}',
      n: { t: 'id {{data.id}}' },
    };
    expect(rendered(template)).toBe(
      '{"z":1,"a":[true,null,"x",{}],"{{name}}":9007199254740993,"n":{"t":"id 9007199254740993"}}',
    );
  });

  test('tells every fault with its pointer and its position in the string', () => {
    const found = faultsOf({
      a: 'x {{data.id',
      b: ['{{}}', '{{a..b}} {{data.id | shout}}'],
      'c/d': '{{data.id | default}}',
      e: '{{"x" data.id}}',
      f: '{{data.id | upper: 1}}',
      h: '{{"open}}',
      i: '{{data.id | default: maybe}}',
    });
    expect(
      found.map((fault) => ['path' in fault && fault.path, 'position' in fault && fault.position]),
    ).toEqual([
      ['/a', 2],
      ['/b/0', 2],
      ['/b/1', 2],
      ['/b/1', 21],
      ['/c~1d', 19],
      ['/e', 6],
      ['/f', 17],
      ['/h', 2],
      ['/i', 19],
    ]);
  });

  test('tells every member that the event lacks, and every value that is of no use to its filter', () => {
    expect(faultsOf({ a: '{{data.phone}}', b: ['x {{data.address.city}} {{data.email | date}}'] })).toEqual([
      expect.objectContaining({ code: 'missing_member', field: 'data.phone' }),
      expect.objectContaining({ code: 'missing_member', field: 'data.address.city' }),
      expect.objectContaining({ code: 'not_a_time', field: 'data.email' }),
    ]);
    expect(faultsOf('{{constructor.name}} {{data.tags.length}} {{__proto__}}')).toHaveLength(3);
  });

  test('is limited in length, depth and placeholders, and so is what it gives', () => {
    expect(faultsOf('x'.repeat(TEMPLATE_LIMITS.length))).toHaveLength(1);
    expect(faultsOf('{{data.id}}'.repeat(TEMPLATE_LIMITS.placeholders + 1))).toHaveLength(1);
    let deep: unknown = 'x';
    for (let level = 0; level < TEMPLATE_LIMITS.depth; level++) deep = [deep];
    expect(faultsOf(deep)).toMatchObject([{ path: '/0'.repeat(20) }]);
    const raw = JSON.stringify({ a: 'x'.repeat(TEMPLATE_LIMITS.renderedLength / 2) });
    const compiled = compileTemplate(['{{a}}', '{{a}}{{a}}']);
    const large = compiled.ok && renderTemplate(compiled.template, eventBody(raw, JSON.parse(raw)));
    expect(large).toMatchObject({ ok: false, faults: [{ code: 'too_large' }] });
  });

  test('that is typed and no JSON yet is told where', () => {
    expect(compileTemplateText('{"a": }')).toMatchObject({ ok: false, faults: [{ path: '' }] });
    expect(compileTemplateText('{"a": ')).toMatchObject({ ok: false, faults: [{ path: '', position: 6 }] });
    expect(compileTemplateText('{"a": "{{data.id}}"}')).toMatchObject({
      ok: true,
      template: { placeholders: [{ path: '/a', placeholder: { source: { field: 'data.id' } } }] },
    });
  });

  test('is checked against a sample as it is typed', () => {
    expect(checkTemplateText('{"a": "{{data.id}}"}', body)).toEqual({
      ok: true,
      body: '{"a":9007199254740993}',
    });
    expect(checkTemplateText('{"a": ["x {{data.phone}}", "{{type | date}}"]}', body)).toMatchObject({
      ok: false,
      faults: [
        { path: '/a/0', position: 2, message: expect.stringContaining('data.phone is missing') },
        { path: '/a/1', position: 0, message: expect.stringContaining('is no time') },
      ],
    });
    expect(checkTemplateText('{"a"', body)).toMatchObject({ ok: false, faults: [{ position: 4 }] });
  });

  const hostileText = fc
    .array(fc.constantFrom('{{', '}}', '|', 'a', '.', '"', '\\', 'default', ':', ' ', 'json', '0', '\n'), {
      maxLength: 12,
    })
    .map((parts) => parts.join(''));

  test('any template on any JSON ends in JSON or in faults', () => {
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        hostileText,
        fc.constantFrom('{{a}}', '{{a.0 | json}}', 'x {{__proto__.a}}', '{{constructor | default: 1}}'),
        fc.double({ noNaN: true }),
        fc.constantFrom(null, true),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', '__proto__', '{{a}}'), tie('value')),
      ),
    })).value;
    const json = fc.object({ key: fc.constantFrom('a', '0', '__proto__', 'constructor') });
    fc.assert(
      fc.property(
        value,
        fc.oneof(
          fc.json(),
          json.map((it) => JSON.stringify(it)),
        ),
        (template, raw) => {
          const compiled = compileTemplate(template);
          if (!compiled.ok) return;
          const result = renderTemplate(compiled.template, eventBody(raw, JSON.parse(raw)));
          if (result.ok) expect(parseJson(result.text, { maxDepth: 1000 }).ok).toBe(true);
          else expect(result.faults.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('text without two braces is itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        if (text.includes('{{')) return;
        expect(JSON.parse(rendered(text))).toBe(text);
      }),
    );
  });
});

describe('a mail', () => {
  const subject = (text: string) => renderSubject(parsePlaceholders(text).parts, body);
  const text = (text: string) => renderText(parsePlaceholders(text).parts, body);

  test('no line end gets into a subject', () => {
    expect(subject('New: {{data.lines}}\r\nX: y\u2028z')).toEqual({
      ok: true,
      text: 'New: one two Bcc: x@example.com X: y z',
    });
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const raw = JSON.stringify({ a: value });
        const result = renderSubject(parsePlaceholders('{{a}}').parts, eventBody(raw, JSON.parse(raw)));
        if (!result.ok) return expect.fail('a fault');
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
        expect(result.text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
        expect(result.text.length).toBeLessThanOrEqual(500);
        expect(result.text.isWellFormed()).toBe(true);
      }),
    );
  });

  test('a text keeps its lines, and tells what is missing', () => {
    expect(text('{{data.name}}\n\n{{data.lines}}')).toEqual({
      ok: true,
      text: 'مها "م"\n\none\ntwo\nBcc: x@example.com',
    });
    expect(text('{{data.phone}}')).toMatchObject({ ok: false, faults: [{ field: 'data.phone' }] });
  });
});

describe('chosen members', () => {
  const pick = (...fields: string[]) =>
    pickMembers(
      fields.map((field) => field.split('.')),
      RAW,
    );

  test('stay in the body’s order and place, as the text that was posted', () => {
    expect(pick('data.tags', 'data.amount', 'data.id', 'type')).toBe(
      '{"type":"contact.tag.added","data":{"id":9007199254740993,"amount":1.50,"tags":[ "a", {"b": 1e400} ]}}',
    );
  });

  test('of an array, the chosen elements move together', () => {
    expect(pick('data.tags.1.b')).toBe('{"data":{"tags":[{"b":1e400}]}}');
    expect(pick('data.tags.1.c', 'data.tags.0.x', 'data.tags.7')).toBe('{}');
  });

  test('that the body lacks are left out, and prototypes have none', () => {
    expect(pick('data.phone', 'constructor', '__proto__', 'data.id.x')).toBe('{}');
    expect(pick('data.phone', 'data.yes')).toBe('{"data":{"yes":true}}');
  });

  test('a choice within a choice adds nothing', () => {
    expect(pick('data', 'data.id')).toBe(pick('data'));
    expect(pickMembers([['a']], '{"a":1,"\\u0061":2}')).toBe('{"\\u0061":2}');
  });

  test('of any JSON are JSON, with every value unchanged', () => {
    const path = fc.array(fc.constantFrom('a', 'b', '0', '1', '__proto__'), { minLength: 1, maxLength: 3 });
    const json = fc.object({ key: fc.constantFrom('a', 'b', '0') }).map((it) => JSON.stringify(it));
    fc.assert(
      fc.property(fc.oneof(json, fc.json()), path, (raw, names) => {
        const picked = pickMembers([names], raw);
        const slice = eventBody(raw, JSON.parse(raw)).slice(names);
        expect(typeof JSON.parse(picked)).toBe('object');
        if (slice === null) expect(picked).toBe('{}');
        else expect(picked).toContain(slice);
      }),
      { numRuns: 500 },
    );
  });
});
