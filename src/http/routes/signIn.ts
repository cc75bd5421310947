/** Signing in and out, and a new password by mail. */

import { Type } from 'typebox';
import { RESET_MS } from '../../identity/identity.ts';
import { type Callers, sessionOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { readPersonEmail } from '../mailAddresses.ts';
import { describe, ref } from '../operation.ts';
import { refuseOtherOrigin } from '../origin.ts';
import { Problem } from '../problem.ts';
import type { Throttle } from '../throttle.ts';
import {
  emailInput,
  newPasswordInput,
  type PersonView,
  passwordInput,
  personView,
  tokenInput,
} from '../views/people.ts';

export interface SignInParts {
  callers: Callers;
  throttle: Throttle;
}

export function signInRoutes(app: App, deps: HttpDeps, parts: SignInParts): void {
  signInRoute(app, deps, parts);
  signOutRoute(app, deps, parts);
  askForResetRoute(app, deps, parts);
  resetRoute(app, deps, parts);
}

function signInRoute(app: App, deps: HttpDeps, { throttle }: SignInParts): void {
  app.post(
    '/v1/sign-in',
    {
      config: { access: 'public' },
      schema: {
        ...describe({
          id: 'signIn',
          summary: 'Sign in',
          tag: 'People',
          access: 'public',
          description: "The session's cookie comes with the answer. `GET /v1/me` tells the rest.",
          answers: { 200: { schema: ref<PersonView>('Person'), description: 'Who has signed in.' } },
          problems: ['sign_in_failed', 'origin_refused', 'overloaded'],
          hasBody: true,
        }),
        body: Type.Object({ email: emailInput, password: passwordInput }, { additionalProperties: false }),
      },
    },
    async (request, reply) => {
      refuseOtherOrigin(request, deps);
      const email = readPersonEmail(request.body.email);
      throttle.count('sign_in_address', request.ip);
      throttle.count('sign_in_email', email);
      const from = { address: request.ip, userAgent: request.headers['user-agent'] ?? null };
      const signedIn = await deps.identity.signIn(email, request.body.password, from);
      if (signedIn === null) {
        throw new Problem('sign_in_failed', 'No account has this e-mail with this password.');
      }
      throttle.forget('sign_in_email', email);
      const [person] = await deps.store.findPeople([signedIn.person]);
      if (person === undefined) throw new Problem('sign_in_failed', 'The account is gone.');
      return reply
        .header('set-cookie', deps.identity.writeCookie(signedIn.token))
        .header('cache-control', 'no-store')
        .send(personView(person));
    },
  );
}

function signOutRoute(app: App, deps: HttpDeps, { callers }: SignInParts): void {
  app.post(
    '/v1/sign-out',
    {
      config: { access: 'person' },
      schema: describe({
        id: 'signOut',
        summary: 'Sign out',
        tag: 'People',
        access: 'person',
        answers: { 204: { schema: null, description: 'The session has ended.' } },
      }),
    },
    async (request, reply) => {
      const { person, session } = sessionOf(request);
      await deps.store.endSessions(person.id, { only: session.id });
      callers.sessions.forget();
      return reply.code(204).header('set-cookie', deps.identity.writeCookie(null)).send();
    },
  );
}

function askForResetRoute(app: App, deps: HttpDeps, { throttle }: SignInParts): void {
  const underWay = new Set<Promise<void>>();
  app.addHook('preClose', async () => {
    await Promise.all(underWay);
  });
  app.post(
    '/v1/password-resets',
    {
      config: { access: 'public' },
      schema: {
        ...describe({
          id: 'requestPasswordReset',
          summary: 'Ask for a mail with a link to a new password',
          tag: 'People',
          access: 'public',
          description:
            'The answer is the same whether or not anybody has this e-mail. The link holds for an hour.',
          answers: {
            202: { schema: null, description: 'If there is such an account, its mail is on its way.' },
          },
          problems: ['mail_not_set_up', 'origin_refused'],
          hasBody: true,
        }),
        body: Type.Object({ email: emailInput }, { additionalProperties: false }),
      },
    },
    async (request, reply) => {
      refuseOtherOrigin(request, deps);
      const email = readPersonEmail(request.body.email);
      if (deps.mailPerson === null) {
        throw new Problem(
          'mail_not_set_up',
          'No mail server is set (MIRSAL_SMTP_URL), so no mail with a link can be sent. Ask whoever runs this installation.',
        );
      }
      throttle.count('reset_address', request.ip);
      throttle.count('reset_email', email);
      // Nobody learns by the time of the answer whether there is such an account.
      const work = mailReset(deps, email).catch((error: unknown) => {
        request.log.error({ err: error }, 'No mail for a new password was sent.');
      });
      underWay.add(work);
      void work.finally(() => underWay.delete(work));
      return reply.code(202).send();
    },
  );
}

async function mailReset(
  { store, identity, meta, clock, mailPerson }: HttpDeps,
  email: string,
): Promise<void> {
  const person = await store.findPersonByEmail(email);
  if (person === null || mailPerson === null) return;
  const token = await identity.beginReset(person.id);
  const sent = await mailPerson({
    kind: 'reset',
    to: person.email,
    language: person.language,
    name: person.name,
    url: `${meta.publicUrl()}/reset#${token}`,
    expiresAt: clock.now() + RESET_MS,
  });
  if (sent.kind !== 'accepted') throw new Error(`The mail server did not take it: ${sent.error}`);
}

function resetRoute(app: App, deps: HttpDeps, { callers, throttle }: SignInParts): void {
  app.post(
    '/v1/password-resets/confirm',
    {
      config: { access: 'public' },
      schema: {
        ...describe({
          id: 'resetPassword',
          summary: 'Set a new password by the token of a mail',
          tag: 'People',
          access: 'public',
          description: 'All sessions of the person end. The token does it once.',
          answers: { 204: { schema: null, description: 'The new password holds: sign in with it.' } },
          problems: ['reset_token_void', 'origin_refused', 'overloaded'],
          hasBody: true,
        }),
        body: Type.Object({ token: tokenInput, password: newPasswordInput }, { additionalProperties: false }),
      },
    },
    async (request, reply) => {
      refuseOtherOrigin(request, deps);
      throttle.count('sign_in_address', request.ip);
      const { token, password } = request.body;
      const person = await deps.identity.finishReset(token, password);
      callers.sessions.forget();
      if (person === null) {
        throw new Problem('reset_token_void', 'The link is over or was used already. Ask for another mail.');
      }
      return reply.code(204).send();
    },
  );
}
