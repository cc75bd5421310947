/**
 * What must hold of everything that a receiver got while faults came and went: nothing acknowledged lost, no
 * disorder, never two requests of a lane at once, at most one repeat per lane and fault. Pure.
 */

/** One request as the receiver saw it. Times in ms. */
export interface Arrival {
  /** The endpoint's path: each has one lane. */
  lane: string;
  sequence: number;
  attempt: number;
  from: number;
  /** When it was answered. */
  to: number;
  publisher: number;
  /** Counts what the publisher had acknowledged, one after the other. */
  number: number;
}

export interface Findings {
  lost: string[];
  disorder: string[];
  overlaps: string[];
  /** Repeats of a request that had been made already, by lane. */
  repeats: Map<string, number>;
}

/** `acknowledged`: by publisher, how many events; each of the lanes wanted all of them. */
export function check(
  arrivals: readonly Arrival[],
  lanes: readonly string[],
  acknowledged: ReadonlyMap<number, number>,
): Findings {
  const findings: Findings = { lost: [], disorder: [], overlaps: [], repeats: new Map() };
  const byLane = Map.groupBy(arrivals, ({ lane }) => lane);
  for (const lane of lanes) {
    const mine = (byLane.get(lane) ?? []).toSorted((one, other) => one.from - other.from);
    findOverlaps(lane, mine, findings);
    findDisorder(lane, mine, findings);
    findLost(lane, mine, acknowledged, findings);
  }
  return findings;
}

function findOverlaps(lane: string, arrivals: readonly Arrival[], { overlaps }: Findings): void {
  let last: Arrival | null = null;
  for (const arrival of arrivals) {
    if (last !== null && arrival.from < last.to) {
      overlaps.push(`${lane}: ${nameOf(last)} until ${last.to}, ${nameOf(arrival)} from ${arrival.from}`);
    }
    if (last === null || arrival.to > last.to) last = arrival;
  }
}

/** A sequence follows its predecessor without a gap, or is the last one again: a retry, or a repeat. */
function findDisorder(lane: string, arrivals: readonly Arrival[], { disorder, repeats }: Findings): void {
  let sequence = 0;
  let attempt = 0;
  const numbers = new Map<number, number>();
  for (const arrival of arrivals) {
    if (arrival.sequence === sequence && arrival.attempt <= attempt) {
      repeats.set(lane, (repeats.get(lane) ?? 0) + 1);
    } else if (arrival.sequence !== sequence && arrival.sequence !== sequence + 1) {
      disorder.push(`${lane}: ${nameOf(arrival)} after sequence ${sequence}`);
    }
    const before = numbers.get(arrival.publisher) ?? -1;
    if (arrival.number < before) {
      disorder.push(`${lane}: publisher ${arrival.publisher}'s ${arrival.number} after its ${before}`);
    }
    numbers.set(arrival.publisher, Math.max(before, arrival.number));
    attempt = arrival.sequence === sequence ? Math.max(attempt, arrival.attempt) : arrival.attempt;
    sequence = Math.max(sequence, arrival.sequence);
  }
}

function findLost(
  lane: string,
  arrivals: readonly Arrival[],
  acknowledged: ReadonlyMap<number, number>,
  { lost }: Findings,
): void {
  const seen = new Set(arrivals.map(({ publisher, number }) => `${publisher} ${number}`));
  for (const [publisher, count] of acknowledged) {
    for (let number = 0; number < count; number += 1) {
      if (!seen.has(`${publisher} ${number}`)) lost.push(`${lane}: publisher ${publisher}'s ${number}`);
    }
  }
}

function nameOf({ sequence, attempt }: Arrival): string {
  return `${sequence}/${attempt}`;
}

/** How long each lane stood still after the end of a fault, ms: the longest of them. */
export function stallAfter(arrivals: readonly Arrival[], lanes: readonly string[], end: number): number {
  const first = new Map<string, number>();
  for (const { lane, from } of arrivals) {
    if (from >= end && from < (first.get(lane) ?? Number.POSITIVE_INFINITY)) first.set(lane, from);
  }
  return Math.max(...lanes.map((lane) => (first.get(lane) ?? Number.POSITIVE_INFINITY) - end));
}
