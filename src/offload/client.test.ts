/** The thread beside the loop, by its client: turns, refusals and the end. */

import { afterEach, expect, test } from 'vitest';
import { LIGHT_LIMITS } from '../core/limits.ts';
import { DEFAULT_PLANS } from '../core/plan.ts';
import { Overloaded } from '../engine/engine.ts';
import type { Routing } from '../store/records/routing.ts';
import { DEFAULT_SETTINGS } from '../store/records/settings.ts';
import { createOffload, type RunningOffload } from './client.ts';

const KEYS = { slots: { first: 3, count: 1 }, floor: 0 };
const FACTS = { acceptedAt: 1_800_000_000_000, test: null, except: [], depth: 0, trace: null };

const routingOf = (key: number): Routing => ({
  workspace: {
    ...{ key, name: 'Test', plan: 'self-hosted', settings: DEFAULT_SETTINGS, owners: [] },
    ...{ createdAt: 0, routingVersion: 1, externalId: null, metadata: {}, suspended: null },
  },
  ...{ endpoints: [], eventTypes: [], automations: [], keptDefinitions: [] },
});

/** Any event of the catalog, with a text that makes it as large as wished. */
const posted = (size: number, id = 'e') => ({
  form: 'single' as const,
  text: JSON.stringify({ id, type: 'contact.tag.added', data: { text: 'x'.repeat(size) } }),
});

let offload: RunningOffload;
const open = (): RunningOffload => {
  offload = createOffload({ plans: DEFAULT_PLANS, mailHost: null });
  return offload;
};
afterEach(() => offload.close());

const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

test('workspaces take turns, whoever has handed in most', async () => {
  const { prepare } = open();
  const order: number[] = [];
  const [one, other] = [routingOf(1), routingOf(2)];
  const asked = [one, one, one, one, other, other].map((routing) =>
    outcome(prepare(routing, posted(10), FACTS, KEYS)).then(() => order.push(routing.workspace.key)),
  );
  await Promise.all(asked);
  // The first began before the other had come.
  expect(order).toEqual([1, 1, 2, 1, 2, 1]);
});

test('what a text is refused for is what the route would say', async () => {
  const { prepare } = open();
  const refused = await outcome(prepare(routingOf(1), { form: 'single', text: '{"type": 5}' }, FACTS, KEYS));
  expect(refused).toMatchObject({
    ...{ name: 'Problem', code: 'invalid_request' },
    body: { errors: [{ field: '/type' }, { field: '/data' }] },
  });
});

test('bytes are read in the thread and given back, since the same text is read once more where the routing has moved', async () => {
  const { prepare } = open();
  const { form, text } = posted(10);
  const sent = { form, text: new Uint8Array(Buffer.from(text)) };
  for (let round = 0; round < 2; round += 1) {
    expect(await outcome(prepare(routingOf(1), sent, FACTS, KEYS))).toMatchObject({
      code: 'schema_violation',
    });
    expect(Buffer.from(sent.text).toString()).toBe(text);
  }
  const broken = { form, text: new Uint8Array([0x22, 0xff, 0x22]) };
  expect(await outcome(prepare(routingOf(1), broken, FACTS, KEYS))).toMatchObject({ code: 'invalid_utf8' });
});

test('keys are made in the slots given, each larger than the last, also where the slots change and come back', async () => {
  const { prepare } = open();
  const event = {
    id: 'e',
    type: 'test.ping',
    data: '{}',
    value: {},
    account: null,
    createdAt: null,
    warnings: null,
  };
  const routing: Routing = {
    ...routingOf(1),
    eventTypes: [
      {
        ...{ workspace: 1, name: 'test.ping', createdAt: 0, updatedAt: 0 },
        definition: JSON.stringify({
          family: 'custom',
          schema: { type: 'object' },
          subject: null,
          scopes: [],
          samples: [],
        }),
      },
    ],
  };
  const keyIn = async (keys: typeof KEYS): Promise<number> => {
    const [made] = await prepare(routing, [event], FACTS, keys);
    return made?.key ?? 0;
  };
  const other = { slots: { first: 9, count: 1 }, floor: 0 };
  const made = [await keyIn(KEYS), await keyIn(KEYS), await keyIn(other), await keyIn(KEYS)];
  expect(made.map((key) => key % 128)).toEqual([3, 3, 9, 3]);
  expect([...made].sort((a, b) => a - b)).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
});

test('what could not be posted to the thread is posted with the next job', async () => {
  const { prepare } = open();
  const routing = routingOf(1);
  const broken = { ...routing.workspace.settings, broken: () => {} };
  Object.assign(routing.workspace, { settings: broken });
  expect(await outcome(prepare(routing, posted(10), FACTS, KEYS))).toMatchObject({ name: 'DataCloneError' });
  Object.assign(routing.workspace, { settings: DEFAULT_SETTINGS });
  // Refused for its data, as the thread finds by the workspace that it knows now.
  expect(await outcome(prepare(routing, posted(10), FACTS, KEYS))).toMatchObject({
    code: 'schema_violation',
  });
});

test('P14: more than may wait is refused before anything is accepted, and there is room again afterwards', async () => {
  const { prepare } = open();
  const routing = routingOf(1);
  const large = posted(16 * 1024 * 1024);
  const asked = Array.from({ length: 4 }, () => outcome(prepare(routing, large, FACTS, KEYS)));
  const answers = await Promise.all(asked);
  expect(answers.filter((answer) => answer instanceof Overloaded)).toHaveLength(2);
  const small = await outcome(prepare(routing, posted(LIGHT_LIMITS.text.value), FACTS, KEYS));
  expect(small).not.toBeInstanceOf(Overloaded);
});

test('what waits when the node stops is refused, and so is what comes later', async () => {
  const { prepare, close } = open();
  const routing = routingOf(1);
  const asked = Array.from({ length: 5 }, () => outcome(prepare(routing, posted(10), FACTS, KEYS)));
  await close();
  const answers = await Promise.all(asked);
  expect(answers.slice(1).every((answer) => answer instanceof Overloaded)).toBe(true);
  expect(await outcome(prepare(routing, posted(10), FACTS, KEYS))).toBeInstanceOf(Overloaded);
});
