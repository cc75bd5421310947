/** What members may do to members: who gives which role, and how many the plan allows. */

import type { FastifyRequest } from 'fastify';
import { planFor, planOf } from '../core/plan.ts';
import { ROLE_RIGHTS, ROLES, type Role } from '../store/records/people.ts';
import { callerOf } from './auth.ts';
import type { HttpDeps } from './deps.ts';
import { Problem } from './problem.ts';

/** The roles that the caller gives, changes and takes away. An instance key may each. */
export function givenBy(request: FastifyRequest): readonly Role[] {
  const { role } = callerOf(request);
  return role === null ? ROLES : ROLE_RIGHTS[role].gives;
}

/** Throws a Problem where the caller may not give, change or take away that role. */
export function requireGives(request: FastifyRequest, role: Role): void {
  if (givenBy(request).includes(role)) return;
  const able = ROLES.filter((one) => ROLE_RIGHTS[one].gives.includes(role)).join(', ');
  throw new Problem(
    'role_required',
    `Who is ${role} is decided by members of the role ${able}; you are ${callerOf(request).role}.`,
  );
}

/** How many members the workspace's plan allows; null for any number. */
export async function mostMembers(deps: HttpDeps, workspace: number): Promise<number | null> {
  const routing = await deps.engine.routing(workspace);
  if (routing === null) throw new Problem('not_found', 'The workspace is gone.');
  return planOf(deps.plans, routing.workspace.plan).limits.members;
}

export function tooManyMembers(deps: HttpDeps, limit: number | null, reached: number): Problem {
  const better = planFor(deps.plans, 'members', reached + 1);
  return new Problem(
    'limit_reached',
    `The plan allows ${limit} members, and there are ${reached}, with those who are invited. ` +
      (better === null ? 'Remove some of them first.' : `The plan "${better.name}" allows more.`),
    { facts: { limit: limit ?? 0, reached, ...(better === null ? {} : { plan: better.name }) } },
  );
}
