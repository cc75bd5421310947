/**
 * Reading what a person or a program has written: all faults at once, each with its JSON pointer. Pure.
 * Only own members are read, and a value is never trusted before its kind was looked at.
 */
import { kindOf } from '../json/excerpt.ts';
import { pointerToken } from '../json/pointer.ts';

export interface InputFault {
  /** JSON pointer of the member at fault, or of the place where one is missing. */
  path: string;
  message: string;
  /** Where in that string, in UTF-16 units, when it is about a part of it. */
  position?: number;
}

export interface Reading {
  faults: InputFault[];
}

/** More would not be read; the first ones are fixed first. */
export const MAX_INPUT_FAULTS = 100;

/** Notes a fault; answers null, so that a reader can return it. */
export function refuse(reading: Reading, path: string, message: string, position?: number): null {
  if (reading.faults.length < MAX_INPUT_FAULTS) {
    reading.faults.push({ path, message, ...(position === undefined ? {} : { position }) });
  }
  return null;
}

export function refuseUnknown(input: object, known: readonly string[], path: string, reading: Reading): void {
  for (const name of Object.keys(input)) {
    if (known.includes(name)) continue;
    if (reading.faults.length >= MAX_INPUT_FAULTS) return;
    refuse(
      reading,
      `${path}/${pointerToken(shortened(name))}`,
      `is not known here; known are ${known.join(', ')}`,
    );
  }
}

export function shortened(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60).toWellFormed()}…`;
}

/** A text within limits of length, in UTF-16 units. */
export function readText(
  input: unknown,
  path: string,
  limits: { min: number; max: number },
  reading: Reading,
): string | null {
  if (typeof input !== 'string') return refuse(reading, path, `must be a string, but is ${kindOf(input)}`);
  if (input.length > limits.max) {
    return refuse(reading, path, `has ${input.length} characters; at most ${limits.max} are allowed`);
  }
  return input.trim().length >= limits.min ? input : refuse(reading, path, 'must not be empty');
}

export function readBoolean(input: unknown, path: string, reading: Reading): boolean | null {
  return typeof input === 'boolean'
    ? input
    : refuse(reading, path, `must be true or false, but is ${kindOf(input)}`);
}

export function readInteger(
  input: unknown,
  path: string,
  limits: { min: number; max: number },
  reading: Reading,
): number | null {
  const { min, max } = limits;
  if (Number.isSafeInteger(input) && Number(input) >= min && Number(input) <= max) return Number(input);
  const given = typeof input === 'number' ? String(input) : kindOf(input);
  return refuse(reading, path, `must be a whole number from ${min} to ${max}, but is ${given}`);
}

export function readChoice<T extends string>(
  input: unknown,
  choices: readonly T[],
  path: string,
  reading: Reading,
): T | null {
  const found = choices.find((choice) => choice === input);
  if (found !== undefined) return found;
  const given = typeof input === 'string' ? JSON.stringify(shortened(input)) : kindOf(input);
  return refuse(reading, path, `must be one of ${choices.join(', ')}, but is ${given}`);
}

/** An array within limits of length; its elements are the caller's to read. */
export function readArray(
  input: unknown,
  path: string,
  limits: { min: number; max: number; of: string },
  reading: Reading,
): readonly unknown[] | null {
  if (!Array.isArray(input)) {
    return refuse(reading, path, `must be an array of ${limits.of}, but is ${kindOf(input)}`);
  }
  if (input.length >= limits.min && input.length <= limits.max) return input;
  return refuse(
    reading,
    path,
    `holds ${input.length} ${limits.of}; ${limits.min} to ${limits.max} are allowed`,
  );
}
