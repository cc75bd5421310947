/** `/v1/me`: who asks; and what people change about themselves. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { formatId } from '../../core/ids.ts';
import { PROLONG_AFTER_MS, SESSION_MS } from '../../identity/identity.ts';
import { type Membership, type PersonPatch, ROLE_RIGHTS, ROLES } from '../../store/records/people.ts';
import { type Caller, type Callers, callerOf, sessionOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { readPersonEmail } from '../mailAddresses.ts';
import { describe, idParams, ref } from '../operation.ts';
import { formatTime } from '../paging.ts';
import { faulty, Problem } from '../problem.ts';
import type { Throttle } from '../throttle.ts';
import {
  emailInput,
  languageInput,
  type MeView,
  type MyWorkspaceView,
  newPasswordInput,
  type PersonView,
  passwordInput,
  personNameInput,
  personView,
  type SessionView,
  sessionView,
} from '../views/people.ts';

interface MeParts {
  callers: Callers;
  throttle: Throttle;
}

export function meRoutes(app: App, deps: HttpDeps, parts: MeParts): void {
  readRoute(app, deps);
  patchRoute(app, deps, parts);
  passwordRoute(app, deps, parts);
  sessionRoutes(app, deps, parts);
}

function readRoute(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/me',
    {
      config: { access: 'key' },
      schema: describe({
        id: 'getMe',
        summary: 'Who asks, where, and what they may do',
        tag: 'People',
        access: 'key',
        description:
          'What a dashboard begins with. A session that was not used for a day is prolonged by it.',
        answers: { 200: { schema: ref<MeView>('Me'), description: 'The caller.' } },
      }),
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const prolonged = await prolong(request, reply, deps);
      reply.header('cache-control', 'no-store');
      return meView(caller, await workspaceOfKey(caller, deps), prolonged);
    },
  );
}

/** Until when the session lasts now; null for callers without one. */
async function prolong(request: FastifyRequest, reply: FastifyReply, deps: HttpDeps): Promise<number | null> {
  const { session: found } = callerOf(request);
  const token = deps.identity.readCookie(request.headers.cookie);
  if (found === null || token === null) return null;
  const now = deps.clock.now();
  const { id, usedAt, expiresAt } = found.session;
  if (now - usedAt < PROLONG_AFTER_MS) return expiresAt;
  await deps.store.prolongSession(id, now + SESSION_MS, now);
  reply.header('set-cookie', deps.identity.writeCookie(token));
  return now + SESSION_MS;
}

async function workspaceOfKey(
  { session, workspace }: Caller,
  deps: HttpDeps,
): Promise<MyWorkspaceView | null> {
  if (session !== null || workspace === null) return null;
  const routing = await deps.engine.routing(workspace);
  return { id: formatId('ws', workspace), name: routing?.workspace.name ?? '', role: null };
}

function membershipView({ workspace, workspaceName, role }: Membership): MyWorkspaceView {
  return { id: formatId('ws', workspace), name: workspaceName, role };
}

function kindOf({ session, portal, instance }: Caller): MeView['kind'] {
  if (session !== null) return 'person';
  if (portal !== null) return 'portal_link';
  return instance ? 'instance_key' : 'api_key';
}

function meView(caller: Caller, ofKey: MyWorkspaceView | null, sessionEndsAt: number | null): MeView {
  const { session, portal, role, instance, workspace } = caller;
  const workspaces = session?.memberships.map(membershipView) ?? (ofKey === null ? [] : [ofKey]);
  const id = workspace === null ? null : formatId('ws', workspace);
  const endsAt = sessionEndsAt ?? portal?.expiresAt ?? null;
  return {
    kind: kindOf(caller),
    name: caller.name,
    person: session === null ? null : personView(session.person),
    workspace: workspaces.find((one) => one.id === id) ?? null,
    workspaces,
    scopes: [...caller.scopes],
    gives_roles: [...(role === null ? (instance ? ROLES : []) : ROLE_RIGHTS[role].gives)],
    expires_at: endsAt === null ? null : formatTime(endsAt),
  };
}

