import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STEPS, Work } from '../work.ts';
import { compareText, freshFolding } from './text.ts';

const PLAIN = { ignoreCase: false, ignoreArabicForms: false };
const ARABIC = { ignoreCase: false, ignoreArabicForms: true };

const same = (one: string, other: string) => compareText('equals', one, [other], ARABIC);

describe('ignore_arabic_forms', () => {
  test.each([
    ['Arabic-Indic digits', '٠١٢٣٤٥٦٧٨٩', '0123456789'],
    ['Persian digits', '۰۱۲۳۴۵۶۷۸۹', '0123456789'],
    ['Arabic-Indic and Persian digits', '٤٥٦', '۴۵۶'],
    ['tatweel', 'مـــرسال', 'مرسال'],
    ['diacritics', 'مُحَمَّدٌ', 'محمد'],
    ['superscript alef', 'هٰذا', 'هذا'],
    ['Quranic marks', 'الٓمٓۚ', 'الم'],
    ['alef with hamza above', 'أحمد', 'احمد'],
    ['alef with hamza below', 'إسلام', 'اسلام'],
    ['alef with madda', 'آمنة', 'امنة'],
    ['alef with wasla', 'ٱلله', 'الله'],
    ['alef maqsura and ya', 'مصطفى', 'مصطفي'],
    ['Persian ya', 'علی', 'علي'],
    ['Persian kaf', 'کتاب', 'كتاب'],
    ['ta marbuta and ha', 'فاطمة', 'فاطمه'],
    ['the ligature lam-alef', 'ﻻ', 'لا'],
    ['the ligature Allah', 'ﷲ', 'الله'],
    ['presentation forms', 'ﻣﺮﺳﺎﻝ', 'مرسال'],
    ['marks of direction and joiners', '\u200fمرسال\u200e\u2067\u200d', 'مرسال'],
  ])('%s make no difference', (_what, one, other) => {
    expect(same(one, other)).toBe(true);
    expect(same(other, one)).toBe(true);
    expect(compareText('equals', one, [other], PLAIN)).toBe(false);
  });

  test.each([
    ['hamza on waw', 'مؤمن', 'مومن'],
    ['hamza on ya', 'رائد', 'رايد'],
    ['other letters', 'سمير', 'شمير'],
    ['letter case', 'Ali', 'ali'],
    ['marks of other scripts', 'é', 'e'],
    ['a lone hamza', 'ماء', 'ما'],
  ])('%s makes a difference', (_what, one, other) => {
    expect(same(one, other)).toBe(false);
  });

  test('alef with hamza in two characters is bare alef, too', () => {
    expect(same('ا\u0654حمد', 'احمد')).toBe(true);
  });

  test('P11: a text of ASCII letters is looked at, and never put into another form', () => {
    const work = new Work();
    const folding = freshFolding(work);
    for (let time = 0; time < 3; time += 1)
      expect(folding.fold('a'.repeat(1_000), PLAIN)).toHaveLength(1_000);
    expect(work.used).toBe(0);
    folding.fold('é'.repeat(1_000), PLAIN);
    expect(work.used).toBe(0);
    for (let time = 0; time < 3; time += 1) folding.fold('e\u0301'.repeat(1_000), PLAIN);
    expect(work.used).toBe(2_000 * STEPS.folded);
  });

  test('hamza on waw is the same in one character and in two', () => {
    expect(same('مؤمن', 'مو\u0654من')).toBe(true);
  });

  test('holds for every relation, and together with letter case', () => {
    expect(compareText('contains', 'طلب رقم ١٢٣٤ من أحمد', ['1234 من احمد'], ARABIC)).toBe(true);
    expect(compareText('starts_with', 'إسلام علي', ['اسلام'], ARABIC)).toBe(true);
    expect(compareText('ends_with', 'شركة المدينة', ['المدينه'], ARABIC)).toBe(true);
    expect(compareText('equals', 'VIP ٧', ['vip 7'], { ignoreCase: true, ignoreArabicForms: true })).toBe(
      true,
    );
  });

  test('any text equals itself, and ASCII texts compare as ever', () => {
    const ascii = fc.string({ unit: 'grapheme-ascii' });
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), ascii, ascii, (text, one, other) => {
        expect(same(text, text)).toBe(true);
        expect(same(one, other)).toBe(one === other);
      }),
    );
  });
});
