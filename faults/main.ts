/**
 * `npm run faults`: three nodes on PostgreSQL under publishing, and one fault after the other. Prints what came
 * of it as a table, and ends with 1 where a promise was broken.
 *
 *   npm run faults -- --seed 7 --double-kills 2 --backends 3 --databases 1 --cuts 3 --half-open 1 --rolling 1
 */

import { parseArgs } from 'node:util';
import { startPostgres } from '../test/support/postgres.ts';
import { type Counts, type Outcome, run } from './run.ts';

/** A linear congruential generator (Numerical Recipes): chance that repeats. */
export function createChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function readCounts(): { seed: number; counts: Counts } {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      'double-kills': { type: 'string', default: '20' },
      backends: { type: 'string', default: '20' },
      databases: { type: 'string', default: '5' },
      cuts: { type: 'string', default: '20' },
      'half-open': { type: 'string', default: '5' },
      rolling: { type: 'string', default: '3' },
    },
  });
  return {
    seed: Number(values.seed),
    counts: {
      doubleKills: Number(values['double-kills']),
      backends: Number(values.backends),
      databases: Number(values.databases),
      cuts: Number(values.cuts),
      halfOpen: Number(values['half-open']),
      rolling: Number(values.rolling),
    },
  };
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function table(outcome: Outcome): string {
  const lines = [
    '| fault | times | longest stall of a healthy lane: median, worst | allowed |',
    '|---|---|---|---|',
  ];
  for (const { fault, count, stalls, allowedMs } of outcome.rows) {
    if (count === 0) continue;
    const sorted = stalls.toSorted((one, other) => one - other);
    const [median, worst] = [percentile(sorted, 0.5), sorted.at(-1) ?? 0].map((ms) => (ms / 1000).toFixed(1));
    lines.push(`| ${fault} | ${count} | ${median} s, ${worst} s | ${allowedMs / 1000} s |`);
  }
  const { events, requests, refused, flows, lost, disorder, overlaps, repeats, mostRepeats, faults } =
    outcome;
  lines.push(
    '',
    '| what | count |',
    '|---|---|',
    `| events acknowledged; tries refused or unanswered, and made again | ${events}; ${refused} |`,
    `| requests that the receiver got | ${requests} |`,
    `| acknowledged and lost | ${lost.length} |`,
    `| out of order | ${disorder.length} |`,
    `| two requests of a lane at once | ${overlaps.length} |`,
    `| repeats in all; most in one lane, at ${faults} faults | ${repeats}; ${mostRepeats} |`,
    `| runs of a workflow; in the wrong branch | ${flows}; ${outcome.wrongBranches.length} |`,
    `| nodes that ended by themselves | ${outcome.died.length} |`,
  );
  return lines.join('\n');
}

/** What was promised and is not so. */
export function broken(outcome: Outcome): string[] {
  const { lost, disorder, overlaps, died, wrongBranches, mostRepeats, faults, rows } = outcome;
  const late = rows.flatMap(({ fault, stalls, allowedMs }) =>
    stalls
      .filter((ms) => ms > allowedMs)
      .map((ms) => `${fault}: a lane stood still for ${Math.round(ms)} ms`),
  );
  return [
    ...lost.map((what) => `lost: ${what}`),
    ...disorder.map((what) => `out of order: ${what}`),
    ...overlaps.map((what) => `two at once: ${what}`),
    ...wrongBranches,
    ...died.map((what) => `a node ended by itself: ${what}`),
    ...(mostRepeats > faults ? [`${mostRepeats} repeats in one lane at ${faults} faults`] : []),
    ...late,
  ];
}

if (import.meta.main) {
  const { seed, counts } = readCounts();
  const server = await startPostgres();
  try {
    process.stdout.write(`seed ${seed}\n`);
    const outcome = await run(server, counts, createChance(seed), (text) =>
      process.stdout.write(`${text}\n`),
    );
    process.stdout.write(`\n${table(outcome)}\n`);
    const found = broken(outcome);
    for (const what of found.slice(0, 50)) process.stdout.write(`BROKEN ${what}\n`);
    process.exitCode = found.length === 0 ? 0 : 1;
  } finally {
    await server.stop();
  }
}
