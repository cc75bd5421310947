/**
 * Which texts a mail may be sent to. Pure. One plain address of any script; nothing that a mail header
 * reads as more than one: no lists, no names in front, no quoted or bracketed parts, no line ends.
 */

const ADDRESS = /^[^\s\p{C}"(),:;<>@[\\\]]+@[^\s\p{C}"(),:;<>@[\\\]]+$/u;

/** RFC 5321's limit for a path, less its brackets. */
const MAX_LENGTH = 254;

export function isMailAddress(text: string): boolean {
  return text.length <= MAX_LENGTH && ADDRESS.test(text);
}
