/**
 * SQLite counts in the thread that writes, in the transaction of what is counted. What the calls of a group have counted
 * is added up first and written at the group's end: one row for each type, endpoint and minute of them all. Written
 * call by call it took 10 µs a delivery; so, 2.
 */

import type { StatementSync } from 'node:sqlite';
import { type CountedResult, minuteOf, TALLIED, tallyResults } from '../../core/stats/counts.ts';
import { addUp, statsColumns, WRITTEN_STEP } from '../queries/statsRows.ts';

type Prepare = (sql: string) => Pick<StatementSync, 'run'>;

const COUNT_EVENTS = `INSERT INTO event_stats (${statsColumns('event_stats').join(', ')})
  VALUES (?, ?, ?, ${WRITTEN_STEP}, 0, ?, ?, ?, ?, 0) ${addUp('event_stats')}`;
const COUNT_RESULTS = `INSERT INTO endpoint_stats (${statsColumns('endpoint_stats').join(', ')})
  VALUES (?, ?, ?, ${WRITTEN_STEP}, 0, ${TALLIED.map(() => '?').join(', ')}) ${addUp('endpoint_stats')}`;

interface CountedEvent {
  workspace: number;
  type: string;
  acceptedAt: number;
}

interface CountedDelivery extends CountedResult {
  workspace: number;
  eventType: string;
  /** Its delivery has ended with it. */
  delivered: boolean;
}

/** Of a workspace, a type and a minute, in the order of the statement. */
interface TypeCounts {
  workspace: number;
  type: string;
  at: number;
  events: number;
  attempts: number;
  delivered: number;
  dropped: number;
}

/** What the calls of one transaction have counted so far. */
export class Counting {
  #events: CountedEvent[] = [];
  #results: CountedDelivery[] = [];

  addEvent(event: CountedEvent): void {
    this.#events.push(event);
  }

  addResult(result: CountedDelivery): void {
    this.#results.push(result);
  }

  /** Does one call; where it throws, it has counted nothing. */
  during<Done>(call: () => Done): Done {
    const [events, results] = [this.#events.length, this.#results.length];
    try {
      return call();
    } catch (error) {
      this.#events.length = events;
      this.#results.length = results;
      throw error;
    }
  }

  /** To be called before the commit. */
  write(prepare: Prepare): void {
    for (const { workspace, type, at, ...counts } of this.#typeCounts()) {
      const { events, attempts, delivered, dropped } = counts;
      prepare(COUNT_EVENTS).run(workspace, type, at, events, attempts, delivered, dropped);
    }
    for (const [workspace, results] of Map.groupBy(this.#results, (result) => result.workspace)) {
      for (const { endpoint, at, tally } of tallyResults(results)) {
        prepare(COUNT_RESULTS).run(workspace, endpoint, at, ...tally);
      }
    }
    this.clear();
  }

  #typeCounts(): Iterable<TypeCounts> {
    const rows = new Map<string, TypeCounts>();
    const rowOf = (workspace: number, type: string, ms: number): TypeCounts => {
      const at = minuteOf(ms);
      const name = `${workspace} ${at} ${type}`;
      let row = rows.get(name);
      if (row === undefined) {
        row = { workspace, type, at, events: 0, attempts: 0, delivered: 0, dropped: 0 };
        rows.set(name, row);
      }
      return row;
    };
    for (const { workspace, type, acceptedAt } of this.#events)
      rowOf(workspace, type, acceptedAt).events += 1;
    for (const { workspace, eventType, startedAt, durationMs, delivered, dropped } of this.#results) {
      const row = rowOf(workspace, eventType, startedAt + durationMs);
      row.attempts += 1;
      if (delivered) row.delivered += 1;
      if (dropped) row.dropped += 1;
    }
    return rows.values();
  }

  /** To be called when the transaction was rolled back. */
  clear(): void {
    this.#events = [];
    this.#results = [];
  }
}
