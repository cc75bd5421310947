/**
 * Erasing a person's data in a workspace, step by step. What is theirs is found by the subject of events, and by terms in
 * the texts that are kept; an event that tells of them stays as a row that says so, without a word of theirs.
 *
 *   subject ─▶ events ─▶ own bodies ─▶ attempts ─▶ steps ─▶ captures ─▶ answers ─▶ mails ─▶ notices ─▶ counts ─▶ seal ─▶ files
 *
 * `subject` goes by the index of subjects; `events` and `own bodies` read through what is kept (without terms only through
 * system events, which may name a subject), and so do `attempts` and `steps`: a receiver's answer or the history of a run
 * that waited for another event may hold a term that the event itself does not. `seal` takes what was looked for out of the job itself, and `files` what is
 * left in the database's files. Events that come in after the job was asked for are not touched.
 */

import { type Kysely, sql, type Transaction } from 'kysely';
import { SECOND } from '../../core/duration.ts';
import { maskPerson, mentionsOf, type Person } from '../../core/erasing.ts';
import { firstKeyAt, parseId } from '../../core/ids.ts';
import type { Dialect } from '../dialect.ts';
import type { ErasureStore } from '../ports/customers.ts';
import type { JobProgress, OwnedJob } from '../records/jobs.ts';
import type { Schema } from '../schema/schema.ts';
import { eraseEvents } from './erasedEvents.ts';
import { holdJob, noteProgress } from './jobs.ts';

/** Rows of one step, and bytes of their bodies. */
const ROWS_AT_ONCE = 100;
const BYTES_AT_ONCE = 1024 * 1024;
/** Deliveries whose events one transaction erases. */
const EVENTS_AT_ONCE = 20;

const PHASES = [
  'subject',
  'events',
  'own bodies',
  'attempts',
  'steps',
  'captures',
  'answers',
  'mails',
  'notices',
  'counts',
  'seal',
  'files',
] as const;
type Phase = (typeof PHASES)[number];

interface Cursor {
  phase: Phase;
  /** The row that was looked at last, by its key; of captures with its bin, of attempts and steps with what they are of. */
  after: number;
  bin: number;
  /** Of answers. */
  name: string;
}

const BEGIN = { after: 0, bin: 0, name: '' };

/** What a step has found, read outside of its transaction, and where the next one goes on; null for the next phase. */
interface Found {
  keys: number[];
  names?: string[];
  next: Omit<Cursor, 'phase'> | null;
}

interface Task {
  workspace: number;
  person: Person;
  mentions: ReturnType<typeof mentionsOf>;
  /** Keys of what was there when it was asked for lie below it. */
  before: number;
  cursor: Cursor;
}

type Counts = Record<string, number>;

export function erasing(
  write: Kysely<Schema>,
  read: Kysely<Schema>,
  dialect: Dialect,
  scrubFiles: () => Promise<boolean>,
): ErasureStore {
  return {
    async eraseSome(node, job, now) {
      const task = taskOf(job);
      const { phase } = task.cursor;
      // Readers are in the way of it for moments only.
      if (phase === 'files' && !(await scrubFiles())) return 'later';
      const found = await find(read, task);
      return write.transaction().execute(async (trx) => {
        if (!(await holdJob(trx, node, job))) return null;
        const { counts, lanes } = await erase(trx, dialect, task, found, now);
        const progress = progressOf(job, task, found, counts);
        await noteProgress(trx, job, progress, now);
        return { progress, lanes };
      });
    },
  };
}

function taskOf(job: OwnedJob): Task {
  const person = job.input as Person;
  return {
    workspace: job.workspace ?? 0,
    person,
    mentions: mentionsOf(person),
    // Keys of a busy node run ahead of its clock, and clocks of nodes differ.
    before: Math.max(job.key, firstKeyAt(job.createdAt + SECOND)),
    cursor: (job.cursor as Cursor | null) ?? { phase: 'subject', ...BEGIN },
  };
}

