/** What a node keeps of a workspace when its routing moves: all that has not changed. */

import { expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import { createSealer } from '../core/sealing.ts';
import { realRandom } from '../real.ts';
import type { Automation } from '../store/records/automation.ts';
import type { Routing } from '../store/records/routing.ts';
import { DEFAULT_SETTINGS } from '../store/records/settings.ts';
import { createDirectory } from './directory.ts';

const rule = (key: number, text: string): Automation => ({
  ...{ key, workspace: 1, kind: 'rule', name: `Rule ${key}`, position: key, enabledAt: 1, version: 1 },
  ...{ brakeResets: 0, createdAt: 1, updatedAt: 1 },
  definition: JSON.stringify({
    ...{ name: `Rule ${key}`, trigger: { event_type: 'thing.done', scope: null }, condition: null },
    ...{ on_error: 'continue', max_activations_per_subject: 20, activation_period: 'P1D' },
    actions: [{ type: 'webhook', url: 'https://example.com/', template: { text } }],
  }),
});

const type = (name: string, updatedAt: number) => ({
  ...{ workspace: 1, name, createdAt: 1, updatedAt },
  definition: JSON.stringify({ family: 'custom', schema: { type: 'object' }, subject: null, updatedAt }),
});

const routingAt = (
  routingVersion: number,
  automations: Automation[],
  eventTypes: Routing['eventTypes'],
): Routing => ({
  workspace: {
    ...{ key: 1, name: 'Test', plan: 'self-hosted', settings: DEFAULT_SETTINGS, owners: [] },
    ...{ createdAt: 0, routingVersion, externalId: null, metadata: {}, suspended: null },
  },
  ...{ endpoints: [], eventTypes, automations, keptDefinitions: [] },
});

test('a change of one rule or event type has no other compiled or read anew', async () => {
  let routing = routingAt(1, [rule(1, 'one'), rule(2, 'two')], [type('a.a', 1), type('b.b', 1)]);
  const store = { routing: async () => structuredClone(routing), routingVersions: async () => new Map() };
  const directory = createDirectory(
    store,
    createSealer(Buffer.alloc(32, 1), (length) => realRandom.bytes(length)),
    createMovableClock(),
  );
  const before = await directory.refresh(1);
  routing = routingAt(2, [rule(1, 'one'), rule(2, 'other')], [type('a.a', 1), type('b.b', 2)]);
  const after = await directory.refresh(1);
  if (before === null || after === null) throw new Error('The workspace exists.');
  expect(after.version).toBe(2);
  const [kept, changed] = after.programs.values();
  const [first, second] = before.programs.values();
  expect(first?.ok).toBe(true);
  expect(kept).toBe(first);
  expect(changed).not.toBe(second);
  // What is gone is not kept.
  expect(after.programs.size).toBe(2);
  expect(after.eventType('a.a')).toBe(before.eventType('a.a'));
  expect(after.eventType('b.b')).not.toEqual(before.eventType('b.b'));
});
