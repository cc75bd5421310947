/** The contract's part on migrations, workspaces, keys, event types, endpoints and secrets. */

import { describe, expect, test } from 'vitest';
import type { WorkspacePatch } from '../records/administration.ts';
import { DEFAULT_SETTINGS } from '../records/settings.ts';
import {
  aKey,
  anEndpoint,
  aSecret,
  aWorkspace,
  laneOf,
  type OpenStore,
  publishSome,
  seed,
  T0,
  useStore,
  versionOf,
} from './builders.ts';

export function administrationContract(open: OpenStore): void {
  describe('schema and administration', () => {
    const opened = useStore(open);

    test('migrating again does nothing, also when several start at once', async () => {
      const other = await opened().another();
      expect(await Promise.all([opened().store.migrate(), other.migrate()])).toEqual([[], []]);
      await opened().store.ping();
    });

    test('a workspace is kept, changed and found, and its routing version moves', async () => {
      const { store } = opened();
      const workspace = aWorkspace({ name: 'مرسال 🚚' });
      await store.createWorkspace(workspace);
      expect(await store.findWorkspace(workspace.key)).toEqual({ ...workspace, routingVersion: 1 });
      const settings = {
        ...DEFAULT_SETTINGS,
        validation: 'warn',
        language: 'ar',
        account_email: 'a@example.com',
      } as const;
      const changed = await store.updateWorkspace(workspace.key, { plan: 'advanced', settings }, T0, 'me');
      expect(changed).toEqual({ ...workspace, plan: 'advanced', settings, routingVersion: 2 });
      expect(await store.updateWorkspace(workspace.key, {}, T0, 'me')).toEqual(changed);
      expect(await store.listWorkspaces()).toEqual([changed]);
      expect(await store.findWorkspace(12)).toBeNull();
      expect(await store.updateWorkspace(12, { name: 'x' }, T0, 'me')).toBeNull();
      expect(await store.routingVersions([workspace.key, 12])).toEqual(new Map([[workspace.key, 2]]));
    });

    test('changes of different members made at once all stay, those of budget and retention too', async () => {
      const { store } = opened();
      const workspace = aWorkspace();
      await store.createWorkspace(workspace);
      const patches: WorkspacePatch[] = [
        { settings: { validation: 'warn' } },
        { settings: { language: 'ar' } },
        { settings: { release_per_second: 7 } },
        { settings: { budget: { limit: 3 } } },
        { settings: { budget: { window_s: 77 } } },
        { settings: { retention: { events_days: 5 } } },
        { settings: { retention: { held_days: 6 } } },
        { name: 'Another' },
        { plan: 'advanced' },
      ];
      await Promise.all(patches.map((patch) => store.updateWorkspace(workspace.key, patch, T0, 'me')));
      expect(await store.findWorkspace(workspace.key)).toMatchObject({
        name: 'Another',
        plan: 'advanced',
        settings: {
          validation: 'warn',
          language: 'ar',
          release_per_second: 7,
          budget: { ...workspace.settings.budget, limit: 3, window_s: 77 },
          retention: { ...workspace.settings.retention, events_days: 5, held_days: 6 },
        },
      });
    });

    test("changes of different members of an endpoint's signature made at once all stay", async () => {
      const { store } = opened();
      const { endpoint, workspace } = await seed(store);
      const parts = [{ v1a: true }, { compatibility: 'hex' }] as const;
      await Promise.all(
        parts.map((signature) => store.updateEndpoint(workspace, endpoint.key, { signature }, T0, 'me')),
      );
      const kept = (await store.routing(workspace))?.endpoints.find(({ key }) => key === endpoint.key);
      expect(kept?.signature).toEqual({ v1a: true, compatibility: 'hex' });
    });

    test('the first canary stays; any sealed secret is found beside it', async () => {
      const { store } = opened();
      const first = await store.keepCanary(new Uint8Array([1, 2]));
      expect(await store.keepCanary(new Uint8Array([3]))).toEqual(first);
      const { endpoint } = await seed(store);
      const { canary, secret } = await store.readSealed();
      expect(canary).toEqual(first);
      expect(secret).toEqual(expect.objectContaining({ length: expect.any(Number) }));
      expect(endpoint).toBeDefined();
    });

    test('an API key is found by its hash until it is revoked', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const common = { name: 'ci', prefix: 'mk_abc', scopes: ['publish', 'read'] as const, createdAt: T0 };
      const key = { ...common, key: aKey(), workspace, expiresAt: null };
      const instance = { ...common, key: aKey(), workspace: null, expiresAt: T0 + 9 };
      await store.createApiKey({ ...key, hash: 'h1' }, 'me');
      await store.createApiKey({ ...instance, hash: 'h2' }, 'me');
      expect(await store.findApiKey('h1')).toEqual({ ...key, revokedAt: null });
      expect(await store.findApiKey('h2')).toEqual({ ...instance, revokedAt: null });
      expect(await store.findApiKey('h3')).toBeNull();
      expect(await store.listApiKeys(workspace)).toEqual([{ ...key, revokedAt: null }]);
      expect(await store.listApiKeys(null)).toEqual([{ ...instance, revokedAt: null }]);
      expect(await store.revokeApiKey(null, key.key, T0, 'me')).toBe(false);
      expect(await store.revokeApiKey(workspace, key.key, T0 + 1, 'me')).toBe(true);
      expect(await store.revokeApiKey(workspace, key.key, T0 + 2, 'me')).toBe(false);
      expect(await store.findApiKey('h1')).toBeNull();
      expect(await store.listApiKeys(workspace)).toEqual([{ ...key, revokedAt: T0 + 1 }]);
    });

    test('a custom event type is put, replaced and deleted; routing sees each change', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const before = await versionOf(store, workspace);
      const type = { workspace, name: 'ticket.opened', definition: '{"a":1}', createdAt: T0, updatedAt: T0 };
      await store.putEventType(type);
      const replaced = { ...type, definition: '{"a":2}', createdAt: T0 + 5, updatedAt: T0 + 5 };
      await store.putEventType(replaced);
      expect((await store.routing(workspace))?.eventTypes).toEqual([{ ...replaced, createdAt: T0 }]);
      // Checked against a routing that has moved since: not written.
      const version = await versionOf(store, workspace);
      expect(await store.putEventType({ ...type, definition: '{"a":3}' }, version - 1)).toBe(false);
      expect((await store.routing(workspace))?.eventTypes).toEqual([{ ...replaced, createdAt: T0 }]);
      expect(await store.putEventType({ ...replaced, definition: '{"a":3}' }, version)).toBe(true);
      expect(await store.deleteEventType(workspace, 'ticket.opened')).toBe(true);
      expect(await store.deleteEventType(workspace, 'ticket.opened')).toBe(false);
      expect((await store.routing(workspace))?.eventTypes).toEqual([]);
      expect(await versionOf(store, workspace)).toBeGreaterThanOrEqual(before + 3);
    });
  });

  describe('endpoints', () => {
    const opened = useStore(open);

    test('an endpoint comes back as it was made, with its secrets newest first', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const endpoint = anEndpoint({
        workspace,
        name: '  نقطة ',
        eventTypes: ['a', 'b'],
        condition: { all: [{ field: 'data.x', op: 'equals', value: 1 }] },
        ordering: { by: 'subject', lanes: 2 },
        retry: { waits_s: [1, 2] },
        sealedHeaders: new Uint8Array([0, 200, 0]),
        signature: { v1a: true, compatibility: 'hex' },
        lanes: [aKey(), aKey()],
        secrets: [aSecret(), aSecret({ kind: 'v1a' })],
      });
      await store.createEndpoint(endpoint, 'me');
      const routing = await store.routing(workspace);
      expect(routing?.endpoints.at(-1)).toEqual({
        ...endpoint,
        secrets: endpoint.secrets.toReversed(),
        disabled: null,
        recovery: null,
        updatedAt: endpoint.createdAt,
      });
      expect(await store.routing(99)).toBeNull();
    });

    test('every change moves the routing version, and none does that finds nothing to change', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      let version = await versionOf(store, workspace);
      const moved = async (): Promise<boolean> => {
        const before = version;
        version = await versionOf(store, workspace);
        return version > before;
      };
      const key = endpoint.key;
      expect(
        await store.updateEndpoint(workspace, key, { name: 'other', condition: null }, T0 + 1, 'me'),
      ).toBe(true);
      expect(await moved()).toBe(true);
      expect(await store.rotateSecret(workspace, key, aSecret(), T0 + 9, 'me')).toBe(true);
      expect(await moved()).toBe(true);
      expect(await store.disableEndpoint(workspace, key, { reason: 'manual', at: T0 + 2, by: 'me' })).toBe(
        true,
      );
      expect(await moved()).toBe(true);
      const disabled = (await store.routing(workspace))?.endpoints[0];
      expect(disabled?.disabled).toEqual({ reason: 'manual', at: T0 + 2, by: 'me' });
      expect(await store.enableEndpoint(workspace, key, 'send', 'me', T0 + 3)).toBe(0);
      expect(await moved()).toBe(true);
      expect(await store.deleteEndpoint(workspace, key, T0 + 4, 'me')).toBe(true);
      expect(await moved()).toBe(true);
      expect((await store.routing(workspace))?.endpoints).toEqual([]);
      expect(await store.updateEndpoint(workspace, key, { name: 'x' }, T0 + 5, 'me')).toBe(false);
      expect(await store.rotateSecret(workspace, key, aSecret(), T0 + 9, 'me')).toBe(false);
      expect(await store.disableEndpoint(workspace, key, { reason: 'manual', at: T0, by: 'me' })).toBe(false);
      expect(await store.enableEndpoint(workspace, key, 'skip', 'me', T0)).toBeNull();
      expect(await store.deleteEndpoint(workspace, key, T0 + 6, 'me')).toBe(false);
      expect(await moved()).toBe(false);
    });

    test('another workspace cannot reach an endpoint', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const other = aWorkspace();
      await store.createWorkspace(other);
      expect(await store.updateEndpoint(other.key, endpoint.key, { name: 'x' }, T0, 'me')).toBe(false);
      expect(await store.deleteEndpoint(other.key, endpoint.key, T0, 'me')).toBe(false);
      expect((await store.routing(other.key))?.endpoints).toEqual([]);
      expect((await store.routing(workspace))?.endpoints[0]?.name).toBe(endpoint.name);
    });

    test('a new ordering brings new lanes; the old ones keep what is queued', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const items = await publishSome(store, endpoint, 2);
      const lanes = [aKey(), aKey(), aKey()];
      const ordering = { ordering: { by: 'none', lanes: 3 } as const, lanes };
      expect(await store.updateEndpoint(workspace, endpoint.key, { ordering }, T0, 'me')).toBe(true);
      expect((await store.routing(workspace))?.endpoints[0]?.lanes).toEqual(lanes);
      expect((await store.readLanes(lanes.slice(2)))[0]?.lastSequence).toBe(0);
      expect((await laneOf(store, endpoint)).lastSequence).toBe(items.length);
    });

    test('a rotated secret is joined by its successor and expires at the end of the overlap', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const other = aSecret({ kind: 'v1a' });
      await store.rotateSecret(workspace, endpoint.key, other, T0 + 50, 'me');
      const next = aSecret({ sealed: new Uint8Array([7]), createdAt: T0 + 10 });
      await store.rotateSecret(workspace, endpoint.key, next, T0 + 100, 'me');
      const [first] = endpoint.secrets;
      expect((await store.routing(workspace))?.endpoints[0]?.secrets).toEqual([
        next,
        other,
        { ...first, expiresAt: T0 + 100 },
      ]);
      await store.sweep(T0 + 100, 0, 10);
      expect((await store.routing(workspace))?.endpoints[0]?.secrets).toEqual([next, other]);
    });

    test('P2: deleting an endpoint ends its open deliveries as skipped', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      await publishSome(store, endpoint, 3);
      expect(await store.countOpen(workspace, [endpoint.key, 5])).toEqual(
        new Map([[endpoint.key, { count: 3, oldestAt: T0 }]]),
      );
      await store.deleteEndpoint(workspace, endpoint.key, T0 + 77, 'me');
      const deliveries = await store.listDeliveries(workspace, {}, { limit: 10, before: null });
      expect(deliveries).toHaveLength(3);
      for (const delivery of deliveries) {
        expect(delivery).toMatchObject({ state: 'skipped', reason: 'endpoint_deleted', endedAt: T0 + 77 });
      }
      expect(await store.countOpen(workspace, [endpoint.key])).toEqual(new Map());
    });

    test('P9: enabling sends what was held, or skips it and says by whom', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      await publishSome(store, endpoint, 2);
      const disabled = { reason: 'manual', at: T0, by: 'me' } as const;
      await store.disableEndpoint(workspace, endpoint.key, disabled);
      const held = await store.listDeliveries(workspace, { state: 'held' }, { limit: 10, before: null });
      expect(held).toHaveLength(2);
      expect(held[0]).toMatchObject({ endpointEnabled: false, state: 'pending' });
      expect(await store.enableEndpoint(workspace, endpoint.key, 'send', 'me', T0)).toBe(2);
      await store.disableEndpoint(workspace, endpoint.key, disabled);
      expect(await store.enableEndpoint(workspace, endpoint.key, 'skip', 'Layla', T0 + 5)).toBe(2);
      const all = await store.listDeliveries(workspace, {}, { limit: 10, before: null });
      expect(all.map(({ state, reason }) => `${state} ${reason}`)).toEqual(
        Array.from({ length: 2 }, () => 'skipped skipped_by: Layla'),
      );
    });
  });
}
