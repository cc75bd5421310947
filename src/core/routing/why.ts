/**
 * Why a condition or scope said no (P12): what decided it, as plain JSON small enough to be stored with every event, and
 * a sentence of it in English or Arabic. Pure. Values are in it as they stand in a sentence (`inWords`).
 */

import type { Operator } from './condition.ts';

export type Why =
  /** A clause; `is` null: the body has no such member. `excluded`: it matched, under a `not`. */
  | {
      kind: 'value';
      field: string;
      is: string | null;
      op: Operator;
      wanted: string;
      note?: 'no_time' | 'no_array';
      excluded?: true;
    }
  /** A group of clauses matched, under a `not`. */
  | { kind: 'excluded_group' }
  /** An `any` of nothing. */
  | { kind: 'no_alternative' }
  | { kind: 'alternatives'; count: number; told: readonly Why[] }
  /** Of all_items and no_item: the item that decided, from 0; `why` null: it matched, as `is`. */
  | { kind: 'item'; field: string; index: number; is: string; why: Why | null }
  | { kind: 'items'; field: string; count: number; told: readonly Why[] }
  | { kind: 'no_items'; field: string }
  /** `is` null: there is no member at the pointer. */
  | { kind: 'scope'; name: string; pointer: string; is: string | null; wanted: string }
  /** The event type has it no more. */
  | { kind: 'scope_gone'; name: string };

/** Why there was a "no", as it is kept: what was found, or a reason in English that begins with its code. */
export type Refusal = { why: Why } | { reason: string };

type Language = 'en' | 'ar';

const LONGEST = 1000;
const MOST_TOLD = 3;

/** One sentence, at most 1,000 characters and an ellipsis. */
export function sayWhy(why: Why, language: Language): string {
  const said = language === 'ar' ? inArabic(why) : inEnglish(why);
  return said.length > LONGEST ? `${said.slice(0, LONGEST).toWellFormed()}…` : said;
}

export function refusal({ why, reason }: { why?: Why; reason: string }): Refusal {
  return why === undefined ? { reason } : { why };
}

/** Those of many that are told: the first ones, as many as make a sentence that one would read. */
export function toldOf(whys: readonly Why[]): Why[] {
  const told: Why[] = [];
  let length = 0;
  for (const why of whys.slice(0, MOST_TOLD)) {
    length += inEnglish(why).length;
    if (told.length > 0 && length > LONGEST) break;
    told.push(why);
  }
  return told;
}

// ---------------------------------------------------------------- English

function inEnglish(why: Why): string {
  switch (why.kind) {
    case 'value': {
      const { field, is, op, wanted, note, excluded } = why;
      const noted = note === undefined ? '' : ENGLISH_NOTES[note];
      const found = is === null ? 'is missing' : `is ${is}${noted}`;
      return `${field || 'it'} ${found}; ${excluded ? 'excluded by "not"' : 'wanted'}: ${op} ${wanted}`;
    }
    case 'excluded_group':
      return 'the condition under "not" matched';
    case 'no_alternative':
      return 'there is no alternative to match';
    case 'alternatives':
      return `none of ${why.count} alternatives matched: ${listed(why.told.map(inEnglish), why.count, 'and')}`;
    case 'item': {
      const { field, index, is } = why;
      const judged = why.why === null ? `is ${is} and matched` : `did not match: ${inEnglish(why.why)}`;
      return `item ${index} of ${field || 'it'} ${judged}`;
    }
    case 'items': {
      const { field, count } = why;
      const told = why.told.map((inner, index) => `item ${index}: ${inEnglish(inner)}`);
      return `none of ${count} items of ${field || 'it'} matched: ${listed(told, count, 'and')}`;
    }
    case 'no_items':
      return `${why.field || 'it'} has no items`;
    case 'scope': {
      const found = why.is === null ? `is missing at ${why.pointer}` : `is ${why.is}`;
      return `${why.name} ${found}; wanted: ${why.wanted}`;
    }
    case 'scope_gone':
      return `the event type has no scope ${why.name} any more`;
    default:
      return why satisfies never;
  }
}

const ENGLISH_NOTES = { no_time: ', which is no time', no_array: ', which is no array' } as const;

function listed(told: readonly string[], count: number, and: 'and' | 'و'): string {
  const more = count - told.length;
  const rest = and === 'and' ? `; and ${more} more` : `؛ و${more} غيرها`;
  const parts = told.join(and === 'and' ? '; ' : '؛ ');
  return more > 0 ? parts + rest : parts;
}

// ---------------------------------------------------------------- Arabic

type Forms = Readonly<Record<Intl.LDMLPluralRule, string>>;

const ARABIC_PLURALS = new Intl.PluralRules('ar');

const NO_ALTERNATIVE: Forms = {
  zero: 'ليس في الشرط أيّ بديل',
  one: 'لم يتحقّق البديل الوحيد',
  two: 'لم يتحقّق أيّ من البديلين',
  few: 'لم يتحقّق أيّ من {n} بدائل',
  many: 'لم يتحقّق أيّ من {n} بديلًا',
  other: 'لم يتحقّق أيّ من {n} بديل',
};

