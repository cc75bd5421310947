/**
 * Between a run that begins to wait for an event about its subject and the event's publish, whichever commits
 * later must see the other: the publish looks for runs that wait, the run for events that were accepted since
 * it began. Where transactions overlap, both take the subject's lock before they look and keep it until they
 * have committed. Pure.
 *
 * Subjects share 64 locks a workspace: a lock per subject would fill the server's table of locks
 * (6,400 by default) with seven batches of a thousand events.
 */

const LOCKS = 64;

/** The numbers of the subjects' locks, ascending, each once: the order in which they are taken. */
export function waitLocksOf(subjects: Iterable<string>): number[] {
  const locks = new Set<number>();
  for (const subject of subjects) locks.add(lockOf(subject));
  return [...locks].sort((one, other) => one - other);
}

function lockOf(subject: string): number {
  let hash = 0;
  for (let index = 0; index < subject.length; index += 1) hash = (hash * 31 + subject.charCodeAt(index)) | 0;
  return (hash >>> 0) % LOCKS;
}

/** Takes them; `?` for the workspace and for the numbers as a JSON array. PostgreSQL's. */
export const TAKE_WAIT_LOCKS = `SELECT pg_advisory_xact_lock(hashtext('waits of ' || ?::bigint), n.value::int)
  FROM json_array_elements_text(?::json) WITH ORDINALITY AS n(value, place)`;
