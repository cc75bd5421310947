/**
 * The command line: all commands, their help, and what their errors become. 0 is done, 1 is that it went wrong, 2 that it was not used as
 * it can be. commander reads the arguments: it has no dependencies, nested commands with help, and a tree of them to make completion of.
 */

import { Command, CommanderError, Option } from 'commander';
import { MirsalError } from '../sdk/sdk.ts';
import { connect } from './cli.ts';
import { accountCommands } from './commands/account.ts';
import { deliveryCommands } from './commands/deliveries.ts';
import { endpointCommands } from './commands/endpoints.ts';
import { eventCommands } from './commands/events.ts';
import { listenCommand } from './commands/listen.ts';
import { replayCommand } from './commands/replay.ts';
import { triggerCommand } from './commands/trigger.ts';
import { verifyCommand } from './commands/verify.ts';
import { completionFor, SHELLS, type Shell } from './completion.ts';
import { Failed, inLine, safe, type Terminal, UsageError } from './terminal.ts';

/** What is done on the machine of the node, with its settings and its database. It says itself what it has to say. */
export interface Operator {
  serve(options: { roles?: string }): Promise<void>;
  migrate(): Promise<void>;
  key(options: { workspace?: string; instance?: boolean; name?: string }): Promise<void>;
  doctor(options: { json: boolean }): Promise<boolean>;
  backup(file: string): Promise<void>;
  restore(file: string, options: { force: boolean }): Promise<void>;
  resetPassword(email: string): Promise<void>;
}

export interface Given {
  version: string;
  terminal: Terminal;
  operator: Operator;
  /** Says what a person can act on; null for what is a bug. */
  explain(error: unknown): string | null;
}

/** Runs one command; resolves to the exit code. Rejects with what is a bug. */
export async function run(args: readonly string[], given: Given): Promise<number> {
  const { terminal } = given;
  const program = createProgram(given);
  // Without a command, this is a node that is to start.
  const all = args.length === 0 ? ['serve'] : [...args];
  try {
    await program.parseAsync(all, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError) {
      terminal.err(`mirsal: ${safe(error.message)}\n`);
      return 2;
    }
    const said = error instanceof Failed ? error.message : (explainCall(error) ?? given.explain(error));
    if (said === null) throw error;
    terminal.err(`mirsal: ${safe(said)}\n`);
    return 1;
  }
}

function explainCall(error: unknown): string | null {
  if (!(error instanceof MirsalError)) return null;
  const { code, message } = error;
  const hint =
    code === 'unauthenticated'
      ? ' Is it the key of this installation? `mirsal key` makes another one on its machine.'
      : code === 'network_error'
        ? ' Is it running, and is this its address?'
        : '';
  return `${inLine(message)}${hint} (${code})`;
}

const WITH_A_NODE = 'Working with a node:';

export function createProgram(given: Given): Command {
  const { terminal, version } = given;
  const program = new Command('mirsal')
    .description('Events in; ordered, signed, logged webhooks out.')
    .version(version, '-V, --version', 'the version')
    .option('--url <url>', 'where Mirsal is (MIRSAL_URL)')
    .option('--api-key <key>', 'a key for it (MIRSAL_API_KEY)')
    .option('--workspace <id>', 'with a key of the installation: for this workspace (ws_…)')
    .option('--profile <name>', 'one that `mirsal login` has saved (MIRSAL_PROFILE)')
    .option('--json', 'for programs: JSON in the place of tables')
    .helpOption('-h, --help', 'help for a command')
    .addHelpCommand(new Command('help [command]').description('help for a command').helpGroup(WITH_A_NODE))
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      getOutHelpWidth: () => Math.min(terminal.columns, 110),
      getErrHelpWidth: () => Math.min(terminal.columns, 110),
      outputError: (text, write) => write(text.replace(/^error: /, 'mirsal: ')),
    })
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 it went wrong, 2 it was not used like this. Settings of a node: docs/deployment.md.',
    );
  operatorCommands(program, given);
  program.commandsGroup(WITH_A_NODE);
  listenCommand(program, terminal);
  triggerCommand(program, terminal);
  eventCommands(program, terminal);
  deliveryCommands(program, terminal);
  endpointCommands(program, terminal);
  replayCommand(program, terminal);
  verifyCommand(program, terminal);
  accountCommands(program, terminal);
  toolCommands(program, given);
  return program;
}

function operatorCommands(program: Command, { operator }: Given): void {
  program.commandsGroup('On the machine of a node:');
  program
    .command('serve')
    .description('start a node (also where no command is named)')
    .option('--roles <roles>', 'api, engine, or both separated by a comma')
    .action((options: { roles?: string }) => operator.serve(options));
  program
    .command('migrate')
    .description('bring the database to this version')
    .action(() => operator.migrate());
  program
    .command('key')
    .description('make a new API key where the old one is lost, and print it once')
    .addOption(new Option('--workspace <id>', 'of this workspace; the first one if absent'))
    .option('--instance', 'of the installation')
    .option('--name <name>', 'a name for people')
    .action((_options: object, command: Command) => operator.key(command.optsWithGlobals()));
  program
    .command('doctor')
    .description(
      'look whether a node can do its work here: settings, database, secret, clock, DNS, mail, disk, port',
    )
    .action(async (_options: object, command: Command) => {
      const isWell = await operator.doctor({ json: command.optsWithGlobals().json === true });
      if (!isWell) throw new Failed('Something is not as it has to be.');
    });
  program
    .command('backup <file>')
    .description('a copy of the SQLite database, also while the node runs')
    .action((file: string) => operator.backup(file));
  program
    .command('restore <file>')
    .description('put such a copy in the place of the database; the node is stopped')
    .option('--force', 'also where there is a database, which is kept beside it')
    .action((file: string, { force = false }: { force?: boolean }) => operator.restore(file, { force }));
  program
    .command('reset-password <email>')
    .description('a link with which this person may set a new password, where no mail is sent')
    .action((email: string) => operator.resetPassword(email));
}

function toolCommands(program: Command, { terminal, version }: Given): void {
  program
    .command('mcp')
    .description('a Model Context Protocol server over standard input and output, for assistants')
    .option('--allow-writes', 'let it send again, too; it only reads otherwise')
    .action(async ({ allowWrites = false }: { allowWrites?: boolean }, command: Command) => {
      const cli = connect(terminal, command);
      // Loaded for those who want it: it is as large as the rest.
      const { serveMcp } = await import('./mcp.ts');
      await serveMcp(cli, { allowWrites, version });
    });
  program
    .command('completion <shell>')
    .description(`completion for ${SHELLS.join(', ')}: \`source <(mirsal completion bash)\``)
    .action((name: string) => {
      const shell = SHELLS.find((one) => one === name) as Shell | undefined;
      if (shell === undefined)
        throw new UsageError(`There is completion for ${SHELLS.join(', ')}, not for "${name}".`);
      terminal.out(completionFor(shell, program));
    });
}
