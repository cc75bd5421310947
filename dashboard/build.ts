/**
 * Builds the dashboard where its sources have changed since the last time; `npm start` does so first. What a browser is
 * sent is packed here, once.
 */

import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stderr } from 'node:process';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const HERE = import.meta.dirname;
const DIST = join(HERE, 'dist');
/** What the last build was made of. */
const MADE_OF = join(DIST, 'made-of.txt');
const SOURCES = [
  'src/**/*',
  'index.html',
  'vite.config.ts',
  'package.json',
  'build.ts',
  '../src/sdk/**/*.ts',
];
/** Files that get smaller. Fonts are packed already. */
const PACKABLE = /\.(?:js|css|svg|html)$/;

/** Resolves to whether there was something to build. */
export async function buildDashboard(): Promise<boolean> {
  const hash = hashOf(globSync(SOURCES, { cwd: HERE, withFileTypes: false }).sort());
  if (existsSync(MADE_OF) && readFileSync(MADE_OF, 'utf8') === hash) return false;
  process.env.NODE_ENV = 'production';
  const { build } = await import('vite');
  await build({ configFile: join(HERE, 'vite.config.ts'), logLevel: 'error' });
  const assets = join(DIST, 'assets');
  for (const name of readdirSync(assets)) {
    if (PACKABLE.test(name))
      writeFileSync(join(assets, `${name}.br`), packed(readFileSync(join(assets, name))));
  }
  mkdirSync(DIST, { recursive: true });
  writeFileSync(MADE_OF, hash);
  return true;
}

function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    const file = join(HERE, path);
    if (/\.test\.tsx?$/.test(path) || !/\.\w+$/.test(path)) continue;
    hash.update(path).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function packed(bytes: Uint8Array): Uint8Array {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const hadBuilt = existsSync(MADE_OF);
  if (!hadBuilt)
    stderr.write('Building the dashboard: this happens once, and again when its sources change …\n');
  await buildDashboard();
}
