/** Deleting a workspace leaves out no table: the list of tables is compared with the database's own catalog. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { copyMigrated } from '../../../test/support/sqlite.ts';
import { WORKSPACE_TABLES } from './deletion.ts';

test('each table with a column for the workspace is gone through, by what tells its rows from each other', () => {
  const directory = mkdtempSync(join(tmpdir(), 'mirsal-tables-'));
  const db = new DatabaseSync(copyMigrated(directory));
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const keys = Object.fromEntries(
    tables.flatMap(({ name }) => {
      const columns = db.prepare(`SELECT name, pk FROM pragma_table_info('${name}')`).all();
      if (!columns.some((column) => column.name === 'workspace')) return [];
      const key = columns.filter((column) => Number(column.pk) > 0 && column.name !== 'workspace');
      return [[String(name), key.map((column) => String(column.name)).sort()]];
    }),
  );
  db.close();
  rmSync(directory, { recursive: true });
  const listed = Object.entries(WORKSPACE_TABLES).map(([name, columns]) => [name, [...columns].sort()]);
  expect(Object.fromEntries(listed)).toEqual(keys);
  expect(Object.keys(keys).length).toBeGreaterThan(30);
});
