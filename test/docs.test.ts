/** What docs/sdk.md and docs/cli.md show is run as it stands there. */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOutbox, Mirsal } from '../src/sdk/sdk.ts';
import { built } from './support/built.ts';
import { API_KEY, temporaryDirectory } from './support/process.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { type Served, startServed } from './support/served.ts';

const ROOT = join(import.meta.dirname, '..');
const page = (name: string): string => readFileSync(join(ROOT, 'docs', name), 'utf8');
const folder = temporaryDirectory();
let served: Served;
let receiver: Receiver;
beforeAll(async () => {
  [served, receiver] = await Promise.all([startServed(), startReceiver()]);
});
afterAll(async () => {
  await Promise.all([served.close(), receiver.close()]);
  folder.remove();
});

/** Without blocking this process, in which the node runs. */
async function run(file: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const { promisify } = await import('node:util');
  const { execFile } = await import('node:child_process');
  const given = { PATH: process.env.PATH ?? '', MIRSAL_URL: served.url, MIRSAL_API_KEY: API_KEY, ...env };
  const { stdout } = await promisify(execFile)(file, args, { cwd: folder.path, env: given });
  return stdout;
}

/** With what stands right before each. */
function blocksOf(text: string, language: string): string[] {
  const pattern = new RegExp(`(<!-- not run here[^\\n]*\\n)?\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g');
  return [...text.matchAll(pattern)].filter(([, left]) => left === undefined).map(([, , code = '']) => code);
}

const SAMPLES = blocksOf(page('sdk.md'), 'ts');

test.each(SAMPLES.map((code, index) => [index + 1, code] as const))(
  'sample %i of docs/sdk.md runs',
  async (index, code) => {
    const path = join(folder.path, `sample${index}.ts`);
    writeFileSync(path, code.replaceAll("'mirsal/sdk'", JSON.stringify(join(ROOT, 'src/sdk/sdk.ts'))));
    expect(await run(process.execPath, [path])).toBe('');
  },
);

test('the samples did what they say', async () => {
  expect(SAMPLES).toHaveLength(4);
  const mirsal = new Mirsal({ url: served.url, apiKey: API_KEY });
  const events = await Array.fromAsync(mirsal.events.list({ type: 'contact.tag.added', limit: 100 }));
  // One, a batching publisher's 250, and the outbox's one.
  expect(events).toHaveLength(252);
});

test('the tables in docs/sdk.md are those that the SDK makes', () => {
  const made = createOutbox({ dialect: 'postgres' }).schema.map((statement) => `${statement};\n`);
  expect(page('sdk.md')).toContain(`\`\`\`sql\n${made.join('')}\`\`\``);
});

test('the commands of docs/cli.md run', async () => {
  const [, commands = ''] = /as it stands here -->\n```sh\n([\s\S]*?)```/.exec(page('cli.md')) ?? [];
  writeFileSync(
    join(folder.path, 'run.sh'),
    `set -e\nmirsal() { "${process.execPath}" "${built('bin')}" "$@"; }\n${commands}`,
  );
  const said = await run('bash', [join(folder.path, 'run.sh')], {
    RECEIVER: receiver.url,
    XDG_CONFIG_HOME: join(folder.path, 'config'),
  });
  expect(said).toMatch(/secret +whsec_[\s\S]*accepted, 1 delivery[\s\S]*delivered/);
  expect(receiver.received).toHaveLength(1);
});

test('docs/cli.md names every command', () => {
  const help = execFileSync(process.execPath, [built('bin'), '--help'], { encoding: 'utf8' });
  const names = [...help.matchAll(/^ {2}([a-z][a-z-]+)/gm)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(15);
  for (const name of names) expect(page('cli.md'), name).toMatch(new RegExp(`(?:\`|mirsal )${name}\\b`));
});
