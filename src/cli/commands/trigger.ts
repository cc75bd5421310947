/** `mirsal trigger`: publishes the sample of an event type, with changes. */

import type { Command } from 'commander';
import type { Schemas } from '../../sdk/sdk.ts';
import { type Cli, connect, gather, printJson } from '../cli.ts';
import { inLine, state, type Terminal, UsageError } from '../terminal.ts';
import { waitForEvent } from '../waiting.ts';
import { why } from './deliveries.ts';
import { readObject } from './endpoints.ts';

interface TriggerOptions {
  set?: string[];
  data?: string;
  sample?: string;
  id?: string;
  wait?: boolean;
}

export function triggerCommand(program: Command, terminal: Terminal): void {
  program
    .command('trigger <event-type>')
    .description("publish an event: its type's sample, with changes")
    .option(
      '-s, --set <path=value>',
      'change a member, such as data.contact.email=a@example.com; may be repeated',
      gather,
    )
    .option('--data <file>', 'data in the place of the sample; - for standard input')
    .option('--sample <name>', 'this sample; the first one if absent')
    .option('--id <id>', 'the id of the event')
    .option('--no-wait', 'do not wait for its deliveries')
    .addHelpText(
      'after',
      '\nValues are JSON where they can be read as such, and texts otherwise: --set data.contact.id=7',
    )
    .action(async (type: string, options: TriggerOptions, command: Command) => {
      const cli = connect(terminal, command);
      const base =
        options.data === undefined
          ? await sampleOf(cli, type, options.sample)
          : await readObject(terminal, options.data);
      const event = { data: base } as { data: Record<string, unknown>; account?: Record<string, unknown> };
      for (const text of options.set ?? []) setMember(event, text);
      const { data, account } = event;
      const accepted = await cli.mirsal.events.publish({
        type,
        data,
        ...(account === undefined ? {} : { account }),
        ...(options.id === undefined ? {} : { id: options.id }),
      });
      if (options.wait === false || accepted.deliveries === 0) return tellAccepted(cli, accepted);
      if (!cli.json) tellAccepted(cli, accepted);
      tellDeliveries(cli, await waitForEvent(cli, accepted.id));
    });
}

function tellAccepted(cli: Cli, accepted: Schemas.AcceptedEvent): void {
  const { terminal } = cli;
  if (cli.json) {
    printJson(cli, accepted);
    return;
  }
  const { id, deliveries, runs } = accepted;
  const followed = runs === 0 ? '' : `, ${runs} ${runs === 1 ? 'run' : 'runs'}`;
  terminal.out(
    `${inLine(id)}  accepted, ${deliveries} ${deliveries === 1 ? 'delivery' : 'deliveries'}${followed}\n`,
  );
  if (deliveries === 0 && runs === 0) {
    terminal.err(`Nothing wanted it; \`mirsal events show ${inLine(id)}\` says who said no, and why.\n`);
  }
}

function tellDeliveries(cli: Cli, event: Schemas.EventDetail): void {
  if (cli.json) {
    printJson(cli, event);
    return;
  }
  for (const delivery of event.deliveries) {
    const [last] = delivery.attempts.toReversed();
    const answered =
      last === undefined
        ? `  ${inLine(why(delivery))}`
        : `  ${last.status ?? last.outcome}  ${last.duration_ms} ms`;
    cli.terminal.out(
      `  ${delivery.id}  ${state(cli.terminal, delivery.state)}  ${delivery.endpoint_id}${answered}\n`,
    );
  }
}

async function sampleOf(
  { mirsal }: Cli,
  name: string,
  wanted: string | undefined,
): Promise<Record<string, unknown>> {
  const type = await mirsal.eventTypes.get(name);
  const sample = wanted === undefined ? type.samples[0] : type.samples.find((one) => one.name === wanted);
  if (sample !== undefined) return dataOf(type, sample.body as Record<string, unknown>);
  const known = type.samples.map((one) => one.name).join(', ');
  throw new UsageError(
    known === ''
      ? `${name} has no sample: give its data with --data.`
      : `${name} has no such sample; it has ${known}.`,
  );
}

/** Samples are bodies as receivers get them. */
function dataOf({ family }: Schemas.EventType, body: Record<string, unknown>): Record<string, unknown> {
  if (family !== 'messaging') return (body.data ?? {}) as Record<string, unknown>;
  const { event_type: _type, event_id: _id, ...data } = body;
  return data;
}

/** `data.contact.tags.0=VIP`. Objects on the way are made where they are not there. */
export function setMember(event: object, text: string): void {
  const equals = text.indexOf('=');
  const path = text.slice(0, equals).split('.');
  if (equals < 1 || path.includes('') || (path[0] !== 'data' && path[0] !== 'account') || path.length < 2) {
    throw new UsageError(`--set takes data.<member>=<value> (or account.<member>=…), not "${text}".`);
  }
  let place = event as Record<string, unknown>;
  for (const [index, name] of path.slice(0, -1).entries()) {
    const next = Object.hasOwn(place, name) ? place[name] : undefined;
    if (next !== undefined && next !== null && typeof next !== 'object') {
      throw new UsageError(
        `${path.slice(0, index + 1).join('.')} is ${JSON.stringify(next)}, which has no members.`,
      );
    }
    const made = (next ?? {}) as Record<string, unknown>;
    define(place, name, made);
    place = made;
  }
  define(place, path.at(-1) ?? '', readValue(text.slice(equals + 1)));
}

/** Also a member named `__proto__` is a member. */
function define(place: object, name: string, value: unknown): void {
  Object.defineProperty(place, name, { value, writable: true, enumerable: true, configurable: true });
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
