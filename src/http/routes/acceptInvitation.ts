/** `/v1/invitations`: an invitation as whoever has its link sees it, and accepts it. */

import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { formatId } from '../../core/ids.ts';
import type { Accepting, AcceptOutcome, Invitation } from '../../store/records/people.ts';
import type { Callers } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { parseLinkToken } from '../linkToken.ts';
import { describe, ref } from '../operation.ts';
import { refuseOtherOrigin, requireOwnOrigin } from '../origin.ts';
import { formatTime } from '../paging.ts';
import { faulty, Problem } from '../problem.ts';
import { mostMembers, tooManyMembers } from '../team.ts';
import type { Throttle } from '../throttle.ts';
import {
  languageInput,
  type MyWorkspaceView,
  newPasswordInput,
  type OfferedInvitationView,
  personNameInput,
  tokenInput,
} from '../views/people.ts';

interface AcceptParts {
  callers: Callers;
  throttle: Throttle;
}

type Offered = Invitation & { workspaceName: string; hash: string };

export function acceptInvitationRoutes(app: App, deps: HttpDeps, parts: AcceptParts): void {
  lookRoute(app, deps, parts);
  acceptRoute(app, deps, parts);
}

/** Throws a Problem where the token is of no invitation in force. */
async function findOffered(deps: HttpDeps, text: string): Promise<Offered> {
  const token = parseLinkToken('inv', text);
  const found = token && (await deps.store.findInvitation(token.workspace, token.key, token.hash));
  if (!token || !found || (found.acceptedBy === null && found.expiresAt <= deps.clock.now())) throw isVoid();
  if (found.acceptedBy !== null) throw isUsed();
  return { ...found, hash: token.hash };
}

function isVoid(): Problem {
  return new Problem(
    'invitation_void',
    'The invitation has expired, was taken back, or another was sent since. Ask for another one.',
  );
}

function isUsed(): Problem {
  return new Problem('invitation_used', 'The invitation was accepted. Sign in with its e-mail.');
}

function lookRoute(app: App, deps: HttpDeps, { throttle }: AcceptParts): void {
  app.post(
    '/v1/invitations/look',
    {
      config: { access: 'public' },
      schema: {
        ...describe({
          id: 'lookAtInvitation',
          summary: 'What an invitation offers',
          tag: 'People',
          access: 'public',
          answers: {
            200: { schema: ref<OfferedInvitationView>('OfferedInvitation'), description: 'The invitation.' },
          },
          problems: ['invitation_void', 'invitation_used'],
          hasBody: true,
        }),
        body: Type.Object({ token: tokenInput }, { additionalProperties: false }),
      },
    },
    async (request, reply) => {
      throttle.count('sign_in_address', request.ip);
      const { workspaceName, email, role, language, expiresAt } = await findOffered(deps, request.body.token);
      const account = await deps.store.findPersonByEmail(email);
      return reply.header('cache-control', 'no-store').send({
        ...{ workspace_name: workspaceName, email, role, language },
        expires_at: formatTime(expiresAt),
        has_account: account !== null,
      });
    },
  );
}

function acceptRoute(app: App, deps: HttpDeps, { callers, throttle }: AcceptParts): void {
  app.post(
    '/v1/invitations/accept',
    {
      config: { access: 'public' },
      schema: {
        ...describe({
          id: 'acceptInvitation',
          summary: 'Accept an invitation',
          tag: 'People',
          access: 'public',
          description:
            'Whoever has no account sends a name and a password, and signs in afterwards. Whoever has one is signed in ' +
            'while accepting. Where the answer was lost, asking again says `invitation_used`.',
          answers: {
            200: {
              schema: ref<MyWorkspaceView>('MyWorkspace'),
              description: 'The workspace that was joined.',
            },
          },
          problems: [
            'invitation_void',
            'invitation_used',
            'invitation_for_other',
            'account_exists',
            'limit_reached',
            'origin_refused',
            'overloaded',
          ],
          hasBody: true,
        }),
        body: Type.Object(
          {
            token: tokenInput,
            name: Type.Optional(personNameInput),
            password: Type.Optional(newPasswordInput),
            language: Type.Optional(languageInput),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      refuseOtherOrigin(request, deps);
      throttle.count('sign_in_address', request.ip);
      const { token, ...given } = request.body;
      const offered = await findOffered(deps, token);
      const { workspace } = offered;
      const accepting = await whoAccepts(request, deps, callers, offered, given);
      const most = await mostMembers(deps, workspace);
      const outcome = await deps.store.acceptInvitation(offered, accepting, most, deps.clock.now());
      callers.sessions.forget();
      if (outcome.kind !== 'joined') throw notJoined(deps, outcome, most, offered);
      return { id: formatId('ws', workspace), name: offered.workspaceName, role: outcome.role };
    },
  );
}

/** Throws a Problem where a name or a password is missing, or a sign-in. */
async function whoAccepts(
  request: FastifyRequest,
  deps: HttpDeps,
  callers: Callers,
  { email, language: invited }: Offered,
  { name, password, language = invited }: { name?: string; password?: string; language?: 'ar' | 'en' },
): Promise<Accepting> {
  const cookie = deps.identity.readCookie(request.headers.cookie);
  const session = cookie === null ? null : await callers.sessions.find(cookie);
  if (session !== null) {
    requireOwnOrigin(request, deps);
    return { kind: 'known', person: session.person.id };
  }
  if ((await deps.store.findPersonByEmail(email)) !== null) throw accountExists(email);
  const faults = Object.entries({ name, password }).flatMap(([member, value]) =>
    value === undefined ? [{ field: `/${member}`, message: 'is missing' }] : [],
  );
  if (name === undefined || password === undefined) throw faulty('invalid_request', faults);
  return {
    kind: 'new',
    person: {
      ...{ id: formatId('usr', deps.engine.nextKey()), name, email, language },
      createdAt: deps.clock.now(),
      accountId: formatId('acc', deps.engine.nextKey()),
      password: await deps.identity.hashPassword(password),
    },
  };
}

function accountExists(email: string): Problem {
  return new Problem('account_exists', `${email} has an account: sign in with it, and accept then.`);
}

function notJoined(
  deps: HttpDeps,
  outcome: Exclude<AcceptOutcome, { kind: 'joined' }>,
  most: number | null,
  { email }: Offered,
): Problem {
  switch (outcome.kind) {
    case 'void':
      return isVoid();
    case 'used':
      return isUsed();
    case 'other':
      return new Problem(
        'invitation_for_other',
        `The invitation is for ${email}, and you are signed in as somebody else. Sign out, or sign in with that e-mail.`,
      );
    case 'account_exists':
      return accountExists(email);
    case 'full':
      return tooManyMembers(deps, most, outcome.reached);
    default:
      return outcome satisfies never;
  }
}
