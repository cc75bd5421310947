/** The built dashboard as it is served: its page, and the files that it loads. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

export interface DashboardFile {
  type: string;
  plain: Uint8Array;
  /** In Brotli; null where it is not smaller. */
  packed: Uint8Array | null;
}

export interface DashboardFiles {
  /** The page, with places for what differs by reader. */
  page: string;
  /** Read when somebody asks; null where there is no such file. */
  file(name: string): DashboardFile | null;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
};

/** Null where the dashboard has not been built. */
export function readDashboard(directory: string): DashboardFiles | null {
  const page = join(directory, 'index.html');
  if (!existsSync(page)) return null;
  const assets = join(directory, 'assets');
  const names = new Set(readdirSync(assets));
  const known = new Map<string, DashboardFile>();
  return {
    page: readFileSync(page, 'utf8'),
    file(name) {
      const read = known.get(name);
      if (read !== undefined) return read;
      const type = TYPES[extname(name)];
      if (type === undefined || !names.has(name)) return null;
      const file = {
        type,
        plain: readFileSync(join(assets, name)),
        packed: names.has(`${name}.br`) ? readFileSync(join(assets, `${name}.br`)) : null,
      };
      known.set(name, file);
      return file;
    },
  };
}
