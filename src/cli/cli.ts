/** What every command needs: the terminal, and Mirsal where it was asked for, by flags, then the environment, then a saved profile. */

import type { Command } from 'commander';
import { Mirsal } from '../sdk/sdk.ts';
import { type Profile, readRemembered } from './profiles.ts';
import { inLine, type Terminal, UsageError } from './terminal.ts';

export interface GlobalOptions {
  url?: string;
  apiKey?: string;
  workspace?: string;
  profile?: string;
  json?: boolean;
}

export interface Cli {
  terminal: Terminal;
  json: boolean;
  mirsal: Mirsal;
  /** Where that is, and as whom: what is remembered for it is kept under this name. */
  place: string;
}

export function connect(terminal: Terminal, command: Command): Cli {
  const options = command.optsWithGlobals<GlobalOptions>();
  const found = findProfile(terminal, options);
  const { url, api_key: apiKey, workspace } = found;
  return {
    terminal,
    json: options.json === true,
    mirsal: new Mirsal({ url, apiKey, ...(workspace === undefined ? {} : { workspace }) }),
    place: `${url} ${workspace ?? ''}`.trim(),
  };
}

/** A profile that is named stands before the environment; a flag stands before both. */
export function findProfile(terminal: Terminal, options: GlobalOptions): Profile {
  const { settings, home } = terminal;
  const name = options.profile ?? settings.profile;
  const saved = readRemembered(home).profiles[name ?? 'default'];
  if (name !== null && name !== undefined && saved === undefined) {
    throw new UsageError(`There is no profile "${name}": \`mirsal login --profile ${name}\` makes it.`);
  }
  const named = options.profile === undefined ? undefined : saved;
  const url = options.url ?? named?.url ?? settings.url ?? saved?.url ?? null;
  const apiKey = options.apiKey ?? named?.api_key ?? settings.apiKey ?? saved?.api_key ?? null;
  if (url === null || apiKey === null) {
    const missing =
      url === null ? 'where Mirsal is (MIRSAL_URL or --url)' : 'a key (MIRSAL_API_KEY or --api-key)';
    throw new UsageError(`Say ${missing}, or save both once with \`mirsal login\`.`);
  }
  if (!URL.canParse(url))
    throw new UsageError(`"${url}" is no URL; it is such as https://hooks.example.com.`);
  const workspace = options.workspace ?? saved?.workspace;
  return { url, api_key: apiKey, ...(workspace === undefined ? {} : { workspace }) };
}

/** For programs: the answer as the API gave it. */
export function printJson({ terminal }: Pick<Cli, 'terminal'>, value: unknown): void {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`);
}

/** One value a line, for programs that read while more comes. */
export function printLine({ terminal }: Pick<Cli, 'terminal'>, value: unknown): void {
  terminal.out(`${JSON.stringify(value)}\n`);
}

/** A value within a line: texts as they are, the rest as JSON. */
export function shown(value: unknown): string {
  return inLine(typeof value === 'string' ? value : JSON.stringify(value));
}

/** The first `limit` of a list. */
export async function take<Item>(items: AsyncIterable<Item>, limit: number): Promise<Item[]> {
  const taken: Item[] = [];
  if (limit <= 0) return taken;
  for await (const item of items) {
    taken.push(item);
    if (taken.length >= limit) break;
  }
  return taken;
}

export function readCount(text: string): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) < 1) throw new UsageError(`"${text}" is no number from 1 on.`);
  return Number(text);
}

/** Repeated options add up. */
export function gather(text: string, before: string[] = []): string[] {
  return [...before, text];
}
