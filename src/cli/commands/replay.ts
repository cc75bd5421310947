/** `mirsal replay`: sends a range of an endpoint's deliveries again, with a progress bar. */

import type { Command } from 'commander';
import type { Schemas } from '../../sdk/sdk.ts';
import { type Cli, connect, printJson } from '../cli.ts';
import { bar, moment } from '../table.ts';
import { Failed, inLine, state, type Terminal, UsageError } from '../terminal.ts';
import { readSince } from './deliveries.ts';

interface ReplayOptions {
  since?: string;
  until?: string;
  state?: string;
  all?: boolean;
  dryRun?: boolean;
  yes?: boolean;
  detach?: boolean;
}

const STATES = ['delivered', 'dropped', 'skipped'] as const;
const LOOK_AGAIN_MS = 500;

export function replayCommand(program: Command, terminal: Terminal): void {
  const replay = program.command('replay').description("send a range of an endpoint's deliveries again");
  replay
    .command('start <endpoint>', { isDefault: true })
    .description('new deliveries at the tail, under the same webhook-id')
    .option('--since <time>', 'those made from then on: 45m, 2h, 7d, or a time')
    .option('--until <time>', 'and before this')
    .option('--state <states>', `only those that ended so: ${STATES.join(', ')}, separated by commas`)
    .option('--all', 'those, too, that a repeat of theirs has made good')
    .option('--dry-run', 'say how many there are, and do nothing')
    .option('-y, --yes', 'do not ask')
    .option('--detach', 'do not wait until it is done')
    .action((endpoint: string, options: ReplayOptions, command: Command) =>
      start(connect(terminal, command), endpoint, options),
    );
  replay
    .command('watch <id>')
    .description('go on watching one (rpl_…)')
    .action(async (id: string, _options: object, command: Command) => {
      const cli = connect(terminal, command);
      await watch(cli, await cli.mirsal.replays.get(id));
    });
  replay
    .command('cancel <id>')
    .description('stop one; what it has sent stays sent')
    .action(async (id: string, _options: object, command: Command) => {
      const cli = connect(terminal, command);
      tellEnd(cli, await cli.mirsal.replays.cancel(id));
    });
}

async function start(cli: Cli, endpoint: string, options: ReplayOptions): Promise<void> {
  const { terminal, mirsal } = cli;
  const since = readSince(options.since, terminal);
  if (since === undefined) throw new UsageError('Say from when on: --since 2h.');
  const until = readSince(options.until, terminal);
  const range: Schemas.NewReplay = {
    since,
    ...(until === undefined ? {} : { until }),
    ...(options.state === undefined ? {} : { states: readStates(options.state) }),
    ...(options.all === true ? { include_resolved: true } : {}),
  };
  const preview = (await mirsal.endpoints.replay(endpoint, {
    ...range,
    dry_run: true,
  })) as Schemas.ReplayPreview;
  if (options.dryRun === true && cli.json) return printJson(cli, preview);
  if (!cli.json) tellPreview(terminal, preview);
  if (preview.total === 0 && options.state === undefined && !cli.json) {
    terminal.err('Those that have arrived are sent again with --state delivered.\n');
  }
  if (options.dryRun === true || preview.total === 0) return;
  if (options.yes !== true && !cli.json) {
    const answer = await terminal.ask(`Send ${preview.total} again? [y/N] `);
    if (answer === null) throw new UsageError('Nobody is here to be asked: say --yes.');
    if (!/^y(?:es)?$/i.test(answer.trim())) throw new Failed('Nothing was done.');
  }
  const replay = (await mirsal.endpoints.replay(endpoint, range)) as Schemas.Replay;
  if (options.detach === true) {
    return cli.json ? printJson(cli, replay) : terminal.out(`${replay.id}  running\n`);
  }
  await watch(cli, replay);
}

function readStates(text: string): Array<(typeof STATES)[number]> {
  return text.split(',').map((part) => {
    const found = STATES.find((name) => name === part.trim());
    if (found === undefined) throw new UsageError(`"${part}" is none of ${STATES.join(', ')}.`);
    return found;
  });
}

function tellPreview(
  terminal: Terminal,
  { total, resolved, gone, note, oldest_at, newest_at }: Schemas.ReplayPreview,
): void {
  const span = oldest_at === null ? '' : `, made ${moment(oldest_at)} … ${moment(newest_at)}`;
  terminal.err(`${total} ${total === 1 ? 'delivery' : 'deliveries'}${span}\n`);
  if (resolved > 0)
    terminal.err(`${resolved} more have been made good by a repeat: --all takes them, too.\n`);
  if (gone > 0) terminal.err(`${gone} more cannot be sent again: they or their bodies are no longer kept.\n`);
  if (note !== null) terminal.err(`${inLine(note)}\n`);
}

/** Ctrl-C ends the watching, not the replay. */
async function watch(cli: Cli, first: Schemas.Replay): Promise<void> {
  const { terminal, mirsal } = cli;
  const signal = terminal.interrupted();
  const startedAt = terminal.now();
  let replay = first;
  while (replay.state === 'running') {
    if (terminal.isTty.err) terminal.err(`\r${progressLine(replay, first, terminal.now() - startedAt)}`);
    await terminal.sleep(LOOK_AGAIN_MS, signal).catch(() => {});
    if (signal.aborted) {
      terminal.err(
        `\nIt goes on: \`mirsal replay watch ${replay.id}\`, or \`mirsal replay cancel ${replay.id}\`.\n`,
      );
      return;
    }
    replay = await mirsal.replays.get(replay.id);
  }
  if (terminal.isTty.err) terminal.err(`\r${progressLine(replay, first, terminal.now() - startedAt)}\n`);
  tellEnd(cli, replay);
}

function progressLine(
  { total, done, gone, progress }: Schemas.Replay,
  first: Schemas.Replay,
  ms: number,
): string {
  const perMs = (done - first.done) / ms;
  const left = perMs > 0 && progress < 1 ? `, ${Math.ceil((total - done - gone) / perMs / 1000)} s left` : '';
  // Longer than what stood there before.
  return `${bar(progress)}  ${done} of ${total}${left}`.padEnd(70);
}

function tellEnd(cli: Cli, replay: Schemas.Replay): void {
  if (cli.json) printJson(cli, replay);
  else {
    const { id, done, gone, reason } = replay;
    const lost = gone === 0 ? '' : `, ${gone} were no longer kept`;
    const because = reason === null ? '' : `  ${inLine(reason)}`;
    cli.terminal.out(`${id}  ${state(cli.terminal, replay.state)}  ${done} queued again${lost}${because}\n`);
  }
  if (replay.state === 'failed') throw new Failed('It did not come to its end.');
}
