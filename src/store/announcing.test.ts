/** Whoever watches a workspace is told of what was written there, also where the answer was lost. */

import { expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import { aSqliteStore, WORKSPACE } from '../../test/support/engine.ts';
import { announcing } from './announcing.ts';
import type { Signal } from './ports/signals.ts';
import { StoreUnavailable } from './store.ts';

test.each([
  ['answered', false],
  ['committed, and the answer lost', true],
])(
  'a write that is %s is told here at once, and to other nodes by a signal that writes share',
  async (_, isLost) => {
    const clock = createMovableClock();
    const { store, dispose } = await aSqliteStore(clock);
    const signals: Signal[] = [];
    const heard: Signal[] = [];
    const lossy = {
      ...store,
      async deleteEventType(...parameters: Parameters<typeof store.deleteEventType>) {
        const answer = await store.deleteEventType(...parameters);
        if (isLost) throw new StoreUnavailable('The connection broke.');
        return answer;
      },
      notify: (signal: Signal) => void signals.push(signal),
      listen: () => {},
    };
    const announced = announcing(lossy, clock);
    announced.listen((signal) => heard.push(signal));
    for (let time = 0; time < 2; time += 1) {
      const written = announced.deleteEventType(WORKSPACE, 'nothing.known');
      if (isLost) await expect(written).rejects.toThrow(StoreUnavailable);
      else await written;
    }
    const told = { kind: 'written', workspaces: [WORKSPACE] };
    expect(heard).toEqual([told, told]);
    expect(signals).toEqual([]);
    clock.move(250);
    expect(signals).toEqual([told]);
    await dispose();
  },
);
