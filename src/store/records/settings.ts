/** Changes of a workspace's settings. Pure. */

import type { WorkspaceSettings } from '../records.ts';

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
