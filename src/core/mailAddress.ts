/**
 * Which texts a mail may be sent to: one rule for settings, owners, automations and the environment. Pure.
 *
 * One plain address of any script; nothing that a mail header reads as more than one: no lists, no names in front,
 * no quoted or bracketed parts, no line ends. People paste addresses, and with them marks that nobody sees: around
 * the address they are taken off, within it the address is refused and the mark named.
 */

/** RFC 5321's limit for a path, less its brackets. */
export const MAX_MAIL_ADDRESS_LENGTH = 254;

/** Of what somebody typed or pasted: an address, and marks around it. */
export const MAX_TYPED_LENGTH = 320;

/** What is wanted, in the words of an error. */
export const MAIL_ADDRESS_IN_WORDS = 'one e-mail address such as owner@example.com';

export type MailAddressRead =
  | { ok: true; address: string }
  /** `message` is what to say behind the name of the member. */
  | { ok: false; message: string };

const ADDRESS = /^[^\s\p{C}\p{Z}\p{DI}"(),:;<>@[\\\]]+@[^\s\p{C}\p{Z}\p{DI}"(),:;<>@[\\\]]+$/u;

const BEFORE = /^[\s\p{C}\p{Z}\p{DI}]+/u;
/** From the last visible character on: what a regular expression would look for from every mark anew. */
const INVISIBLE = /[\s\p{C}\p{Z}\p{DI}]/u;

/** Without the spaces and marks that stand around the address. */
export function readMailAddress(typed: string): MailAddressRead {
  if (typed.length > MAX_TYPED_LENGTH) {
    return {
      ok: false,
      message: `is longer than the ${MAX_MAIL_ADDRESS_LENGTH} characters of an e-mail address`,
    };
  }
  const address = stripped(typed);
  if (address.length > MAX_MAIL_ADDRESS_LENGTH) {
    return {
      ok: false,
      message: `is longer than the ${MAX_MAIL_ADDRESS_LENGTH} characters of an e-mail address`,
    };
  }
  if (ADDRESS.test(address)) return { ok: true, address };
  const mark = INVISIBLE.exec(address)?.[0];
  return mark === undefined
    ? { ok: false, message: `must be ${MAIL_ADDRESS_IN_WORDS}` }
    : { ok: false, message: `holds ${nameOfMark(mark)} within the address; type it anew without it` };
}

/** Whether a text is an address as it stands. */
export function isMailAddress(text: string): boolean {
  return text.length <= MAX_MAIL_ADDRESS_LENGTH && ADDRESS.test(text);
}

function stripped(typed: string): string {
  const characters = [...typed.replace(BEFORE, '')];
  while (characters.length > 0 && INVISIBLE.test(characters.at(-1) ?? '')) characters.pop();
  return characters.join('');
}

/** As Unicode names them; those that keyboards, chat programs and word processors leave behind. */
const NAMES: Readonly<Record<number, string>> = {
  9: 'CHARACTER TABULATION',
  10: 'LINE FEED',
  13: 'CARRIAGE RETURN',
  32: 'SPACE',
  160: 'NO-BREAK SPACE',
  173: 'SOFT HYPHEN',
  847: 'COMBINING GRAPHEME JOINER',
  1564: 'ARABIC LETTER MARK',
  5760: 'OGHAM SPACE MARK',
  6158: 'MONGOLIAN VOWEL SEPARATOR',
  8192: 'EN QUAD',
  8193: 'EM QUAD',
  8194: 'EN SPACE',
  8195: 'EM SPACE',
  8196: 'THREE-PER-EM SPACE',
  8197: 'FOUR-PER-EM SPACE',
  8198: 'SIX-PER-EM SPACE',
  8199: 'FIGURE SPACE',
  8200: 'PUNCTUATION SPACE',
  8201: 'THIN SPACE',
  8202: 'HAIR SPACE',
  8203: 'ZERO WIDTH SPACE',
  8204: 'ZERO WIDTH NON-JOINER',
  8205: 'ZERO WIDTH JOINER',
  8206: 'LEFT-TO-RIGHT MARK',
  8207: 'RIGHT-TO-LEFT MARK',
  8232: 'LINE SEPARATOR',
  8233: 'PARAGRAPH SEPARATOR',
  8234: 'LEFT-TO-RIGHT EMBEDDING',
  8235: 'RIGHT-TO-LEFT EMBEDDING',
  8236: 'POP DIRECTIONAL FORMATTING',
  8237: 'LEFT-TO-RIGHT OVERRIDE',
  8238: 'RIGHT-TO-LEFT OVERRIDE',
  8239: 'NARROW NO-BREAK SPACE',
  8287: 'MEDIUM MATHEMATICAL SPACE',
  8288: 'WORD JOINER',
  8294: 'LEFT-TO-RIGHT ISOLATE',
  8295: 'RIGHT-TO-LEFT ISOLATE',
  8296: 'FIRST STRONG ISOLATE',
  8297: 'POP DIRECTIONAL ISOLATE',
  12288: 'IDEOGRAPHIC SPACE',
  65279: 'ZERO WIDTH NO-BREAK SPACE',
};

/** `U+200E LEFT-TO-RIGHT MARK` */
function nameOfMark(mark: string): string {
  const code = mark.codePointAt(0) ?? 0;
  const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return `${number} ${NAMES[code] ?? '(a character that nobody sees)'}`;
}
