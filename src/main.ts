/**
 * The process: the command line (cli/) with the terminal as it is, and with what is done on the machine of a node, which is loaded when
 * it is asked for.
 */

import { inspect } from 'node:util';
import { type Given, type Operator, run } from './cli/program.ts';
import { ConfigError, ROLES, type Role, readConfig } from './config.ts';
import { openTerminal } from './terminal.ts';
import { VERSION } from './version.ts';

const terminal = openTerminal();
const say = (text: string): void => terminal.out(text);

/** Errors whose message says what to do. */
const EXPLAINED = new Set([
  'ConfigError',
  'DatabaseRefused',
  'DirectoryInUse',
  'OperatorError',
  'SecretRefused',
  'StoreUnavailable',
]);

/** What the person at the terminal can act on; null for what is a bug. */
function explain(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (EXPLAINED.has(error.name)) return error.message;
  const { code, port, path, syscall } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `Port ${port} is taken. Choose another with MIRSAL_PORT.`;
  if (code === 'EACCES' || code === 'EROFS') {
    return `${path ?? `Port ${port}`} may not be used by this user. Choose another with MIRSAL_DATA_DIR or MIRSAL_PORT.`;
  }
  // A name or address to listen on that is not this machine's; looking up others is the store's, which says so.
  if (syscall === 'listen' || syscall === 'getaddrinfo') {
    return `This node cannot listen there (${error.message}). Choose another address with MIRSAL_HOST.`;
  }
  return null;
}

/** Ends the process with a message. */
function fail(error: unknown): never {
  process.stderr.write(`mirsal: ${explain(error) ?? inspect(error)}\n`);
  process.exit(1);
}

function readRoles(text: string | undefined): ReadonlySet<Role> {
  if (text === undefined) return new Set(ROLES);
  const roles = text.split(',').map((part) => ROLES.find((role) => role === part.trim()));
  if (roles.includes(undefined)) {
    throw new ConfigError(`--roles takes ${ROLES.join(' and ')}, separated by a comma, not "${text}".`);
  }
  return new Set(roles as Role[]);
}

/** The first signal stops in good order; a second one ends at once. */
function stopOnSignal(running: { stop(): Promise<void> }): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(130);
    stopping = true;
    running.stop().then(() => process.exit(0), fail);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

const operator: Operator = {
  async serve({ roles }) {
    const { serve } = await import('./serve.ts');
    const { welcome } = await import('./welcome.ts');
    const running = await serve(readConfig(), readRoles(roles));
    stopOnSignal(running);
    say(welcome(running));
  },
  async migrate() {
    const { openStore } = await import('./serve.ts');
    const { realClock } = await import('./real.ts');
    const store = openStore(readConfig(), realClock);
    try {
      const done = await store.migrate();
      say(done.length === 0 ? 'The database is up to date.\n' : `Done: ${done.join(', ')}\n`);
    } finally {
      await store.close();
    }
  },
  async key(options) {
    const { makeKey } = await import('./keyCommand.ts');
    say(`${await makeKey(readConfig(), options)}\n`);
  },
  async doctor(options) {
    const { doctor } = await import('./doctor.ts');
    return doctor(terminal, options);
  },
  async backup(file) {
    const { backup } = await import('./backup.ts');
    say(await backup(readConfig(), file));
  },
  async restore(file, options) {
    const { restore } = await import('./backup.ts');
    say(await restore(readConfig(), file, options));
  },
  async resetPassword(email) {
    const { resetPassword } = await import('./resetPassword.ts');
    say(await resetPassword(readConfig(), email));
  },
};

const given: Given = { version: VERSION, terminal, operator, explain };
run(process.argv.slice(2), given).then((code) => {
  // A node goes on, and a command ends by itself. What failed may leave connections behind, so that it is ended once all is written.
  if (code !== 0) process.stdout.write('', () => process.exit(code));
}, fail);
