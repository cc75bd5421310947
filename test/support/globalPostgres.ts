/** One PostgreSQL server for a whole run of the tests; each test file makes databases of its own. */

import type { TestProject } from 'vitest/node';
import { type PostgresServer, startPostgres } from './postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** For `createDatabase` (postgres.ts). */
    postgresUrl: string;
  }
}

let server: PostgresServer;

export async function setup(project: TestProject): Promise<void> {
  server = await startPostgres();
  project.provide('postgresUrl', server.url());
}

export async function teardown(): Promise<void> {
  await server.stop();
}