function progressOf(job: OwnedJob, { person, cursor }: Task, { next }: Found, counts: Counts): JobProgress {
  const { phase } = cursor;
  const erased = { ...(job.report.erased as Counts | undefined) };
  for (const [name, count] of Object.entries(counts)) erased[name] = (erased[name] ?? 0) + count;
  const masked = phase === 'seal' ? maskPerson(person) : null;
  const done = Object.values(erased).reduce((sum, count) => sum + count, 0);
  const following = PHASES[PHASES.indexOf(phase) + 1];
  return {
    ...{ done, total: phase === 'files' ? done : null, report: { ...job.report, erased } },
    ...(masked === null ? {} : { input: masked }),
    cursor: next === null ? { phase: following ?? 'files', ...BEGIN } : { phase, ...next },
    ...(following === undefined ? { end: { state: 'finished' as const, reason: null } } : {}),
  };
}

// ---------------------------------------------------------------- finding

function find(read: Kysely<Schema>, task: Task): Promise<Found> {
  switch (task.cursor.phase) {
    case 'subject':
      return findBySubject(read, task);
    case 'events':
      return findInBodies(read, task, 'event_bodies');
    case 'own bodies':
      return findInBodies(read, task, 'delivery_bodies');
    case 'attempts':
    case 'steps':
      return findInTraces(read, task);
    case 'captures':
      return findCaptures(read, task);
    case 'answers':
      return findAnswers(read, task);
    case 'mails':
      return findMails(read, task);
    case 'notices':
      return findNotices(read, task);
    default:
      return Promise.resolve({ keys: [], next: null });
  }
}

/** Those that are erased have no subject any more, so it begins anew each time. */
async function findBySubject(read: Kysely<Schema>, { workspace, person, before }: Task): Promise<Found> {
  if (person.subject === null) return { keys: [], next: null };
  const rows = await read
    .selectFrom('events')
    .select('key')
    .where('workspace', '=', workspace)
    .where('subject', '=', person.subject)
    .where('key', '<', before)
    .orderBy('key')
    .limit(EVENTS_AT_ONCE)
    .execute();
  return { keys: rows.map(({ key }) => key), next: rows.length < EVENTS_AT_ONCE ? null : BEGIN };
}

/** Events that tell of the person, with or without their bodies; or whose deliveries do, in bodies of their own. */
async function findInBodies(
  read: Kysely<Schema>,
  { workspace, person, mentions, before, cursor }: Task,
  table: 'event_bodies' | 'delivery_bodies',
): Promise<Found> {
  const { after } = cursor;
  const isOwn = table === 'delivery_bodies';
  if (isOwn && person.terms.length === 0) return { keys: [], next: null };
  const ofTypes = person.terms.length > 0 ? sql`` : sql`AND e.type IN (${sql.join(MAY_NAME_SUBJECTS)})`;
  const from = isOwn
    ? sql`delivery_bodies b JOIN deliveries d ON d.workspace = b.workspace AND d.key = b.delivery
        JOIN events e ON e.workspace = b.workspace AND e.key = d.event`
    : sql`events e LEFT JOIN event_bodies b ON b.workspace = e.workspace AND b.event = e.key`;
  const key = isOwn ? sql`b.delivery` : sql`e.key`;
  const { rows: sizes } = await sql<{ key: number; bytes: number }>`
    SELECT ${key} AS key, coalesce(octet_length(b.body), 0) AS bytes FROM ${from}
    WHERE ${isOwn ? sql`b.workspace` : sql`e.workspace`} = ${workspace} AND ${key} > ${after} AND ${key} < ${before} ${ofTypes}
    ORDER BY ${key} LIMIT ${ROWS_AT_ONCE}`.execute(read);
  const some = withinBytes(sizes);
  if (some.length === 0) return { keys: [], next: null };
  const { rows } = await sql<{ key: number; event: number; type: string; body: string; more: string }>`
    SELECT ${key} AS key, e.key AS event, e.type, coalesce(b.body, '') AS body, ${isOwn ? sql`''` : BESIDE_BODY} AS more FROM ${from}
    WHERE ${isOwn ? sql`b.workspace` : sql`e.workspace`} = ${workspace} AND ${key} IN (${sql.join(some)}) ORDER BY ${key}`.execute(
    read,
  );
  const telling = rows.filter(({ type, body, more }) => {
    const isSystem = MAY_NAME_SUBJECTS.includes(type);
    return mentions(body, isSystem) || mentions(more, false);
  });
  const chosen = telling.slice(0, EVENTS_AT_ONCE);
  const isCut = telling.length > chosen.length;
  const last = isCut ? chosen.at(-1)?.key : some.at(-1);
  const isOver = !isCut && some.length === sizes.length && sizes.length < ROWS_AT_ONCE;
  const next = isOver ? null : { ...BEGIN, after: last ?? after };
  return { keys: [...new Set(chosen.map(({ event }) => Number(event)))], next };
}

