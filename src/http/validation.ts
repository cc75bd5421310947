/**
 * Request validation by ajv: every fault of a request at once, nothing changed in a body (a number is
 * never made of a text there, an unknown member is refused rather than dropped). Query and path are
 * text by nature and are coerced.
 */

import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import type { FastifySchemaCompiler } from 'fastify';
import type { FastifyValidationResult } from 'fastify/types/schema.js';

const OPTIONS: Options = {
  allErrors: true,
  strict: true,
  // Schemas are our own, and a test holds them to be valid: checking that takes a third of a process's start.
  validateSchema: false,
  strictTypes: false,
  // Schemas are our own and hold "discriminating" members in unions; only keywords are checked strictly.
  strictRequired: false,
  keywords: ['example', 'discriminator'],
};

/** Components that code checks better than a schema would. */
const CHECKED_BY_CODE: Readonly<Record<string, object>> = Object.fromEntries(
  ['Condition', 'NewRule', 'RulePatch', 'NewWorkflow', 'WorkflowPatch'].map(($id) => [
    $id,
    { $id, type: 'object' },
  ]),
);

/**
 * `components` are what request schemas may refer to. A schema is compiled when something is checked by it for the
 * first time: compiling all of them takes a quarter of a second, a good part of a process's start. It is compiled
 * once, by its text, since each server of a process makes its routes' schemas anew.
 */
export function createValidatorCompiler(
  components: ReadonlyArray<{ $id?: string }>,
): FastifySchemaCompiler<unknown> {
  const forBodies = new Ajv({ ...OPTIONS, coerceTypes: false });
  const forText = new Ajv({ ...OPTIONS, coerceTypes: true });
  for (const ajv of [forBodies, forText]) {
    formats.default(ajv);
    for (const schema of components) ajv.addSchema(CHECKED_BY_CODE[schema.$id ?? ''] ?? schema);
  }
  const compiled = new Map<string, ValidateFunction>();
  const compile = (schema: object, ajv: Ajv): ValidateFunction => {
    const key = `${ajv === forBodies ? 'body' : 'text'} ${JSON.stringify(schema)}`;
    const validate = compiled.get(key) ?? ajv.compile(schema);
    compiled.set(key, validate);
    return validate;
  };
  return ({ schema, httpPart }) => {
    if (typeof schema !== 'object' || schema === null) throw new TypeError('A request schema is an object.');
    let validate: ValidateFunction | null = null;
    const check: FastifyValidationResult = (data) => {
      validate ??= compile(schema, httpPart === 'body' ? forBodies : forText);
      const odd = httpPart === 'body' ? [] : takeOddNumbers(schema, data);
      const isValid = validate(data) === true && odd.length === 0;
      check.errors = isValid ? null : [...odd, ...(validate.errors ?? [])];
      return isValid;
    };
    return check;
  };
}

/** As people and programs write numbers into addresses: `25`, `-1`, `0.5`. */
const DECIMAL = /^-?\d{1,15}(?:\.\d{1,15})?$/;

/**
 * Takes numbers in other words (`Infinity`, `1e400`, `0x10`, ` 5`) out of a query, and answers the fault of each: ajv
 * turns them into numbers, and applies no bounds to an infinite one.
 */
function takeOddNumbers(schema: object, data: unknown): ErrorObject[] {
  if (typeof data !== 'object' || data === null) return [];
  const values = data as Record<string, unknown>;
  const properties = 'properties' in schema ? (schema.properties as Record<string, { type?: string }>) : {};
  return Object.entries(properties).flatMap(([name, { type }]) => {
    const value = values[name];
    if ((type !== 'integer' && type !== 'number') || typeof value !== 'string' || DECIMAL.test(value))
      return [];
    delete values[name];
    const place = { instancePath: `/${name}`, schemaPath: `#/properties/${name}/type`, keyword: 'type' };
    return [{ ...place, params: { type }, message: `must be ${type}` }];
  });
}

/** For routes that check their bodies themselves, while the schema is there for the document. */
export const bodyCheckedByRoute: FastifySchemaCompiler<unknown> = (route) =>
  route.httpPart === 'body' ? () => true : sharedCompiler(route);

const sharedCompiler = createValidatorCompiler([]);
