/** What is well formed where something is saved, and most likely not what is meant. Pure. */

import { type Static, Type } from 'typebox';
import { WARNING_CODES } from '../../core/workflow/warnings.ts';
import { oneOf, ref } from '../operation.ts';

export const WarningSchema = Type.Object(
  {
    field: Type.String({ description: 'A JSON pointer into the body.' }),
    code: oneOf(WARNING_CODES),
    message: Type.String(),
  },
  {
    $id: 'Warning',
    description: 'What is well formed, and yet would say no, in silence, to what is most likely meant.',
  },
);
export type Warning = Static<typeof WarningSchema>;

export const warningList = Type.Array(ref<Warning>('Warning'));

/** Of something that is shown; GET leaves it out. */
export const savedWarnings = Type.Optional(
  Type.Array(ref<Warning>('Warning'), {
    description: 'In the answer to making or changing it alone.',
  }),
);
