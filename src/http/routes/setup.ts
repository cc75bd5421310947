/** `/v1/setup`: the first owner of an installation, once. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { formatId } from '../../core/ids.ts';
import type { App, HttpDeps } from '../deps.ts';
import { readPersonEmail } from '../mailAddresses.ts';
import { describe, ref } from '../operation.ts';
import { refuseOtherOrigin } from '../origin.ts';
import { Problem } from '../problem.ts';
import type { Throttle } from '../throttle.ts';
import { nameInput } from '../views/administration.ts';
import {
  emailInput,
  languageInput,
  newPasswordInput,
  type PersonView,
  personNameInput,
  personView,
  tokenInput,
} from '../views/people.ts';

/** The workspace that the first start has made. */
const FIRST_WORKSPACE = 1;

export function setupRoutes(app: App, deps: HttpDeps, throttle: Throttle): void {
  app.get(
    '/v1/setup',
    {
      config: { access: 'public' },
      schema: describe({
        id: 'getSetup',
        summary: 'Whether the first owner is still to be made',
        tag: 'People',
        access: 'public',
        answers: {
          200: {
            schema: Type.Object({
              needed: Type.Boolean({ description: 'True while there is nobody who can sign in.' }),
              token_required: Type.Boolean({
                description: 'Whether that needs the token that the start has printed.',
              }),
            }),
            description: 'Whether it is needed, and how.',
          },
        },
      }),
    },
    async () => ({ needed: await deps.store.needsSetup(), token_required: deps.setup.token !== null }),
  );

  app.post(
    '/v1/setup',
    {
      config: { access: 'public' },
      schema: {
        ...describe({
          id: 'setUp',
          summary: 'Make the first owner',
          tag: 'People',
          access: 'public',
          description:
            'Once for an installation, of however many nodes. The first workspace gets its owner. Sign in afterwards; ' +
            'where the answer was lost, that tells whether it was done.',
          answers: { 201: { schema: ref<PersonView>('Person'), description: 'The owner.' } },
          problems: ['already_set_up', 'setup_token_required', 'origin_refused', 'overloaded'],
          hasBody: true,
        }),
        body: Type.Object(
          {
            token: Type.Optional(tokenInput),
            name: personNameInput,
            email: emailInput,
            password: newPasswordInput,
            language: Type.Optional(languageInput),
            workspace_name: Type.Optional({
              ...nameInput,
              description: 'Of the first workspace from now on.',
            }),
          },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      refuseOtherOrigin(request, deps);
      throttle.count('sign_in_address', request.ip);
      const { token, name, password, language = 'en', workspace_name: workspaceName = null } = request.body;
      const email = readPersonEmail(request.body.email);
      if (!(await deps.store.needsSetup())) throw alreadyDone();
      requireSetupToken(request, deps, token);
      const createdAt = deps.clock.now();
      const person = {
        ...{ id: formatId('usr', deps.engine.nextKey()), name, email, language, createdAt },
        accountId: formatId('acc', deps.engine.nextKey()),
        password: await deps.identity.hashPassword(password),
      };
      const setup = { person, workspace: FIRST_WORKSPACE, workspaceName };
      if (!(await deps.store.setUp(setup, createdAt))) throw alreadyDone();
      deps.setup.done();
      await deps.engine.routingChanged(FIRST_WORKSPACE);
      return reply.code(201).send(personView(person));
    },
  );
}

function alreadyDone(): Problem {
  return new Problem('already_set_up', 'There is an owner. Sign in, or ask for an invitation.');
}

/** So that nobody who finds an open port before the operator does becomes the owner. */
function requireSetupToken(request: FastifyRequest, { setup }: HttpDeps, given: string | undefined): void {
  if (setup.token === null) {
    // Only this machine can ask; but a name of somebody else's may lead a browser on it here.
    const host = URL.parse(`http://${request.host}`)?.hostname ?? '';
    if (/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(host)) return;
    throw new Problem('setup_token_required', `Ask at localhost, not at ${JSON.stringify(host)}.`);
  }
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  if (given !== undefined && timingSafeEqual(digest(given), digest(setup.token))) return;
  throw new Problem(
    'setup_token_required',
    'Send the token that `mirsal serve` has printed and that stands in the file setup-token of its data directory.',
  );
}
