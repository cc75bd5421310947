/** Rules and workflows for tests of the engine, checked as the API checks them. */

import { builtInEventTypes } from '../../src/core/catalog/catalog.ts';
import { parseRule, parseWorkflow } from '../../src/core/workflow/parse.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { Automation } from '../../src/store/records/automation.ts';
import type { Store } from '../../src/store/store.ts';
import { WORKSPACE } from './engine.ts';

/** Stores it, enabled; throws where it is not well formed. */
export async function anAutomation(
  engine: Engine,
  store: Store,
  kind: Automation['kind'],
  definition: Record<string, unknown>,
  now = 0,
): Promise<Automation> {
  const input = { name: 'An automation', ...definition };
  const context = { eventType: (name: string) => builtInEventTypes.get(name) };
  const parsed = kind === 'rule' ? parseRule(input, context) : parseWorkflow(input, context);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const checked = 'rule' in parsed ? parsed.rule : parsed.workflow;
  const key = engine.nextKey();
  await store.createAutomation(
    {
      key,
      workspace: WORKSPACE,
      kind,
      name: input.name,
      position: 'position' in checked ? (checked.position ?? key) : 0,
      enabledAt: now,
      definition: JSON.stringify(checked),
      createdAt: now,
    },
    [],
    'test',
  );
  await engine.routingChanged(WORKSPACE);
  const made = (await store.listAutomations(WORKSPACE)).find((automation) => automation.key === key);
  if (made === undefined) throw new Error('The automation was not stored.');
  return made;
}
