/**
 * What is published, and what the files for deployment do: packed, installed in an empty folder and started there as npx
 * starts it. What needs Docker is read here, and its steps are done without it.
 */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../src/config.ts';
import { API_KEY, callsTo, temporaryDirectory } from './support/process.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/served.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
/** This Node, and nothing of the project's own tools. */
const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
const folder = temporaryDirectory();

function npm(directory: string, ...args: string[]): string {
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  return execFileSync('npm', [...args, ...quiet], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, PATH },
  });
}

function packedFile(): string {
  return readdirSync(folder.path).find((name) => name.endsWith('.tgz')) ?? '';
}

beforeAll(() => {
  npm(ROOT, 'pack', '--pack-destination', folder.path);
  npm(folder.path, 'init', '--yes');
  // What is installed there was installed for this project, too, so that none of it need be fetched.
  npm(folder.path, 'install', '--omit=dev', '--prefer-offline', `./${packedFile()}`);
});
afterAll(() => folder.remove());

/** Starts the installed command as the shell does, with a data directory of its own. */
async function startInstalled(env: Record<string, string>) {
  const data = temporaryDirectory();
  const child = spawn(join(folder.path, 'node_modules/.bin/mirsal'), ['serve'], {
    cwd: folder.path,
    env: {
      PATH,
      MIRSAL_HOST: '127.0.0.1',
      MIRSAL_PORT: '0',
      MIRSAL_DATA_DIR: data.path,
      MIRSAL_ALLOWED_TARGETS: '127.0.0.0/8',
      MIRSAL_BOOTSTRAP_API_KEY: API_KEY,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A test that fails before it has stopped it leaves none behind.
  process.once('exit', () => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  child.stderr.on('data', (chunk) => (said += chunk));
  const ended = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    const look = () => {
      const found = /Mirsal is at (\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found.replace('localhost', '127.0.0.1'));
    };
    child.stdout.on('data', look);
    ended.then(() => reject(new Error(`The installed command ended: ${said}`)));
  });
  return {
    url,
    call: callsTo(url),
    async stop(): Promise<unknown> {
      child.kill('SIGTERM');
      const [code] = await ended;
      data.remove();
      return code;
    },
  };
}

describe('the package', () => {
  test('installed in an empty folder, serves and delivers, and ends when it is told to', async () => {
    const receiver = await startReceiver();
    const mirsal = await startInstalled({});
    const { call } = mirsal;
    await call('POST', '/v1/event-types', { name: 'lead.created', schema: { type: 'object' } });
    const endpoint = { url: receiver.url, event_types: ['lead.created'] };
    expect((await call('POST', '/v1/endpoints', endpoint)).status).toBe(201);
    const event = { type: 'lead.created', data: { email: 'layla@example.com' } };
    expect((await call('POST', '/v1/events', event)).status).toBe(202);
    await receiver.count(1);
    const [delivery] = await until(
      async () => (await call('GET', '/v1/deliveries')).body.data,
      ([first]) => first?.state === 'delivered',
    );
    expect(delivery.attempts).toHaveLength(1);
    // What is checked in a thread of its own finds its file, too.
    const large = { ...event, data: { text: 'x'.repeat(300_000) } };
    expect((await call('POST', '/v1/events', large)).status).toBe(202);
    await receiver.count(2);
    expect(await mirsal.stop()).toBe(0);
    await receiver.close();
  });

  test('holds what runs and what explains it, no tests and no sources', () => {
    const installed = join(folder.path, 'node_modules/mirsal');
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    for (const file of ['LICENSE', 'README.md', 'README.ar.md', 'CHANGELOG.md', 'dist/bin.js']) {
      expect(files).toContain(file);
    }
    expect(files.filter((file) => /\.test\.|testdata|testing|contract|(?<!\.d)\.ts$/.test(file))).toEqual([]);
  });

  test('has an SDK that verifies what was sent, with types, and with nothing of Node in it', () => {
    const script = `
      import { verify } from 'mirsal/sdk';
      const headers = { 'webhook-id': 'msg_27UH4WbU6Z5A5EzD8u03UvzRbpk', 'webhook-timestamp': '1649367553',
        'webhook-signature': 'v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=' };
      const body = '{"email":"test@example.com","username":"test_user"}';
      const options = { secrets: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD', now: () => 1649367553000 };
      console.log((await verify({ headers, body }, options)).event.email);`;
    const said = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: folder.path,
      encoding: 'utf8',
    });
    expect(said).toBe('test@example.com\n');
    const sdk = join(folder.path, 'node_modules/mirsal/dist/sdk');
    const files = readdirSync(sdk, { recursive: true, encoding: 'utf8' });
    expect(files).toContain('sdk.d.ts');
    for (const file of files.filter((name) => name.endsWith('.js'))) {
      const code = readFileSync(join(sdk, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '');
      expect(code).not.toMatch(/from ['"]node:|\bprocess\b|\bBuffer\b|require\(/);
    }
  });

  // Both are asked as for packages that are ES modules alone, which every Node that runs Mirsal can also require().
  test('is taken by every resolver that knows exports, types included', async () => {
    const tarball = readFileSync(join(folder.path, packedFile()));
    const { checkPackage, createPackageFromTarballData } = await import('@arethetypeswrong/core');
    const checked = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)));
    if (checked.types === false) throw new Error('There are no types in the package.');
    const wrong = checked.problems.filter(
      (problem) => !('resolutionKind' in problem) || /^(?:node16-esm|bundler)$/.test(problem.resolutionKind),
    );
    expect(wrong).toEqual([]);
    expect(checked.entrypoints['./sdk']?.resolutions.bundler.isWildcard).not.toBe(true);
    const { publint } = await import('publint');
    const { messages } = await publint({ pkgDir: join(folder.path, 'node_modules/mirsal'), strict: true });
    expect(messages).toEqual([]);
  });

  test('with no command that is known suggests one, and ends with 2', () => {
    const { status, stderr } = spawnSync(join(folder.path, 'node_modules/.bin/mirsal'), ['sevre'], {
      env: { PATH },
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([2, expect.stringMatching(/unknown command 'sevre'[\s\S]+serve/)]);
  });
});

interface Step {
  instruction: string;
  text: string;
}

/** The instructions of a Dockerfile, with their continued lines joined. */
function stepsOf(dockerfile: string): Step[] {
  const lines = dockerfile.replaceAll(/^#.*\n/gm, '').replaceAll(/\\\n\s*/g, '');
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [instruction = '', ...rest] = line.split(' ');
      return { instruction, text: rest.join(' ') };
    });
}

describe('the image', () => {
  const steps = stepsOf(read('Dockerfile'));
  const of = (name: string) =>
    steps.filter(({ instruction }) => instruction === name).map(({ text }) => text);

  test('is built by the steps that are done here: installed, built, and without what only building needs', () => {
    expect(of('RUN')).toEqual([
      'npm ci',
      'npm run build',
      'npm prune --omit=dev --omit=optional',
      'mkdir /data && chown node:node /data',
    ]);
    const { scripts, dependencies } = JSON.parse(read('package.json'));
    expect(scripts.prepack).toBe('npm run build');
    const pruned = [
      ...npm(ROOT, 'prune', '--omit=dev', '--omit=optional', '--dry-run').matchAll(/^remove (\S+) /gm),
    ];
    const removed = pruned.map(([, name]) => name);
    expect(removed).toContain('vitest');
    for (const name of Object.keys(dependencies)) expect(removed).not.toContain(name);
    const copied = of('COPY').filter((text) => !text.startsWith('--from'));
    for (const source of copied.flatMap((text) => text.split(' ').slice(0, -1))) {
      expect(existsSync(join(ROOT, source)), source).toBe(true);
    }
  });

  test('has named versions, does not run as root, and is stopped as a process is', () => {
    const images = of('FROM').map((text) => text.split(' ')[0]);
    expect(images).toEqual(['node:26-slim', 'node:26-slim']);
    expect(of('USER')).toEqual(['node']);
    const user = steps.findIndex(({ instruction }) => instruction === 'USER');
    expect(steps.slice(user).some(({ instruction }) => instruction === 'RUN')).toBe(false);
    expect(of('STOPSIGNAL')).toEqual(['SIGTERM']);
    expect([of('ENTRYPOINT'), of('CMD')]).toEqual([['["node", "dist/bin.js"]'], ['["serve"]']]);
    expect(read('.dockerignore').split('\n')).toEqual(
      expect.arrayContaining(['node_modules', 'data', '.git']),
    );
  });

  test('is healthy when the node is ready, and not when none is there', async () => {
    const [text = ''] = of('HEALTHCHECK');
    const [, command = ''] = text.split(' CMD ');
    const [file = '', ...args] = JSON.parse(command) as string[];
    const ask = async (port: string): Promise<number | null> => {
      const child = spawn(file, args, { env: { PATH, MIRSAL_PORT: port }, stdio: 'ignore' });
      const [code] = await once(child, 'exit');
      return code;
    };
    const mirsal = await startInstalled({});
    const { port } = new URL(mirsal.url);
    expect(await ask(port)).toBe(0);
    await mirsal.stop();
    expect(await ask(port)).toBe(1);
  });
});

/** As compose fills them in where nothing is set. */
function filled(value: string, given: Record<string, string>): string {
  return value.replaceAll(
    /\$\{(\w+):-([^}]*)\}/g,
    (_, name: string, otherwise: string) => given[name] || otherwise,
  );
}

