/**
 * A recorded failure as a sentence in a language: `HTTP 503`, `connection_refused: …`, or
 * `retries_exhausted: 4 attempts, the last: timeout`. What is recorded is in English and stays as it is; its code says
 * what it means. Pure.
 */

import { FAILURE_TEXTS, type Language } from './texts.ts';

type Forms = Readonly<Record<Intl.LDMLPluralRule, string>>;

interface Sentences {
  answered: string;
  exhausted: Forms;
  skippedBy: string;
  cancelledBy: string;
  stepFailed: string;
  heldFor: Forms;
}

function english(one: string, other: string): Forms {
  return { zero: other, one, two: other, few: other, many: other, other };
}

const SENTENCES: Readonly<Record<Language, Sentences>> = {
  en: {
    answered: 'The receiver answered {what}.',
    exhausted: english(
      'The only attempt failed. {last}',
      'The retries were used up after {n} attempts. The last one: {last}',
    ),
    skippedBy: 'Skipped by {what}.',
    cancelledBy: 'Cancelled by {what}.',
    stepFailed: 'The step {step} failed, and the run stopped there. {cause}',
    heldFor: english(
      'It was held for {n} day and then skipped.',
      'It was held for {n} days and then skipped.',
    ),
  },
  ar: {
    answered: 'أجاب المستقبِل بالرمز {what}.',
    exhausted: {
      zero: 'لم تُجرَ أيّ محاولة. {last}',
      one: 'فشلت المحاولة الوحيدة. {last}',
      two: 'استُنفدت إعادة الإرسال بعد محاولتين، وفي آخرهما: {last}',
      few: 'استُنفدت إعادة الإرسال بعد {n} محاولات، وفي آخرها: {last}',
      many: 'استُنفدت إعادة الإرسال بعد {n} محاولة، وفي آخرها: {last}',
      other: 'استُنفدت إعادة الإرسال بعد {n} محاولة، وفي آخرها: {last}',
    },
    skippedBy: 'تخطّاه {what}.',
    cancelledBy: 'ألغاه {what}.',
    stepFailed: 'فشلت الخطوة {step} فتوقّف التشغيل عندها. {cause}',
    heldFor: {
      zero: 'لم يُحجز، بل تُخطّي مباشرة.',
      one: 'حُجز يومًا واحدًا ثم تُخطّي.',
      two: 'حُجز يومين ثم تُخطّي.',
      few: 'حُجز {n} أيام ثم تُخطّي.',
      many: 'حُجز {n} يومًا ثم تُخطّي.',
      other: 'حُجز {n} يوم ثم تُخطّي.',
    },
  },
};

const PLURALS = { en: new Intl.PluralRules('en'), ar: new Intl.PluralRules('ar') } as const;

/** Null where it begins with no code that is known. */
export function explainFailure(recorded: string, language: Language): string | null {
  const sentences = SENTENCES[language];
  const exhausted = /^retries_exhausted: (\d+) attempts?, the last: (.+)$/s.exec(recorded);
  if (exhausted !== null) {
    const [, count, last = ''] = exhausted;
    const cause = explainFailure(last, language) ?? isolated(last);
    return counted(sentences.exhausted, Number(count), language).replace('{last}', () => cause);
  }
  const stopped = /^step_failed: ([^:]+): (.+)$/s.exec(recorded);
  if (stopped !== null) {
    const [, step = '', failure = ''] = stopped;
    const cause = explainFailure(failure, language) ?? isolated(failure);
    return sentences.stepFailed.replace('{step}', () => isolated(step)).replace('{cause}', () => cause);
  }
  const status = /^HTTP (\d{3})$/.exec(recorded)?.[1];
  if (status !== undefined) return sentences.answered.replace('{what}', status);
  const [, code, detail] = /^(\w+)(?:: (.+))?$/s.exec(recorded) ?? [];
  if (code === undefined) return null;
  if (detail !== undefined) {
    if (code === 'skipped_by') return sentences.skippedBy.replace('{what}', () => isolated(detail));
    if (code === 'cancelled_by') return sentences.cancelledBy.replace('{what}', () => isolated(detail));
    const days = /^held for (\d+) days?$/.exec(detail)?.[1];
    if (code === 'held_expired' && days !== undefined) {
      return counted(sentences.heldFor, Number(days), language);
    }
  }
  return explainCode(code, language);
}

/** Null for a code that is not known. */
export function explainCode(code: string, language: Language): string | null {
  return Object.hasOwn(FAILURE_TEXTS, code)
    ? FAILURE_TEXTS[code as keyof typeof FAILURE_TEXTS][language]
    : null;
}

function counted(forms: Forms, count: number, language: Language): string {
  const form = count === 0 ? 'zero' : PLURALS[language].select(count);
  return forms[form].replaceAll('{n}', String(count));
}

/** A name in whatever direction does not turn the sentence around. */
function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}
