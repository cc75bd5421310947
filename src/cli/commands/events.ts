/** `mirsal events`: what was accepted, as it comes, and what each subscription, rule and workflow said to it. */

import type { Command } from 'commander';
import type { Schemas } from '../../sdk/sdk.ts';
import { type Cli, connect, printJson, printLine, readCount, shown, take } from '../cli.ts';
import { ago, list, moment, table } from '../table.ts';
import { inLine, state, styled, type Terminal } from '../terminal.ts';
import { indented, readSince, why } from './deliveries.ts';

interface ListOptions {
  limit: number;
  type?: string;
  subject?: string;
  since?: string;
}

export function eventCommands(program: Command, terminal: Terminal): void {
  const events = program
    .command('events')
    .description('watch events come in, list them, and see what became of them');
  events
    .command('tail')
    .description('events as they are accepted, until Ctrl-C')
    .option('-n, --limit <number>', 'how many of those before', readCount, 10)
    .option('--type <event type>', 'of this type')
    .option('--data', 'with their data')
    .action((options: { limit: number; type?: string; data?: boolean }, command: Command) =>
      tail(connect(terminal, command), options),
    );
  events
    .command('list')
    .description('events, newest first')
    .option('-n, --limit <number>', 'how many', readCount, 25)
    .option('--type <event type>', 'of this type')
    .option('--subject <subject>', 'about this contact')
    .option('--since <time>', 'from then on: 2h, 7d, or a time')
    .action(async (options: ListOptions, command: Command) => {
      const cli = connect(terminal, command);
      const { limit, type, subject, since } = options;
      const query = { type, subject, since: readSince(since, terminal), limit: Math.min(100, limit) };
      const data = await take(cli.mirsal.events.list(query), limit);
      if (cli.json) return printJson(cli, { data });
      if (data.length === 0) return terminal.err('There are no such events.\n');
      const rows = data.map((event) => [
        inLine(event.id),
        inLine(event.type),
        inLine(event.subject ?? ''),
        String(event.delivery_count),
        ago(event.accepted_at, terminal.now()),
      ]);
      terminal.out(table(['EVENT', 'TYPE', 'SUBJECT', 'DELIVERIES', 'ACCEPTED'], rows));
    });
  events
    .command('show <id>')
    .description('an event: its data, its deliveries, and who said yes or no to it, and why')
    .action(async (id: string, _options: object, command: Command) => {
      const cli = connect(terminal, command);
      const event = await cli.mirsal.events.get(id);
      if (cli.json) return printJson(cli, event);
      showEvent(terminal, event);
    });
}

export function showEvent(terminal: Terminal, event: Schemas.EventDetail): void {
  terminal.out(
    list([
      ['event', inLine(event.id)],
      ['type', inLine(event.type)],
      ['subject', inLine(event.subject ?? '')],
      ['happened', moment(event.created_at)],
      ['accepted', moment(event.accepted_at)],
      ['note', inLine(event.reason ?? '')],
    ]),
  );
  const heading = (text: string): void => terminal.out(`\n${styled(terminal, 'bold', text)}\n`);
  heading('Data');
  const data = event.body_expired ? '(it is no longer kept)' : JSON.stringify(event.data, null, 2);
  terminal.out(indented(data, '  '));
  heading(event.deliveries.length === 0 ? 'No deliveries' : 'Deliveries');
  for (const delivery of event.deliveries) {
    const { id, endpoint_id, attempt_count } = delivery;
    const tries = `${attempt_count} ${attempt_count === 1 ? 'try' : 'tries'}`;
    terminal.out(
      `  ${id}  ${state(terminal, delivery.state)}  ${endpoint_id}  ${tries}  ${inLine(why(delivery))}\n`,
    );
  }
  if (event.verdicts.length === 0) return;
  heading('Verdicts');
  for (const verdict of event.verdicts) terminal.out(`  ${verdictLine(terminal, verdict)}\n`);
}

function verdictLine(terminal: Terminal, verdict: Schemas.Verdict): string {
  const { source, endpoint_id, matched, reason, clause, actual } = verdict;
  const who = `${source.kind} ${source.id ?? endpoint_id ?? ''}`.trim();
  const said = styled(terminal, matched ? 'green' : 'yellow', matched ? 'yes' : 'no ');
  const failed =
    clause === undefined || clause === null ? '' : `  ${shown(clause)}, and found ${shown(actual ?? null)}`;
  return `${said}  ${who}  ${inLine(reason ?? '')}${failed}`;
}

/** The stream says that there is something, the list says what; so nothing is missed where the connection breaks. */
async function tail(
  cli: Cli,
  { limit, type, data = false }: { limit: number; type?: string; data?: boolean },
): Promise<void> {
  const { terminal, mirsal } = cli;
  const signal = terminal.interrupted();
  const newest = (most: number) =>
    take(mirsal.events.list({ type, limit: Math.min(100, most) }, { signal }), most);
  const show = async (events: readonly Schemas.Event[]): Promise<void> => {
    for (const event of events.toReversed()) {
      const whole = data ? await mirsal.events.get(event.id, { signal }) : event;
      if (cli.json) printLine(cli, whole);
      else terminal.out(tailLine(terminal, event, data ? (whole as Schemas.EventDetail).data : undefined));
    }
  };
  try {
    const before = await newest(limit);
    await show(before);
    let last = before[0];
    if (terminal.isTty.err) terminal.err('Waiting for events; Ctrl-C ends it.\n');
    for await (const { event, hints } of mirsal.stream({ kinds: ['event'], signal })) {
      if (event === 'changed' && hints.length === 0) continue;
      const fresh: Schemas.Event[] = [];
      for await (const one of mirsal.events.list({ type, limit: 100 }, { signal })) {
        if (one.id === last?.id || (last !== undefined && one.accepted_at < last.accepted_at)) break;
        fresh.push(one);
      }
      last = fresh[0] ?? last;
      await show(fresh);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function tailLine(terminal: Terminal, event: Schemas.Event, data: unknown): string {
  const { accepted_at, type, id, subject, delivery_count, test } = event;
  const time = styled(terminal, 'gray', accepted_at.slice(11, 19));
  const to = `${delivery_count} ${delivery_count === 1 ? 'delivery' : 'deliveries'}`;
  const about = subject === null ? '' : `  ${inLine(subject)}`;
  const rest = data === undefined ? '' : `  ${inLine(JSON.stringify(data))}`;
  return `${time}  ${styled(terminal, 'bold', inLine(type))}  ${inLine(id)}  ${to}${test ? '  test' : ''}${about}${rest}\n`;
}
