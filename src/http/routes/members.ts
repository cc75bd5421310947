/** `/v1/members`: the people of a workspace and their roles. */

import { Type } from 'typebox';
import { type Member, type MemberOutcome, ROLES } from '../../store/records/people.ts';
import { type Callers, callerOf, workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { describe, idParams, ref } from '../operation.ts';
import { notFound, Problem } from '../problem.ts';
import { givenBy, requireGives } from '../team.ts';
import { type MemberView, memberView, roleInput } from '../views/people.ts';

export function memberRoutes(app: App, deps: HttpDeps, callers: Callers): void {
  listRoute(app, deps);
  patchRoute(app, deps, callers);
  removeRoute(app, deps, callers);
}

function listRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/members',
    {
      config: { access: 'team' },
      schema: describe({
        id: 'listMembers',
        summary: 'List the members of the workspace',
        tag: 'People',
        access: 'team',
        answers: {
          200: {
            schema: Type.Object({ data: Type.Array(ref<MemberView>('Member')) }),
            description: 'Members, in the order of their coming.',
          },
        },
      }),
    },
    async (request) => ({ data: (await deps.store.listMembers(workspaceOf(request))).map(memberView) }),
  );
}

function patchRoute(app: App, deps: HttpDeps, callers: Callers): void {
  app.patch(
    '/v1/members/:id',
    {
      config: { access: 'team' },
      schema: {
        ...describe({
          id: 'updateMember',
          summary: "Change a member's role",
          tag: 'People',
          access: 'team',
          description:
            'The last owner stays one. It holds at once here, within a second at every other node.',
          answers: { 200: { schema: ref<MemberView>('Member'), description: 'The member as it is now.' } },
          problems: ['last_owner', 'changed_meanwhile'],
          hasBody: true,
        }),
        params: idParams('person'),
        body: Type.Object({ role: roleInput }, { additionalProperties: false }),
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const { role } = request.body;
      const member = await findMember(deps, workspace, request.params.id);
      for (const one of [member.role, role]) requireGives(request, one);
      const { by } = callerOf(request);
      const now = deps.clock.now();
      const from = givenBy(request);
      const outcome = await deps.store.changeRole(workspace, member.person.id, role, now, by, from);
      callers.sessions.forget();
      requireChanged(outcome, member);
      return memberView({ ...member, role });
    },
  );
}

function removeRoute(app: App, deps: HttpDeps, callers: Callers): void {
  app.delete(
    '/v1/members/:id',
    {
      config: { access: 'team' },
      schema: {
        ...describe({
          id: 'removeMember',
          summary: 'Remove a member, or leave',
          tag: 'People',
          access: 'team',
          description:
            'Everybody may leave but the last owner. Whoever is a member of no workspace any more is signed out. It ' +
            'holds at once here, within a second at every other node.',
          answers: { 204: { schema: null, description: 'The person is no member any more.' } },
          problems: ['last_owner', 'changed_meanwhile'],
        }),
        params: idParams('person'),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const { by, session } = callerOf(request);
      const member = await findMember(deps, workspace, request.params.id);
      const isSelf = session?.person.id === member.person.id;
      if (!isSelf) requireGives(request, member.role);
      const from = isSelf ? ROLES : givenBy(request);
      const outcome = await deps.store.removeMember(workspace, member.person.id, deps.clock.now(), by, from);
      callers.sessions.forget();
      requireChanged(outcome, member);
      return reply.code(204).send();
    },
  );
}

async function findMember(deps: HttpDeps, workspace: number, id: string): Promise<Member> {
  const members = await deps.store.listMembers(workspace);
  const member = members.find(({ person }) => person.id === id);
  if (member === undefined) throw notFound('member', id);
  return member;
}

function requireChanged(outcome: MemberOutcome, { person }: Member): void {
  switch (outcome) {
    case 'changed':
      return;
    case 'unknown':
      throw notFound('member', person.id);
    case 'refused':
      throw new Problem('changed_meanwhile', `${person.name} has another role by now. Read it anew.`);
    case 'last_owner':
      throw new Problem(
        'last_owner',
        `${person.name} is the workspace's only owner. Make somebody else one first.`,
      );
    default:
      outcome satisfies never;
  }
}
