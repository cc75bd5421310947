/** docs/people.md says of the roles what the code enforces. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROLE_RIGHTS, ROLES } from '../src/store/records/people.ts';

test('the table of roles in docs/people.md is the one in the code', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/people.md'), 'utf8');
  const rows = ROLES.map((role) => {
    const { scopes, gives } = ROLE_RIGHTS[role];
    return `| \`${role}\` | ${scopes.join(', ')} | ${gives.join(', ') || 'nobody'} |`;
  });
  expect(page).toContain(`| role | scopes | gives |\n|---|---|---|\n${rows.join('\n')}\n`);
});
