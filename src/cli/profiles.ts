/** What the command line remembers of a person: where Mirsal is, its keys, and the bins that `listen` uses. Readable for its owner alone. */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failed } from './terminal.ts';

export interface Profile {
  url: string;
  api_key: string;
  workspace?: string;
}

interface Remembered {
  profiles: Record<string, Profile>;
  /** By URL and workspace, and where it forwards to. */
  bins: Record<string, string>;
}

const pathIn = (home: string): string => join(home, 'cli.json');

export function readRemembered(home: string): Remembered {
  let text: string;
  try {
    text = readFileSync(pathIn(home), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { profiles: {}, bins: {} };
    throw new Failed(`${pathIn(home)} cannot be read: ${(error as Error).message}`);
  }
  try {
    const { profiles = {}, bins = {} } = JSON.parse(text) as Partial<Remembered>;
    return { profiles, bins };
  } catch {
    throw new Failed(`${pathIn(home)} is no JSON: mend or remove it.`);
  }
}

export function remember(home: string, change: (now: Remembered) => Remembered): void {
  const path = pathIn(home);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.draft`;
  writeFileSync(draft, `${JSON.stringify(change(readRemembered(home)), null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, path);
}
