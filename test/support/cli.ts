/** The command line as a process of its own, against a node. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { built } from './built.ts';

export interface CliOptions {
  env?: Record<string, string>;
  /** Standard input. */
  input?: string;
}

export interface CliResult {
  code: number | null;
  out: string;
  err: string;
  /** The output, which is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  json(): any;
}

export interface RunningCli {
  out(): string;
  err(): string;
  /** Resolves to the match once the output or the errors have it; rejects where it ends before. */
  says(pattern: RegExp): Promise<RegExpMatchArray>;
  write(text: string): void;
  /** SIGINT, as by Ctrl-C; resolves to the exit code. */
  interrupt(): Promise<number | null>;
  kill(): Promise<void>;
}

export function startCli(
  args: readonly string[],
  { env = {}, input }: CliOptions = {},
): RunningCli & {
  ended: Promise<number | null>;
} {
  const child = spawn(process.execPath, [built('bin'), ...args], {
    env: {
      ...(process.env.PATH === undefined ? {} : { PATH: process.env.PATH }),
      ...(process.env.TMPDIR === undefined ? {} : { TMPDIR: process.env.TMPDIR }),
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const end = (): boolean => child.kill('SIGKILL');
  process.once('exit', end);
  let out = '';
  let err = '';
  let hasEnded = false;
  const wake: Array<() => void> = [];
  const heard = (): void => {
    for (const resolve of wake.splice(0)) resolve();
  };
  child.stdout.on('data', (chunk) => {
    out += chunk;
    heard();
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
    heard();
  });
  // Where it ends without reading, writing to it fails; its exit code says more.
  child.stdin.on('error', () => {});
  if (input !== undefined) child.stdin.end(input);
  const ended = once(child, 'close').then(([code]) => {
    process.off('exit', end);
    hasEnded = true;
    heard();
    return code as number | null;
  });
  return {
    ended,
    out: () => out,
    err: () => err,
    async says(pattern) {
      for (;;) {
        const found = pattern.exec(out) ?? pattern.exec(err);
        if (found !== null) return found;
        if (hasEnded) throw new Error(`It ended without ${pattern}: ${out}${err}`);
        await new Promise<void>((resolve) => {
          wake.push(resolve);
        });
      }
    },
    write: (text) => void child.stdin.write(text),
    interrupt() {
      child.kill('SIGINT');
      return ended;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const cli = startCli(args, { input: '', ...options });
  const code = await cli.ended;
  return { code, out: cli.out(), err: cli.err(), json: () => JSON.parse(cli.out()) };
}
