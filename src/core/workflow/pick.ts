/**
 * Chosen members of a body: {"members": ["type", "data.contact.email"]} sends a body that holds these
 * alone. Pure. They stay where they are, in the body's order, as the very text that was posted; of an
 * array, the chosen elements move together. A member that the body lacks is left out.
 */
import { arraySlices, memberList } from '../json/slices.ts';
import { STEPS, Work } from '../work.ts';

interface Choice {
  /** Everything below is chosen. */
  whole: boolean;
  inner: Map<string, Choice>;
}

/**
 * `paths` are unescaped member names and array indexes; `raw` is valid JSON, and so is the result. Throws WorkLimitReached
 * where it takes more than `work` has left.
 */
export function pickMembers(
  paths: ReadonlyArray<readonly string[]>,
  raw: string,
  work: Work = new Work(),
): string {
  const root: Choice = { whole: false, inner: new Map() };
  for (const path of paths) {
    let choice = root;
    for (const name of path) {
      const inner = choice.inner.get(name) ?? { whole: false, inner: new Map() };
      choice.inner.set(name, inner);
      choice = inner;
    }
    choice.whole = true;
  }
  return pick(raw.trim(), root, work) ?? '{}';
}

/** Null where nothing of it is chosen. */
function pick(raw: string, choice: Choice, work: Work): string | null {
  work.charge(raw.length * STEPS.copied);
  if (choice.whole) return raw;
  if (raw.startsWith('{')) return pickOfObject(raw, choice, work);
  return raw.startsWith('[') ? pickOfArray(raw, choice, work) : null;
}

function pickOfObject(raw: string, choice: Choice, work: Work): string | null {
  const members = memberList(raw);
  work.charge(members.length * STEPS.member);
  // Of a repeated name the last value counts, as everywhere.
  const last = new Map(members.map((member) => [member.name, member]));
  const picked = members.flatMap((member) => {
    const inner = choice.inner.get(member.name);
    if (inner === undefined || last.get(member.name) !== member) return [];
    const value = pick(member.value, inner, work);
    return value === null ? [] : [`${member.rawName}:${value}`];
  });
  return picked.length === 0 ? null : `{${picked.join(',')}}`;
}

function pickOfArray(raw: string, choice: Choice, work: Work): string | null {
  const elements = arraySlices(raw);
  work.charge(elements.length * STEPS.member);
  const picked = elements.flatMap((element, index) => {
    const inner = choice.inner.get(String(index));
    const value = inner === undefined ? null : pick(element, inner, work);
    return value === null ? [] : [value];
  });
  return picked.length === 0 ? null : `[${picked.join(',')}]`;
}
