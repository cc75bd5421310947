/**
 * JSON Pointer, RFC 6901. Pure. Own members only: a pointer never reaches a prototype, so that
 * `/constructor` finds something only where the JSON had a member of that name.
 */

/** What a pointer or a path found. A member that holds null is found. */
export type Found = { found: true; value: unknown } | { found: false };

const NOT_FOUND: Found = { found: false };
const ARRAY_INDEX = /^(?:0|[1-9][0-9]{0,9})$/;

/** Reads `pointer` ("" is the whole value, else "/a/0/b") in a parsed JSON value. Throws a TypeError on a malformed pointer. */
export function getPointer(value: unknown, pointer: string): Found {
  return getPath(value, parsePointer(pointer));
}

/** Follows unescaped member names and array indexes through own members. */
export function getPath(value: unknown, path: readonly string[]): Found {
  let current = value;
  for (const token of path) {
    if (typeof current !== 'object' || current === null) return NOT_FOUND;
    if (Array.isArray(current) && !ARRAY_INDEX.test(token)) return NOT_FOUND;
    if (!Object.hasOwn(current, token)) return NOT_FOUND;
    current = Reflect.get(current, token);
  }
  return { found: true, value: current };
}

/** The unescaped tokens of a pointer. Throws a TypeError on a malformed one. */
export function parsePointer(pointer: string): string[] {
  if (!isPointer(pointer)) {
    throw new TypeError(`${JSON.stringify(pointer)} is not a JSON pointer; write it like "/data/contact/id"`);
  }
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** True for text of RFC 6901's syntax. */
export function isPointer(text: string): boolean {
  return /^(?:\/(?:[^/~]|~[01])*)*$/.test(text);
}

/** Escapes one member name for use in a pointer. */
export function pointerToken(name: string | number): string {
  return String(name).replaceAll('~', '~0').replaceAll('/', '~1');
}
