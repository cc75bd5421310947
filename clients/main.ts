/**
 * `npm run clients`: clients in other languages, made by generators of the OpenAPI document alone, and the SDK under other runtimes,
 * publish, page and meet a conflict at a real node. Needs Python 3 and Go, and fetches generators and runtimes; `--only python` leaves
 * the others out.
 */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startMirsal, temporaryDirectory } from '../test/support/process.ts';

const PYTHON_GENERATOR = 'openapi-python-client==0.29.1';
const GO_GENERATOR = 'github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2';
const RUNTIMES = { bun: '1.4.5', deno: '2.9.6' } as const;

interface Place {
  directory: string;
  document: string;
  env: NodeJS.ProcessEnv;
}

function run({ directory, env }: Place, command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: directory, env, encoding: 'utf8' });
}

const CLIENTS: Readonly<Record<string, (place: Place) => string>> = {
  python(place) {
    run(place, 'python3', '-m', 'venv', 'venv');
    const tool = (name: string) => join(place.directory, 'venv/bin', name);
    run(place, tool('pip'), 'install', '--quiet', PYTHON_GENERATOR, 'ruff');
    const env = { ...place.env, PATH: `${join(place.directory, 'venv/bin')}:${place.env.PATH}` };
    const said = run(
      { ...place, env },
      tool('openapi-python-client'),
      'generate',
      '--path',
      place.document,
      '--fail-on-warning',
    );
    if (said.includes('Warning')) throw new Error(said);
    cpSync(join(import.meta.dirname, 'python'), join(place.directory, 'mirsal-api-client'), {
      recursive: true,
    });
    return run(
      { ...place, directory: join(place.directory, 'mirsal-api-client') },
      tool('python'),
      'main.py',
    );
  },
  go(place) {
    cpSync(join(import.meta.dirname, 'go'), place.directory, { recursive: true });
    writeFileSync(join(place.directory, 'go.mod'), 'module example.com/clients\n\ngo 1.24\n');
    mkdirSync(join(place.directory, 'mirsal'));
    const made = ['-generate', 'types,client', '-package', 'mirsal', '-o', 'mirsal/mirsal.go'];
    run(place, 'go', 'run', GO_GENERATOR, ...made, place.document);
    run(place, 'go', 'mod', 'tidy');
    return run(place, 'go', 'run', '.');
  },
  bun: (place) => runByPackage(place, 'bun', []),
  deno: (place) => runByPackage(place, 'deno', ['run', '--allow-net', '--allow-env', '--no-check']),
};

/** A runtime of JavaScript as npm has it, which runs the SDK's sources as they are. */
function runByPackage(place: Place, name: 'bun' | 'deno', args: string[]): string {
  run(
    place,
    'npm',
    'install',
    '--silent',
    '--no-save',

    `${name}@${RUNTIMES[name]}`,
  );
  const script = join(import.meta.dirname, 'typescript/main.ts');
  return `${name}: ${run(place, join(place.directory, 'node_modules/.bin', name), ...args, script)}done\n`;
}

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const names = values.only?.split(',') ?? Object.keys(CLIENTS);
const data = temporaryDirectory();
const mirsal = await startMirsal({ directory: data.path });
try {
  const { text } = await mirsal.call('GET', '/v1/openapi.json');
  for (const name of names) {
    const client = CLIENTS[name];
    if (client === undefined)
      throw new Error(`There is no client in "${name}"; there are ${Object.keys(CLIENTS).join(', ')}.`);
    const { path, remove } = temporaryDirectory();
    const document = join(path, 'openapi.json');
    writeFileSync(document, text);
    const env = { ...process.env, MIRSAL_URL: mirsal.url, MIRSAL_KEY: mirsal.key };
    process.stdout.write(client({ directory: path, document, env }));
    remove();
  }
} finally {
  await mirsal.kill();
  data.remove();
}
