/** What operators do on the machine of a node: look, back up, restore, and give somebody a new password. */

import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from './support/cli.ts';
import { type MirsalProcess, startMirsal, temporaryDirectory } from './support/process.ts';

let folder: ReturnType<typeof temporaryDirectory>;
let mirsal: MirsalProcess;
const at = (name: string): string => join(folder.path, name);
const SECRET = 'a secret of the operator’s own';
beforeEach(async () => {
  folder = temporaryDirectory();
  mirsal = await startMirsal({ directory: at('data'), env: { MIRSAL_SECRET: SECRET } });
});
afterEach(async () => {
  await mirsal.kill();
  folder.remove();
});

const run = (args: string[], env: Record<string, string> = {}) =>
  runCli(args, {
    env: { MIRSAL_DATA_DIR: at('data'), MIRSAL_SECRET: SECRET, MIRSAL_HOST: '127.0.0.1', ...env },
  });
const publish = async (id: string): Promise<void> => {
  await mirsal.call('POST', '/v1/event-types', { name: 'order.placed' });
  expect((await mirsal.call('POST', '/v1/events', { id, type: 'order.placed', data: {} })).status).toBe(202);
};

describe('backup and restore', () => {
  test('a copy made while the node runs holds what was accepted, and a node starts on it', async () => {
    await publish('before');
    const made = await run(['backup', at('copy.db')]);
    expect([made.code, made.out]).toEqual([0, expect.stringContaining('The secret is not in it')]);
    expect(statSync(at('copy.db')).mode & 0o777).toBe(0o600);
    await publish('after');
    const twice = await run(['backup', at('copy.db')]);
    expect([twice.code, twice.err]).toEqual([1, expect.stringContaining('is there already')]);
    const running = await run(['restore', at('copy.db'), '--force']);
    expect([running.code, running.err]).toEqual([1, expect.stringContaining('Another Mirsal process')]);
    await mirsal.stop();
    const refused = await run(['restore', at('copy.db')]);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('--force')]);
    const restored = await run(['restore', at('copy.db'), '--force']);
    expect([restored.code, restored.out]).toEqual([
      0,
      expect.stringMatching(/kept as .*before-[\s\S]*is the one/),
    ]);
    mirsal = await startMirsal({ directory: at('data'), env: { MIRSAL_SECRET: SECRET } });
    expect((await mirsal.call('GET', '/v1/events/before')).status).toBe(200);
    expect((await mirsal.call('GET', '/v1/events/after')).status).toBe(404);
    expect(readdirSync(at('data')).some((name) => name.includes('before-'))).toBe(true);
    expect(readdirSync(folder.path).some((name) => name.endsWith('.draft'))).toBe(false);
  });

  test('what is no database of Mirsal, and a secret that is another, is said', async () => {
    writeFileSync(at('other.db'), 'something else');
    const other = await run(['restore', at('other.db'), '--force'], { MIRSAL_DATA_DIR: folder.path });
    expect([other.code, other.err]).toEqual([1, expect.stringContaining('no sound database')]);
    expect((await run(['backup', at('copy.db')], { MIRSAL_DATA_DIR: folder.path })).err).toContain(
      'There is no database',
    );
    await run(['backup', at('copy.db')]);
    const elsewhere = { MIRSAL_DATA_DIR: folder.path, MIRSAL_SECRET: 'quite another secret' };
    expect((await run(['restore', at('copy.db')], elsewhere)).out).toContain('NOT the one');
    const postgres = { MIRSAL_DATABASE_URL: 'postgres://127.0.0.1:1/x' };
    expect((await run(['backup', at('copy2.db')], postgres)).err).toContain('pg_dump');
    expect(existsSync(at('copy2.db'))).toBe(false);
  });
});

