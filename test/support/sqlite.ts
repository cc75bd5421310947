/** SQLite databases that need no migrating. */

import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';

/** Puts an empty, migrated database where a store looks for it in `directory`; returns its path. */
export function copyMigrated(directory: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'mirsal.db');
  copyFileSync(inject('sqliteFile'), path);
  return path;
}
