/** The API, through the SDK, as the person who is signed in. */

import { Mirsal } from '../../../src/sdk/client.ts';
import { MirsalError } from '../../../src/sdk/errors.ts';
import { workspacePreference } from '../preferences.ts';
import { LANGUAGE } from '../texts/format.ts';

export type * as Schemas from '../../../src/sdk/generated/schemas.ts';
export { MirsalError };

const workspace = workspacePreference.read();

export const mirsal = new Mirsal({
  url: '',
  apiKey: null,
  language: LANGUAGE,
  // A person waits: what does not come soon is told of, and tried again by them.
  retries: 1,
  deadlineMs: 20_000,
  ...(workspace === null ? {} : { workspace }),
});
