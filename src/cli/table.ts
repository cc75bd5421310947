/** Tables and lines for people. Pure. */

import { stripVTControlCharacters } from 'node:util';

const WIDE =
  /^(?:\p{Extended_Pictographic}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6])/u;
/** They take no place: isolates, joiners, marks above and below. */
const EMPTY = /^(?:[\u2066-\u2069]|\u200c|\u200d|\p{Mn})+$/u;
const graphemes = new Intl.Segmenter();

/** Columns that a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(stripVTControlCharacters(text))) {
    if (EMPTY.test(segment)) continue;
    width += WIDE.test(segment) ? 2 : 1;
  }
  return width;
}

const GAP = '  ';

/** With a head; columns as wide as their widest cell, the last one as it is. Lines end at their text. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : padded(cell, widths[column] ?? 0)))
      .join(GAP)
      .trimEnd();
  return `${all.map(line).join('\n')}\n`;
}

/** Names and values, one a line. */
export function list(pairs: ReadonlyArray<readonly [string, string | null | undefined]>): string {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}${GAP}${value}\n`).join('');
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** `2026-11-27 18:22:59`, in UTC as everything that Mirsal says. */
export function moment(time: string | null): string {
  return time === null ? '' : time.slice(0, 19).replace('T', ' ');
}

const UNITS: ReadonlyArray<readonly [string, number]> = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

/** `3 m ago`, `in 20 s`. */
export function ago(time: string, now: number): string {
  const ms = now - Date.parse(time);
  const [unit, size] = UNITS.find(([, each]) => Math.abs(ms) >= each) ?? ['s', 1000];
  const count = Math.round(Math.abs(ms) / size);
  return ms < 0 ? `in ${count} ${unit}` : `${count} ${unit} ago`;
}

/** `45m`, `2h`, `7d` before `now`, or a time as it is. Null for what is neither. */
export function readMoment(text: string, now: number): string | null {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) {
    const size = UNITS.find(([name]) => name === unit)?.[1] ?? 1000;
    return new Date(now - Number(count) * size).toISOString();
  }
  return Number.isNaN(Date.parse(text)) ? null : new Date(text).toISOString();
}

/** `████░░░░  40 %`. */
export function bar(fraction: number, width = 30): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return `${'█'.repeat(full)}${'░'.repeat(width - full)} ${String(Math.floor(fraction * 100)).padStart(3)} %`;
}
