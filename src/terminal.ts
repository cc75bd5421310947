/** The terminal that the command line runs in, as it really is. */

import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { buffer } from 'node:stream/consumers';
import type { Terminal } from './cli/terminal.ts';
import { readTerminalSettings } from './config.ts';
import { realClock } from './real.ts';

const DEFAULT_COLUMNS = 100;

export function openTerminal(): Terminal {
  const { home, color, ...settings } = readTerminalSettings();
  const { stdin, stdout, stderr } = process;
  // `mirsal events list | head` has seen enough: that is no error.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exitCode = 0;
    stdout.destroy();
  });
  let interruption: AbortController | null = null;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    readInput: () => buffer(stdin),
    async ask(question) {
      if (stdin.isTTY !== true) return null;
      const lines = createInterface({ input: stdin, output: stderr });
      const closed = once(lines, 'close').then(() => null);
      try {
        return await Promise.race([lines.question(question), closed]);
      } finally {
        lines.close();
      }
    },
    isTty: { out: stdout.isTTY === true, err: stderr.isTTY === true },
    color: color ?? stdout.isTTY === true,
    columns: stdout.columns ?? DEFAULT_COLUMNS,
    settings,
    home,
    now: realClock.now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const timer = realClock.after(ms, () => resolve());
        const stop = (): void => {
          timer.cancel();
          reject(signal?.reason);
        };
        if (signal?.aborted === true) stop();
        else signal?.addEventListener('abort', stop, { once: true });
      }),
    interrupted() {
      if (interruption !== null) return interruption.signal;
      const controller = new AbortController();
      interruption = controller;
      const stop = (): void => controller.abort(new Error('It was interrupted.'));
      // Once: the second ends the process as if nobody listened.
      process.once('SIGINT', stop);
      process.once('SIGTERM', stop);
      return controller.signal;
    },
  };
}
