/** `/v1/members/invitations`: who is asked to become a member. Accepting is in acceptInvitation.ts. */

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { DAY } from '../../core/duration.ts';
import { parseId } from '../../core/ids.ts';
import type { Invitation } from '../../store/records/people.ts';
import { callerOf, workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { makeLinkToken } from '../linkToken.ts';
import { readPersonEmail } from '../mailAddresses.ts';
import { describe, idParams, ref } from '../operation.ts';
import { notFound, Problem } from '../problem.ts';
import { mostMembers, requireGives, tooManyMembers } from '../team.ts';
import {
  emailInput,
  type InvitationView,
  invitationView,
  languageInput,
  roleInput,
  type SentInvitationView,
} from '../views/people.ts';

export const INVITATION_MS = 7 * DAY;

export function invitationRoutes(app: App, deps: HttpDeps): void {
  inviteRoute(app, deps);
  listRoute(app, deps);
  resendRoute(app, deps);
  revokeRoute(app, deps);
}

/** Mails the link; that it could not be mailed undoes nothing, since the link can be handed on otherwise. */
async function mailInvitation(
  deps: HttpDeps,
  request: FastifyRequest,
  invitation: Omit<Invitation, 'acceptedBy'>,
  token: string,
): Promise<SentInvitationView> {
  const { workspace, email, language, expiresAt } = invitation;
  const routing = await deps.engine.routing(workspace);
  const link = `${deps.meta.publicUrl()}/invite/${token}`;
  const result = await deps.mailPerson?.({
    kind: 'invitation',
    to: email,
    language,
    workspace: routing?.workspace.name ?? '',
    by: callerOf(request).session?.person.name ?? null,
    url: link,
    expiresAt,
  });
  return {
    ...invitationView(invitation, deps.clock.now()),
    link,
    mail: result === undefined ? 'not_set_up' : result.kind === 'accepted' ? 'sent' : 'failed',
    mail_error: result === undefined || result.kind === 'accepted' ? null : result.error,
  };
}

function inviteRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/members/invitations',
    {
      config: { access: 'team' },
      schema: {
        ...describe({
          id: 'invite',
          summary: 'Invite somebody',
          tag: 'People',
          access: 'team',
          description:
            'It can be accepted for seven days, and takes the place of an earlier one for the same e-mail. The link is ' +
            'in the answer, too, for whoever may invite.',
          answers: {
            201: { schema: ref<SentInvitationView>('SentInvitation'), description: 'The invitation.' },
          },
          problems: ['already_member', 'limit_reached'],
          hasBody: true,
        }),
        body: Type.Object(
          { email: emailInput, role: roleInput, language: Type.Optional(languageInput) },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const { role } = request.body;
      const email = readPersonEmail(request.body.email);
      requireGives(request, role);
      const routing = await deps.engine.routing(workspace);
      const language = request.body.language ?? routing?.workspace.settings.language ?? 'en';
      const { by } = callerOf(request);
      const now = deps.clock.now();
      const key = deps.engine.nextKey();
      const token = makeLinkToken('inv', { workspace, key }, (length) => deps.random.bytes(length));
      const invitation = {
        ...{ key, workspace, email, role, language },
        ...{ createdBy: by, createdAt: now, expiresAt: now + INVITATION_MS },
      };
      const most = await mostMembers(deps, workspace);
      const outcome = await deps.store.invite({ ...invitation, hash: token.hash }, most, by);
      if (outcome.kind === 'full') throw tooManyMembers(deps, most, outcome.reached);
      if (outcome.kind === 'member') {
        throw new Problem('already_member', `${email} is a member of this workspace already.`);
      }
      const sent = await mailInvitation(deps, request, invitation, token.text);
      return reply.code(201).header('cache-control', 'no-store').send(sent);
    },
  );
}

function listRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/members/invitations',
    {
      config: { access: 'team' },
      schema: describe({
        id: 'listInvitations',
        summary: 'List invitations that nobody has accepted',
        tag: 'People',
        access: 'team',
        answers: {
          200: {
            schema: Type.Object({ data: Type.Array(ref<InvitationView>('Invitation')) }),
            description: 'Invitations, newest first.',
          },
        },
      }),
    },
    async (request) => {
      const now = deps.clock.now();
      const rows = await deps.store.listInvitations(workspaceOf(request));
      return { data: rows.map((row) => invitationView(row, now)) };
    },
  );
}

/** Throws a Problem where there is none, or its role is not the caller's to give. */
async function findInvitation(deps: HttpDeps, request: FastifyRequest, id: string): Promise<Invitation> {
  const key = parseId('inv', id);
  const invitation = (await deps.store.listInvitations(workspaceOf(request))).find((one) => one.key === key);
  if (invitation === undefined) throw notFound('invitation', id);
  requireGives(request, invitation.role);
  return invitation;
}

function resendRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/members/invitations/:id/resend',
    {
      config: { access: 'team' },
      schema: {
        ...describe({
          id: 'resendInvitation',
          summary: 'Send an invitation again',
          tag: 'People',
          access: 'team',
          description: 'With another link, for another seven days: the former one leads nowhere any more.',
          answers: {
            200: { schema: ref<SentInvitationView>('SentInvitation'), description: 'The invitation.' },
          },
        }),
        params: idParams('invitation'),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const { key } = await findInvitation(deps, request, request.params.id);
      const now = deps.clock.now();
      const { text, hash } = makeLinkToken('inv', { workspace, key }, (length) => deps.random.bytes(length));
      const token = { hash, expiresAt: now + INVITATION_MS };
      const renewed = await deps.store.renewInvitation(workspace, key, token, now, callerOf(request).by);
      if (renewed === null) throw notFound('invitation', request.params.id);
      const sent = await mailInvitation(deps, request, renewed, text);
      return reply.header('cache-control', 'no-store').send(sent);
    },
  );
}

function revokeRoute(app: App, deps: HttpDeps): void {
  app.delete(
    '/v1/members/invitations/:id',
    {
      config: { access: 'team' },
      schema: {
        ...describe({
          id: 'revokeInvitation',
          summary: 'Take an invitation back',
          tag: 'People',
          access: 'team',
          answers: { 204: { schema: null, description: 'Its link leads nowhere any more.' } },
        }),
        params: idParams('invitation'),
      },
    },
    async (request, reply) => {
      const { key } = await findInvitation(deps, request, request.params.id);
      const { by } = callerOf(request);
      const revoked = await deps.store.revokeInvitation(workspaceOf(request), key, deps.clock.now(), by);
      if (!revoked) throw notFound('invitation', request.params.id);
      return reply.code(204).send();
    },
  );
}
