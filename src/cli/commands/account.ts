/** `mirsal login`, `logout` and `api`: whom the command line acts for, and whatever else the API can do. */

import type { Command } from 'commander';
import { Mirsal } from '../../sdk/sdk.ts';
import { connect, type GlobalOptions, printJson } from '../cli.ts';
import { readRemembered, remember } from '../profiles.ts';
import { type Terminal, UsageError } from '../terminal.ts';
import { readObject } from './endpoints.ts';

export function accountCommands(program: Command, terminal: Terminal): void {
  program
    .command('login')
    .description('remember where Mirsal is, and a key for it')
    .action(async (_options: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const name = options.profile ?? 'default';
      const url = options.url ?? terminal.settings.url ?? (await terminal.ask('Where is Mirsal? '))?.trim();
      if (url === undefined || !URL.canParse(url))
        throw new UsageError('Say where Mirsal is: --url https://hooks.example.com.');
      const apiKey = options.apiKey ?? terminal.settings.apiKey ?? (await terminal.ask('API key: '))?.trim();
      if (apiKey === undefined || apiKey === '')
        throw new UsageError('Say a key: --api-key, or MIRSAL_API_KEY.');
      const { workspace } = options;
      const { version } = await new Mirsal({
        url,
        apiKey,
        ...(workspace === undefined ? {} : { workspace }),
      }).meta.get();
      const profile = { url, api_key: apiKey, ...(workspace === undefined ? {} : { workspace }) };
      remember(terminal.home, (all) => ({ ...all, profiles: { ...all.profiles, [name]: profile } }));
      terminal.err(`Mirsal ${version} at ${url}: remembered as "${name}".\n`);
    });
  program
    .command('logout')
    .description('forget them')
    .action((_options: object, command: Command) => {
      const name = command.optsWithGlobals<GlobalOptions>().profile ?? 'default';
      if (readRemembered(terminal.home).profiles[name] === undefined) {
        throw new UsageError(`There is no profile "${name}".`);
      }
      remember(terminal.home, (all) => {
        const { [name]: _, ...profiles } = all.profiles;
        return { ...all, profiles };
      });
      terminal.err(`"${name}" is forgotten; its key is still in force until you revoke it.\n`);
    });
  program
    .command('api <method> <path>')
    .description('any call of the API, such as GET /v1/settings; prints the answer as JSON')
    .option('--data <file>', 'its body as JSON; - for standard input')
    .action(async (method: string, path: string, { data }: { data?: string }, command: Command) => {
      const cli = connect(terminal, command);
      if (!path.startsWith('/v1/')) throw new UsageError(`Paths begin with /v1/, not "${path}".`);
      const body = data === undefined ? undefined : await readObject(terminal, data);
      const answer = await cli.mirsal.request(method, path, body);
      if (answer !== undefined) printJson(cli, answer);
    });
}