describe('settings of', () => {
  test('compose.yaml are such as Mirsal reads, alone and as a cluster', () => {
    const { services, volumes } = parse(read('compose.yaml'));
    const given = { POSTGRES_PASSWORD: 'a-password', MIRSAL_SECRET: 'a secret of all of the nodes' };
    for (const name of ['mirsal', 'node']) {
      const environment = Object.entries<string>(services[name].environment).map(([key, value]) => [
        key,
        filled(value, given),
      ]);
      expect(readConfig(Object.fromEntries(environment)).publicUrl).toBe('http://localhost:8080');
    }
    expect(services.node.deploy.replicas).toBe(3);
    expect(services.mirsal.profiles).toBeUndefined();
    for (const name of ['node', 'proxy', 'postgres']) expect(services[name].profiles).toEqual(['cluster']);
    expect(Object.keys(volumes)).toEqual(['mirsal', 'postgres']);
    expect(existsSync(join(ROOT, 'deploy/Caddyfile'))).toBe(true);
    expect(read('deploy/Caddyfile')).toContain('dynamic a node 8080');
  });

  test('the image and of systemd are such as Mirsal reads', () => {
    const unit = read('deploy/mirsal.service');
    const env = [unit, read('Dockerfile')].flatMap((text) => [...text.matchAll(/\b(MIRSAL_\w+)=(\S+)/g)]);
    const settings = env.map(([, name = '', value = '']) => [name, value]).filter(([name]) => name !== '');
    expect(settings).toEqual([
      ['MIRSAL_PUBLIC_URL', '…),'],
      ['MIRSAL_DATA_DIR', '/var/lib/mirsal'],
      ['MIRSAL_DATA_DIR', '/data'],
    ]);
    for (const [, value = ''] of settings.slice(1)) {
      expect(readConfig({ MIRSAL_DATA_DIR: value }).dataDir).toBe(value);
    }
    // Longer than an attempt and its recording take.
    expect(Number(/TimeoutStopSec=(\d+)/.exec(unit)?.[1])).toBeGreaterThanOrEqual(20);
  });
});
