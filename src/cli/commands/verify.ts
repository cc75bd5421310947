/** `mirsal verify`: whether a request is signed with a secret, and why it is not. Needs no server. */

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { verify, WebhookError } from '../../sdk/sdk.ts';
import { gather } from '../cli.ts';
import { list } from '../table.ts';
import { Failed, inLine, state, type Terminal, UsageError } from '../terminal.ts';

interface VerifyOptions {
  secret: string[];
  header?: string[];
  headers?: string;
  body?: string;
  tolerance?: string;
  json?: boolean;
}

export function verifyCommand(program: Command, terminal: Terminal): void {
  program
    .command('verify')
    .description('whether a request is signed with a secret, and why it is not')
    .requiredOption('--secret <secret>', 'whsec_… or whpk_…; may be repeated', gather)
    .option('-H, --header <name: value>', 'a header of the request; may be repeated', gather)
    .option('--headers <file>', 'a file with its headers, one a line')
    .option('--body <file>', 'its body, byte for byte; standard input if absent')
    .option(
      '--tolerance <seconds>',
      'how old it may be; 0 for any age (as for requests kept in a file)',
      '300',
    )
    .action(async (_options: object, command: Command) => {
      const options = command.optsWithGlobals<VerifyOptions>();
      const headers = readHeaders(options);
      const body = options.body === undefined ? await terminal.readInput() : readBytes(options.body);
      const toleranceS = Number(options.tolerance);
      if (!Number.isInteger(toleranceS) || toleranceS < 0)
        throw new UsageError('--tolerance is a number of seconds.');
      const json = options.json === true;
      try {
        const {
          event: _,
          sentAt,
          ...webhook
        } = await verify({ headers, body }, { secrets: options.secret, toleranceS });
        if (json) terminal.out(`${JSON.stringify({ valid: true, sent_at: sentAt, ...webhook })}\n`);
        else {
          terminal.out(
            list([
              ['signature', state(terminal, 'valid')],
              ['webhook-id', inLine(webhook.id)],
              ['sent', sentAt.toISOString()],
              ['type', inLine(webhook.type ?? '')],
            ]),
          );
        }
      } catch (error) {
        if (error instanceof TypeError) throw new UsageError(error.message);
        if (!(error instanceof WebhookError)) throw error;
        const { code, message } = error;
        if (json) terminal.out(`${JSON.stringify({ valid: false, code, message })}\n`);
        else
          terminal.out(
            list([
              ['signature', state(terminal, 'invalid')],
              ['why', code],
            ]),
          );
        throw new Failed(message);
      }
    });
}

function readHeaders({ header = [], headers }: VerifyOptions): Record<string, string> {
  const lines = [
    ...(headers === undefined ? [] : readBytes(headers).toString('utf8').split(/\r?\n/)),
    ...header,
  ];
  const pairs = lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      if (colon < 1) throw new UsageError(`"${line}" is no header, such as webhook-id: msg_1.`);
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    });
  return Object.fromEntries(pairs);
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`);
  }
}
