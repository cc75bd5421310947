/**
 * `mirsal listen`: a bin of one's own whose requests are handed to a server on this machine, and whose senders get that server's answer.
 *
 * The bin is remembered, so that its address, and endpoints that point to it, outlive the command. While the command does not run, the bin
 * answers 503 at once, and Mirsal tries again later. A connection that breaks, or a node that is restarted, costs what is on its way its
 * answer; Mirsal sends that again, and it is relayed then.
 */

import type { Command } from 'commander';
import { MirsalError, type Schemas } from '../../sdk/sdk.ts';
import { type Cli, connect, gather, printLine, take } from '../cli.ts';
import { forward, type LocalAnswer } from '../forward.ts';
import { readRemembered, remember } from '../profiles.ts';
import { inLine, styled, type Terminal, UsageError } from '../terminal.ts';

interface ListenOptions {
  forward: string;
  type?: string[];
  new?: boolean;
}

/** Less than the five seconds that Mirsal gives an attempt; more than is waited for the local server. */
const RELAY_MS = 4000;
const WAIT_S = 25;
const REST_MS = 1000;
const LONGEST_REST_MS = 10_000;

const LISTENING = { status: 504, body: 'mirsal listen: no answer in time\n', relay_ms: RELAY_MS };
const AWAY = { status: 503, body: 'mirsal listen: it is not running\n', relay_ms: 0 };

export function listenCommand(program: Command, terminal: Terminal): void {
  program
    .command('listen')
    .description('relay webhooks to a server on this machine, and its answers back')
    .requiredOption('-f, --forward <url>', 'where to, such as http://localhost:3000/hooks')
    .option('-t, --type <event type>', 'connect an endpoint that gets these; may be repeated', gather)
    .option('--new', 'with a new address')
    .action((options: ListenOptions, command: Command) => listen(connect(terminal, command), options));
}

async function listen(cli: Cli, options: ListenOptions): Promise<void> {
  const { terminal } = cli;
  const target = readTarget(options.forward);
  const signal = terminal.interrupted();
  const relay = await openRelay(cli, target, options.new === true);
  await say(cli, relay, options);
  const underway = new Set<Promise<void>>();
  let failed = 0;
  while (!signal.aborted) {
    try {
      for (const captured of await nextRequests(cli, relay, signal)) {
        const done = answer(cli, relay, captured).finally(() => underway.delete(done));
        underway.add(done);
      }
      if (failed > 0) terminal.err('Connected again.\n');
      failed = 0;
    } catch (error) {
      if (signal.aborted) break;
      if (isGone(error)) {
        Object.assign(relay, await openRelay(cli, target, true));
        terminal.err('The bin had expired or was deleted; this is a new one.\n');
        await say(cli, relay, options);
        continue;
      }
      if (!isPassing(error)) throw error;
      if (failed === 0) terminal.err(`${inLine((error as Error).message)} Trying again …\n`);
      failed += 1;
      await terminal.sleep(Math.min(LONGEST_REST_MS, REST_MS * failed), signal).catch(() => {});
    }
  }
  await Promise.all(underway);
  // A node that cannot be reached now answers 504 until somebody listens again.
  await cli.mirsal.bins.update(relay.bin.id, { answer: AWAY }, { deadlineMs: 5000 }).catch(() => {});
}

interface Relay {
  bin: Schemas.Bin;
  target: string;
  /** The last request that was taken. */
  after: string | null;
}

function readTarget(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new UsageError(
      `--forward takes a URL without a query, such as http://localhost:3000/hooks, not "${text}".`,
    );
  }
  return url.href;
}

/** The bin of last time, where it still is; what it captured before is not relayed. */
async function openRelay({ terminal, mirsal, place }: Cli, target: string, anew: boolean): Promise<Relay> {
  const name = `${place} ${target}`;
  const known = anew ? undefined : readRemembered(terminal.home).bins[name];
  let bin: Schemas.Bin | null = null;
  if (known !== undefined) {
    bin = await mirsal.bins.update(known, { answer: LISTENING }).catch((error: unknown) => {
      if (isGone(error)) return null;
      throw error;
    });
  }
  bin ??= await mirsal.bins.create({ answer: LISTENING });
  const { id } = bin;
  remember(terminal.home, (all) => ({ ...all, bins: { ...all.bins, [name]: id } }));
  const [newest] = (await mirsal.bins.listRequests(id, { limit: 1 })).data;
  return { bin, target, after: newest?.id ?? null };
}

