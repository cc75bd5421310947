/**
 * What is most likely a slip of the pen where a rule or a workflow is well formed: it would say no, in silence, to
 * what its writer means. Pure. A warning never keeps a definition from being saved.
 */

import type { EventType } from '../catalog/eventType.ts';
import { isExactNumber } from '../json/exact.ts';
import { getPath, parsePointer } from '../json/pointer.ts';
import {
  type Clause,
  type Condition,
  type ItemsClause,
  isItemsClause,
  parseFieldPath,
} from '../routing/condition.ts';
import type { ScopeId } from '../routing/scope.ts';
import { bodiesOf, knowMember } from './members.ts';

export const WARNING_CODES = [
  'scope_by_name',
  'text_operator_on_number',
  'number_for_text',
  'arabic_digits',
  'dollar_placeholder',
  'member_in_no_sample',
] as const;
export type WarningCode = (typeof WARNING_CODES)[number];

export interface DefinitionWarning {
  /** JSON pointer into the definition. */
  path: string;
  code: WarningCode;
  message: string;
}

/** More would not be read. */
export const MAX_WARNINGS = 100;

const ARABIC_DIGITS = /[\u0660-\u0669\u06f0-\u06f9]/;

/** Of one scope: an id that is no such id as events have. */
export function warnOfScope(
  { name, id }: { name: string; id: ScopeId },
  eventType: EventType,
  path: string,
): DefinitionWarning[] {
  const pointer = eventType.scopes.find((scope) => scope.name === name)?.pointer;
  if (typeof id !== 'string' || pointer === undefined) return [];
  if (ARABIC_DIGITS.test(id)) return [{ path, code: 'arabic_digits', message: arabicDigits(id) }];
  const known = valuesAt([eventType], parsePointer(pointer));
  if (known.length === 0 || !known.every(isNumber) || /^-?\d+$/.test(id)) return [];
  const message = `is ${JSON.stringify(id)}, but events have ids here that are numbers, such as ${known[0]}; write the id, not the name`;
  return [{ path, code: 'scope_by_name', message }];
}

/** Of a condition that stands by itself, such as an endpoint's; `types` are those of the bodies that it is asked about. */
export function warnOfCondition(
  condition: Condition,
  types: readonly EventType[],
  path: string,
  within: readonly string[] = [],
): DefinitionWarning[] {
  if ('not' in condition) return warnOfCondition(condition.not, types, `${path}/not`, within);
  if ('field' in condition) {
    const names = [...within, ...(parseFieldPath(condition.field) ?? [])];
    if (types.length > 0 && types.every((type) => knowMember(type, names) === 'unknown')) {
      return [unknownMember(condition.field, types, `${path}/field`)];
    }
    const items = isItemsClause(condition)
      ? warnOfCondition(condition.value, types, `${path}/value`, [...names, '0'])
      : [];
    return [...warnOfClause(condition, names, types, path), ...items];
  }
  const [name, parts] =
    'all' in condition ? (['all', condition.all] as const) : (['any', condition.any] as const);
  return parts.flatMap((part, index) => warnOfCondition(part, types, `${path}/${name}/${index}`, within));
}

/** Of one clause; `names` is its field's path from the body's root, `types` what the body can be. */
export function warnOfClause(
  clause: Clause,
  names: readonly string[],
  types: readonly EventType[],
  path: string,
): DefinitionWarning[] {
  const warnings = warnOfMember(clause.field, names, types, `${path}/field`);
  if (isItemsClause(clause)) return warnings;
  const texts = valuesOf(clause).filter((value) => typeof value === 'string');
  const place = `${path}/value`;
  const folds = 'ignore_arabic_forms' in clause && clause.ignore_arabic_forms === true;
  const arabic = texts.find((text) => ARABIC_DIGITS.test(text));
  if (arabic !== undefined && !folds) {
    warnings.push({ path: place, code: 'arabic_digits', message: arabicDigits(arabic) });
  }
  const known = valuesAt(types, names).filter((value) => value !== null);
  if (known.length === 0) return warnings;
  if (texts.length > 0 && comparesTexts(clause) && known.every(isNumber)) {
    const message = `is a text, and ${clause.op} compares texts, but events have a number here, such as ${known[0]}; compare with a number`;
    warnings.push({ path: place, code: 'text_operator_on_number', message });
  }
  const numbers = valuesOf(clause).filter((value) => isNumber(value) || isExactNumber(value));
  if (numbers.length > 0 && comparesAlike(clause) && known.every((value) => typeof value === 'string')) {
    const message = `is a number, but events have a text here, such as ${JSON.stringify(known[0])}; write it in quotes`;
    warnings.push({ path: place, code: 'number_for_text', message });
  }
  return warnings;
}

/** Of a member that no sample has, where the schema leaves a place for it. */
export function warnOfMember(
  field: string,
  names: readonly string[],
  types: readonly EventType[],
  path: string,
): DefinitionWarning[] {
  const withSamples = types.filter(({ samples }) => samples.length > 0);
  if (withSamples.length === 0 || withSamples.length < types.length) return [];
  if (withSamples.some((type) => knowMember(type, names) !== 'undecided')) return [];
  return [unknownMember(field, types, path)];
}

/** More names of types than a person reads. */
const MOST_TYPES_SAID = 5;

function unknownMember(field: string, types: readonly EventType[], path: string): DefinitionWarning {
  const said = types.slice(0, MOST_TYPES_SAID).map(({ name }) => name);
  const more = types.length - said.length;
  const of = more === 0 ? said.join(', ') : `${said.join(', ')} and ${more} more`;
  const message = `${JSON.stringify(field)} is in no sample and in no schema of ${of}; check how it is written`;
  return { path, code: 'member_in_no_sample', message };
}

/** Of a text with placeholders. */
export function warnOfText(text: string, path: string): DefinitionWarning[] {
  const [found] = /\$\{[^{}]{0,60}\}/.exec(text) ?? [];
  if (found === undefined) return [];
  const message = `${JSON.stringify(found)} is sent as it stands; a placeholder is written {{${found.slice(2, -1).trim()}}}`;
  return [{ path, code: 'dollar_placeholder', message }];
}

function arabicDigits(text: string): string {
  return `${JSON.stringify(text.slice(0, 60))} has Arabic-Indic digits, which are other characters than 0–9; write 0–9, or set ignore_arabic_forms where a condition has it`;
}

function valuesOf(clause: Exclude<Clause, ItemsClause>): readonly unknown[] {
  return Array.isArray(clause.value) ? clause.value : [clause.value];
}

function comparesTexts({ op }: Pick<Clause, 'op'>): boolean {
  return comparesAlike({ op }) || ['contains', 'not_contains', 'starts_with', 'ends_with'].includes(op);
}

/** Operators for which another kind is another value. */
function comparesAlike({ op }: Pick<Clause, 'op'>): boolean {
  return ['equals', 'not_equals', 'one_of', 'not_one_of'].includes(op);
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number';
}

/** What the samples have there. */
function valuesAt(types: readonly EventType[], path: readonly string[]): unknown[] {
  return types.flatMap(bodiesOf).flatMap((body) => {
    const found = getPath(body, path);
    return found.found ? [found.value] : [];
  });
}
