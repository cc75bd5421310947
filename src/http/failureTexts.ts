/**
 * What failures mean, in the language that a request asks for (`Accept-Language`: ar or en). What was recorded, and
 * the codes in it, stay as they are beside it.
 */

import { explainCode, explainFailure } from '../core/failures/explain.ts';
import type { Language } from '../core/failures/texts.ts';
import type { Why } from '../core/routing/why.ts';
import { pickLanguage } from './pages/languages.ts';
import { sayRefusal } from './verdictTexts.ts';

export function languageOf({ headers }: { headers: { 'accept-language'?: string | undefined } }): Language {
  return pickLanguage(headers['accept-language'] ?? '');
}

interface FailedAttempt {
  outcome: string;
  status: number | null;
  error: string | null;
}

/** A delivery with what its reason and its attempts' errors mean. */
export function explainDelivery<
  Attempt extends FailedAttempt,
  View extends { reason: string | null; attempts: Attempt[] },
>(view: View, language: Language): View & { reason_text: string | null } {
  return {
    ...view,
    reason_text: view.reason === null ? null : explainFailure(view.reason, language),
    attempts: view.attempts.map((attempt) => ({ ...attempt, error_text: attemptText(attempt, language) })),
  };
}

function attemptText({ outcome, status, error }: FailedAttempt, language: Language): string | null {
  if (outcome === 'success') return null;
  const exactly = error === null ? null : explainFailure(error, language);
  return (
    exactly ?? (status === null ? explainCode(outcome, language) : explainFailure(`HTTP ${status}`, language))
  );
}

/** Those of runs that failed under former versions begin with the id of a step, which may be the name of a code. */
const OF_RUNS = /^(?:step_failed|body_gone|definition_invalid|internal_error): /;

/** A run with what its reason means. */
export function explainRun<View extends { state: string; reason: string | null }>(
  view: View,
  language: Language,
): View & { reason_text: string | null } {
  const { state, reason } = view;
  const isCode = reason !== null && (state !== 'failed' || OF_RUNS.test(reason));
  return { ...view, reason_text: isCode ? explainFailure(reason, language) : null };
}

/** Details of a step, with what a failure's code means, or why a decision said no. */
export function explainStep<Step extends { details: Record<string, unknown> }>(
  step: Step,
  language: Language,
): Step {
  const { failure, verdict } = step.details;
  if (isMismatch(verdict)) {
    const { why, ...kept } = verdict;
    const said = sayRefusal(why === undefined ? kept : { why }, language);
    return { ...step, details: { ...step.details, verdict: { ...kept, ...said } } };
  }
  if (typeof failure !== 'object' || failure === null || !('code' in failure)) return step;
  const text = explainCode(String(failure.code), language);
  return { ...step, details: { ...step.details, failure: { ...failure, text } } };
}

/** As a decision's history keeps it; former versions kept no `why`. */
function isMismatch(verdict: unknown): verdict is { reason: string; why?: Why } {
  return typeof verdict === 'object' && verdict !== null && 'reason' in verdict;
}
