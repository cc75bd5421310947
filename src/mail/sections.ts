/** The parts of a mail: one for each kind of notice that it tells of. Pure. */

import { SECOND } from '../core/duration.ts';
import { explainFailure } from '../core/failures/explain.ts';
import { formatId } from '../core/ids.ts';
import type { DueMail } from '../store/records/mails.ts';
import type { Notice, NoticeDetails, NoticeKind } from '../store/records/notices.ts';
import { type Cause, causeOf, lastFailureIn } from './cause.ts';
import type { Locale } from './locale.ts';
import {
  type Block,
  type Card,
  codePiece,
  type ErrorLine,
  type Line,
  namePiece,
  type Piece,
  shorten,
  textPiece,
} from './pieces.ts';

/** Longer lists say how many more there are. */
export const MAX_LISTED = 20;
const MAX_URL = 120;
const MAX_ERROR = 300;
const MAX_CAUSES = 4;
const MAX_TYPES = 5;

/** Where a mail may lead to: only what answers. */
export interface MailLinks {
  /** Without a slash at its end. */
  publicUrl: string;
  /** The page on which people enable endpoints; null where there is none. */
  webhooksPage: string | null;
}

export interface SectionPlace extends MailLinks {
  locale: Locale;
  queues: DueMail['queues'];
}

export interface Section {
  /** Stands as the mail's title where the section comes first, else above the section. */
  title: Line;
  blocks: Block[];
}

type NoticeOf<Kind extends NoticeKind> = Notice<Kind>;

function timesOf(locale: Locale, at: number): Record<string, string> {
  return { time: locale.time(at) };
}

