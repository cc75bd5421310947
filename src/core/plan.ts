/** Plans (A1): what a workspace may use, and how much of it. Pure; the installation configures them. */

import { isObject } from './json/object.ts';
import { type Limit, valuesOf } from './limits.ts';

export interface PlanLimits {
  /** Null for no limit. */
  endpoints: number | null;
  rules: number | null;
  /** People who are members of the workspace, and those who are invited. */
  members: number | null;
  /** Accepted per UTC day. */
  events_per_day: number | null;
  /** Days that events and what belongs to them are kept at most, whatever the settings say. */
  retention_days: number | null;
  /** Mails that rules and workflows send per UTC day. */
  mails_per_day: number | null;
  /** Of these, to one address. */
  mails_per_recipient_per_day: number | null;
}

export interface Plan {
  name: string;
  /** Whether webhooks, rules and workflows may be used at all. */
  webhooks: boolean;
  limits: PlanLimits;
}

/**
 * Where a plan says nothing else, since a mailer without a limit is somebody's spam. A team that is mailed about each
 * lead has some hundred a day; what goes to thousands of customers is sent by the platform itself.
 */
export const MAIL_LIMITS = {
  mails_per_day: {
    value: 10_000,
    unit: 'mails of rules and workflows in a UTC day',
    beyond: 'the mail is not sent; the step of the run is `dropped` and says `mail_limit`',
  },
  mails_per_recipient_per_day: {
    value: 500,
    unit: 'of these to one address',
    beyond: 'the mail is not sent; the step of the run is `dropped` and says `recipient_mail_limit`',
  },
} as const satisfies Record<string, Limit>;

const UNLIMITED: PlanLimits = {
  endpoints: null,
  rules: null,
  members: null,
  events_per_day: null,
  retention_days: null,
  ...valuesOf(MAIL_LIMITS),
};

/** A self-hosted installation starts on a plan that allows everything. */
export const DEFAULT_PLAN = 'self-hosted';

/** From the least to the most; the first that allows something is the one that is recommended for it. */
export const DEFAULT_PLANS: readonly Plan[] = [
  { name: 'starter', webhooks: false, limits: { ...UNLIMITED, retention_days: 30 } },
  { name: 'growth', webhooks: false, limits: { ...UNLIMITED, retention_days: 90 } },
  {
    name: 'advanced',
    webhooks: true,
    limits: {
      ...UNLIMITED,
      ...{ endpoints: 50, rules: 100, events_per_day: 1_000_000, retention_days: 365 },
    },
  },
  { name: 'enterprise', webhooks: true, limits: UNLIMITED },
  { name: DEFAULT_PLAN, webhooks: true, limits: UNLIMITED },
];

/** A workspace may bear the name of a plan that is configured no more: what it has goes on, unlimited. */
export function planOf(plans: readonly Plan[], name: string): Plan {
  return plans.find((plan) => plan.name === name) ?? { name, webhooks: true, limits: UNLIMITED };
}

/** The least plan that does it; null where none does. */
export function leastPlan(plans: readonly Plan[], does: (plan: Plan) => boolean): Plan | null {
  return plans.find(does) ?? null;
}

/** The least plan that allows so many; null where none does. */
export function planFor(plans: readonly Plan[], limit: keyof PlanLimits, count: number): Plan | null {
  return leastPlan(
    plans,
    ({ webhooks, limits }) => webhooks && (limits[limit] ?? Number.POSITIVE_INFINITY) >= count,
  );
}

const LIMIT_NAMES = Object.keys(UNLIMITED) as Array<keyof PlanLimits>;
const MAX_PLANS = 50;

export type ParsedPlans = { ok: true; plans: readonly Plan[] } | { ok: false; message: string };

/**
 * Reads `[{"name": "advanced", "webhooks": true, "limits": {"endpoints": 50}}]`. Absent limits are none, those of mails as
 * in MAIL_LIMITS.
 */
export function parsePlans(text: string): ParsedPlans {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, message: 'is not valid JSON' };
  }
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_PLANS) {
    return { ok: false, message: `is a list of 1 to ${MAX_PLANS} plans` };
  }
  const plans: Plan[] = [];
  for (const [index, item] of value.entries()) {
    const plan = parsePlan(item);
    if (typeof plan === 'string') return { ok: false, message: `plan ${index + 1} ${plan}` };
    if (plans.some(({ name }) => name === plan.name)) {
      return { ok: false, message: `has two plans named "${plan.name}"` };
    }
    plans.push(plan);
  }
  return { ok: true, plans };
}

/** The plan, or what is wrong with it. */
function parsePlan(value: unknown): Plan | string {
  if (!isObject(value)) return 'is no object';
  const { name, webhooks, limits = {}, ...others } = value;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return `has an unknown member "${unknown}"`;
  if (typeof name !== 'string' || !/^[a-z0-9_-]{1,64}$/.test(name)) {
    return 'needs a name of lower-case letters, digits, _ and -';
  }
  if (typeof webhooks !== 'boolean')
    return `("${name}") says by "webhooks" whether it has them: true or false`;
  if (!isObject(limits)) return `("${name}") has limits that are no object`;
  const read: PlanLimits = { ...UNLIMITED };
  for (const [limit, count] of Object.entries(limits)) {
    const known = LIMIT_NAMES.find((candidate) => candidate === limit);
    if (known === undefined)
      return `("${name}") has an unknown limit "${limit}"; known are ${LIMIT_NAMES.join(', ')}`;
    if (count !== null && !(Number.isSafeInteger(count) && Number(count) >= 0)) {
      return `("${name}") has a limit "${limit}" that is neither a whole number nor null`;
    }
    read[known] = count === null ? null : Number(count);
  }
  return { name, webhooks, limits: read };
}
