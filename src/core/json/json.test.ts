import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_JSON_DEPTH, parseJson } from './parse.ts';
import { getPointer, isPointer, pointerToken } from './pointer.ts';
import { arraySlices, memberList, memberSlices, objectInner } from './slices.ts';

const limits = { maxDepth: MAX_JSON_DEPTH };

/** Text as hostile as senders write it: escapes, odd numbers, white space, repeated and reserved names. */
const rawString = fc
  .array(
    fc.constantFrom(
      'a',
      '\\"',
      '\\\\',
      '\\/',
      '\\n',
      '\\ud800',
      '\\u0000',
      'é',
      '😀',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
    ),
    { maxLength: 6 },
  )
  .map((parts) => `"${parts.join('')}"`);
const rawNumber = fc.constantFrom('0', '-0', '9007199254740993', '1e400', '-1.50E+3', '0.1');
const space = fc.constantFrom('', ' ', '\n', '\t \r\n');
const { value: rawValue } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    rawString,
    rawNumber,
    fc.constantFrom('true', 'false', 'null'),
    tie('array'),
    tie('object'),
  ),
  array: fc
    .tuple(space, fc.array(tie('value'), { maxLength: 4 }), space)
    .map(([before, items, after]) => `[${before}${items.join(`${after},${before}`)}${after}]`),
  object: fc
    .tuple(
      space,
      fc.array(fc.tuple(fc.oneof(rawString, fc.constantFrom('"__proto__"', '"1"', '"a"')), tie('value')), {
        maxLength: 4,
      }),
      space,
    )
    .map(([before, members, after]) => {
      const written = members.map(([name, value]) => `${name}${before}:${after}${value}`);
      return `{${before}${written.join(`${after},${before}`)}${after}}`;
    }),
}));

/** JSON.parse itself misreads some escaped names (see parse.ts), so tests compare with values read by parseJson. */
function read(text: string): unknown {
  const parsed = parseJson(text, limits);
  return parsed.ok ? parsed.value : expect.fail(parsed.message);
}

describe('parseJson', () => {
  test('exactly the permitted number of levels is accepted, one more is too deep', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const nested = (levels: number) =>
        `${open.repeat(levels)}${open === '[' ? '' : '1'}${close.repeat(levels)}`;
      expect(parseJson(nested(64), limits).ok).toBe(true);
      expect(parseJson(nested(65), limits)).toMatchObject({ ok: false, code: 'too_deep' });
    }
  });

  test('a million opening brackets are refused without recursion', () => {
    const refused = parseJson('['.repeat(1_000_000), limits);
    expect(refused).toMatchObject({ code: 'too_deep', position: 64 });
  });

  test('brackets in strings do not count as depth', () => {
    expect(parseJson(`["${'['.repeat(100)}\\"${'{'.repeat(100)}"]`, limits).ok).toBe(true);
  });

  test('__proto__ is an ordinary own member and changes no prototype', () => {
    const parsed = parseJson('{"__proto__":{"polluted":true}}', limits);
    const value = parsed.ok ? parsed.value : undefined;
    expect(Object.keys(Object(value))).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  test.each([
    ['', 0],
    ['  ', 0],
    ['{"a":1', 6],
    ['{"a":1,}', 7],
    ['[1]x', 3],
  ])('invalid text %j is refused with its position', (text, position) => {
    expect(parseJson(text, limits)).toMatchObject({ ok: false, code: 'invalid_json', position });
  });

  test('an unexpected token is quoted', () => {
    expect(parseJson('{"a":}', limits)).toMatchObject({
      code: 'invalid_json',
      message: expect.stringContaining("'}'"),
    });
  });

  test('an escaped member name is read right after a shape that V8 confuses with it', () => {
    expect(parseJson('{"a\\\\":1}', limits)).toEqual({ ok: true, value: { 'a\\': 1 } });
    const parsed = parseJson('[{"a\\n" : 1, "__proto__":{"\\u0061":2}}]', limits);
    expect(JSON.stringify(parsed)).toBe('{"ok":true,"value":[{"a\\n":1,"__proto__":{"a":2}}]}');
  });

  test('what JSON.stringify wrote is read back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.stringify(read(JSON.stringify(value)))).toBe(JSON.stringify(value));
      }),
      { numRuns: 1000 },
    );
  });

  test('any text is judged as JSON.parse judges it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), rawValue, fc.json()), (text) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        expect(parseJson(text, limits).ok).toBe(valid);
      }),
    );
  });
});

