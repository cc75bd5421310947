/** Conditions in the document. Requests are checked by core/routing, whose faults are more to the point. */

import { CONDITION_LIMITS, OPERATORS } from '../../core/routing/condition.ts';

const condition = { $ref: 'Condition#' };
const several = (description: string) => ({
  type: 'array',
  items: condition,
  minItems: 1,
  maxItems: CONDITION_LIMITS.clauses,
  description,
});

function form($id: string, description: string, properties: Record<string, unknown>, required: string[]) {
  return { $id, type: 'object', description, properties, required, additionalProperties: false };
}

/** Each form has a name of its own: generators of clients make a type of each. */
export const conditionComponents = [
  {
    $id: 'Condition',
    description: 'What is asked of the body that the receiver gets.',
    oneOf: ['AllOf', 'AnyOf', 'NoneOf', 'Clause'].map((name) => ({ $ref: `${name}#` })),
  },
  form('AllOf', 'Holds where all of them hold.', { all: several('The parts.') }, ['all']),
  form('AnyOf', 'Holds where one of them holds.', { any: several('The parts.') }, ['any']),
  form('NoneOf', 'Holds where the other does not.', { not: condition }, ['not']),
  form(
    'Clause',
    'Compares a member of the body.',
    {
      field: {
        type: 'string',
        maxLength: CONDITION_LIMITS.textLength,
        description: 'A path such as `data.contact.email`.',
      },
      op: { type: 'string', enum: Object.keys(OPERATORS), description: 'How it is compared.' },
      value: {
        description:
          'A text, number, boolean, null or a list of them, as the operator asks; of `any_item`, `all_items` and ' +
          '`no_item` a condition whose fields are paths within an item of the array.',
      },
      ignore_case: { type: 'boolean', description: 'Upper and lower case are the same. Of texts.' },
      ignore_arabic_forms: {
        type: 'boolean',
        description:
          'Arabic letters are the same in all of their spellings (أ إ آ ا, ة ه, ى ي), and so are Arabic-Indic digits. Of texts.',
      },
    },
    ['field', 'op', 'value'],
  ),
];