async function say(cli: Cli, { bin, target }: Relay, { type }: ListenOptions): Promise<void> {
  const { terminal, mirsal } = cli;
  const [endpoint] = await take(mirsal.endpoints.list({ url: bin.url }), 1);
  const made =
    type === undefined || endpoint !== undefined
      ? null
      : await mirsal.endpoints.create({ url: bin.url, event_types: type });
  const used = made ?? endpoint ?? null;
  if (cli.json)
    return printLine(cli, { url: bin.url, bin_id: bin.id, forward: target, endpoint_id: used?.id ?? null });
  const gray = (text: string): string => styled(terminal, 'gray', text);
  terminal.err(`${styled(terminal, 'bold', bin.url)}  →  ${target}\n`);
  if (used === null) {
    terminal.err(
      gray(
        `No endpoint points there yet: \`mirsal endpoints create ${bin.url} -t contact.optin.completed\`.\n`,
      ),
    );
  } else {
    const secret = made?.secret ?? (await mirsal.endpoints.getSecret(used.id).catch(() => null))?.secret;
    terminal.err(gray(`endpoint ${used.id}  ${inLine(used.event_types.join(', '))}\n`));
    if (secret !== undefined) terminal.err(gray(`secret   ${secret}\n`));
  }
  terminal.err(gray(`What came: ${bin.inspect_url}\nCtrl-C ends it.\n`));
}

async function nextRequests(
  { mirsal }: Cli,
  relay: Relay,
  signal: AbortSignal,
): Promise<Schemas.BinRequest[]> {
  const { bin, after } = relay;
  const query = { wait: WAIT_S, bodies: true, ...(after === null ? {} : { after }) };
  const { data } = await mirsal.bins.listRequests(bin.id, query, {
    signal,
    deadlineMs: (WAIT_S + 10) * 1000,
  });
  // Without `after` the newest comes first.
  const inOrder = after === null ? data.toReversed() : data;
  relay.after = inOrder.at(-1)?.id ?? after;
  return inOrder;
}

/** Never rejects. */
async function answer(cli: Cli, { bin, target }: Relay, captured: Schemas.BinRequest): Promise<void> {
  const { terminal, mirsal } = cli;
  const startedAt = terminal.now();
  const answered = await forward(captured, target);
  const ms = terminal.now() - startedAt;
  const { status, headers, body } = answered;
  let note = answered.fault;
  try {
    await mirsal.bins
      .answerRequest(bin.id, captured.id, { status: passable(status), headers, body })
      // A header that may not be passed on is not worth the answer.
      .catch((error: unknown) => {
        if (!(error instanceof MirsalError) || error.status !== 400) throw error;
        return mirsal.bins.answerRequest(bin.id, captured.id, { status: passable(status), body });
      });
  } catch (error) {
    const late = error instanceof MirsalError && error.code === 'answer_not_awaited';
    note = late
      ? 'too late: its sender did not wait'
      : `its sender was not told: ${(error as Error).message}`;
  }
  if (cli.json) return printLine(cli, { ...captured, answer: answered, duration_ms: ms, note });
  const path = new URL(target).pathname.replace(/\/$/, '') + captured.path;
  terminal.out(line(terminal, { ...captured, path }, { ...answered, fault: note }, ms));
}

/** A bin answers no 1xx. */
function passable(status: number): number {
  return status >= 200 && status <= 599 ? status : 502;
}

function line(
  terminal: Terminal,
  captured: Schemas.BinRequest,
  { status, fault }: LocalAnswer,
  ms: number,
): string {
  const header = (name: string): string =>
    captured.headers.find(([known]) => known?.toLowerCase() === name)?.[1] ?? '';
  const type = header('mirsal-event-type');
  const attempt = Number(header('mirsal-attempt'));
  const good = status >= 200 && status < 300 && fault === null;
  return `${[
    styled(terminal, 'gray', captured.at.slice(11, 19)),
    captured.method,
    inLine(captured.path || '/'),
    ...(type === '' ? [] : [styled(terminal, 'bold', inLine(type))]),
    ...(attempt > 1 ? [`try ${attempt}`] : []),
    `→ ${styled(terminal, good ? 'green' : 'red', String(status))}`,
    `${ms} ms`,
    ...(fault === null ? [] : [inLine(fault)]),
  ].join('  ')}\n`;
}

function isGone(error: unknown): boolean {
  return error instanceof MirsalError && error.code === 'not_found';
}

function isPassing(error: unknown): boolean {
  return error instanceof MirsalError && (error.status === 0 || error.status === 429 || error.status >= 500);
}
