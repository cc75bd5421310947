import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { createMovableClock } from '../../test/support/clock.ts';
import { SECOND } from '../core/duration.ts';
import { Overloaded } from '../engine/engine.ts';
import { createPageTurns, PAGE_LIMITS } from './pageTurns.ts';

/** A page so large that a workspace has one at a time, and two of them are all that there may be. */
const LARGE = PAGE_LIMITS.bytes.value / 2;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Response extends EventEmitter {
  destroyed = false;

  destroy(): this {
    this.destroyed = true;
    this.emit('close');
    return this;
  }
}

test('pieces are made one at a time, workspaces in turn, and one that fails stops no other', async () => {
  const turns = createPageTurns(createMovableClock());
  const made: string[] = [];
  let atOnce = 0;
  const piece = (name: string) => async (): Promise<string> => {
    atOnce += 1;
    expect(atOnce).toBe(1);
    await turn();
    atOnce -= 1;
    made.push(name);
    if (name === 'a2') throw new Error('It cannot be made.');
    return name;
  };
  const [one, other] = [await turns.open(1, 1, new Response()), await turns.open(2, 1, new Response())];
  const asked = [
    one.make(piece('a1')),
    one.make(piece('a2')),
    one.make(piece('a3')),
    other.make(piece('b1')),
  ];
  const outcomes = await Promise.allSettled(asked);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(made).toEqual(['a1', 'a2', 'b1', 'a3']);
  expect(await one.make(piece('a4'))).toBe('a4');
});

test('a page takes room until its response is closed; another workspace has its own', async () => {
  const turns = createPageTurns(createMovableClock());
  const opened: string[] = [];
  const open = (workspace: number, name: string) => {
    const response = new Response();
    const page = turns.open(workspace, LARGE, response).then(() => opened.push(name));
    return { response, page };
  };
  const first = open(1, 'a1');
  const second = open(1, 'a2');
  await Promise.all([first.page, open(2, 'b1').page]);
  expect(opened).toEqual(['a1', 'b1']);
  first.response.destroy();
  await second.page;
  expect(opened).toEqual(['a1', 'b1', 'a2']);
});

test('a page that is not read in time loses its connection', async () => {
  const clock = createMovableClock();
  const turns = createPageTurns(clock);
  const response = new Response();
  await turns.open(1, LARGE, response);
  const next = turns.open(1, LARGE, new Response());
  clock.move(PAGE_LIMITS.seconds.value * SECOND);
  await next;
  expect(response.destroyed).toBe(true);
});

test('P14: more than may wait are refused, and later ones are made', async () => {
  const turns = createPageTurns(createMovableClock());
  const response = new Response();
  await turns.open(1, LARGE, response);
  const asked = Array.from({ length: PAGE_LIMITS.waiting.value + 50 }, async () => {
    const own = new Response();
    await turns.open(1, LARGE, own);
    own.destroy();
  });
  const outcomes = Promise.allSettled(asked);
  await turn();
  response.destroy();
  const refused = (await outcomes).filter((outcome) => outcome.status === 'rejected');
  expect(refused).toHaveLength(50);
  expect(refused.every(({ reason }) => reason instanceof Overloaded)).toBe(true);
});
