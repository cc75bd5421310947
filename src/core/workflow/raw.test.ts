/** W19: what a template holds beside placeholders is sent as it was typed. */

import { describe, expect, test } from 'vitest';
import { jsonText, RawJson } from '../json/raw.ts';
import { parseRule, parseWorkflow } from './parse.ts';
import { compileDefinition } from './program.ts';
import { keepRaw, readDefinition } from './raw.ts';
import { renderTemplate } from './template.ts';
import { aBody, context } from './testdata/definitions.ts';

const TEMPLATE = `{ "10": 1.10, "9": [ -0, 1E400, 9007199254740993 ],
  "b": "\u0041/", "a": {"__proto__": 1, "x": "{{data.tag.id}}"}, "t": true }`;
const SENT = '{"10":1.10,"9":[-0,1E400,9007199254740993],"b":"\u0041/","a":{"__proto__":1,"x":7},"t":true}';
const action = `{"type":"webhook","url":"https://example.com/","template":${TEMPLATE}}`;
const body = aBody('{"data":{"tag":{"id":7}}}');

function sentBy(kind: 'rule' | 'workflow', definition: string): string[] {
  return [...compileDefinition(kind, definition).steps.values()].flatMap((step) => {
    if (step.type !== 'webhook' || step.sends.kind !== 'template') return [];
    const rendered = renderTemplate(step.sends.template, body);
    return rendered.ok ? [rendered.text] : [];
  });
}

describe('W19: digits, member order and escapes of a template', () => {
  test('of a rule are kept from its text to what is sent, and in what is stored', () => {
    const written = `{"name":"n","trigger":{"event_type":"contact.tag.added"},"actions":[${action}]}`;
    const parsed = parseRule(readDefinition(written), context);
    if (!parsed.ok) return expect.fail(JSON.stringify(parsed.faults));
    const stored = jsonText(parsed.rule);
    expect(stored).toContain(TEMPLATE);
    expect(sentBy('rule', stored)).toEqual([SENT]);
    // Read and written again, as with each change, nothing moves.
    expect(jsonText(readDefinition(stored))).toBe(stored);
  });

  test('are kept in every branch of a workflow', () => {
    const id = (name: string) => action.replace('{', `{"id":"${name}",`);
    const condition = '{"field":"data.tag.id","op":"equals","value":7615917337495251231}';
    const decision = `{"id":"d","type":"decision","condition":${condition},"yes":[${id('y')}],"no":[${id('n')}]}`;
    const wait = `{"id":"w","type":"wait_for_event","event_type":"contact.tag.removed","timeout":"P1D",
      "received":[${id('r')}],"timed_out":[${decision}]}`;
    const written = `{"name":"n","triggers":[{"event_type":"contact.tag.added"}],"steps":[${id('a')},${wait}]}`;
    const parsed = parseWorkflow(readDefinition(written), context);
    if (!parsed.ok) return expect.fail(JSON.stringify(parsed.faults));
    const stored = jsonText(parsed.workflow);
    expect(sentBy('workflow', stored)).toEqual([SENT, SENT, SENT, SENT]);
    expect(stored).toContain(condition);
  });

  test('are kept where several are imported, or one is tried', () => {
    const rule = `{"name":"n","trigger":{"event_type":"contact.tag.added"},"actions":[${action}]}`;
    const text = `{"rules":[${rule}],"definition":${rule}}`;
    const kept = keepRaw(JSON.parse(text), text) as { rules: [{ actions: [{ template: unknown }] }] };
    expect(kept.rules[0].actions[0].template).toEqual(new RawJson(TEMPLATE));
    expect(JSON.parse(jsonText(kept))).toEqual(JSON.parse(text));
  });
});