/** What else an event says; without its body, which is kept for a shorter time, whom it was about and its id. */
const BESIDE_BODY = sql`coalesce(e.subject, '') || ' ' || e.id || ' ' || coalesce(b.account, '')
  || coalesce(b.verdicts, '') || coalesce(b.warnings, '')`;

/** Events whose deliveries were answered with a term, or whose runs have noted one. */
async function findInTraces(read: Kysely<Schema>, task: Task): Promise<Found> {
  const { workspace, person, mentions, before, cursor } = task;
  if (person.terms.length === 0) return { keys: [], next: null };
  const traces =
    cursor.phase === 'attempts'
      ? sql`SELECT t.delivery AS within, t.number AS key, d.event, t.response_body AS answer,
          coalesce(t.response_headers, '') || coalesce(t.error, '') AS text
        FROM attempts t JOIN deliveries d ON d.workspace = t.workspace AND d.key = t.delivery
        WHERE t.workspace = ${workspace} AND (t.delivery, t.number) > (${cursor.bin}, ${cursor.after})
          AND t.delivery < ${before} ORDER BY t.delivery, t.number`
      : sql`SELECT t.run AS within, t.number AS key, r.event, NULL AS answer, t.details AS text
        FROM run_steps t JOIN runs r ON r.workspace = t.workspace AND r.key = t.run
        WHERE t.workspace = ${workspace} AND (t.run, t.number) > (${cursor.bin}, ${cursor.after})
          AND t.run < ${before} ORDER BY t.run, t.number`;
  const { rows } = await sql<Trace>`${traces} LIMIT ${ROWS_AT_ONCE}`.execute(read);
  const telling = rows.filter(
    ({ text, answer }) =>
      mentions(text, false) || (answer !== null && mentions(Buffer.from(answer).toString(), false)),
  );
  const chosen = telling.slice(0, EVENTS_AT_ONCE);
  const isCut = telling.length > chosen.length;
  const last = isCut ? chosen.at(-1) : rows.at(-1);
  const isOver = last === undefined || (!isCut && rows.length < ROWS_AT_ONCE);
  const next = isOver ? null : { ...BEGIN, after: Number(last.key), bin: Number(last.within) };
  return { keys: [...new Set(chosen.map(({ event }) => Number(event)))], next };
}

interface Trace {
  within: number;
  key: number;
  event: number;
  text: string;
  answer: Uint8Array | null;
}

/** System events that say whom something was about. */
const MAY_NAME_SUBJECTS: readonly string[] = ['automation.failed', 'automation.braked', 'mail.refused'];

/** As many of the first as their bodies have room for, and one at least. */
function withinBytes(rows: ReadonlyArray<{ key: number; bytes: number }>): number[] {
  let bytes = 0;
  const some = rows.filter((row, index) => {
    bytes += Number(row.bytes);
    return index === 0 || bytes <= BYTES_AT_ONCE;
  });
  return some.map(({ key }) => Number(key));
}

