/** What runs of the tests leave on the machine. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from './support/process.ts';
import { makeRunDirectory } from './support/runDirectory.ts';

test('what a killed run has left is removed by the next one; that of a run which goes on is let be', () => {
  const { path: place, remove } = temporaryDirectory();
  const { pid: ended } = spawnSync(process.execPath, ['--eval', '0']);
  const left = join(place, `mirsal-run-${ended}-abcdef`);
  const others = [join(place, `mirsal-run-${process.ppid}-abcdef`), join(place, 'of another program')];
  for (const directory of [left, ...others]) mkdirSync(join(directory, 'data'), { recursive: true });
  writeFileSync(join(left, 'data', 'mirsal.db'), 'x');
  const made = makeRunDirectory(place);
  expect(existsSync(left)).toBe(false);
  for (const directory of [made, ...others]) expect(existsSync(directory)).toBe(true);
  expect(made).toContain(`mirsal-run-${process.pid}-`);
  remove();
});
