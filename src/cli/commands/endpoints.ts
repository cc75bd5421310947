/** `mirsal endpoints`: where webhooks go. */

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Schemas } from '../../sdk/sdk.ts';
import { type Cli, connect, gather, printJson } from '../cli.ts';
import { list, moment, table } from '../table.ts';
import { Failed, inLine, state, type Terminal, UsageError } from '../terminal.ts';
import { waitForDelivery } from '../waiting.ts';

interface CreateOptions {
  type?: string[];
  name?: string;
  from?: string;
}

export function endpointCommands(program: Command, terminal: Terminal): void {
  const endpoints = program
    .command('endpoints')
    .description('list, connect, enable, disable and test endpoints');
  endpoints
    .command('list')
    .description('endpoints, newest first')
    .action(async (_options: object, command: Command) => {
      const cli = connect(terminal, command);
      const data = await Array.fromAsync(cli.mirsal.endpoints.list({ limit: 100 }));
      if (cli.json) return printJson(cli, { data });
      if (data.length === 0)
        return terminal.err('There are no endpoints yet: `mirsal endpoints create URL`.\n');
      const rows = data.map((endpoint) => [
        endpoint.id,
        state(terminal, endpoint.enabled ? 'enabled' : 'disabled'),
        inLine(endpoint.name),
        inLine(endpoint.url),
        inLine(endpoint.event_types.join(', ')),
      ]);
      terminal.out(table(['ENDPOINT', 'STATE', 'NAME', 'URL', 'EVENT TYPES'], rows));
    });
  endpoints
    .command('show <id>')
    .description('an endpoint')
    .action(async (id: string, _options: object, command: Command) => {
      const cli = connect(terminal, command);
      show(cli, await cli.mirsal.endpoints.get(id));
    });
  createCommand(endpoints, terminal);
  stateCommands(endpoints, terminal);
  testCommand(endpoints, terminal);
}

function createCommand(endpoints: Command, terminal: Terminal): void {
  endpoints
    .command('create [url]')
    .description('connect an endpoint, and show its secret')
    .option('-t, --type <event type>', 'what it gets; may be repeated', gather)
    .option('--name <name>', 'a name for people')
    .option('--from <file>', 'all of it as JSON, as the API takes it; - for standard input')
    .action(async (url: string | undefined, { type, name, from }: CreateOptions, command: Command) => {
      const cli = connect(terminal, command);
      const written = from === undefined ? {} : await readObject(terminal, from);
      const input = {
        ...written,
        ...(url === undefined ? {} : { url }),
        ...(type === undefined ? {} : { event_types: type }),
        ...(name === undefined ? {} : { name }),
      } as Schemas.NewEndpoint;
      if (input.url === undefined) throw new UsageError('Say the URL, as the argument or in --from.');
      const created = await cli.mirsal.endpoints.create(input);
      show(cli, created);
      if (!cli.json && terminal.isTty.err)
        terminal.err('\nVerify with the secret what you receive: docs/sdk.md.\n');
    });
}

function stateCommands(endpoints: Command, terminal: Terminal): void {
  endpoints
    .command('enable <id>')
    .description('send to it again')
    .option('--held <choice>', 'what becomes of what was held meanwhile: send or skip')
    .action(async (id: string, { held }: { held?: string }, command: Command) => {
      const cli = connect(terminal, command);
      if (held !== undefined && held !== 'send' && held !== 'skip') {
        throw new UsageError('--held is send or skip.');
      }
      show(cli, await cli.mirsal.endpoints.enable(id, held === undefined ? {} : { held }));
    });
  endpoints
    .command('disable <id>')
    .description('hold what comes for it')
    .action(async (id: string, _options: object, command: Command) => {
      const cli = connect(terminal, command);
      show(cli, await cli.mirsal.endpoints.disable(id));
    });
}

function testCommand(endpoints: Command, terminal: Terminal): void {
  endpoints
    .command('test <id>')
    .description("send it a sample, and show what it answers; with exit code 1 where it doesn't arrive")
    .option('-t, --type <event type>', "of this type; the endpoint's first one if absent")
    .action(async (id: string, { type }: { type?: string }, command: Command) => {
      const cli = connect(terminal, command);
      const endpoint = await cli.mirsal.endpoints.get(id);
      const event_type =
        type ?? endpoint.event_types.find((name) => !name.includes('*')) ?? 'contact.optin.completed';
      const { delivery_id } = await cli.mirsal.endpoints.test(id, { event_type });
      const delivery = await waitForDelivery(cli, delivery_id);
      if (cli.json) printJson(cli, delivery);
      else {
        const [last] = delivery.attempts.toReversed();
        const answered = last === undefined ? '' : `  ${last.status ?? last.outcome}  ${last.duration_ms} ms`;
        terminal.out(`${delivery.id}  ${state(terminal, delivery.state)}${answered}\n`);
      }
      if (delivery.state !== 'delivered') {
        throw new Failed(`It has not arrived: \`mirsal deliveries show ${delivery.id} --bodies\` says more.`);
      }
    });
}

function show(cli: Cli, endpoint: Schemas.Endpoint & { secret?: string }): void {
  const { terminal } = cli;
  if (cli.json) {
    printJson(cli, endpoint);
    return;
  }
  const { disabled, ordering, condition } = endpoint;
  const lanes = 'lanes' in ordering ? ` in ${ordering.lanes} lanes` : '';
  terminal.out(
    list([
      ['endpoint', endpoint.id],
      ['name', inLine(endpoint.name)],
      ['url', inLine(endpoint.url)],
      ['state', state(terminal, endpoint.enabled ? 'enabled' : 'disabled')],
      [
        'disabled',
        disabled === null ? null : `${moment(disabled.at)} by ${inLine(disabled.by)} (${disabled.reason})`,
      ],
      ['event types', inLine(endpoint.event_types.join(', '))],
      ['condition', condition === null ? null : inLine(JSON.stringify(condition))],
      ['order', `by ${ordering.by}${lanes}`],
      [
        'retry',
        'preset' in endpoint.retry ? endpoint.retry.preset : `after ${endpoint.retry.waits_s.join(', ')} s`,
      ],
      ['secret', endpoint.secret],
    ]),
  );
}

/** A JSON object of a file, or of standard input. */
export async function readObject(terminal: Terminal, path: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = path === '-' ? new TextDecoder().decode(await terminal.readInput()) : readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`);
  }
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {}
  throw new UsageError(`${path === '-' ? 'Standard input' : path} holds no JSON object.`);
}