const NO_ITEM: Forms = {
  zero: 'ليس في {field} أيّ عنصر',
  one: 'لم يطابق العنصر الوحيد في {field}',
  two: 'لم يطابق أيّ من العنصرين في {field}',
  few: 'لم يطابق أيّ من {n} عناصر في {field}',
  many: 'لم يطابق أيّ من {n} عنصرًا في {field}',
  other: 'لم يطابق أيّ من {n} عنصر في {field}',
};

/** What is wanted of a value (قيمة, feminine), after "والمطلوب". */
const WANTED: Readonly<Record<Exclude<Operator, 'exists' | 'is_empty'>, string>> = {
  equals: 'أن تساوي {wanted}',
  not_equals: 'ألّا تساوي {wanted}',
  one_of: 'أن تكون إحدى القيم {wanted}',
  not_one_of: 'ألّا تكون أيًّا من القيم {wanted}',
  contains: 'أن تحتوي على {wanted}',
  not_contains: 'ألّا تحتوي على {wanted}',
  starts_with: 'أن تبدأ بـ {wanted}',
  ends_with: 'أن تنتهي بـ {wanted}',
  greater_than: 'أن تكون أكبر من {wanted}',
  greater_or_equal: 'ألّا تقلّ عن {wanted}',
  less_than: 'أن تكون أصغر من {wanted}',
  less_or_equal: 'ألّا تزيد على {wanted}',
  before: 'أن تكون قبل {wanted}',
  after: 'أن تكون بعد {wanted}',
  any_item: 'أن يطابق الشرطَ عنصر واحد فيها على الأقل',
  all_items: 'أن تطابق الشرطَ كلُّ عناصرها',
  no_item: 'ألّا يطابق الشرطَ أيّ عنصر فيها',
};

const WANTED_BOOLEANS = {
  exists: { true: 'أن تكون موجودة', false: 'ألّا تكون موجودة' },
  is_empty: { true: 'أن تكون فارغة', false: 'ألّا تكون فارغة' },
} as const;

const ARABIC_NOTES = { no_time: ' وهي ليست وقتًا', no_array: ' وهي ليست قائمة' } as const;

function inArabic(why: Why): string {
  switch (why.kind) {
    case 'value': {
      const { field, is, note, excluded } = why;
      const found =
        is === null
          ? `الحقل ${isolated(field)} غير موجود`
          : `قيمة ${fieldInArabic(field)} هي ${isolated(is)}${note === undefined ? '' : ARABIC_NOTES[note]}`;
      return `${found}، ${excluded ? 'والمستثنى' : 'والمطلوب'} ${wantedInArabic(why)}`;
    }
    case 'excluded_group':
      return 'تحقّق ما يستثنيه الشرط';
    case 'no_alternative':
      return NO_ALTERNATIVE.zero;
    case 'alternatives':
      return `${counted(NO_ALTERNATIVE, why.count)}: ${listed(why.told.map(inArabic), why.count, 'و')}`;
    case 'item': {
      const { field, index, is } = why;
      const item = `العنصر ${isolated(`[${index}]`)} في ${fieldInArabic(field)}`;
      return why.why === null
        ? `${item} هو ${isolated(is)} ويطابق`
        : `${item} لا يطابق: ${inArabic(why.why)}`;
    }
    case 'items': {
      const { field, count } = why;
      const told = why.told.map((inner, index) => `${isolated(`[${index}]`)} ${inArabic(inner)}`);
      const none = counted(NO_ITEM, count).replace('{field}', () => fieldInArabic(field));
      return `${none}: ${listed(told, count, 'و')}`;
    }
    case 'no_items':
      return NO_ITEM.zero.replace('{field}', () => fieldInArabic(why.field));
    case 'scope': {
      const found =
        why.is === null
          ? `لا توجد قيمة لـ ${isolated(why.name)} عند ${isolated(why.pointer)}`
          : `قيمة ${isolated(why.name)} هي ${isolated(why.is)}`;
      return `${found}، والمطلوب ${isolated(why.wanted)}`;
    }
    case 'scope_gone':
      return `لم يعد في نوع الحدث نطاق باسم ${isolated(why.name)}`;
    default:
      return why satisfies never;
  }
}

function wantedInArabic({ op, wanted }: Why & { kind: 'value' }): string {
  if (op === 'exists' || op === 'is_empty') return WANTED_BOOLEANS[op][wanted === 'true' ? 'true' : 'false'];
  return WANTED[op].replace('{wanted}', () => isolated(wanted));
}

function counted(forms: Forms, count: number): string {
  return forms[ARABIC_PLURALS.select(count)].replace('{n}', String(count));
}

function fieldInArabic(field: string): string {
  return field === '' ? 'العنصر' : isolated(field);
}

/** What a machine reads, in whatever direction does not turn the sentence around. */
function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}
