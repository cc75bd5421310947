/**
 * The process: reads its arguments, starts, and stops when told to.
 */

import { inspect, parseArgs } from 'node:util';
import { type Config, ConfigError, ROLES, type Role, readConfig } from './config.ts';
import { makeKey } from './keyCommand.ts';
import { realClock } from './real.ts';
import { openStore, type Running, serve, VERSION } from './serve.ts';
import { welcome } from './welcome.ts';

const USAGE = `Mirsal ${VERSION}: events in; ordered, signed, logged webhooks out.

  mirsal serve [--roles api,engine]   start this node (the default)
  mirsal migrate                      bring the database to this version, and end
  mirsal key [--workspace ID | --instance] [--name NAME]
                                      make a new API key where the old one is lost, and print it once
  mirsal help                         this text

Settings are environment variables (MIRSAL_PORT, MIRSAL_DATA_DIR, MIRSAL_DATABASE_URL, …); see README.md.
`;

const say = (text: string): void => {
  process.stdout.write(text);
};

/** Errors whose message says what to do. */
const EXPLAINED = new Set([
  'ConfigError',
  'DatabaseRefused',
  'DirectoryInUse',
  'SecretRefused',
  'StoreUnavailable',
]);

/** What the person at the terminal can act on; null for what is a bug. */
function explain(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (EXPLAINED.has(error.name)) return error.message;
  if ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
    return `${error.message}\n\n${USAGE}`;
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
function stopOnSignal(running: Running): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(130);
    stopping = true;
    running.stop().then(() => process.exit(0), fail);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

async function migrateOnly(config: Config): Promise<void> {
  const store = openStore(config, realClock);
  try {
    const done = await store.migrate();
    say(done.length === 0 ? 'The database is up to date.\n' : `Done: ${done.join(', ')}\n`);
  } finally {
    await store.close();
  }
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      roles: { type: 'string' },
      workspace: { type: 'string' },
      instance: { type: 'boolean' },
      name: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const command = values.help === true ? 'help' : (positionals[0] ?? 'serve');
  switch (command) {
    case 'serve': {
      const running = await serve(readConfig(), readRoles(values.roles));
      stopOnSignal(running);
      say(welcome(running));
      return;
    }
    case 'migrate':
      return migrateOnly(readConfig());
    case 'key':
      say(`${await makeKey(readConfig(), values)}\n`);
      return;
    case 'help':
      say(USAGE);
      return;
    default:
      throw new ConfigError(`There is no command "${command}".\n\n${USAGE}`);
  }
}

main().catch(fail);
