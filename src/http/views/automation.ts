/** Rules, workflows and their versions as the API shows and takes them. Pure. */

import { type Static, Type } from 'typebox';
import { maskDefinition, maskUrl } from '../../core/egress/maskUrl.ts';
import { formatId } from '../../core/ids.ts';
import { jsonText } from '../../core/json/raw.ts';
import { DEFINITION_LIMITS } from '../../core/workflow/definition.ts';
import { readDefinition } from '../../core/workflow/raw.ts';
import type { Automation, AutomationKind, AutomationVersion } from '../../store/records/automation.ts';
import { type Endpoint, typedEndpoint } from '../../store/records/endpoints.ts';
import { nullable, oneOf, pageOf, ref, time } from '../operation.ts';
import { formatTime } from '../paging.ts';
import { scope, stepComponents } from './steps.ts';
import { savedWarnings, WarningSchema } from './warning.ts';

const PREFIXES = { rule: 'rule', workflow: 'wf' } as const;

export function automationId(kind: AutomationKind, key: number): string {
  return formatId(PREFIXES[kind], key);
}

export function automationPrefix(kind: AutomationKind): 'rule' | 'wf' {
  return PREFIXES[kind];
}

/** For routes that answer with definitions: their templates stand as they were written. */
export const AS_WRITTEN = { serializerCompiler: () => jsonText };

const RuleTriggerSchema = Type.Object(
  { event_type: Type.String(), scope: Type.Optional(scope) },
  { $id: 'RuleTrigger', description: 'The event that sets a rule off.' },
);

const WorkflowTriggerSchema = Type.Object(
  {
    event_type: Type.String(),
    scope: Type.Optional(scope),
    condition: Type.Optional(ref('Condition')),
  },
  { $id: 'WorkflowTrigger', description: 'An event that starts a run.' },
);

const shared = {
  name: Type.String({ minLength: 1, maxLength: DEFINITION_LIMITS.nameLength }),
  enabled: Type.Boolean(),
  max_activations_per_subject: Type.Integer({
    minimum: 1,
    description:
      'How often one subject (contact) may set it off within `activation_period`; 20 if absent. Stops loops.',
  }),
  activation_period: Type.String({
    description:
      'ISO 8601 duration, such as `PT1H`: a period begins with the first activation after the last one has ended. ' +
      '`ever` for one that does not end; `P1D` if absent.',
  }),
  on_error: oneOf(['stop', 'continue'] as const, {
    description: 'What follows where a step cannot be done; rules continue and workflows stop if absent.',
  }),
};

const rule = {
  ...shared,
  position: Type.Integer({
    minimum: 0,
    description:
      'Rules act in ascending order of it, those of the same in the order in which they were made.',
  }),
  trigger: ref('RuleTrigger'),
  condition: nullable(ref('Condition')),
  actions: Type.Array(ref('Action'), { minItems: 1, maxItems: DEFINITION_LIMITS.actions }),
};

const workflow = {
  ...shared,
  triggers: Type.Array(ref('WorkflowTrigger'), { minItems: 1, maxItems: DEFINITION_LIMITS.triggers }),
  steps: Type.Array(ref('Step'), { minItems: 1 }),
  max_overdue: Type.String({
    description:
      'ISO 8601 duration; a step that is later than this is skipped with its run. `P1D` if absent.',
  }),
};

const made = {
  id: Type.String(),
  version: Type.Integer({ minimum: 1, description: 'Each saved change of what it does makes the next.' }),
  endpoints: Type.Array(
    Type.Object({
      url: Type.String(),
      endpoint_id: nullable(Type.String(), { description: 'Null where the endpoint was deleted.' }),
    }),
    { description: 'The endpoints of typed URLs. Actions that name the same URL share one.' },
  ),
  created_at: time('When it was made.'),
  updated_at: time('When it was last changed.'),
  warnings: savedWarnings,
};

const RuleSchema = Type.Object(
  { ...made, ...rule },
  { $id: 'Rule', description: 'What follows of an event, at once.' },
);
const WorkflowSchema = Type.Object(
  { ...made, ...workflow },
  { $id: 'Workflow', description: 'What follows of an event, step by step.' },
);

const { name: ruleName, trigger, actions, ...ruleRest } = rule;
const NewRuleSchema = Type.Object(
  { name: ruleName, trigger, actions, ...Type.Partial(Type.Object(ruleRest)).properties },
  { $id: 'NewRule', additionalProperties: false },
);
const { name: workflowName, triggers, steps, ...workflowRest } = workflow;
const NewWorkflowSchema = Type.Object(
  { name: workflowName, triggers, steps, ...Type.Partial(Type.Object(workflowRest)).properties },
  { $id: 'NewWorkflow', additionalProperties: false },
);

