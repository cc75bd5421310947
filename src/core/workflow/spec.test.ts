/** SPEC.md and the code agree: steps, states, limits, defaults, and the example. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DEFAULTS, DEFINITION_LIMITS, STEP_TYPES } from './definition.ts';
import { parseWorkflow } from './parse.ts';
import { context } from './testdata/definitions.ts';

const SPEC = readFileSync(new URL('./SPEC.md', import.meta.url), 'utf8');

/** The section's tables, as rows of cells without their heads' rules. */
function rowsOf(heading: string): string[][] {
  const section = SPEC.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`SPEC.md has no section "${heading}".`);
  const lines = section.split('\n').filter((line) => line.startsWith('|') && !/^[|-]+$/.test(line));
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const rules = [...SPEC.matchAll(/^- \*\*W(\d+)\*\* ([\s\S]*?)(?=\n- \*\*W|\n\n)/gm)].map(
  ([, number, text = '']) => ({ number: Number(number), text: text.replace(/\s+/g, ' ') }),
);

describe('SPEC.md', () => {
  test('explains every kind of step, and no other', () => {
    const [, ...steps] = rowsOf('Steps');
    expect(steps.map(([step]) => step)).toEqual([...STEP_TYPES]);
  });

  test('names every state and every end', () => {
    const names = rowsOf('Runs').map(([name]) => name);
    expect(names).toEqual(['state', 'new', 'waiting', 'ended', 'end', 'finished', 'failed', 'skipped']);
  });

  test('gives every limit as it is', () => {
    const [, ...limits] = rowsOf('Limits');
    expect(Object.fromEntries(limits.map(([name, value]) => [name, Number(value)]))).toEqual(
      DEFINITION_LIMITS,
    );
  });

  test('gives every default as it is', () => {
    const text = rules.map((rule) => rule.text).join('\n');
    expect(DEFAULTS).toEqual({
      enabled: true,
      max_activations_per_subject: 20,
      activation_period: 'P1D',
      on_error: { rule: 'continue', workflow: 'stop' },
      max_overdue: 'P1D',
    });
    expect(text).toContain('20 times within a day by default');
    expect(text).toContain('`stop`, the default of workflows');
    expect(text).toContain('`continue`, the default of rules');
    expect(text).toContain('`max_overdue`, one day by default');
  });

  test('numbers its rules without a gap, each with what it serves', () => {
    expect(rules.map(({ number }) => number)).toEqual(rules.map((_, index) => index + 1));
    expect(rules.length).toBeGreaterThan(20);
    for (const { text } of rules) expect(text).toMatch(/\((?:[BP]\d+)(?:, [BP]\d+)*\)/);
  });

  test('has an example that is valid', () => {
    const example = SPEC.slice(SPEC.indexOf('## Example')).replace('## Example', '');
    expect(parseWorkflow(JSON.parse(example), context)).toMatchObject({ ok: true });
  });
});
