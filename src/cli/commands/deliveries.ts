/** `mirsal deliveries`: what became of events at their endpoints, with every attempt. */

import type { Command } from 'commander';
import type { Schemas } from '../../sdk/sdk.ts';
import { MirsalError } from '../../sdk/sdk.ts';
import { connect, printJson, readCount, take } from '../cli.ts';
import { ago, list, moment, readMoment, table } from '../table.ts';
import { Failed, inLine, safe, state, styled, type Terminal, UsageError } from '../terminal.ts';

interface ListOptions {
  limit: number;
  endpoint?: string;
  event?: string;
  state?: string;
  type?: string;
  subject?: string;
  since?: string;
}

export function deliveryCommands(program: Command, terminal: Terminal): void {
  const deliveries = program.command('deliveries').description('list deliveries, look into them, retry them');
  deliveries
    .command('list')
    .description('deliveries, newest first')
    .option('-n, --limit <number>', 'how many', readCount, 25)
    .option('--endpoint <id>', 'of this endpoint (ep_…)')
    .option('--event <id>', 'of this event')
    .option('--state <state>', 'pending, sending, waiting, held, delivered, dropped or skipped')
    .option('--type <event type>', 'of events of this type')
    .option('--subject <subject>', 'about this contact')
    .option('--since <time>', 'made from then on: 2h, 7d, or a time')
    .action(async (options: ListOptions, command: Command) => {
      const cli = connect(terminal, command);
      const query = {
        endpoint_id: options.endpoint,
        event_id: options.event,
        state: options.state as never,
        type: options.type,
        subject: options.subject,
        since: readSince(options.since, terminal),
        limit: Math.min(100, options.limit),
      };
      const data = await take(cli.mirsal.deliveries.list(query), options.limit);
      if (cli.json) return printJson(cli, { data });
      if (data.length === 0) return terminal.err('There are no such deliveries.\n');
      const rows = data.map((delivery) => [
        delivery.id,
        state(terminal, delivery.state),
        inLine(delivery.event_type),
        delivery.endpoint_id,
        String(delivery.attempt_count),
        ago(delivery.created_at, terminal.now()),
        inLine(why(delivery)),
      ]);
      terminal.out(table(['DELIVERY', 'STATE', 'TYPE', 'ENDPOINT', 'TRIES', 'MADE', 'WHY'], rows));
    });
  deliveries
    .command('show <id>')
    .description('a delivery with every attempt, as sent and as answered')
    .option('--bodies', 'with the bodies of requests and answers')
    .action(async (id: string, { bodies = false }: { bodies?: boolean }, command: Command) => {
      const cli = connect(terminal, command);
      const delivery = await cli.mirsal.deliveries.get(id);
      if (cli.json) return printJson(cli, delivery);
      showDelivery(terminal, delivery);
      for (const attempt of delivery.attempts) showAttempt(terminal, attempt, bodies);
    });
  changeCommand(
    deliveries,
    terminal,
    'retry',
    'try these again now, or send again what was dropped or skipped',
  );
  changeCommand(deliveries, terminal, 'skip', 'give these up, so that what is behind them goes on');
}

function changeCommand(deliveries: Command, terminal: Terminal, name: 'retry' | 'skip', said: string): void {
  deliveries
    .command(`${name} <ids...>`)
    .description(said)
    .action(async (ids: string[], _options: object, command: Command) => {
      const cli = connect(terminal, command);
      const done: Array<{ id: string; delivery: Schemas.Delivery | null; error: string | null }> = [];
      for (const id of ids) {
        try {
          done.push({ id, delivery: await cli.mirsal.deliveries[name](id), error: null });
        } catch (error) {
          // Of many, one that cannot be is said, and the others are done.
          if (!(error instanceof MirsalError) || error.status < 400 || error.status >= 500) throw error;
          if (error.status === 401 || error.status === 403) throw error;
          done.push({ id, delivery: null, error: `${error.code}: ${error.message}` });
        }
      }
      if (cli.json) printJson(cli, { data: done });
      else {
        for (const { id, delivery, error } of done) {
          const told =
            delivery === null ? `${state(terminal, 'failed')}  ${error}` : state(terminal, delivery.state);
          terminal.out(`${delivery?.id ?? id}  ${told}\n`);
        }
      }
      const failed = done.filter(({ error }) => error !== null).length;
      if (failed > 0) throw new Failed(`${failed} of ${ids.length} could not be done.`);
    });
}

export function readSince(text: string | undefined, terminal: Terminal): string | undefined {
  if (text === undefined) return undefined;
  const at = readMoment(text, terminal.now());
  if (at === null)
    throw new UsageError(`"${text}" is no time: it is such as 45m, 2h, 7d or 2026-01-31T09:00:00Z.`);
  return at;
}

/** Why it stands where it stands, as far as that is said. */
export function why({ waiting_for, reason, reason_text }: Schemas.Delivery): string {
  return waiting_for?.text ?? reason_text ?? reason ?? '';
}

function showDelivery(terminal: Terminal, delivery: Schemas.DeliveryDetail): void {
  const { source, replay_of, resolved_by } = delivery;
  terminal.out(
    list([
      ['delivery', delivery.id],
      ['state', state(terminal, delivery.state)],
      ['why', inLine(why(delivery))],
      ['event', `${inLine(delivery.event_id)} (${inLine(delivery.event_type)})`],
      ['endpoint', delivery.endpoint_id],
      ['asked by', source.kind === 'subscription' ? 'its subscription' : `${source.kind} ${source.id ?? ''}`],
      ['webhook-id', inLine(delivery.webhook_id)],
      ['sequence', String(delivery.sequence)],
      ['repeats', replay_of],
      ['made good by', resolved_by],
      ['made', moment(delivery.created_at)],
      ['ended', moment(delivery.ended_at)],
      ['next attempt', moment(delivery.next_attempt_at)],
    ]),
  );
}

function showAttempt(terminal: Terminal, attempt: Schemas.AttemptDetail, bodies: boolean): void {
  const { number, started_at, duration_ms, outcome, status, error_text, error, request, response } = attempt;
  const good = outcome === 'success';
  const head = `attempt ${number}  ${moment(started_at)}  ${duration_ms} ms  ${status ?? outcome}`;
  terminal.out(`\n${styled(terminal, good ? 'green' : 'red', head)}\n`);
  const said = error_text ?? error;
  if (said !== null && said !== undefined) terminal.out(`  ${inLine(said)}\n`);
  terminal.out(`  POST ${inLine(request.readable_url ?? request.url)}\n`);
  if (!bodies) return;
  for (const [name = '', value = ''] of request.headers)
    terminal.out(`  > ${inLine(name)}: ${inLine(value)}\n`);
  terminal.out(indented(request.body ?? '(the body is no longer kept)', '  > '));
  if (response === null) return;
  for (const [name = '', value = ''] of response.headers)
    terminal.out(`  < ${inLine(name)}: ${inLine(value)}\n`);
  terminal.out(indented(response.body, '  < '));
}

export function indented(text: string, before: string): string {
  if (text === '') return '';
  return `${safe(text)
    .split('\n')
    .map((line) => `${before}${line}`)
    .join('\n')}\n`;
}
