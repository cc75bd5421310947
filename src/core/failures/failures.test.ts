import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ATTEMPT_OUTCOMES } from '../delivery/decide.ts';
import { explainCode, explainFailure } from './explain.ts';
import { FAILURE_TEXTS } from './texts.ts';

const ROOT = new URL('../../', import.meta.url);
const sourceOf = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const literalsIn = (text: string): string[] =>
  [...text.matchAll(/'([a-z][a-z_]*)'/g)].map(([, code = '']) => code);

/** The members of the union that a type declares, as its source has them. */
function unionOf(path: string, declaration: RegExp): string[] {
  const found = declaration.exec(sourceOf(path))?.[1];
  if (found === undefined) throw new Error(`${path} declares no ${declaration}.`);
  return literalsIn(found);
}

/** Codes that `src/net` gives to its failures: the second of `fail('dns', 'dns_not_found', …)`. */
function codesOfNet(): string[] {
  const files = readdirSync(new URL('net/', ROOT)).filter((file) => /^[a-z]+\.ts$/i.test(file));
  return files.flatMap((file) =>
    [...sourceOf(`net/${file}`).matchAll(/\bfail\(\s*'[a-z]+',\s*'([a-z_]+)'/g)].map(([, code = '']) => code),
  );
}

const UNIONS: Record<string, () => string[]> = {
  'failures of src/net': codesOfNet,
  'outcomes of attempts': () => ATTEMPT_OUTCOMES.filter((outcome) => outcome !== 'success'),
  'refused URLs': () => unionOf('core/egress/url.ts', /type UrlRefusalCode =([^;]+);/),
  'steps that fail': () =>
    unionOf('core/workflow/step.ts', /interface StepFailure \{\s+code:([^;]+);/).slice(1),
  'placeholders that fail': () =>
    unionOf('core/workflow/placeholder.ts', /interface RenderFault \{\s+code:([^;]+);/),
  'templates that fail': () => unionOf('core/workflow/template.ts', /type RenderingFault = ([^;]+);/),
  'skipped runs': () => unionOf('core/workflow/advance.ts', /type SkipCode =([^;]+);/),
  'codes of failures': () =>
    [...sourceOf('core/failures/codes.ts').matchAll(/type \w+Code =([^;]+);/g)].flatMap(([, union = '']) =>
      literalsIn(union),
    ),
};

describe.each(Object.entries(UNIONS))('%s', (_, codes) => {
  test('have a text in English and in Arabic, each', () => {
    const all = [...new Set(codes())].filter((code) => code !== 'code');
    expect(all.length).toBeGreaterThan(1);
    for (const code of all) {
      expect(explainCode(code, 'en'), code).toMatch(/^[A-Z].*\.$/);
      expect(explainCode(code, 'ar'), code).toMatch(/^[\u0600-\u06ff].*\.$/);
    }
  });
});

test('no text is left to what does not happen any more', () => {
  const known = new Set(Object.values(UNIONS).flatMap((codes) => codes()));
  expect(Object.keys(FAILURE_TEXTS).filter((code) => !known.has(code))).toEqual([]);
});

test.each([
  ['HTTP 503', 'The receiver answered 503.', 'أجاب المستقبِل بالرمز 503.'],
  ['connection_refused: x refused.', 'The server refused the connection.', 'رفض الخادم الاتصال.'],
  ['timeout', 'No answer came in time.', 'لم يصل ردّ في الوقت المحدّد.'],
  [
    'retries_exhausted: 4 attempts, the last: HTTP 500',
    'The retries were used up after 4 attempts. The last one: The receiver answered 500.',
    'استُنفدت إعادة الإرسال بعد 4 محاولات، وفي آخرها: أجاب المستقبِل بالرمز 500.',
  ],
  [
    'retries_exhausted: 1 attempt, the last: tls',
    'The only attempt failed. The TLS connection failed.',
    'فشلت المحاولة الوحيدة. فشل اتصال TLS.',
  ],
  [
    'step_failed: tell: endpoint_gone: ep_1 is not there',
    'The step \u2068tell\u2069 failed, and the run stopped there. Its endpoint was deleted.',
    'فشلت الخطوة \u2068tell\u2069 فتوقّف التشغيل عندها. حُذفت الوجهة التي تُرسِل إليها.',
  ],
  ['skipped_by: Omar', 'Skipped by \u2068Omar\u2069.', 'تخطّاه \u2068Omar\u2069.'],
  ['held_expired: held for 7 days', 'It was held for 7 days and then skipped.', 'حُجز 7 أيام ثم تُخطّي.'],
  ['endpoint_deleted', 'The endpoint was deleted.', 'حُذفت الوجهة.'],
  // Not a code of ours, and nothing that an object has from its birth.
  ['delivered', null, null],
  ['constructor: x', null, null],
  ['', null, null],
])('%j is explained in both languages', (recorded, en, ar) => {
  expect(explainFailure(recorded, 'en')).toBe(en);
  expect(explainFailure(recorded, 'ar')).toBe(ar);
});

test('in Arabic, counts take their six forms', () => {
  const after = (count: number) =>
    explainFailure(`retries_exhausted: ${count} attempts, the last: tls`, 'ar')?.split('فشل اتصال')[0];
  const said = new Set([0, 1, 2, 3, 11, 100].map((count) => after(count)?.replace(/\d+/, 'n')));
  expect(said.size).toBe(5);
  expect(after(2)).toContain('بعد محاولتين');
  expect(after(3)).toContain('بعد 3 محاولات');
  expect(after(11)).toContain('بعد 11 محاولة');
  const held = (days: number) => explainFailure(`held_expired: held for ${days} days`, 'ar');
  expect([1, 2, 3, 11, 100].map(held)).toEqual([
    'حُجز يومًا واحدًا ثم تُخطّي.',
    'حُجز يومين ثم تُخطّي.',
    'حُجز 3 أيام ثم تُخطّي.',
    'حُجز 11 يومًا ثم تُخطّي.',
    'حُجز 100 يوم ثم تُخطّي.',
  ]);
});
