/** The contract's part on changes that name a routing version: made at that version, or not at all. */

import { describe, expect, test } from 'vitest';
import type { NewEndpoint } from '../records/endpoints.ts';
import { RoutingMoved, type Store } from '../store.ts';
import { ALL, type OpenStore, seed, T0, useStore, versionOf } from './builders.ts';
import { aStoredRule } from './faultScenes.ts';

interface Named {
  store: Store;
  workspace: number;
  endpoint: NewEndpoint;
  rule: number;
}

const CHANGES: Record<string, (named: Named, version: number) => Promise<unknown>> = {
  updateEndpoint: ({ store, workspace, endpoint }, version) =>
    store.updateEndpoint(workspace, endpoint.key, { name: 'Other' }, T0 + 1, 'me', version),
  deleteEndpoint: ({ store, workspace, endpoint }, version) =>
    store.deleteEndpoint(workspace, endpoint.key, T0 + 1, 'me', version),
  updateWorkspace: ({ store, workspace }, version) =>
    store.updateWorkspace(workspace, { name: 'Other' }, T0 + 1, 'me', version),
  deleteEventType: ({ store, workspace }, version) => store.deleteEventType(workspace, 'a.b', version),
  enableAutomation: ({ store, workspace, rule }, version) =>
    store.enableAutomation(workspace, rule, false, 'me', T0 + 1, version),
  deleteAutomation: ({ store, workspace, rule }, version) =>
    store.deleteAutomation(workspace, rule, 'me', T0 + 1, version),
};

export function versionsContract(open: OpenStore): void {
  describe('a change that names a routing version', () => {
    const opened = useStore(open);

    test.each(Object.entries(CHANGES))('%s is made at that version, or not at all', async (_, change) => {
      const { store, insertNotices } = opened();
      const { workspace, endpoint } = await seed(store);
      await store.putEventType({ workspace, name: 'a.b', definition: '{}', createdAt: T0, updatedAt: T0 });
      const rule = await aStoredRule({ store, insertNotices, workspace, endpoint });
      const named = { store, workspace, endpoint, rule };
      const before = await versionOf(store, workspace);
      await store.updateWorkspace(workspace, { name: 'Moved' }, T0, 'me');
      const version = await versionOf(store, workspace);
      expect(version).toBeGreaterThan(before);
      const audit = await store.listAudit(workspace, {}, ALL);
      await expect(change(named, before)).rejects.toBeInstanceOf(RoutingMoved);
      expect(await versionOf(store, workspace)).toBe(version);
      expect(await store.listAudit(workspace, {}, ALL)).toEqual(audit);
      expect(await change(named, version)).toBeTruthy();
      expect(await versionOf(store, workspace)).toBeGreaterThan(version);
    });

    test('of many at once one is made', async () => {
      const { store, another } = opened();
      const { workspace, endpoint } = await seed(store);
      const version = await versionOf(store, workspace);
      const stores = [store, await another()];
      const made = await Promise.allSettled(
        Array.from({ length: 6 }, (_, n) =>
          (stores[n % 2] ?? store).updateEndpoint(
            workspace,
            endpoint.key,
            { name: `${n}` },
            T0,
            'me',
            version,
          ),
        ),
      );
      expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });
  });
}