describe('slices', () => {
  test('what a JavaScript value would lose stays as sent', () => {
    const text =
      ' { "b":9007199254740993, "10" : -0,"2":1e400, "s":"\\ud800\\u0041", "__proto__":{"x" : 1.50} , "a":[ 1,2 ] } ';
    expect([...memberSlices(text).members]).toEqual([
      ['b', '9007199254740993'],
      ['10', '-0'],
      ['2', '1e400'],
      ['s', '"\\ud800\\u0041"'],
      ['__proto__', '{"x" : 1.50}'],
      ['a', '[ 1,2 ]'],
    ]);
  });

  test('repeated members are named once, also when written with escapes', () => {
    const { members, duplicates } = memberSlices('{"a":1,"\\u0061":2,"a":3,"b":4}');
    expect(duplicates).toEqual(['a']);
    expect([...members]).toEqual([
      ['a', '3'],
      ['b', '4'],
    ]);
  });

  test('empty objects and arrays have no slices', () => {
    expect(memberList(' { } ')).toEqual([]);
    expect(arraySlices('[ \n ]')).toEqual([]);
    expect(objectInner('{ \n }')).toBe('');
  });

  test('an inner text keeps everything between the outermost braces', () => {
    expect(objectInner(' {  "a": {"b": "}"} , "c":1\n} ')).toBe('"a": {"b": "}"} , "c":1');
  });

  test.each(['', '[]', '"{}"', '{"a":1', '{"a"'])('slicing %j as an object is a bug and throws', (text) => {
    expect(() => memberList(text)).toThrow(TypeError);
  });

  test('members re-assembled from slices read the same as the original', () => {
    fc.assert(
      fc.property(rawValue, (text) => {
        if (!text.startsWith('{')) return;
        const list = memberList(text);
        const again = `{${list.map(({ rawName, value }) => `${rawName}:${value}`).join(',')}}`;
        expect(read(again)).toEqual(read(text));
        expect(read(`{${objectInner(text)}}`)).toEqual(read(text));
        for (const [name, value] of memberSlices(text).members) {
          expect(text).toContain(value);
          expect(read(value)).toEqual(Object.getOwnPropertyDescriptor(Object(read(text)), name)?.value);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('elements re-assembled from slices read the same as the original', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          rawValue,
          fc.array(fc.jsonValue()).map((value) => JSON.stringify(value)),
        ),
        (text) => {
          if (!text.startsWith('[')) return;
          const elements = arraySlices(text);
          expect(elements.map((element) => read(element))).toEqual(read(text));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('JSON pointers', () => {
  const value = read('{"a/b":{"m~n":[10,null]},"":1,"__proto__":2}');

  test.each([
    ['', value],
    ['/a~1b/m~0n/0', 10],
    ['/a~1b/m~0n/1', null],
    ['/', 1],
    ['/__proto__', 2],
  ])('%j finds its own member', (pointer, expected) => {
    expect(getPointer(value, pointer)).toEqual({ found: true, value: expected });
  });

  test.each(['/constructor', '/a~1b/m~0n/length', '/a~1b/m~0n/01', '/a~1b/m~0n/-', '/toString/name'])(
    '%j finds nothing: only own members and real indexes count',
    (pointer) => {
      expect(getPointer(value, pointer)).toEqual({ found: false });
    },
  );

  test('a malformed pointer is told from a good one', () => {
    expect(isPointer('/a~1b')).toBe(true);
    expect(isPointer('a')).toBe(false);
    expect(isPointer('/a~2')).toBe(false);
    expect(() => getPointer(value, 'a')).toThrow(TypeError);
  });

  test('an escaped name points to the member of that name', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const holder = read(`{${JSON.stringify(name)}:7}`);
        expect(getPointer(holder, `/${pointerToken(name)}`)).toEqual({ found: true, value: 7 });
      }),
    );
  });
});