/** Query strings often hold credentials. */
function shownUrl(url: string): string {
  return shorten(url.replace(/[?#].*$/s, ''), MAX_URL);
}

function nameOf(locale: Locale, name: string): string {
  return name.trim() === '' ? locale.texts.endpointUnnamed : name;
}

function card(
  locale: Locale,
  { name, url }: { name: string; url: string },
  facts: readonly Line[],
  error: string | null,
): Card {
  return {
    name: namePiece(nameOf(locale, name)).text,
    url: codePiece(shownUrl(url)).text,
    facts,
    error: error === null || error === '' ? null : errorLine(locale, error),
  };
}

/** What was recorded is in English: who reads another language gets what its code means, and the code. */
function errorLine({ language }: Locale, error: string): ErrorLine {
  const recorded = codePiece(shorten(error, MAX_ERROR)).text;
  const meaning = language === 'en' ? null : explainFailure(error, language);
  if (meaning === null) return { kind: 'recorded', text: recorded };
  const code = /^(?:HTTP \d{3}|\w+)/.exec(lastFailureIn(error))?.[0] ?? '';
  return { kind: 'meant', line: [textPiece(`${meaning} `), codePiece(code)] };
}

/** Cards of the first ones, and how many more there are. */
export function listed(locale: Locale, cards: readonly Card[]): Block[] {
  const more = cards.length - MAX_LISTED;
  const blocks: Block[] = [{ kind: 'cards', cards: cards.slice(0, MAX_LISTED) }];
  if (more > 0) {
    blocks.push({ kind: 'paragraph', line: [textPiece(locale.counted(locale.texts.more, more))] });
  }
  return blocks;
}

/** What to check, by the kinds of errors: each once, the most frequent first. */
function advice(locale: Locale, errors: ReadonlyArray<string | null>): Block[] {
  const counts = new Map<Cause, number>();
  for (const error of errors) {
    const cause = error === null ? null : causeOf(error);
    if (cause !== null) counts.set(cause, (counts.get(cause) ?? 0) + 1);
  }
  const causes = [...counts].sort(([, one], [, other]) => other - one).slice(0, MAX_CAUSES);
  if (causes.length === 0) return [];
  return [
    { kind: 'heading', line: [textPiece(locale.texts.checkHeading)] },
    ...causes.map(([cause]): Block => {
      const { title, check } = locale.texts.causes[cause];
      return { kind: 'advice', title: [textPiece(title)], line: [textPiece(check)] };
    }),
  ];
}

export function paragraph(line: Line): Block {
  return { kind: 'paragraph', line };
}

function button({ webhooksPage }: SectionPlace, label: string): Block[] {
  return webhooksPage === null ? [] : [{ kind: 'button', label, url: webhooksPage }];
}

/** The title that names the one, or else counts them. */
export function titleOf(
  locale: Locale,
  names: ReadonlyMap<unknown, string>,
  texts: { titleOne: string; title: Parameters<Locale['counted']>[0] },
): Line {
  const [name] = names.values();
  if (names.size !== 1 || name === undefined) return [textPiece(locale.counted(texts.title, names.size))];
  const quoted = locale.fill(locale.texts.quoted, { name: namePiece(shorten(nameOf(locale, name), 60)) });
  return locale
    .fill(texts.titleOne, { name: PLACE })
    .flatMap((piece): Line => (piece === PLACE ? quoted : [piece]));
}

const PLACE: Piece = { kind: 'text', text: '' };

// ---------------------------------------------------------------- disabled

export function disabledSection(
  place: SectionPlace,
  notices: ReadonlyArray<NoticeOf<'endpoint.disabled'>>,
  warnings: ReadonlyArray<NoticeOf<'budget.warning'>>,
): Section {
  const { locale } = place;
  const { texts } = locale;
  const names = new Map(notices.map(({ key, endpoint, details }) => [endpoint ?? key, details.name]));
  const trip = notices.findLast(({ details }) => details.trip !== null)?.details.trip ?? null;
  const blocks: Block[] = [];
  if (trip !== null) {
    blocks.push(
      paragraph(
        locale.fill(texts.disabled.trip, {
          failures: locale.counted(texts.failures, trip.errors),
          window: locale.duration(trip.budget.window_s * SECOND),
          limit: locale.number(trip.budget.limit),
        }),
      ),
    );
  }
  if (notices.some(({ details }) => details.reason === 'gone')) {
    blocks.push(paragraph(locale.fill(texts.disabled.gone, { answer: codePiece('410 Gone') })));
  }
  blocks.push(paragraph([textPiece(texts.disabled.held)]));
  const queueOf = ({ endpoint }: Notice) => (endpoint === null ? undefined : place.queues.get(endpoint));
  if (notices.some((notice) => (queueOf(notice)?.dropped ?? 0) > 0)) {
    blocks.push(paragraph([textPiece(texts.disabled.dropped)]));
  }
  const level = Math.max(0, ...warnings.map(({ details }) => details.level));
  if (level > 0) {
    blocks.push(paragraph(locale.fill(texts.disabled.context, { level: locale.percent(level) })));
  }
  const cards = notices.map((notice) => {
    const { details, at } = notice;
    const facts: Line[] = [locale.fill(texts.disabled.at, timesOf(locale, at))];
    const queue = queueOf(notice);
    if (queue !== undefined) {
      const window = locale.duration(queue.droppedWithinMs);
      facts.push([textPiece(locale.counted(texts.disabled.heldSoFar, queue.held))]);
      facts.push(locale.fill(locale.counted(texts.disabled.droppedBefore, queue.dropped), { window }));
    }
    if (details.trip !== null) facts.unshift([textPiece(locale.counted(texts.failures, details.trip.own))]);
    return card(locale, details, facts, details.error);
  });
  blocks.push(...listed(locale, cards));
  blocks.push(
    ...advice(
      locale,
      notices.map(({ details }) => details.error),
    ),
  );
  blocks.push(...enabling(place, notices.find(({ endpoint }) => endpoint !== null)?.endpoint ?? null));
  return { title: titleOf(locale, names, texts.disabled), blocks };
}

/** How to enable it again (A13): by hand, and by call. */
function enabling(place: SectionPlace, endpoint: number | null): Block[] {
  const { enable } = place.locale.texts;
  const id = endpoint === null ? 'ep_…' : formatId('ep', endpoint);
  return [
    { kind: 'heading', line: [textPiece(enable.heading)] },
    ...(place.webhooksPage === null ? [] : [paragraph([textPiece(enable.path)])]),
    ...button(place, enable.button),
    paragraph(
      place.locale.fill(place.webhooksPage === null ? enable.apiAlone : enable.api, {
        send: codePiece('"held":"send"'),
        skip: codePiece('"held":"skip"'),
      }),
    ),
    {
      kind: 'command',
      text: callText(`${place.publicUrl}/v1/endpoints/${id}/enable`, '{"held":"send"}'),
    },
  ];
}

function callText(url: string, body: string | null): string {
  const parts = [`curl -X POST ${url}`, '-H "Authorization: Bearer $KEY"'];
  if (body !== null) parts.push("-H 'Content-Type: application/json'", `-d '${body}'`);
  return parts.join(' \\\n  ');
}

export function getText(url: string): string {
  return `curl '${url}' \\\n  -H "Authorization: Bearer $KEY"`;
}

// ---------------------------------------------------------------- warning

export function warningSection(
  place: SectionPlace,
  notices: ReadonlyArray<NoticeOf<'budget.warning'>>,
): Section {
  const { locale } = place;
  const { texts } = locale;
  const worst = notices.reduce((one, other) => (other.details.level >= one.details.level ? other : one));
  const { level, errors, budget } = worst.details;
  const endpoints = new Map(
    notices.flatMap(({ details }) =>
      details.endpoints.map((culprit) => [culprit.endpoint, culprit] as const),
    ),
  );
  const culprits = [...endpoints.values()].sort((one, other) => other.errors - one.errors);
  const cards = culprits.map((culprit) =>
    card(locale, culprit, [[textPiece(locale.counted(texts.failures, culprit.errors))]], culprit.error),
  );
  return {
    title: locale.fill(texts.warning.title, { level: locale.percent(level) }),
    blocks: [
      paragraph(
        locale.fill(budget.scope === 'endpoint' ? texts.warning.introEach : texts.warning.intro, {
          failures: locale.counted(texts.failures, errors),
          window: locale.duration(budget.window_s * SECOND),
          limit: locale.number(budget.limit),
        }),
      ),
      ...listed(locale, cards),
      ...advice(
        locale,
        culprits.map(({ error }) => error),
      ),
      ...button(place, texts.warning.button),
    ],
  };
}

// ---------------------------------------------------------------- about to expire

export function expiringSection(
  place: SectionPlace,
  notices: ReadonlyArray<NoticeOf<'held.expiring'>>,
): Section {
  const { locale } = place;
  const { texts } = locale;
  const names = new Map(notices.map(({ key, endpoint, details }) => [endpoint ?? key, details.name]));
  const cards = notices.map(({ details }) =>
    card(
      locale,
      details,
      [
        [textPiece(locale.counted(texts.expiring.held, details.held))],
        locale.fill(texts.expiring.oldest, timesOf(locale, details.oldest_at)),
        locale.fill(texts.expiring.expires, timesOf(locale, details.expires_at)),
      ],
      null,
    ),
  );
  return {
    title: titleOf(locale, names, texts.expiring),
    blocks: [
      paragraph([textPiece(texts.expiring.intro)]),
      ...listed(locale, cards),
      ...enabling(place, notices.find(({ endpoint }) => endpoint !== null)?.endpoint ?? null),
    ],
  };
}

// ---------------------------------------------------------------- enabled

export function enabledSection(
  place: SectionPlace,
  notices: ReadonlyArray<NoticeOf<'endpoint.enabled'>>,
): Section {
  const { locale } = place;
  const { enabled } = locale.texts;
  const names = new Map(notices.map(({ key, endpoint, details }) => [endpoint ?? key, details.name]));
  const cards = notices.map(({ details, at }) =>
    card(
      locale,
      details,
      [
        locale.fill(enabled.at, { time: locale.time(at), by: namePiece(details.by) }),
        [textPiece(locale.counted(details.choice === 'send' ? enabled.send : enabled.skip, details.held))],
      ],
      null,
    ),
  );
  return { title: titleOf(locale, names, enabled), blocks: listed(locale, cards) };
}

// ---------------------------------------------------------------- dropped

interface Drops {
  details: NoticeDetails['delivery.dropped'];
  count: number;
  first: number;
  last: number;
  types: Set<string>;
}

export function droppedSection(
  place: SectionPlace,
  notices: ReadonlyArray<NoticeOf<'delivery.dropped'>>,
): Section {
  const { locale } = place;
  const { texts } = locale;
  const byEndpoint = new Map<number, Drops>();
  for (const { key, endpoint, details, at } of notices) {
    const drops = byEndpoint.get(endpoint ?? key) ?? {
      details,
      count: 0,
      first: at,
      last: at,
      types: new Set(),
    };
    drops.count += 1;
    drops.details = details;
    drops.last = at;
    drops.types.add(details.event_type);
    byEndpoint.set(endpoint ?? key, drops);
  }
  const sorted = [...byEndpoint.values()].sort((one, other) => other.count - one.count);
  const cards = sorted.map(({ details, count, first, last, types }) =>
    card(
      locale,
      details,
      [
        [textPiece(locale.counted(texts.dropped.count, count))],
        [textPiece(locale.span(first, last))],
        locale.fill(texts.dropped.types, { types: codePiece(typeList(types)) }),
        [textPiece(locale.counted(texts.dropped.attempts, details.attempts))],
      ],
      lastFailureIn(details.reason),
    ),
  );
  const example = notices.findLast(({ delivery }) => delivery !== null)?.delivery ?? null;
  const id = example === null ? 'dlv_…' : formatId('dlv', example);
  return {
    title: [textPiece(locale.counted(texts.dropped.title, notices.length))],
    blocks: [
      paragraph([textPiece(texts.dropped.intro)]),
      ...listed(locale, cards),
      ...advice(
        locale,
        sorted.map(({ details }) => details.reason),
      ),
      ...button(place, texts.dropped.button),
      paragraph([textPiece(texts.dropped.api)]),
      { kind: 'command', text: callText(`${place.publicUrl}/v1/deliveries/${id}/retry`, null) },
    ],
  };
}

function typeList(types: ReadonlySet<string>): string {
  const shown = [...types].slice(0, MAX_TYPES).join(', ');
  return types.size > MAX_TYPES ? `${shown}, …` : shown;
}