function patchRoute(app: App, deps: HttpDeps, { callers, throttle }: MeParts): void {
  app.patch(
    '/v1/me',
    {
      config: { access: 'person' },
      schema: {
        ...describe({
          id: 'updateMe',
          summary: "Change one's name, e-mail or language",
          tag: 'People',
          access: 'person',
          description: 'Another e-mail needs `current_password`.',
          answers: { 200: { schema: ref<PersonView>('Person'), description: 'The person as it is now.' } },
          problems: ['email_taken', 'wrong_password', 'overloaded'],
          hasBody: true,
        }),
        body: Type.Object(
          {
            name: Type.Optional(personNameInput),
            language: Type.Optional(languageInput),
            email: Type.Optional(emailInput),
            current_password: Type.Optional(passwordInput),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request) => {
      const { person } = sessionOf(request);
      const { current_password: password, email: typed, ...rest } = request.body;
      const email = typed === undefined ? undefined : readPersonEmail(typed);
      const patch: PersonPatch = { ...rest, ...(email === undefined ? {} : { email }) };
      // Who has an open browser before them must not take the account over by its e-mail.
      if (email !== undefined && email !== person.email) {
        if (password === undefined) {
          throw faulty('invalid_request', [{ field: '/current_password', message: 'is missing' }]);
        }
        await requirePassword(deps, throttle, person.id, password);
      }
      if (!(await deps.store.updatePerson(person.id, patch, deps.clock.now()))) {
        throw new Problem('email_taken', `Another account has the e-mail ${email}.`);
      }
      callers.sessions.forget();
      return personView({ ...person, ...patch });
    },
  );
}

async function requirePassword(
  deps: HttpDeps,
  throttle: Throttle,
  person: string,
  password: string,
): Promise<void> {
  throttle.count('sign_in_email', person);
  if (!(await deps.identity.isPassword(person, password))) {
    throw new Problem('wrong_password', 'This is not the password of your account.');
  }
  throttle.forget('sign_in_email', person);
}

function passwordRoute(app: App, deps: HttpDeps, { callers, throttle }: MeParts): void {
  app.post(
    '/v1/me/password',
    {
      config: { access: 'person' },
      schema: {
        ...describe({
          id: 'changePassword',
          summary: "Change one's password",
          tag: 'People',
          access: 'person',
          description: 'All other sessions end. This one goes on under the cookie of the answer.',
          answers: { 204: { schema: null, description: 'The new password holds.' } },
          problems: ['wrong_password', 'reset_token_void', 'overloaded'],
          hasBody: true,
        }),
        body: Type.Object(
          { current_password: passwordInput, new_password: newPasswordInput },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      const { person } = sessionOf(request);
      const { current_password: current, new_password: password } = request.body;
      await requirePassword(deps, throttle, person.id, current);
      const token = await deps.identity.beginReset(person.id);
      if ((await deps.identity.finishReset(token, password)) === null) {
        throw new Problem('reset_token_void', 'Hashing took too long. Try again.');
      }
      callers.sessions.forget();
      const from = { address: request.ip, userAgent: request.headers['user-agent'] ?? null };
      const session = await deps.identity.beginSession(person.id, from);
      return reply.code(204).header('set-cookie', deps.identity.writeCookie(session)).send();
    },
  );
}

function sessionRoutes(app: App, deps: HttpDeps, { callers }: MeParts): void {
  app.get(
    '/v1/me/sessions',
    {
      config: { access: 'person' },
      schema: describe({
        id: 'listSessions',
        summary: 'List the browsers in which one is signed in',
        tag: 'People',
        access: 'person',
        answers: {
          200: {
            schema: Type.Object({ data: Type.Array(ref<SessionView>('Session')) }),
            description: 'Sessions in force, the last used first.',
          },
        },
      }),
    },
    async (request) => {
      const { person, session } = sessionOf(request);
      const sessions = await deps.store.listSessions(person.id, deps.clock.now());
      return { data: sessions.map((one) => sessionView(one, session.id)) };
    },
  );

  app.delete(
    '/v1/me/sessions/:id',
    {
      config: { access: 'person' },
      schema: {
        ...describe({
          id: 'endSession',
          summary: 'Sign out in one browser',
          tag: 'People',
          access: 'person',
          description: 'At once here, within a second at every other node.',
          answers: { 204: { schema: null, description: 'The session has ended.' } },
        }),
        params: idParams('session'),
      },
    },
    async (request, reply) => {
      const { person } = sessionOf(request);
      const ended = await deps.store.endSessions(person.id, { only: request.params.id });
      callers.sessions.forget();
      if (ended === 0) throw new Problem('not_found', 'You have no such session.');
      return reply.code(204).send();
    },
  );

  app.post(
    '/v1/me/sessions/end-others',
    {
      config: { access: 'person' },
      schema: describe({
        id: 'endOtherSessions',
        summary: 'Sign out everywhere else',
        tag: 'People',
        access: 'person',
        answers: {
          200: {
            schema: Type.Object({ ended: Type.Integer({ description: 'How many sessions have ended.' }) }),
            description: 'All sessions but this one have ended.',
          },
        },
      }),
    },
    async (request) => {
      const { person, session } = sessionOf(request);
      const ended = await deps.store.endSessions(person.id, { except: session.id });
      callers.sessions.forget();
      return { ended };
    },
  );
}
