/** The words of the inspect page. Pure. */

import { MIB } from '../bodies.ts';
import { BIN_LIMITS, type SignatureVerdictView } from '../views/bin.ts';
import type { Language } from './languages.ts';

export interface InspectTexts {
  title: string;
  intro: string;
  limits(expiry: string): string;
  count(shown: number, total: number): string;
  empty: string;
  stop: string;
  resume: string;
  otherLanguage: string;
  headers(count: number): string;
  noBody: string;
  binary: string;
  truncated: string;
  cut: string;
  verdicts: Record<SignatureVerdictView['verdict'], string>;
}

function englishRequests(count: number): string {
  return count === 1 ? '1 request' : `${count} requests`;
}

const ARABIC_PLURALS = new Intl.PluralRules('ar');
const ARABIC_REQUESTS: Record<Intl.LDMLPluralRule, (count: number) => string> = {
  zero: () => 'لا طلبات',
  one: () => 'طلب واحد',
  two: () => 'طلبان',
  few: (count) => `${count} طلبات`,
  many: (count) => `${count} طلبًا`,
  other: (count) => `${count} طلب`,
};

function arabicRequests(count: number): string {
  return ARABIC_REQUESTS[ARABIC_PLURALS.select(count)](count);
}

const KEPT_MIB = BIN_LIMITS.bytes / MIB;

export const INSPECT_TEXTS: Record<Language, InspectTexts> = {
  en: {
    title: 'Test destination',
    intro: 'Whatever is sent to this address appears here, newest first:',
    limits: (expiry) =>
      `Kept: the newest ${BIN_LIMITS.requests} requests, 1 MiB of each and ${KEPT_MIB} MiB in all, for ${BIN_LIMITS.days} days. Deleted on ${expiry}.`,
    count: (shown, total) =>
      shown < total ? `${englishRequests(total)}, the newest ${shown} shown.` : `${englishRequests(total)}.`,
    empty: 'Nothing has come yet. Send something to the address above.',
    stop: 'Stop updating',
    resume: 'Update by itself',
    otherLanguage: 'العربية',
    headers: (count) => `Headers (${count})`,
    noBody: 'No body.',
    binary: 'Not text; shown as base64.',
    truncated: 'More came than is kept: only the first 1 MiB is here.',
    cut: 'Only the beginning is shown; the API has all of it.',
    verdicts: {
      valid: 'Signature valid',
      invalid: 'Signature invalid',
      unsigned: 'Not signed',
      unknown_endpoint: 'No endpoint points here',
    },
  },
  ar: {
    title: 'وجهة اختبار',
    intro: 'كل ما يُرسَل إلى هذا العنوان يظهر هنا، الأحدث أولًا:',
    limits: (expiry) =>
      `يُحتفَظ بأحدث ${arabicRequests(BIN_LIMITS.requests)}، وبأول ميبيبايت من كل طلب، على ألا يتجاوز مجموعها ${KEPT_MIB} ميبيبايت، مدة ${BIN_LIMITS.days} أيام. تُحذف في \u2068${expiry}\u2069.`,
    count: (shown, total) =>
      shown < total ? `${arabicRequests(total)}، المعروض أحدثها: ${shown}.` : `${arabicRequests(total)}.`,
    empty: 'لم يصل شيء بعد. أرسل طلبًا إلى العنوان أعلاه.',
    stop: 'إيقاف التحديث',
    resume: 'تحديث تلقائي',
    otherLanguage: 'English',
    headers: (count) => `الترويسات (${count})`,
    noBody: 'بلا محتوى.',
    binary: 'ليس نصًا؛ معروض بترميز base64.',
    truncated: 'وصل أكثر مما يُحتفَظ به: هنا أول ميبيبايت فقط.',
    cut: 'المعروض هو البداية فقط؛ والمحتوى كاملًا متاح عبر واجهة البرمجة.',
    verdicts: {
      valid: 'التوقيع صحيح',
      invalid: 'التوقيع غير صحيح',
      unsigned: 'بلا توقيع',
      unknown_endpoint: 'لا وجهة مسجّلة تشير إلى هنا',
    },
  },
};
