/** What a language file holds. `{name}` stands for a value; counts come in all of Unicode's plural forms. */

import type { Cause } from './cause.ts';

export type Forms = Readonly<Record<Intl.LDMLPluralRule, string>>;

export interface MailTexts {
  locale: string;
  from: string;
  /** Between subject and workspace. */
  subject: string;
  quoted: string;
  endpointUnnamed: string;
  failures: Forms;
  more: Forms;
  checkHeading: string;
  causes: Readonly<Record<Cause, { title: string; check: string }>>;
  disabled: {
    titleOne: string;
    title: Forms;
    trip: string;
    gone: string;
    held: string;
    dropped: string;
    heldSoFar: Forms;
    /** With `{window}`. */
    droppedBefore: Forms;
    at: string;
    context: string;
  };
  /** `path` and `api` where there is a page to open, else `apiAlone`. */
  enable: { heading: string; path: string; button: string; api: string; apiAlone: string };
  warning: { title: string; intro: string; introEach: string; button: string };
  expiring: { titleOne: string; title: Forms; intro: string; held: Forms; oldest: string; expires: string };
  enabled: { titleOne: string; title: Forms; at: string; send: Forms; skip: Forms };
  dropped: {
    title: Forms;
    intro: string;
    count: Forms;
    attempts: Forms;
    types: string;
    api: string;
    button: string;
  };
  automation: {
    rule: string;
    workflow: string;
    unnamed: string;
    ofNotices: string;
    times: Forms;
    first: string;
    step: string;
    subject: string;
    recipient: string;
    api: string;
  };
  failed: { titleOne: string; title: Forms; intro: string };
  /** With `{setting}`. */
  braked: { titleOne: string; title: Forms; intro: string };
  refused: { title: Forms; intro: string };
  footer: { why: string; change: string };
}
