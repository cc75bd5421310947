/** The contract's part on workspaces as the customers of a platform: found, suspended, and counted. */

import { describe, expect, test } from 'vitest';
import { DAY, MINUTE } from '../../core/duration.ts';
import type { UsageRow } from '../records/customers.ts';
import type { NewEndpoint } from '../records/endpoints.ts';
import type { Store } from '../store.ts';
import { anActivation, aScene, dueIn, LATER } from './automation.ts';
import {
  anAttempt,
  anEndpoint,
  anEvent,
  aResult,
  aWorkspace,
  DROPPED,
  laneOf,
  type OpenStore,
  openItems,
  publish,
  publishAccepted,
  publishSome,
  seed,
  T0,
  useStore,
  WAITING,
} from './builders.ts';

const SUSPENSION = { mode: 'refuse', reason: 'unpaid', at: T0 + 5, by: 'me' } as const;
const PAGE = { limit: 10, before: null };
const DAY_OF_T0 = Math.floor(T0 / DAY) * DAY;

async function endpointOf(store: Store, { workspace, key }: NewEndpoint) {
  return (await store.routing(workspace))?.endpoints.find((endpoint) => endpoint.key === key);
}

async function namesOf(store: Store, filter: Parameters<Store['scanWorkspaces']>[0]): Promise<string[]> {
  return (await store.scanWorkspaces(filter, PAGE)).rows.map(({ name }) => name);
}

function usageOf(store: Store, workspace: number, over: object = {}): Promise<UsageRow[]> {
  const days = { since: DAY_OF_T0, until: DAY_OF_T0 + DAY };
  return store.readUsage({ workspace, ...days, after: null, limit: 10, ...over });
}

