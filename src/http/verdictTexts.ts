/** What considered an event, and what came of it, in words of the language that a request asks for. Pure. */

import { explainFailure } from '../core/failures/explain.ts';
import type { Language } from '../core/failures/texts.ts';
import { type Refusal, sayWhy } from '../core/routing/why.ts';

interface Said {
  /** In English. */
  reason: string;
  reason_text: string;
}

export function sayRefusal(refusal: Refusal, language: Language): Said {
  if ('why' in refusal) {
    return { reason: sayWhy(refusal.why, 'en'), reason_text: sayWhy(refusal.why, language) };
  }
  const { reason } = refusal;
  return { reason, reason_text: explainFailure(reason, language) ?? reason };
}

/** Of what an event made: how a "yes" came about, or why there was no webhook. */
export function sayOutcome(outcome: keyof typeof OUTCOMES, language: Language): Said {
  return { reason: OUTCOMES[outcome].en, reason_text: withoutCode(OUTCOMES[outcome][language]) };
}

const OUTCOMES = {
  matched: {
    en: 'takes this type of event, and its condition (if any) matched',
    ar: 'تستقبل هذا النوع من الأحداث، وتحقّق شرطها إن كان لها شرط',
  },
  test: { en: 'sent as a test', ar: 'أُرسل على سبيل الاختبار' },
  automation_matched: { en: 'matched', ar: 'تحقّق' },
  no_trigger: { en: 'no trigger names this event type', ar: 'لا يذكر أيّ مشغّل نوع الحدث هذا' },
  run_released: {
    en: 'run_released: a run was waiting for it, and went on; no webhook was sent for it itself',
    ar: 'كان تشغيل بانتظار هذا الحدث فواصل عمله، ولم يُرسل خطاف ويب للحدث نفسه',
  },
  nothing_sent: {
    en: 'nothing_sent: what it has set off has sent no webhook',
    ar: 'لم يُرسل ما شغّله هذا الحدث أيّ خطاف ويب',
  },
  forgotten: {
    en: 'nothing_wanted_it: why is no longer kept',
    ar: 'لم يُرسل إلى أيّ وجهة، ولم يعد السبب محفوظًا',
  },
  not_taken: {
    en: 'nothing_wanted_it: no endpoint takes this type of event',
    ar: 'لا تستقبل أيّ وجهة هذا النوع من الأحداث',
  },
} as const;

/** `count` subscriptions, or (`mixed`) rules and workflows too, take the type of event, and all said no. */
export function sayNobody(count: number, mixed: boolean, language: Language): Said {
  const asked = mixed ? ['rule or workflow', 'endpoints, rules and workflows'] : ['endpoint', 'endpoints'];
  const who = count === 1 ? `the one ${asked[0]} that takes` : `all ${count} ${asked[1]} that take`;
  const english = `${who} this type of event said no`;
  const reason = `nothing_wanted_it: ${english}`;
  if (language === 'en') return { reason, reason_text: english };
  const forms = mixed ? NOBODY_OF_ALL : NOBODY_OF_ENDPOINTS;
  return { reason, reason_text: forms[ARABIC_PLURALS.select(count)].replace('{n}', String(count)) };
}

type Forms = Readonly<Record<Intl.LDMLPluralRule, string>>;

const ARABIC_PLURALS = new Intl.PluralRules('ar');

const NOBODY_OF_ENDPOINTS: Forms = {
  zero: OUTCOMES.not_taken.ar,
  one: 'لم تقبله الوجهة الوحيدة التي تستقبل هذا النوع من الأحداث',
  two: 'لم تقبله أيّ من الوجهتين اللتين تستقبلان هذا النوع من الأحداث',
  few: 'لم تقبله أيّ من الوجهات التي تستقبل هذا النوع من الأحداث، وعددها {n}',
  many: 'لم تقبله أيّ من الوجهات التي تستقبل هذا النوع من الأحداث، وعددها {n}',
  other: 'لم تقبله أيّ من الوجهات التي تستقبل هذا النوع من الأحداث، وعددها {n}',
};

const NOBODY_OF_ALL: Forms = {
  zero: OUTCOMES.not_taken.ar,
  one: 'لم يقبله المعنيّ الوحيد بهذا النوع من الأحداث، وهو قاعدة أو سير عمل',
  two: 'لم يقبله أيّ من الاثنين المعنيّين بهذا النوع من الأحداث من وجهات وقواعد وسير عمل',
  few: 'لم تقبله أيّ من الوجهات والقواعد وسير العمل المعنية بهذا النوع من الأحداث، وعددها {n}',
  many: 'لم تقبله أيّ من الوجهات والقواعد وسير العمل المعنية بهذا النوع من الأحداث، وعددها {n}',
  other: 'لم تقبله أيّ من الوجهات والقواعد وسير العمل المعنية بهذا النوع من الأحداث، وعددها {n}',
};

function withoutCode(text: string): string {
  return text.replace(/^\w+: /, '');
}
