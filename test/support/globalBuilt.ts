/** Builds what built.ts speaks of, once for a whole run of the tests. */

import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { type InputOptions, type Plugin, rolldown } from 'rolldown';
import { BUILT } from './built.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The threads by themselves, so that they load nothing of what only the process needs. */
const PROGRAMS: Array<Record<string, string>> = [
  { bin: 'src/bin.ts', main: 'src/main.ts', hurried: 'test/support/hurried.ts' },
  { thread: 'src/store/sqlite/thread.ts' },
  { offloadThread: 'src/offload/offloadThread.ts' },
];

/**
 * Node's modules as properties of what Node keeps of them: an `import` of `node:http` reads all that it exports, of
 * which one is `fetch`'s own HTTP client, a tenth of a second of each process. What rolldown itself puts in needs
 * `node:module` as it is.
 */
const nodesModules: Plugin = {
  name: 'nodes-modules',
  resolveId(id) {
    const name = id.startsWith('node:') ? id : `node:${id}`;
    return name !== 'node:module' && isBuiltin(name) ? `\0${name}` : null;
  },
  load(id) {
    if (!id.startsWith('\0node:')) return null;
    return `module.exports = process.getBuiltinModule(${JSON.stringify(id.slice(1))});`;
  },
};

export async function setup(): Promise<void> {
  mkdirSync(BUILT, { recursive: true });
  const draft = mkdtempSync(`${BUILT}-`);
  try {
    writeFileSync(join(draft, 'package.json'), '{ "type": "module" }\n');
    for (const input of PROGRAMS) {
      // The native driver of `pg` is not installed, and not asked for.
      const external = ['pg-native'];
      const options: InputOptions = { cwd: ROOT, input, platform: 'node', external, plugins: [nodesModules] };
      const build = await rolldown(options);
      await build.write({ dir: draft, format: 'esm', chunkFileNames: '[name].js' });
      await build.close();
    }
    // File by file, so that another run that has begun finds each of them whole.
    for (const name of readdirSync(draft)) renameSync(join(draft, name), join(BUILT, name));
  } finally {
    rmSync(draft, { recursive: true });
  }
}
