import { existsSync, statfsSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { built } from './test/support/built.ts';
import { makeRunDirectory } from './test/support/runDirectory.ts';

// Every store starts threads and every whole test processes, which all strip the same types: with what they
// compiled kept, a process starts in 0.5 s instead of 1.2, and SQLite's tests take 36 s instead of 60.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules/.cache/compiled');

/** A file system in memory, and how much room a whole run may need there. */
const MEMORY = '/dev/shm';
const ROOM = 6 * 2 ** 30;

// Tests commit hundred thousands of times. None of them takes the power away, so that none is shown anything by waiting
// for a disk: what a killed process had committed is there either way. With a disk the run takes three times as long.
process.env.MIRSAL_TESTS_DISK ??= tmpdir();
process.env.TMPDIR = makeRunDirectory(hasRoom(MEMORY) ? MEMORY : process.env.MIRSAL_TESTS_DISK);

function hasRoom(directory: string): boolean {
  if (!existsSync(directory)) return false;
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize > ROOM;
}

/** Files that take longest: begun last, each would keep one worker busy while the others have nothing left to do. */
const LONGEST = [
  'src/store/postgres/postgres.test.ts',
  'src/engine/lanes.test.ts',
  'test/start.test.ts',
  'test/nodes.test.ts',
  'src/store/postgres/faults.test.ts',
  'src/store/postgres/connections.test.ts',
  'test/faults.test.ts',
  'test/workflow.test.ts',
  'src/engine/recovery.test.ts',
  'src/engine/runs.test.ts',
  'src/store/sqlite/sqlite.test.ts',
  'src/store/sqlite/faults.test.ts',
  'test/crash.test.ts',
  'test/replay.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const place = LONGEST.findIndex((name) => moduleId.endsWith(name));
      return place === -1 ? LONGEST.length : place;
    };
    return (await super.sort(files)).sort((a, b) => placeOf(a) - placeOf(b));
  }
}

/** Which sources start threads, and what of. */
const STARTERS = [
  ['/store/sqlite/thread-client.ts', 'thread'],
  ['/offload/client.ts', 'offloadThread'],
] as const;

/** What runs in a test's own process starts its threads from the built files. */
const builtThreads = {
  name: 'built-threads',
  transform(code: string, id: string) {
    const name = STARTERS.find(([path]) => id.endsWith(path))?.[1];
    if (name === undefined) return null;
    const changed = code.replace(/new URL\(`\.\/\w+\.\$[^)]*\)/, JSON.stringify(built(name)));
    if (changed === code) throw new Error(`Where ${id} starts its thread was not found.`);
    return changed;
  },
};

export default defineConfig({
  plugins: [builtThreads],
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: [
      'test/support/globalBuilt.ts',
      'test/support/globalDashboard.ts',
      'test/support/globalPostgres.ts',
      'test/support/globalSqlite.ts',
    ],
    sequence: { sequencer: LongestFirst },
    // Only a hang is to end a test: a slow disk takes 5 ms for a commit, and some tests make thousands.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    // Files share what they import: to load it anew for each takes a second of a core and more.
    isolate: false,
    // One more than there are cores: many tests wait for a disk, a process or a deadline.
    maxWorkers: Math.min(8, availableParallelism() + 1),
  },
});
