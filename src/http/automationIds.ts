/** Public ids of rules and workflows where only their keys are known: whether it is the one or the other. */

import type { HttpDeps } from './deps.ts';
import { automationId } from './views/automation.ts';

/** By key. A deleted one is told by its versions, which are kept. */
export async function automationIds(
  deps: Pick<HttpDeps, 'engine' | 'store'>,
  workspace: number,
  keys: readonly number[],
): Promise<Map<number, string>> {
  const ids = new Map<number, string>();
  if (keys.length === 0) return ids;
  const routing = await deps.engine.freshRouting(workspace);
  for (const { kind, key } of routing?.automations ?? []) ids.set(key, automationId(kind, key));
  for (const key of new Set(keys)) {
    if (!ids.has(key)) ids.set(key, await idOfDeleted(deps, workspace, key));
  }
  return ids;
}

async function idOfDeleted(deps: Pick<HttpDeps, 'store'>, workspace: number, key: number): Promise<string> {
  const [latest] = await deps.store.listAutomationVersions(workspace, key);
  const definition: object = latest === undefined ? {} : JSON.parse(latest.definition);
  return automationId('steps' in definition ? 'workflow' : 'rule', key);
}
