/** Which rules and workflows send to an endpoint. */

import { parseId } from '../core/ids.ts';
import type { Automation } from '../store/records/automation.ts';
import type { Routing } from '../store/records/routing.ts';
import { automationId } from './views/automation.ts';

/** Reading all definitions of a workspace takes long: once for each of its routings. */
const known = new WeakMap<Routing, ReadonlyMap<number, readonly string[]>>();

/** Public ids of rules and workflows by the key of the endpoint that their actions send to, in the order in which they act. */
export function usersOfEndpoints(routing: Routing): ReadonlyMap<number, readonly string[]> {
  let users = known.get(routing);
  if (users === undefined) {
    users = readUsers(routing);
    known.set(routing, users);
  }
  return users;
}

function readUsers({ automations, endpoints }: Routing): ReadonlyMap<number, readonly string[]> {
  const users = new Map<number, string[]>();
  const typed = new Map<string, number>();
  // The first of a URL is where its actions send (typedEndpoint): it is put in last.
  for (const { automation, url, key } of endpoints.toReversed()) if (automation !== null) typed.set(url, key);
  for (const automation of automations) {
    for (const key of targetsOf(automation, typed)) {
      const known = users.get(key);
      const id = automationId(automation.kind, automation.key);
      if (known === undefined) users.set(key, [id]);
      else known.push(id);
    }
  }
  return users;
}

/** Read without compiling them: a workspace may have thousands, and one that does not compile takes nothing else along. */
function targetsOf({ definition }: Automation, typed: ReadonlyMap<string, number>): Set<number> {
  const targets = new Set<number>();
  const { actions, steps }: WrittenSteps = JSON.parse(definition);
  const open = [...(actions ?? []), ...(steps ?? [])];
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    for (const branch of [step.yes, step.no, step.received, step.timed_out]) open.push(...(branch ?? []));
    if (step.type !== 'webhook') continue;
    const key = step.url === undefined ? parseId('ep', step.endpoint_id ?? '') : typed.get(step.url);
    if (key !== undefined && key !== null) targets.add(key);
  }
  return targets;
}

interface WrittenSteps {
  actions?: WrittenStep[];
  steps?: WrittenStep[];
}

/** What says where a webhook goes, and the branches that hold more of them. */
interface WrittenStep {
  type: string;
  url?: string;
  endpoint_id?: string;
  yes?: WrittenStep[];
  no?: WrittenStep[];
  received?: WrittenStep[];
  timed_out?: WrittenStep[];
}