async function findCaptures(read: Kysely<Schema>, { workspace, mentions, cursor }: Task): Promise<Found> {
  const { rows: sizes } = await sql<{ key: number; bin: number; bytes: number }>`
    SELECT key, bin, octet_length(body) AS bytes FROM bin_requests
    WHERE workspace = ${workspace} AND (bin, key) > (${cursor.bin}, ${cursor.after})
    ORDER BY bin, key LIMIT ${ROWS_AT_ONCE}`.execute(read);
  const some = withinBytes(sizes);
  if (some.length === 0) return { keys: [], next: null };
  const rows = await read
    .selectFrom('bin_requests')
    .select(['key', 'path', 'headers', 'body'])
    .where('workspace', '=', workspace)
    .where('key', 'in', some)
    .execute();
  const messages = new Map(rows.map(({ key, headers }) => [key, messageOf(headers)]));
  const erased = await erasedMessages(read, workspace, [...messages.values()]);
  const telling = rows.filter(({ key, path, headers, body }) => {
    if (erased.has(messages.get(key) ?? 0)) return true;
    return mentions(`${path}\n${headers}\n${Buffer.from(body).toString()}`, true);
  });
  const last = sizes[some.length - 1];
  const isOver = some.length === sizes.length && sizes.length < ROWS_AT_ONCE;
  const next = isOver || last === undefined ? null : { ...BEGIN, after: last.key, bin: last.bin };
  return { keys: telling.map(({ key }) => key), next };
}

/** The delivery that a captured request was of; 0 for none of ours. */
function messageOf(headers: string): number {
  const found = (JSON.parse(headers) as Array<[name: string, value: string]>).find(
    ([name]) => name.toLowerCase() === 'webhook-id',
  );
  return parseId('msg', found?.[1] ?? '') ?? 0;
}

async function erasedMessages(
  read: Kysely<Schema>,
  workspace: number,
  messages: readonly number[],
): Promise<Set<number>> {
  if (messages.length === 0) return new Set();
  const rows = await read
    .selectFrom('deliveries as d')
    .innerJoin('events as e', (join) =>
      join.onRef('e.workspace', '=', 'd.workspace').onRef('e.key', '=', 'd.event'),
    )
    .select('d.key')
    .where('d.workspace', '=', workspace)
    .where('d.key', 'in', messages)
    .where('e.erased_at', 'is not', null)
    .execute();
  return new Set(rows.map(({ key }) => key));
}

/** Answers to repeats that name an event which is erased by now. */
async function findAnswers(read: Kysely<Schema>, { workspace, mentions, cursor }: Task): Promise<Found> {
  const rows = await read
    .selectFrom('idempotency_keys')
    .select(['idempotency_key as name', 'answer'])
    .where('workspace', '=', workspace)
    .where('idempotency_key', '>', cursor.name)
    .orderBy('idempotency_key')
    .limit(ROWS_AT_ONCE)
    .execute();
  const named = new Map(
    rows.map(({ name, answer }) => [name, (JSON.parse(answer) as Array<{ id: string }>).map(({ id }) => id)]),
  );
  const ids = [...named.values()].flat();
  const erased = new Set<string>();
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    const found = await read
      .selectFrom('events')
      .select('id')
      .where('workspace', '=', workspace)
      .where('id', 'in', ids.slice(from, from + IDS_AT_ONCE))
      .where('erased_at', 'is not', null)
      .execute();
    for (const { id } of found) erased.add(id);
  }
  const telling = rows.filter(
    ({ name, answer }) =>
      mentions(`${name}\n${answer}`, true) || named.get(name)?.some((id) => erased.has(id)) === true,
  );
  const isOver = rows.length < ROWS_AT_ONCE;
  const next = isOver ? null : { ...BEGIN, name: rows.at(-1)?.name ?? '' };
  return { keys: [], names: telling.map(({ name }) => name), next };
}

/** Far fewer than a statement has parameters. */
const IDS_AT_ONCE = 1_000;

