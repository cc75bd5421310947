/** The rules of the dashboard's sources: texts in the catalogues alone, no physical sides, the glossary's words, small files. */

import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../dashboard');
const FILES = globSync('src/**/*.{ts,tsx,css}', { cwd: ROOT }).map((path) => join(ROOT, path));
const LONGEST = 300;
/** Catalogues grow with the product. */
const TEXTS = /src\/texts\/(?:en|ar)\.ts$/;

interface Source {
  path: string;
  text: string;
}

const SOURCES: Source[] = FILES.map((file) => ({
  path: relative(ROOT, file),
  text: readFileSync(file, 'utf8'),
}));
const ARABIC = SOURCES.find(({ path }) => path === 'src/texts/ar.ts')?.text ?? '';

describe('the dashboard’s sources', () => {
  test('are there', () => {
    expect(SOURCES.length).toBeGreaterThan(40);
    expect(ARABIC.length).toBeGreaterThan(10_000);
  });

  test(`have no file of more than ${LONGEST} lines`, () => {
    const long = SOURCES.filter(({ path, text }) => !TEXTS.test(path) && text.split('\n').length > LONGEST);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test('name no physical side: what is at the start is at the right in Arabic', () => {
    // `position` of a drawer and of notifications takes no logical side.
    const physical =
      /\b(?:margin|padding|border|inset)-(?:left|right)\b|\btext-align: ?(?:left|right)\b|\b(?:ml|mr|pl|pr)=|\bta="(?:left|right)"|^\s*(?:left|right):/m;
    expect(SOURCES.filter(({ text }) => physical.test(text)).map(({ path }) => path)).toEqual([]);
    expect(physical.test('.a { margin-left: 1px }')).toBe(true);
  });

  test('say nothing to people but by the catalogues', () => {
    const found = SOURCES.filter(({ path }) => path.endsWith('.tsx')).flatMap(textsIn);
    expect(found).toEqual([]);
    const probe = { path: 'probe.tsx', text: 'const a = <p title="Hello you">Some words</p>;' };
    expect(textsIn(probe)).toEqual(['probe.tsx: Hello you', 'probe.tsx: Some words']);
  });
});

/** Attributes that people read or hear. */
const SPOKEN = new Set(['title', 'label', 'placeholder', 'aria-label', 'description', 'alt', 'name']);
/** Names of headers, and what is the same in every language. */
const NO_TEXTS = new Set(['webhook-id']);

interface Node {
  type: string;
  value?: unknown;
  name?: { name?: string };
}

function textsIn({ path, text }: Source): string[] {
  const found: string[] = [];
  const note = (said: unknown): void => {
    if (typeof said !== 'string' || !/\p{L}{2}/u.test(said) || NO_TEXTS.has(said.trim())) return;
    found.push(`${path}: ${said.trim()}`);
  };
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      for (const part of node) visit(part);
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    const { type, value, name } = node as Node;
    if (type === 'JSXText') note(value);
    if (type === 'JSXAttribute' && SPOKEN.has(name?.name ?? '')) note((value as Node | null)?.value);
    for (const part of Object.values(node)) visit(part);
  };
  visit(parseAst(text, { lang: 'tsx' }));
  return found;
}

describe('the Arabic texts', () => {
  test('use the words of the glossary', () => {
    for (const word of ['ويب هوك', 'ويبهوك', 'نقطة نهاية', 'ايندبوينت', 'التوصيل', 'تم إسقاط']) {
      expect(ARABIC, word).not.toContain(word);
    }
    for (const word of [
      'خطافات الويب',
      'وجهة اختبار',
      'التسليمات',
      'بانتظار إعادة المحاولة',
      'مسار الترتيب',
      'السرّ',
    ]) {
      expect(ARABIC, word).toContain(word);
    }
  });

  test('keep addresses in their direction: beside Arabic letters https:// turns around', () => {
    const bare = ARABIC.split('\n').filter((line) => /(?<!\\u2066)https?:\/\//.test(line));
    expect(bare).toEqual([]);
  });
});