export function customersContract(open: OpenStore): void {
  const opened = useStore(open);

  describe('workspaces as customers', () => {
    test('an external id belongs to one workspace, also when several take it at once, until it is given up', async () => {
      const { store } = opened();
      const [one, other] = [aWorkspace({ externalId: 'cus_1', metadata: { tier: 'gold' } }), aWorkspace()];
      expect(await store.createWorkspace(one)).toBeNull();
      expect(await store.createWorkspace(aWorkspace({ externalId: 'cus_1' }))).toBe(one.key);
      expect(await store.createWorkspace(other)).toBeNull();
      expect(await store.findByExternalId('cus_1')).toEqual({ ...one, routingVersion: 1 });
      expect(await store.findByExternalId('CUS_1')).toBeNull();
      const take = (key: number, externalId: string | null) =>
        store.identifyWorkspace(key, { externalId }, T0, 'me');
      expect(await take(other.key, 'cus_1')).toEqual({ takenBy: one.key });
      expect(await take(other.key, 'cus_2')).toMatchObject({ externalId: 'cus_2' });
      expect(await take(one.key, null)).toMatchObject({ externalId: null, metadata: { tier: 'gold' } });
      const taken = await Promise.all([take(one.key, 'cus_3'), take(other.key, 'cus_3')]);
      expect(taken.filter((found) => found !== null && 'takenBy' in found)).toHaveLength(1);
      expect(await take(12, 'cus_4')).toBeNull();
      expect(await store.findByExternalId('cus_4')).toBeNull();
    });

    test('they are found by part of a name or external id, by metadata and by state, page by page', async () => {
      const { store } = opened();
      const all = ['Orchid', 'مكتبة الأمل', 'orchard'].map((name, index) =>
        aWorkspace({ name, externalId: `shop_${index}`, metadata: { tier: index === 1 ? 'gold' : 'free' } }),
      );
      for (const workspace of all) await store.createWorkspace(workspace);
      const [orchid] = all;
      await store.suspendWorkspace(orchid?.key ?? 0, SUSPENSION);
      expect(await namesOf(store, { search: 'ORCH' })).toEqual(['orchard', 'Orchid']);
      expect(await namesOf(store, { search: 'الامل' })).toEqual(['مكتبة الأمل']);
      expect(await namesOf(store, { search: 'shop_2' })).toEqual(['orchard']);
      expect(await namesOf(store, { metadata: { tier: 'free' }, state: 'active' })).toEqual(['orchard']);
      expect(await namesOf(store, { state: 'suspended' })).toEqual(['Orchid']);
      expect(await namesOf(store, { metadata: { constructor: 'x' } })).toEqual([]);
      const first = await store.scanWorkspaces({}, { limit: 2, before: null });
      const rest = await store.scanWorkspaces({}, { limit: 2, before: first.next });
      expect([...first.rows, ...rest.rows].map(({ key }) => key)).toEqual(
        all.map(({ key }) => key).reverse(),
      );
      expect(rest.next).toBeNull();
    });

    test('P9: suspending disables what is enabled and moves the routing; resuming enables that alone, as of then', async () => {
      const { store } = opened();
      const { workspace, endpoints } = await seed(store, { endpoints: 2 });
      const [one, other] = endpoints as [NewEndpoint, NewEndpoint];
      await store.disableEndpoint(workspace, other.key, { reason: 'manual', at: T0, by: 'me' });
      const version = (await store.findWorkspace(workspace))?.routingVersion ?? 0;
      const suspended = await store.suspendWorkspace(workspace, SUSPENSION);
      expect(suspended).toMatchObject({ suspended: SUSPENSION, routingVersion: version + 1 });
      // Publishing that was matched before is matched anew.
      const stale = await publish(store, workspace, [anEvent([one])], { routingVersion: version });
      expect(stale).toMatchObject({ kind: 'stale' });
      expect((await endpointOf(store, one))?.disabled).toMatchObject({ reason: 'suspended' });
      expect((await endpointOf(store, other))?.disabled).toMatchObject({ reason: 'manual' });
      const held = { ...SUSPENSION, mode: 'hold', reason: null, at: T0 + 6, by: 'you' } as const;
      expect(await store.suspendWorkspace(workspace, held)).toMatchObject({
        suspended: { mode: 'hold', reason: null, at: SUSPENSION.at, by: 'me' },
      });
      expect(await store.enableEndpoint(workspace, other.key, 'send', 'me', T0)).toBe('suspended');
      const later = anEndpoint({ workspace });
      await store.createEndpoint(later, 'me');
      expect((await endpointOf(store, later))?.disabled).toMatchObject({ reason: 'suspended' });
      expect(await store.resumeWorkspace(workspace, T0 + 9, 'me')).toMatchObject({ suspended: null });
      for (const endpoint of [one, later]) {
        expect(await endpointOf(store, endpoint)).toMatchObject({
          disabled: null,
          recovery: { since: T0 + 9, probing: true, perSecond: 20 },
        });
      }
      expect((await endpointOf(store, other))?.disabled).toMatchObject({ reason: 'manual' });
      const actions = (await store.listAudit(workspace, {}, PAGE)).map(({ action }) => action);
      expect(actions.filter((action) => action.startsWith('workspace.'))).toEqual([
        'workspace.resumed',
        'workspace.suspended',
        'workspace.suspended',
      ]);
      expect(await store.suspendWorkspace(12, SUSPENSION)).toBeNull();
      expect(await store.resumeWorkspace(12, T0, 'me')).toBeNull();
    });

    test('an endpoint that is disabled while its workspace is suspended stays so when it is resumed', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      await store.suspendWorkspace(workspace, SUSPENSION);
      await store.disableEndpoint(workspace, endpoint.key, { reason: 'manual', at: T0 + 7, by: 'me' });
      await store.resumeWorkspace(workspace, T0 + 9, 'me');
      expect((await endpointOf(store, endpoint))?.disabled).toMatchObject({ reason: 'manual' });
    });

    test('runs of a suspended workspace are set aside at the first look, and resumed with it', async () => {
      const { store } = opened();
      const { workspace, rule } = await aScene(store);
      const activations = [anActivation(rule.key, LATER)];
      await publishAccepted(store, workspace, [anEvent([], { subject: '7', activations })]);
      await store.suspendWorkspace(workspace, SUSPENSION);
      const { runs, paused } = await store.dueRuns(workspace, 10);
      expect(runs).toEqual([]);
      expect(paused).toHaveLength(1);
      await store.setAsideRuns(workspace, paused);
      expect(await store.workspacesWithRuns()).toEqual({ due: [], resuming: [] });
      expect(await store.resumeRuns(workspace, 10)).toBe(false);
      await store.resumeWorkspace(workspace, T0 + 9, 'me');
      expect(await store.workspacesWithRuns()).toEqual({ due: [], resuming: [workspace] });
      await store.resumeRuns(workspace, 10);
      expect((await dueIn(store, workspace)).map(({ key }) => key)).toEqual(paused);
    });

    test('usage counts events, attempts and how deliveries ended, once each, by type and UTC day', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const items = await publishSome(store, endpoint, 4);
      await publishAccepted(store, workspace, [anEvent([], { type: 'call.ended' })]);
      const [one, two, three, four] = items;
      const at = { attempt: anAttempt({ startedAt: T0 }), eventType: 'contact.created' };
      const results = [
        aResult(endpoint, 1, one ?? { key: 0 }, at),
        aResult(endpoint, 1, two ?? { key: 0 }, { ...at, next: DROPPED }),
        aResult(endpoint, 1, three ?? { key: 0 }, { ...at, next: WAITING }),
      ];
      await store.record('node-a', workspace, results);
      // Handed in again, it is counted no second time.
      await store.record('node-a', workspace, results);
      await store.skipDelivery(workspace, four?.key ?? 0, 'me', T0);
      const second = { ...at, attempt: anAttempt({ number: 2, startedAt: T0 + DAY }) };
      await store.record('node-a', workspace, [aResult(endpoint, 1, three ?? { key: 0 }, second)]);
      const common = { workspace, at: DAY_OF_T0 };
      const none = { attempts: 0, delivered: 0, dropped: 0, skipped: 0 };
      const created = { events: 4, attempts: 3, delivered: 1, dropped: 1, skipped: 1 };
      const rows = [
        { ...common, type: 'call.ended', events: 1, ...none },
        { ...common, type: 'contact.created', ...created },
      ];
      expect(await usageOf(store, workspace)).toEqual(rows);
      const next = { ...common, at: DAY_OF_T0 + DAY, type: 'contact.created', ...none, events: 0 };
      const all = [...rows, { ...next, attempts: 1, delivered: 1 }];
      const until = DAY_OF_T0 + 2 * DAY;
      expect(await usageOf(store, workspace, { until })).toEqual(all);
      // Added up to hours and days, it stays what it is; so it does page by page.
      while ((await store.foldStats(T0 + 30 * DAY, 100)) > 0);
      expect(await usageOf(store, workspace, { until })).toEqual(all);
      const first = await usageOf(store, workspace, { until, limit: 1 });
      expect(first).toEqual(all.slice(0, 2));
      expect(await usageOf(store, workspace, { until, after: first[0] })).toEqual(all.slice(1));
      expect(await usageOf(store, workspace, { until, after: first[1] })).toEqual(all.slice(2));
      expect(await usageOf(store, workspace + 1)).toEqual([]);
    });

    test('what is skipped by the thousand is counted when its rows are written', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      const count = 700;
      await publishSome(store, endpoint, count);
      await store.disableEndpoint(workspace, endpoint.key, { reason: 'manual', at: T0, by: 'me' });
      await store.enableEndpoint(workspace, endpoint.key, 'skip', 'me', T0 + MINUTE);
      while (await store.writeSkips(workspace, 100));
      expect(await usageOf(store, workspace)).toEqual([
        expect.objectContaining({ events: count, skipped: count }),
      ]);
      expect(await openItems(store, endpoint)).toEqual([]);
      expect((await laneOf(store, endpoint)).lastSequence).toBe(count);
    });

    test('a result of a delivery that is gone is not kept', async () => {
      const { store } = opened();
      const { workspace, endpoint } = await seed(store);
      await store.record('node-a', workspace, [aResult(endpoint, 1, { key: 4_711 }, { charged: true })]);
      expect(await store.listAttempts(workspace, [4_711], { full: false })).toEqual([]);
      expect(await store.listBudgetErrors(workspace, 0)).toEqual([]);
      expect(await usageOf(store, workspace)).toEqual([]);
    });
  });
}
