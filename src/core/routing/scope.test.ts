import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { builtInEventTypes } from '../catalog/catalog.ts';
import { eventBody } from './body.ts';
import { judgeScope, type TriggerScope } from './scope.ts';

const optin = builtInEventTypes.get('contact.optin.completed') ?? expect.fail('not in the catalog');
const [onFunnelStep, onBlogPage] = optin.samples.map(({ body }) => eventBody(body, JSON.parse(body)));
if (onFunnelStep === undefined || onBlogPage === undefined) throw new Error('two samples are expected');

function judgeId(raw: string, wanted: string | number) {
  const text = `{"id":${raw}}`;
  const scopes = [{ name: 'tag', title: { en: '', ar: '' }, pointer: '/id', labelPointer: '/id' }];
  return judgeScope({ tag: wanted }, { scopes }, eventBody(text, JSON.parse(text)));
}

describe('a trigger’s scope (B2)', () => {
  test('every scope of every sample is found under its own id, and under no other', () => {
    for (const eventType of builtInEventTypes.values()) {
      for (const { body } of eventType.samples) {
        const read = eventBody(body, JSON.parse(body));
        for (const { name, pointer } of eventType.scopes) {
          const raw = read.slice(pointer.slice(1).split('/'));
          if (raw === null) continue;
          expect(judgeScope({ [name]: JSON.parse(raw) }, eventType, read)).toEqual({ matched: true });
          expect(judgeScope({ [name]: 'other' }, eventType, read).matched).toBe(false);
        }
      }
    }
  });

  test('of several scopes all must match', () => {
    const both = (funnel: number) =>
      judgeScope({ funnel_step: 2102831, funnel }, optin, onFunnelStep).matched;
    expect(both(614554)).toBe(true);
    expect(both(614555)).toBe(false);
    expect(judgeScope({}, optin, onFunnelStep).matched).toBe(true);
  });

  test('a "no" names the scope, the id that is there and the id that was wanted (P12)', () => {
    expect(judgeScope({ funnel_step: 7 }, optin, onFunnelStep)).toEqual({
      matched: false,
      scope: 'funnel_step',
      wanted: 7,
      missing: false,
      actual: 2102831,
      reason: 'funnel_step is 2102831; wanted: 7',
      why: {
        kind: 'scope',
        name: 'funnel_step',
        pointer: '/data/funnel_step/id',
        is: '2102831',
        wanted: '7',
      },
    });
    expect(judgeScope({ funnel_step: 7 }, optin, onBlogPage)).toEqual({
      matched: false,
      scope: 'funnel_step',
      wanted: 7,
      missing: true,
      reason: 'funnel_step is missing at /data/funnel_step/id; wanted: 7',
      why: { kind: 'scope', name: 'funnel_step', pointer: '/data/funnel_step/id', is: null, wanted: '7' },
    });
    expect(judgeScope({ gone: 7 }, optin, onFunnelStep)).toMatchObject({
      missing: true,
      reason: 'the event type has no scope gone any more',
    });
  });

  test.each([
    ['2102831', 2102831, true],
    ['2102831', '2102831', true],
    ['"2102831"', 2102831, true],
    ['"2102831"', '2102831', true],
    ['"vip"', 'vip', true],
    ['"آ"', '\u0627\u0653', true],
    ['"e\\u0301"', 'é', true],
    ['"é"', 'e', false],
    ['9007199254740993', '9007199254740993', true],
    ['9007199254740993', '9007199254740992', false],
    ['9007199254740993', 9007199254740992, false],
    ['2102831.0', 2102831, false],
    ['"02102831"', 2102831, false],
    ['" vip"', 'vip', false],
    ['null', 'null', false],
    ['true', 'true', false],
    ['["vip"]', 'vip', false],
    ['{}', '[object Object]', false],
  ])('the id %s in a body is %j: %j', (raw, wanted, expected) => {
    expect(judgeId(raw, wanted).matched).toBe(expected);
  });

  test('any JSON ends in a verdict, and prototypes hold no ids', () => {
    const scopes = ['/constructor/name', '/__proto__/a', '/length', ''].map((pointer, index) => ({
      name: `s${index}`,
      title: { en: '', ar: '' },
      pointer,
      labelPointer: pointer,
    }));
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('s0', 's1', 's2', 's3'), (text, name) => {
        const scope: TriggerScope = { [name]: 'Object' };
        const verdict = judgeScope(scope, { scopes }, eventBody(text, JSON.parse(text)));
        expect(JSON.parse(JSON.stringify(verdict)).matched).toBe(verdict.matched);
      }),
    );
    expect(judgeScope({ s0: 'Object' }, { scopes }, eventBody('{}', {})).matched).toBe(false);
  });
});