describe('doctor', () => {
  const look = async (env: Record<string, string> = {}) => {
    const { code, json } = await run(['doctor', '--json'], env);
    const { ok, findings } = json() as {
      ok: boolean;
      findings: Array<{ check: string; state: string; said: string }>;
    };
    expect(code).toBe(ok ? 0 : 1);
    return Object.fromEntries(findings.map(({ check, state, said }) => [check, `${state}: ${said}`]));
  };

  test('beside a running node all is well but what was left out', async () => {
    const found = await look({ MIRSAL_PORT: new URL(mirsal.url).port });
    expect(found).toMatchObject({
      settings: expect.stringMatching(/^warn: MIRSAL_PUBLIC_URL/),
      database: expect.stringMatching(/^ok: SQLite.*up to date/),
      secret: expect.stringMatching(/^ok: .*is the one/),
      disk: expect.stringMatching(/^(?:ok|warn): .* GiB free/),
      sync: expect.stringMatching(/^(?:ok|warn): .* ms/),
      mail: expect.stringMatching(/^warn: MIRSAL_SMTP_URL/),
      port: expect.stringMatching(/^ok: a node runs/),
    });
    const shown = await run(['doctor'], { MIRSAL_PORT: '0' });
    expect([shown.code, shown.out]).toEqual([0, expect.stringMatching(/^database +ok {4}SQLite/m)]);
    expect(readdirSync(at('data')).filter((name) => name.startsWith('.doctor'))).toEqual([]);
  });

  test('what is wrong is said with what to do, and ends with 1', async () => {
    const other = await look({
      MIRSAL_SECRET: 'quite another secret',
      MIRSAL_SMTP_URL: 'smtp://127.0.0.1:1',
    });
    expect(other.secret).toMatch(/^fail: MIRSAL_SECRET is not the one/);
    expect(other.mail).toMatch(/^fail: 127\.0\.0\.1:1: .*MIRSAL_SMTP_URL/);
    expect((await look({ MIRSAL_PROT: '80' })).settings).toMatch(/^fail: MIRSAL_PROT is no setting/);
    const away = await look({ MIRSAL_DATABASE_URL: 'postgres://127.0.0.1:1/x' });
    expect(away.database).toMatch(/^fail: .*MIRSAL_DATABASE_URL/);
    writeFileSync(at('mirsal.db'), 'x'.repeat(5000));
    const broken = await look({ MIRSAL_DATA_DIR: folder.path });
    expect(broken.database).toMatch(/^fail: .*no sound database/);
  });

  test('before the first start it says what that will make', async () => {
    const found = await look({ MIRSAL_DATA_DIR: at('new'), MIRSAL_PORT: '0', MIRSAL_SECRET: '' });
    expect(found).toMatchObject({
      database: expect.stringContaining('the first start makes it'),
      secret: expect.stringContaining('the first start makes'),
    });
    expect(existsSync(at('new'))).toBe(false);
  });
});

describe('reset-password', () => {
  test('gives a link that does it once, and says of whom there is none', async () => {
    const token = /set-up token {2}(\S+)/.exec(mirsal.said())?.[1];
    const origin = { origin: `http://localhost:${new URL(mirsal.url).port}` };
    const owner = { name: 'Layla', email: 'layla@example.com', password: 'correct horse battery' };
    const made = await mirsal.call('POST', '/v1/setup', { ...owner, ...(token ? { token } : {}) }, origin);
    expect(made.status).toBe(201);
    const running = await run(['reset-password', 'layla@example.com']);
    expect([running.code, running.err]).toEqual([1, expect.stringContaining('Stop it first')]);
    await mirsal.stop();
    expect((await run(['reset-password', 'nobody@example.com'])).err).toContain('Nobody here has the e-mail');
    const { code, out } = await run(['reset-password', 'Layla@example.com']);
    expect(code).toBe(0);
    const reset = /\/reset#(\S+)/.exec(out)?.[1];
    mirsal = await startMirsal({ directory: at('data'), env: { MIRSAL_SECRET: SECRET } });
    const here = { origin: `http://localhost:${new URL(mirsal.url).port}` };
    const confirm = { token: reset, password: 'another horse entirely' };
    expect((await mirsal.call('POST', '/v1/password-resets/confirm', confirm, here)).status).toBe(204);
    expect((await mirsal.call('POST', '/v1/password-resets/confirm', confirm, here)).status).toBe(409);
    const signIn = { email: 'layla@example.com', password: 'another horse entirely' };
    expect((await mirsal.call('POST', '/v1/sign-in', signIn, here)).status).toBe(200);
  });
});