const patchOptions = { additionalProperties: false, description: 'What is absent stays as it is.' };
const RulePatchSchema = Type.Object(Type.Partial(Type.Object(rule)).properties, {
  $id: 'RulePatch',
  ...patchOptions,
});
const waitingRuns = {
  waiting_runs: Type.Optional(
    oneOf(['keep', 'cancel', 'move'] as const, {
      description:
        'What becomes of runs that wait: they go on with the version that they began with (if absent), are ' +
        'cancelled, or go on with the new version.',
    }),
  ),
};
const WorkflowPatchSchema = Type.Object(
  { ...Type.Partial(Type.Object(workflow)).properties, ...waitingRuns },
  { $id: 'WorkflowPatch', ...patchOptions },
);

const restoreOptions = { additionalProperties: false, description: 'May be left out.' };
const RuleRestoreSchema = Type.Object({}, { $id: 'RuleRestore', ...restoreOptions });
const WorkflowRestoreSchema = Type.Object(waitingRuns, { $id: 'WorkflowRestore', ...restoreOptions });

const RuleVersionSchema = versionOf('Rule');
const WorkflowVersionSchema = versionOf('Workflow');

function versionOf(noun: 'Rule' | 'Workflow') {
  return Type.Object(
    {
      version: Type.Integer({ minimum: 1 }),
      definition: Type.Object({ name: Type.String() }, { additionalProperties: true }),
      created_by: Type.String({ description: 'Who saved it.' }),
      created_at: time('When it was saved.'),
    },
    { $id: `${noun}Version`, description: 'What it did from then on, as it was saved.' },
  );
}

/** More at a time are nothing that a person has looked through. */
export const MAX_IMPORT = 100;

const transfer = (member: 'rules' | 'workflows', item: 'NewRule' | 'NewWorkflow', $id: string) =>
  Type.Object(
    { [member]: Type.Array(ref(item), { minItems: 1, maxItems: MAX_IMPORT }) },
    { $id, additionalProperties: false },
  );
const exported = (member: 'rules' | 'workflows', item: 'NewRule' | 'NewWorkflow', $id: string) =>
  Type.Object({ [member]: Type.Array(ref(item)) }, { $id, description: 'Fit for importing.' });

export const automationComponents = [
  WarningSchema,
  RuleTriggerSchema,
  WorkflowTriggerSchema,
  ...stepComponents,
  RuleSchema,
  WorkflowSchema,
  pageOf(ref('Rule'), 'RulePage'),
  pageOf(ref('Workflow'), 'WorkflowPage'),
  NewRuleSchema,
  NewWorkflowSchema,
  RulePatchSchema,
  WorkflowPatchSchema,
  RuleRestoreSchema,
  WorkflowRestoreSchema,
  RuleVersionSchema,
  WorkflowVersionSchema,
  pageOf(ref('RuleVersion'), 'RuleVersionPage'),
  pageOf(ref('WorkflowVersion'), 'WorkflowVersionPage'),
  transfer('rules', 'NewRule', 'RuleImport'),
  transfer('workflows', 'NewWorkflow', 'WorkflowImport'),
  exported('rules', 'NewRule', 'RuleExport'),
  exported('workflows', 'NewWorkflow', 'WorkflowExport'),
];

export type VersionView = Static<ReturnType<typeof versionOf>>;

export interface AutomationView extends Record<string, unknown> {
  id: string;
  name: string;
  enabled: boolean;
  version: number;
  endpoints: Array<{ url: string; endpoint_id: string | null }>;
}

/** As it was written, with the members that stand beside the stored definition: fit for importing. */
export function writtenView(row: Automation): Record<string, unknown> & { name: string } {
  const { name, ...definition } = readDefinition(row.definition) as Record<string, unknown>;
  const position = row.kind === 'rule' ? { position: row.position } : {};
  return { name: String(name), enabled: row.enabledAt !== null, ...position, ...definition };
}

/** `urls` are those that its webhooks name. */
export function automationView(
  row: Automation,
  urls: readonly string[],
  endpoints: readonly Endpoint[],
): AutomationView {
  return {
    id: automationId(row.kind, row.key),
    ...writtenView(row),
    enabled: row.enabledAt !== null,
    version: row.version,
    endpoints: urls.map((url) => {
      const endpoint = typedEndpoint(endpoints, url);
      return { url, endpoint_id: endpoint === undefined ? null : formatId('ep', endpoint.key) };
    }),
    created_at: formatTime(row.createdAt),
    updated_at: formatTime(row.updatedAt),
  };
}

/** For those who may not see the secrets in its URLs. */
export function maskedAutomation(view: AutomationView): AutomationView {
  const endpoints = view.endpoints.map((endpoint) => ({ ...endpoint, url: maskUrl(endpoint.url) }));
  return { ...maskDefinition(view), endpoints };
}

export function versionView(row: AutomationVersion): VersionView {
  return {
    version: row.version,
    definition: readDefinition(row.definition) as VersionView['definition'],
    created_by: row.createdBy,
    created_at: formatTime(row.createdAt),
  };
}
