/** The parts of a mail that tell of rules, workflows and mails: what failed, was stopped or was refused. Pure. */

import { explainCode } from '../core/failures/explain.ts';
import { formatId } from '../core/ids.ts';
import type { AutomationNamed, GroupedKind, Notice } from '../store/records/notices.ts';
import type { Locale } from './locale.ts';
import { type Block, type Card, codePiece, type Line, namePiece, shorten, textPiece } from './pieces.ts';
import { getText, listed, paragraph, type Section, type SectionPlace, titleOf } from './sections.ts';

const MAX_ERROR = 300;
const MAX_NAME = 120;

export function failedSection(
  place: SectionPlace,
  notices: ReadonlyArray<Notice<'automation.failed'>>,
): Section {
  const { locale } = place;
  const { automation, failed } = locale.texts;
  const cards = notices.map((notice): Card => {
    const { step, code, message } = notice.details;
    const facts = factsOf(locale, notice);
    if (step !== null) facts.push(locale.fill(automation.step, { step: codePiece(shorten(step, MAX_NAME)) }));
    const meaning = locale.language === 'en' ? null : explainCode(code, locale.language);
    return {
      name: nameOf(notice.details.automation, automation.unnamed),
      url: '',
      facts,
      error:
        meaning === null
          ? { kind: 'recorded', text: codePiece(shorten(`${code}: ${message}`, MAX_ERROR)).text }
          : { kind: 'meant', line: [textPiece(`${meaning} `), codePiece(code)] },
    };
  });
  return {
    title: titleOf(locale, namesOf(locale, notices), failed),
    blocks: [
      paragraph([textPiece(failed.intro)]),
      ...listed(locale, cards),
      ...lookUp(place, notices[0]?.details.run ?? null),
    ],
  };
}

export function brakedSection(
  place: SectionPlace,
  notices: ReadonlyArray<Notice<'automation.braked'>>,
): Section {
  const { locale } = place;
  const { automation, braked } = locale.texts;
  const cards = notices.map((notice): Card => {
    const subject = namePiece(shorten(notice.details.subject, MAX_NAME));
    return {
      name: nameOf(notice.details.automation, automation.unnamed),
      url: '',
      facts: [...factsOf(locale, notice), locale.fill(automation.subject, { subject })],
      error: null,
    };
  });
  return {
    title: titleOf(locale, namesOf(locale, notices), braked),
    blocks: [
      paragraph(locale.fill(braked.intro, { setting: codePiece('max_activations_per_subject') })),
      ...listed(locale, cards),
      ...lookUp(place, notices[0]?.details.run ?? null),
    ],
  };
}

export function refusedSection(place: SectionPlace, notices: ReadonlyArray<Notice<'mail.refused'>>): Section {
  const { locale } = place;
  const { automation, refused } = locale.texts;
  const cards = notices.map((notice): Card => {
    const { recipient, error, run } = notice.details;
    const facts = factsOf(locale, notice);
    facts.push(locale.fill(automation.recipient, { recipient: codePiece(shorten(recipient, MAX_NAME)) }));
    return {
      name: nameOf(notice.details.automation, run === null ? automation.ofNotices : automation.unnamed),
      url: '',
      facts,
      // The mail server's own words.
      error: { kind: 'recorded', text: codePiece(shorten(error, MAX_ERROR)).text },
    };
  });
  const count = notices.reduce((sum, notice) => sum + notice.count, 0);
  return {
    title: [textPiece(locale.counted(refused.title, count))],
    blocks: [
      paragraph([textPiece(refused.intro)]),
      ...listed(locale, cards),
      paragraph([textPiece(automation.api)]),
      { kind: 'command', text: getText(`${place.publicUrl}/v1/mails?state=refused`) },
    ],
  };
}

/** What it is, how often, and when. */
function factsOf(locale: Locale, { details: { automation }, count, at }: Notice<GroupedKind>): Line[] {
  const { texts } = locale;
  const facts: Line[] = [
    [textPiece(locale.counted(texts.automation.times, count))],
    locale.fill(texts.automation.first, { time: locale.time(at) }),
  ];
  if (automation !== null) facts.unshift([textPiece(texts.automation[automation.kind])]);
  return facts;
}

function nameOf(automation: AutomationNamed | null, otherwise: string): string {
  return automation === null ? otherwise : namePiece(automation.name).text;
}

function namesOf(locale: Locale, notices: ReadonlyArray<Notice<GroupedKind>>): Map<number, string> {
  return new Map(
    notices.map(({ key, details: { automation } }) => [
      automation?.key ?? -key,
      nameOf(automation, locale.texts.automation.unnamed),
    ]),
  );
}

function lookUp(place: SectionPlace, run: number | null): Block[] {
  if (run === null) return [];
  return [
    paragraph([textPiece(place.locale.texts.automation.api)]),
    { kind: 'command', text: getText(`${place.publicUrl}/v1/runs/${formatId('run', run)}`) },
  ];
}
