/**
 * README's walk-through, run by bash as it stands there, against a Mirsal started as README says:
 * nothing allowed, no key given. What it promises is checked through the API (B4).
 */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WALK_THROUGH } from '../src/welcome.ts';
import { type MirsalProcess, startMirsal, temporaryDirectory } from './support/process.ts';

/** As a person starts it: the keys are made at the first start, no target is allowed. */
const AS_STARTED = {
  MIRSAL_BOOTSTRAP_API_KEY: '',
  MIRSAL_BOOTSTRAP_INSTANCE_KEY: '',
  MIRSAL_ALLOWED_TARGETS: '',
};

/** The lines of the shell block that follows the comment about this file. */
function walkThroughOf(file: string): string[] {
  const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
  const block = /<!-- walk-through: .*-->\n+```sh\n([\s\S]*?)\n```/.exec(text)?.[1];
  if (block === undefined) throw new Error(`${file} has no walk-through.`);
  return block.split('\n');
}

/** As Mirsal says it; the tests themselves do without a name. */
const atLocalhost = (url: string): string => url.replace('127.0.0.1', 'localhost');
const keyOf = (said: string): string | undefined => /API key +(\S+)/.exec(said)?.[1];

const directory = temporaryDirectory();
let mirsal: MirsalProcess;
let key: string;

beforeAll(async () => {
  mirsal = await startMirsal({ directory: directory.path, env: AS_STARTED });
  key = keyOf(mirsal.said()) ?? '';
});
afterAll(async () => {
  await mirsal.stop();
  directory.remove();
});

const ask = async (path: string) =>
  (await mirsal.call('GET', path, undefined, { authorization: `Bearer ${key}` })).body;

test('what a start prints is what README has, in both languages', () => {
  expect(walkThroughOf('README.md')).toEqual(WALK_THROUGH);
  expect(walkThroughOf('README.ar.md')).toEqual(WALK_THROUGH);
  for (const line of WALK_THROUGH) expect(mirsal.said()).toContain(`\n${line}\n`);
});

test('B4: the walk-through shows a signed opt-in in the bin', async () => {
  expect(key).toMatch(/^mirsal_/);
  const { stdout } = await promisify(execFile)('bash', ['-c', ['set -e', ...WALK_THROUGH].join('\n')], {
    env: { PATH: process.env.PATH, NO_PROXY: '*', MIRSAL: atLocalhost(mirsal.url), KEY: key },
  });
  expect(stdout).toContain('"secret":"whsec_');
  expect(stdout).toMatch(/"deliveries":1/);
  const [bin] = (await ask('/v1/bins')).data;
  const [captured] = (await ask(`/v1/bins/${bin.id}/requests?wait=10&bodies=true`)).data;
  expect(captured).toMatchObject({ method: 'POST', signature: { verdict: 'valid', reason: null } });
  expect(JSON.parse(captured.body)).toMatchObject({
    type: 'contact.optin.completed',
    data: { contact: { email: 'reader@example.com' } },
  });
  const page = await fetch(bin.inspect_url.replace('localhost', '127.0.0.1'));
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(await page.text()).toContain('reader@example.com');
});

test('the API key is printed at the first start and never again; it stays valid', async () => {
  const first = mirsal.said();
  expect(first).toContain(`MIRSAL=${atLocalhost(mirsal.url)} KEY=${key}\n`);
  await mirsal.stop();
  mirsal = await startMirsal({ directory: directory.path, env: AS_STARTED });
  const second = mirsal.said();
  expect(keyOf(second)).toBeUndefined();
  expect(second).not.toContain(key);
  expect(second).toContain('KEY=<your API key>');
  expect((await ask('/v1/meta')).version).toMatch(/^\d/);
});
