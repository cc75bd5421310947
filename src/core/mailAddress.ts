/**
 * Which texts a mail may be sent to. Pure. One plain address of any script; nothing that a mail header
 * reads as more than one: no lists, no names in front, no quoted or bracketed parts, no line ends.
 */

/** A regular expression with the flag `u`, as JSON Schema reads it, too. */
export const MAIL_ADDRESS_PATTERN = String.raw`^[^\s\p{C}"(),:;<>@[\\\]]+@[^\s\p{C}"(),:;<>@[\\\]]+$`;

/** RFC 5321's limit for a path, less its brackets. */
export const MAX_MAIL_ADDRESS_LENGTH = 254;

/** What is wanted, in the words of an error. */
export const MAIL_ADDRESS_IN_WORDS = 'one e-mail address such as owner@example.com';

const ADDRESS = new RegExp(MAIL_ADDRESS_PATTERN, 'u');

export function isMailAddress(text: string): boolean {
  return text.length <= MAX_MAIL_ADDRESS_LENGTH && ADDRESS.test(text);
}
