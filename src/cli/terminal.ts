/** What the command line is given of the process it runs in, and how texts of others are made safe to show. */

import { styleText } from 'node:util';

export interface Terminal {
  out(text: string): void;
  /** What is said to people beside the output: progress, hints, errors. */
  err(text: string): void;
  /** All of standard input. */
  readInput(): Promise<Uint8Array>;
  /** The line that a person answers; null where nobody is there to ask. */
  ask(question: string): Promise<string | null>;
  /** Whether the output goes to a person's eyes, and the errors. */
  isTty: { out: boolean; err: boolean };
  color: boolean;
  columns: number;
  settings: ClientSettings;
  /** Where this person's settings lie. */
  home: string;
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Given at the first SIGINT or SIGTERM, once somebody has asked for it; the second ends the process. */
  interrupted(): AbortSignal;
}

/** Of the environment. */
export interface ClientSettings {
  url: string | null;
  apiKey: string | null;
  profile: string | null;
}

/** The command was not used as it can be: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** It went wrong for a reason that is said: exit code 1. */
export class Failed extends Error {
  override readonly name = 'Failed';
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const ISOLATE = '\u2068';
const END_OF_ISOLATE = '\u2069';

/** Control characters and those that turn the direction of text, as they would act on the terminal. Line feeds and tabs stay. */
export function safe(text: string): string {
  return text.replaceAll(CONTROLS, '\u{fffd}');
}

/** A text of others within a line of ours: one line, and a run of Arabic does not turn what stands beside it. */
export function inLine(text: string): string {
  const line = safe(text).replaceAll(/\s+/g, ' ');
  return RIGHT_TO_LEFT.test(line) ? `${ISOLATE}${line}${END_OF_ISOLATE}` : line;
}

export type Style = Parameters<typeof styleText>[0];

export function styled({ color }: Pick<Terminal, 'color'>, style: Style, text: string): string {
  return color ? styleText(style, text, { validateStream: false }) : text;
}

const STATE_STYLES: Readonly<Record<string, Style>> = {
  delivered: 'green',
  enabled: 'green',
  valid: 'green',
  finished: 'green',
  ok: 'green',
  dropped: 'red',
  failed: 'red',
  fail: 'red',
  disabled: 'red',
  invalid: 'red',
  waiting: 'yellow',
  held: 'yellow',
  warn: 'yellow',
  skipped: 'gray',
  cancelled: 'gray',
  pending: 'cyan',
  sending: 'cyan',
  running: 'cyan',
};

/** A state in its colour. */
export function state(terminal: Pick<Terminal, 'color'>, name: string): string {
  const style = STATE_STYLES[name];
  return style === undefined ? name : styled(terminal, style, name);
}
