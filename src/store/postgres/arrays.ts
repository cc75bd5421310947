/**
 * Columns of many rows as array parameters, for `unnest`. Written out here, since the driver
 * quotes every number and escapes every text twice. Pure.
 */

type Integer = number | null;

/** For `$n::bigint[]`. */
export function integers<T>(rows: readonly T[], of: (row: T) => Integer): string {
  let text = '{';
  for (const [index, row] of rows.entries()) {
    if (index > 0) text += ',';
    text += of(row) ?? 'NULL';
  }
  return `${text}}`;
}

/** For `$n::text[]`. PostgreSQL's text cannot hold the character NUL; U+FFFD takes its place. */
export function texts<T>(rows: readonly T[], of: (row: T) => string | null): string {
  let text = '{';
  for (const [index, row] of rows.entries()) {
    if (index > 0) text += ',';
    const value = of(row);
    text += value === null ? 'NULL' : `"${escapeText(value)}"`;
  }
  return `${text}}`;
}

/** For `$n::bytea[]`. */
export function bytes<T>(rows: readonly T[], of: (row: T) => Uint8Array | null): string {
  let text = '{';
  for (const [index, row] of rows.entries()) {
    if (index > 0) text += ',';
    const value = of(row);
    text += value === null ? 'NULL' : `"\\\\x${Buffer.from(value).toString('hex')}"`;
  }
  return `${text}}`;
}

const SPECIAL = /["\\\0]/;
const EACH_SPECIAL = /["\\\0]/g;

function escapeText(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text.replace(EACH_SPECIAL, (character) => (character === '\0' ? '\ufffd' : `\\${character}`));
}
