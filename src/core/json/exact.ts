/**
 * Numbers that a double does not hold digit for digit. Pure.
 *
 * `readExact` reads JSON as JSON.parse does, but leaves such a number as its digits; JSON.stringify writes these as
 * they are. Numbers are compared by what their digits say: 1.10 and 1.1 are one number, 1e2 and 100 are, 0 and -0 are.
 */

declare global {
  interface JSON {
    rawJSON(text: string): ExactNumber;
    isRawJSON(value: unknown): value is ExactNumber;
  }
}

/** A number as its digits. */
export interface ExactNumber {
  readonly rawJSON: string;
}

/** JSON.parse, but for numbers that a double would round. Throws a SyntaxError likewise. */
export function readExact(text: string): unknown {
  // Looked at value by value, a text takes ten times as long.
  if (!mayRound(text)) return JSON.parse(text);
  const keep = (_name: string, value: unknown, { source }: { source?: string } = {}): unknown =>
    typeof value === 'number' && source !== undefined && isRounded(value, source)
      ? JSON.rawJSON(source)
      : value;
  return JSON.parse(text, keep as (name: string, value: unknown) => unknown);
}

/**
 * Whether JSON text may hold a number that a double rounds: one of more digits than every double keeps, or with an
 * exponent. True for some texts that only look so.
 */
export function mayRound(text: string): boolean {
  return LONG_NUMBER.test(text);
}

const LONG_NUMBER = /(?:^|[:[,\s])-?(?:[\d.]{16}|\d[\d.]*[eE])/;

/** Not every object with such a member: those that `readExact` has made. */
export function isExactNumber(value: unknown): value is ExactNumber {
  return JSON.isRawJSON(value);
}

function isRounded(value: number, source: string): boolean {
  return !Number.isFinite(value) || (source.length > 15 && compareDigits(source, String(value)) !== 0);
}

/** The number's JSON text. */
export function digitsOf(value: number | ExactNumber): string {
  if (typeof value !== 'number') return value.rawJSON;
  // What is beyond a double's range, where its text is not at hand.
  return Number.isFinite(value) ? String(value) : `${value < 0 ? '-' : ''}1e309`;
}

interface Decimal {
  sign: -1 | 0 | 1;
  /** Without zeros at either end. */
  digits: string;
  /** How many places before the point: 0.5 has 0, 50 has 2. */
  places: bigint;
}

const NUMBER = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?)(\d+))?$/;
/** No double and no sane number has an exponent of more digits; those that do are all of one size. */
const EXPONENT_DIGITS = 30;

/** -1, 0 or 1 as the first number is less, equal or greater; both as JSON texts. */
export function compareDigits(one: string, other: string): number {
  const [first, second] = [readDecimal(one), readDecimal(other)];
  if (first.sign !== second.sign) return Math.sign(first.sign - second.sign);
  if (first.places !== second.places) return first.places > second.places ? first.sign : -first.sign;
  if (first.digits === second.digits) return 0;
  return first.digits > second.digits ? first.sign : -first.sign;
}

function readDecimal(text: string): Decimal {
  const [, minus, whole = '', fraction = '', exponentSign = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  const all = whole + fraction;
  let start = 0;
  while (start < all.length && all[start] === '0') start += 1;
  let end = all.length;
  while (end > start && all[end - 1] === '0') end -= 1;
  if (start === end) return { sign: 0, digits: '', places: 0n };
  const size = exponent.replace(/^0+(?=\d)/, '');
  const shift = BigInt(size.length > EXPONENT_DIGITS ? 10 ** EXPONENT_DIGITS : size);
  return {
    sign: minus === '-' ? -1 : 1,
    digits: all.slice(start, end),
    places: BigInt(whole.length - start) + (exponentSign === '-' ? -shift : shift),
  };
}
