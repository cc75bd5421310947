/** A workspace's settings, and changes of them. Pure. */

import { type BudgetPolicy, DEFAULT_BUDGET } from '../../core/delivery/budget.ts';

export interface WorkspaceSettings {
  /** `strict` refuses an event that its schema refuses; `warn` accepts it and says so. */
  validation: 'strict' | 'warn';
  language: 'ar' | 'en';
  /** `account.email` of marketing bodies where the publisher names none. */
  account_email: string | null;
  /** Failed attempts that disable endpoints (A11). */
  budget: BudgetPolicy;
  /** Who gets the mails; the workspace's owners where nobody is named. */
  notification_recipients: Recipient[];
  retention: Retention;
  /** What was held goes out at most this fast once its endpoint is enabled again (P9). */
  release_per_second: number;
}

export interface Recipient {
  email: string;
  language: 'ar' | 'en';
}

/** Days; what is older is deleted, or for `held_days` skipped. */
export interface Retention {
  events_days: number;
  bodies_days: number;
  attempts_days: number;
  held_days: number;
}

/** What a new workspace starts with. */
export const DEFAULT_SETTINGS: WorkspaceSettings = {
  validation: 'strict',
  language: 'en',
  account_email: null,
  budget: DEFAULT_BUDGET,
  notification_recipients: [],
  retention: { events_days: 90, bodies_days: 30, attempts_days: 30, held_days: 7 },
  release_per_second: 20,
};

/** Members that are named replace what is stored; in `budget` and `retention`, members of theirs. */
export type SettingsPatch = Partial<Omit<WorkspaceSettings, 'budget' | 'retention'>> & {
  budget?: Partial<WorkspaceSettings['budget']>;
  retention?: Partial<WorkspaceSettings['retention']>;
};

/** Members of the patch replace those of `settings`; in `budget` and `retention`, members of theirs. */
export function mergeSettings(settings: WorkspaceSettings, patch: SettingsPatch): WorkspaceSettings {
  return {
    ...settings,
    ...patch,
    budget: { ...settings.budget, ...patch.budget },
    retention: { ...settings.retention, ...patch.retention },
  };
}