async function findMails(read: Kysely<Schema>, { workspace, mentions, cursor }: Task): Promise<Found> {
  const rows = await read
    .selectFrom('mails')
    .select(['key', 'recipient', 'subject', 'text', 'error'])
    .where('workspace', '=', workspace)
    .where('key', '>', cursor.after)
    .orderBy('key')
    .limit(ROWS_AT_ONCE)
    .execute();
  return scanned(rows, ({ recipient, subject, text, error }) =>
    mentions([recipient, subject, text, error].join('\n'), true),
  );
}

async function findNotices(read: Kysely<Schema>, { workspace, mentions, cursor }: Task): Promise<Found> {
  const rows = await read
    .selectFrom('notices')
    .select(['key', 'details'])
    .where('workspace', '=', workspace)
    .where('key', '>', cursor.after)
    .orderBy('key')
    .limit(ROWS_AT_ONCE)
    .execute();
  return scanned(rows, ({ details }) => mentions(details, true));
}

function scanned<Row extends { key: number }>(rows: readonly Row[], isTelling: (row: Row) => boolean): Found {
  const last = rows.at(-1)?.key ?? 0;
  return {
    keys: rows.filter(isTelling).map(({ key }) => key),
    next: rows.length < ROWS_AT_ONCE ? null : { ...BEGIN, after: last },
  };
}

// ---------------------------------------------------------------- erasing

async function erase(
  trx: Transaction<Schema>,
  dialect: Dialect,
  { workspace, person, mentions, cursor }: Task,
  { keys, names = [] }: Found,
  now: number,
): Promise<{ counts: Counts; lanes: number[] }> {
  const only = (counts: Counts) => ({ counts, lanes: [] });
  switch (cursor.phase) {
    case 'subject':
    case 'events':
    case 'own bodies':
    case 'attempts':
    case 'steps':
      return eraseEvents(trx, dialect, { workspace, at: now, isTelling: (id) => mentions(id, true) }, keys);
    case 'captures':
      return only({ captures: await deleteKeys(trx, 'bin_requests', workspace, keys) });
    case 'mails':
      return only({ mails: await deleteKeys(trx, 'mails', workspace, keys) });
    case 'notices':
      return only({ notices: await deleteKeys(trx, 'notices', workspace, keys) });
    case 'answers': {
      if (names.length === 0) return only({});
      const { numDeletedRows } = await trx
        .deleteFrom('idempotency_keys')
        .where('workspace', '=', workspace)
        .where('idempotency_key', 'in', names)
        .executeTakeFirst();
      return only({ answers: Number(numDeletedRows) });
    }
    case 'counts':
      return only({ counts: await deleteCounts(trx, workspace, person) });
    default:
      return only({});
  }
}

async function deleteKeys(
  trx: Transaction<Schema>,
  table: 'bin_requests' | 'mails' | 'notices',
  workspace: number,
  keys: readonly number[],
): Promise<number> {
  if (keys.length === 0) return 0;
  const { numAffectedRows } = await sql`DELETE FROM ${sql.table(table)}
    WHERE workspace = ${workspace} AND key IN (${sql.join(keys)})`.execute(trx);
  return Number(numAffectedRows ?? 0n);
}

/** How often automations were set off for the person, and were they mailed to. */
async function deleteCounts(
  trx: Transaction<Schema>,
  workspace: number,
  { subject, terms }: Person,
): Promise<number> {
  const texts = [...terms, ...(subject === null ? [] : [subject])];
  const activations = await trx
    .deleteFrom('activations')
    .where('workspace', '=', workspace)
    .where('automation', 'in', (eb) =>
      eb.selectFrom('automations').select('key').where('workspace', '=', workspace),
    )
    .where('subject', 'in', texts)
    .executeTakeFirst();
  const mailed = await trx
    .deleteFrom('mail_counts')
    .where('workspace', '=', workspace)
    .where(
      'recipient',
      'in',
      texts.map((text) => text.toLowerCase()),
    )
    .executeTakeFirst();
  return Number(activations.numDeletedRows + mailed.numDeletedRows);
}
