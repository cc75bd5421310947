/** The contract's part on calls under idempotency keys: each is done once (P1). */

import { describe, expect, test } from 'vitest';
import { DAY } from '../../core/duration.ts';
import { REQUEST_PATIENCE_MS } from '../records/requests.ts';
import { type OpenStore, seed, T0, useStore } from './builders.ts';
import { aClaim } from './faultRequests.ts';

const SEALED = new Uint8Array([0, 1, 255]);

export function requestsContract(open: OpenStore): void {
  describe('calls under idempotency keys', () => {
    const opened = useStore(open);

    test('of many at once one is done, and the others are told that it runs, then what came of it', async () => {
      const { store, another } = opened();
      const { workspace } = await seed(store);
      const stores = [store, await another()];
      const base = aClaim(workspace);
      const claims = Array.from({ length: 8 }, (_, n) => ({ ...base, claim: `claim-${n}` }));
      const answers = await Promise.all(
        claims.map((claim, n) => (stores[n % 2] ?? store).claimRequest(claim)),
      );
      const won = answers.findIndex(({ kind }) => kind === 'claimed');
      expect(answers.map(({ kind }) => kind).sort()).toEqual(['claimed', ...Array(7).fill('running')].sort());
      const winner = claims[won]?.claim ?? '';
      expect(await store.endRequest(base, 'another', { status: 200, sealed: null }, T0)).toBe(false);
      expect(await store.endRequest(base, winner, { status: 201, sealed: SEALED }, T0 + 5)).toBe(true);
      expect(await store.claimRequest({ ...base, claim: 'late' })).toEqual({
        ...{ kind: 'done', status: 201, sealed: SEALED },
      });
      expect(await store.releaseRequest(base, winner)).toBe(false);
    });

    test('a key is of one workspace and one caller, and for one call', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const claim = aClaim(workspace);
      const kindOf = async (over: object) =>
        (await store.claimRequest({ ...claim, claim: 'another', ...over })).kind;
      expect(await kindOf({ claim: claim.claim })).toBe('claimed');
      expect(await kindOf({ hash: 'other' })).toBe('conflict');
      expect(await kindOf({ workspace: null })).toBe('claimed');
      expect(await kindOf({ caller: 'person:usr_1' })).toBe('claimed');
      expect(await kindOf({})).toBe('running');
    });

    test('that was given back is free again; one that nobody ended is known by nobody after a while', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const claim = aClaim(workspace);
      await store.claimRequest(claim);
      expect(await store.releaseRequest(claim, 'another')).toBe(false);
      expect(await store.releaseRequest(claim, claim.claim)).toBe(true);
      const second = { ...claim, claim: 'second' };
      expect(await store.claimRequest(second)).toEqual({ kind: 'claimed' });
      const late = { ...claim, claim: 'third', at: T0 + REQUEST_PATIENCE_MS };
      expect(await store.claimRequest({ ...late, at: late.at - 1 })).toEqual({ kind: 'running' });
      expect(await store.claimRequest(late)).toEqual({ kind: 'unknown', at: T0 });
      // It came to an end after all.
      await store.endRequest(claim, 'second', { status: null, sealed: null }, T0 + 1);
      expect(await store.claimRequest({ ...claim, claim: 'third' })).toEqual({ kind: 'unknown', at: T0 });
      await store.endRequest(claim, 'second', { status: 200, sealed: null }, T0 + 2);
      expect(await store.claimRequest(late)).toEqual({ kind: 'done', status: 200, sealed: null });
    });

    test('after a day a key is unused, and its row is swept', async () => {
      const { store } = opened();
      const { workspace } = await seed(store);
      const [old, recent] = [aClaim(workspace), aClaim(null, { at: T0 + 1 })];
      for (const claim of [old, recent]) await store.claimRequest(claim);
      await store.endRequest(old, old.claim, { status: 200, sealed: SEALED }, T0);
      const next = { ...old, hash: 'other', claim: 'next', at: T0 + DAY };
      expect(await store.claimRequest({ ...next, at: next.at - 1 })).toEqual({ kind: 'conflict' });
      expect(await store.claimRequest(next)).toEqual({ kind: 'claimed' });
      expect(await store.sweep(T0, T0 + 1, 100)).toBe(0);
      expect(await store.sweep(T0, T0 + 2, 100)).toBe(1);
      expect(await store.claimRequest({ ...recent, claim: 'again', at: T0 + 2 })).toEqual({
        kind: 'claimed',
      });
    });
  });
}
