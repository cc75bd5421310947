/**
 * The shape of the code as a test: which folder may import what, no cycles, and where time, chance,
 * timers, the network and the environment may be touched. The table is the one of ARCHITECTURE.md.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAX_LINES = 500;

/**
 * What the files of a folder may import besides the folder itself and world.ts (types only): files,
 * folders (with a slash at the end), and packages (`node:*` for all of Node's).
 */
interface Allowed {
  inside: readonly string[];
  packages: readonly string[];
  world: boolean;
}

/** The store's nouns: what is asked of it, and the shapes that it takes and answers. */
const RECORDS = ['store/records/'];
const PORTS = ['store/store.ts', 'store/ports/', ...RECORDS];

const TABLE: Record<string, Allowed> = {
  core: { inside: [], packages: ['ajv', 'ajv-formats', 'ipaddr.js'], world: false },
  store: { inside: ['core/'], packages: ['kysely', 'pg', 'node:*'], world: true },
  mail: { inside: ['core/', ...RECORDS], packages: ['nodemailer'], world: true },
  net: { inside: ['core/'], packages: ['undici', 'node:*'], world: true },
  // node:crypto for hashes: whatever is random there is banned below.
  engine: {
    inside: ['core/', ...PORTS],
    packages: ['node:crypto'],
    world: true,
  },
  http: {
    inside: ['core/', ...PORTS, 'engine/engine.ts', 'identity/identity.ts'],
    packages: [
      'fastify',
      '@fastify/rate-limit',
      '@fastify/swagger',
      '@fastify/type-provider-typebox',
      'typebox',
      'ajv',
      'ajv-formats',
      'node:*',
    ],
    world: true,
  },
  identity: { inside: ['core/', ...PORTS], packages: ['better-auth', 'node:crypto'], world: true },
  offload: {
    inside: ['core/', 'engine/', 'http/', ...PORTS, 'real.ts'],
    packages: ['node:os', 'node:worker_threads'],
    world: false,
  },
  sdk: { inside: [], packages: [], world: false },
  cli: {
    inside: ['sdk/'],
    packages: ['commander', '@modelcontextprotocol/server', 'node:*'],
    world: false,
  },
};

/** What folders of the store may import of the store: shapes know no verbs, shared queries know neither database. */
const STORE: Record<string, readonly string[]> = {
  records: ['store/records/'],
  ports: ['store/ports/', 'store/records/'],
  schema: ['store/schema/', 'store/store.ts'],
  queries: ['store/queries/', 'store/schema/', 'store/dialect.ts', ...PORTS],
};

/** Wiring: they may import everything, and nobody but each other imports them. */
const MAIN = [
  'bin.ts',
  'main.ts',
  'serve.ts',
  'bootstrap.ts',
  'secret.ts',
  'setupToken.ts',
  'keyCommand.ts',
  'resetPassword.ts',
  'backup.ts',
  'sqliteFile.ts',
  'doctor.ts',
  'terminal.ts',
  'version.ts',
  'metrics.ts',
  'tracing.ts',
  'welcome.ts',
  'config.ts',
  'real.ts',
];

/** The pure functions of node:crypto, in the only folder and file of core that need them. */
const CORE_CRYPTO = { places: ['core/signing/', 'core/sealing.ts'], package: 'node:crypto' };

interface SourceFile {
  /** From src/, with forward slashes. */
  path: string;
  text: string;
  /** Without comments. */
  code: string;
  /** Without comments and without what stands in strings, templates and regular expressions. */
  bare: string;
}

interface Import {
  /** From src/ where it is a file of ours, else the specifier. */
  target: string;
  ours: boolean;
  typeOnly: boolean;
}

// ---------------------------------------------------------------- reading

function filesUnder(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function clientFiles(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return /^(?:node_modules|dist)$/.test(entry.name) ? [] : clientFiles(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

/** Tests, and what only tests use: kits beside them, and the suite that every store passes. */
function isTest(path: string): boolean {
  return /\.test\.ts$|\/testdata\/|^store\/contract(?:\.ts$|\/)/.test(path);
}

function readSource(path: string, text: string): SourceFile {
  return { path, text, code: strip(text, { strings: false }), bare: strip(text, { strings: true }) };
}

/** After these a slash begins a regular expression, after anything else it divides. */
const BEFORE_REGEX =
  /(?:^|[=(,:;!&|?{}[+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|yield|await|else|do))\s*$/;

/** Code without comments and, where asked, with strings and regular expressions emptied. Lines are kept. */
function strip(text: string, options: { strings: boolean }): string {
  let out = '';
  let at = 0;
  /** For each open template, how deep in braces its current `${` is. */
  const templates: number[] = [];
  const keep = (literal: string): string => {
    if (!options.strings) return literal;
    const lines = '\n'.repeat(literal.split('\n').length - 1);
    return `${literal[0] ?? ''}${lines}${literal.at(-1) ?? ''}`;
  };
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? text.slice(at, at + 1);
    at += found.length;
    return found;
  };
  const takeTemplate = (): void => {
    const part = take(/[`}](?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y);
    out += keep(part);
    if (part.endsWith('${')) templates.push(0);
  };
  while (at < text.length) {
    const rest = text.slice(at, at + 2);
    const depth = templates.at(-1);
    if (rest === '//') take(/\/\/[^\n]*/y);
    else if (rest === '/*') out += take(/\/\*[\s\S]*?\*\//y).replace(/[^\n]+/g, ' ');
    else if (rest[0] === "'" || rest[0] === '"') out += keep(take(/(['"])(?:\\[\s\S]|(?!\1)[^\\\n])*\1/y));
    else if (rest[0] === '`') takeTemplate();
    else if (rest[0] === '/' && BEFORE_REGEX.test(out.slice(-40))) {
      out += keep(take(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y));
    } else if (rest[0] === '}' && depth === 0) {
      templates.pop();
      takeTemplate();
    } else {
      if (depth !== undefined && rest[0] === '{') templates.push((templates.pop() ?? 0) + 1);
      if (depth !== undefined && rest[0] === '}') templates.push((templates.pop() ?? 0) - 1);
      out += rest[0] ?? '';
      at += 1;
    }
  }
  return out;
}

const IMPORTS = [
  /^[ \t]*(import|export)\s+(type\s+)?(?:[\w*${},\s]+?\s+from\s*)['"]([^'"]+)['"]/gm,
  /^[ \t]*(import)\s*()['"]([^'"]+)['"]/gm,
  /\b(import)\s*\(\s*()['"]([^'"]+)['"]/g,
  // A worker's file.
  /\b(new)\s+URL\(\s*()['"](\.[^'"]+\.ts)['"]\s*,\s*import\.meta\.url/g,
];

function importsOf(file: SourceFile): Import[] {
  return IMPORTS.flatMap((pattern) =>
    [...file.code.matchAll(pattern)].map(([, , type, specifier = '']) => {
      const ours = specifier.startsWith('.');
      const target = ours ? normalize(join(dirname(file.path), specifier)).replaceAll('\\', '/') : specifier;
      return { target, ours, typeOnly: type !== undefined && type.trim() === 'type' };
    }),
  );
}

// ---------------------------------------------------------------- judging

/** `@scope/name/file.js` is `@scope/name`; `ajv/dist/2020.js` is `ajv`. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function allowsPackage(allowed: readonly string[], specifier: string): boolean {
  if (specifier.startsWith('node:')) return allowed.includes('node:*') || allowed.includes(specifier);
  return allowed.includes(packageOf(specifier));
}

function isInside(path: string, places: readonly string[]): boolean {
  return places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place));
}

/** Why this import is not allowed, or null. */
function judgeImport(from: string, { target, ours, typeOnly }: Import): string | null {
  if (MAIN.includes(from)) return null;
  if (ours && !target.endsWith('.ts') && !target.endsWith('.json')) return 'a file without its extension';
  if (from === 'world.ts') return 'world.ts imports nothing';
  const folder = from.split('/')[0] ?? '';
  const allowed = TABLE[folder];
  if (allowed === undefined) return `the folder "${folder}" is not in the table`;
  if (!ours) {
    if (target === CORE_CRYPTO.package && isInside(from, CORE_CRYPTO.places)) return null;
    return allowsPackage(allowed.packages, target) ? null : `${folder} may not import this package`;
  }
  if (target === 'world.ts') {
    if (!allowed.world) return `${folder} may not know the world`;
    return typeOnly ? null : 'world.ts is types: import type';
  }
  const within = folder === 'store' ? STORE[from.split('/')[1] ?? ''] : undefined;
  const own = within ?? [`${folder}/`];
  return isInside(target, [...own, ...allowed.inside]) ? null : `${folder} may not import this`;
}

/** The imports that form a circle, each as the files on the way; type-only imports count, too. */
function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const way: string[] = [];
  const cycles: string[] = [];
  const visit = (path: string): void => {
    const start = way.indexOf(path);
    if (start !== -1) cycles.push([...way.slice(start), path].join(' → '));
    if (start !== -1 || done.has(path)) return;
    way.push(path);
    for (const next of graph.get(path) ?? []) visit(next);
    way.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return cycles;
}

interface Ban {
  what: string;
  pattern: RegExp;
  /** Where it may stand, from src/. */
  only: readonly string[];
}

/** A name as a value of its own, not as a member of something or a key. */
const global = (names: string): RegExp => new RegExp(`(?<![.\\w$])(?:globalThis\\.)?(?:${names})\\s*\\(`);

const BANS: readonly Ban[] = [
  { what: 'Date.now', pattern: /\bDate\s*\.\s*now\b/, only: ['real.ts', 'sdk/platform.ts'] },
  {
    what: 'the present as a Date',
    pattern: /\bnew\s+Date\s*(?:\(\s*\)|(?![\s(\w]))|(?<!new\s)(?<![.\w$])Date\s*\(/,
    only: [],
  },
  { what: 'performance.now, hrtime', pattern: /\bperformance\s*\.|\bhrtime\b/, only: ['real.ts'] },
  { what: 'Math.random', pattern: /\bMath\s*\.\s*random\b/, only: ['real.ts', 'sdk/platform.ts'] },
  {
    what: 'randomness of the global crypto',
    pattern: /(?<![.\w$])(?:globalThis\.|webcrypto\.)?crypto\s*\.\s*(?:random|getRandom|subtle)/,
    only: ['real.ts', 'sdk/platform.ts'],
  },
  {
    what: 'timers',
    pattern: /(?<![.\w$])(?:globalThis\.)?(?:setTimeout|setInterval|setImmediate)\b(?!\s*[:?])/,
    only: ['real.ts', 'sdk/platform.ts'],
  },
  { what: 'timers of AbortSignal', pattern: /\bAbortSignal\s*\.\s*timeout\b/, only: [] },
  {
    what: 'fetch',
    pattern: global('fetch|WebSocket|EventSource'),
    only: ['sdk/platform.ts'],
  },
  { what: 'process.env', pattern: /\bprocess\s*\.\s*env\b|\bimport\.meta\.env\b/, only: ['config.ts'] },
  { what: 'console', pattern: /(?<![.\w$])console\s*\./, only: [] },
  { what: 'process.exit', pattern: /\bprocess\s*\.\s*(?:exit|abort|kill)\b/, only: ['main.ts'] },
  { what: 'code from text', pattern: /(?<![.\w$])(?:eval|Function)\s*\(/, only: [] },
];

/** What `core` must not even look like: it waits for nothing. */
const CORE_BANS: readonly Ban[] = [
  { what: 'async', pattern: /\basync\b|\bawait\b|\bPromise\b/, only: [] },
  { what: 'process', pattern: /(?<![.\w$])process\s*\./, only: [] },
];

/** Modules of Node that would bring the same in by another door, and who may import what of them. */
const NODE_BANS: ReadonlyArray<{
  module: RegExp;
  names: RegExp;
  only: readonly string[];
}> = [
  {
    module: /^(?:node:)?crypto$/,
    names:
      /\b(?:random\w*|getRandomValues|generate\w*|pseudoRandomBytes|webcrypto|createDiffieHellman|createECDH)\b|^[^{]*$/,
    only: ['real.ts'],
  },
  { module: /^(?:node:)?(?:timers|perf_hooks)\b/, names: /./, only: ['real.ts'] },
  // P10: one way out. http/ takes a server's types and names from there; config.ts reads addresses.
  {
    module: /^(?:node:)?https?$/,
    names: /\b(?:request|get|Agent|globalAgent|ClientRequest|WebSocket)\b|^[^{]*$/,
    // The command line relays to a server of its own machine.
    only: ['net/', 'cli/forward.ts'],
  },
  {
    module: /^(?:node:)?(?:http2|net|tls|dgram|dns|dns\/promises)$|^undici$/,
    names: /./,
    only: ['net/', 'config.ts'],
  },
  { module: /^(?:node:)?(?:child_process|cluster|vm|inspector)$/, names: /./, only: [] },
];

function bannedImportsIn({ path, code }: SourceFile): string[] {
  const clauses = code.matchAll(
    /^[ \t]*(?:import|export)\s+(?:type\s+)?([\w*${},\s]+?)\s+from\s*['"]([^'"]+)['"]/gm,
  );
  return [...clauses].flatMap(([, clause = '', specifier = '']) => {
    const refused = NODE_BANS.some(({ module, names, only }) => {
      if (!module.test(specifier) || isInside(path, only)) return false;
      return names.test(clause);
    });
    return refused ? [`${path}: ${clause.replace(/\s+/g, ' ')} of ${specifier}`] : [];
  });
}

function bannedIn(file: SourceFile): string[] {
  return [...bannedImportsIn(file), ...bannedNamesIn(file)];
}

function bannedNamesIn(file: SourceFile): string[] {
  const bans = file.path.startsWith('core/') ? [...BANS, ...CORE_BANS] : BANS;
  return bans.flatMap(({ what, pattern, only }) => {
    if (only.includes(file.path)) return [];
    return file.bare.split('\n').flatMap((line, index) => {
      return pattern.test(line) ? [`${file.path}:${index + 1}: ${what}: ${line.trim()}`] : [];
    });
  });
}

const SRC = join(ROOT, 'src');
const SOURCES = filesUnder(SRC)
  .map((path) => readSource(relative(SRC, path).replaceAll('\\', '/'), readFileSync(path, 'utf8')))
  .sort((a, b) => (a.path < b.path ? -1 : 1));
const PRODUCT = SOURCES.filter(({ path }) => !isTest(path));

// ---------------------------------------------------------------- the rules

describe('imports', () => {
  it('stay within the table of ARCHITECTURE.md', () => {
    const found = PRODUCT.flatMap((file) =>
      importsOf(file).flatMap((one) => {
        const why = judgeImport(file.path, one);
        return why === null ? [] : [`${file.path} imports ${one.target}: ${why}`];
      }),
    );
    expect(found).toEqual([]);
  });

  it('form no circle', () => {
    const graph = new Map(
      PRODUCT.map((file) => [
        file.path,
        importsOf(file).flatMap(({ target, ours }) => (ours ? [target] : [])),
      ]),
    );
    expect(findCycles(graph)).toEqual([]);
  });

  it('lead to files that are there', () => {
    const missing = SOURCES.flatMap((file) =>
      importsOf(file)
        .filter(({ target, ours }) => ours && !existsSync(join(SRC, target)))
        .map(({ target }) => `${file.path} imports ${target}, which is not there`),
    );
    expect(missing).toEqual([]);
  });

  it('every package that the product imports is a dependency, and no dependency is unused', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const used = PRODUCT.flatMap(importsOf)
      .filter(({ target, ours }) => !ours && !target.startsWith('node:'))
      .map(({ target }) => packageOf(target));
    // Packages of which files are served.
    for (const { code } of PRODUCT) {
      for (const [, target = ''] of code.matchAll(/import\.meta\.resolve\([`'"]([^`'"]+)/g))
        used.push(packageOf(target));
    }
    expect([...new Set(used)].sort()).toEqual(Object.keys(dependencies).sort());
  });

  it('the dashboard and the demo talk to the API only, through the SDK', () => {
    const found = ['dashboard', 'demo'].flatMap((folder) =>
      clientFiles(join(ROOT, folder)).flatMap((path) =>
        importsOf(readSource(relative(ROOT, path).replaceAll('\\', '/'), readFileSync(path, 'utf8')))
          .filter(({ target, ours }) => ours && !isInside(target, [`${folder}/`, 'src/sdk/']))
          .map(({ target }) => `${relative(ROOT, path)} imports ${target}`),
      ),
    );
    expect(found).toEqual([]);
  });

  it('no file directly in src/ is unknown to the table', () => {
    const direct = SOURCES.map(({ path }) => path).filter((path) => !path.includes('/') && !isTest(path));
    expect(direct.filter((path) => path !== 'world.ts' && !MAIN.includes(path))).toEqual([]);
  });
});

describe('time, chance, the network and the environment', () => {
  it('enter through the World and the settings alone', () => {
    expect(PRODUCT.flatMap(bannedIn)).toEqual([]);
  });
});

describe('files', () => {
  it(`have at most ${MAX_LINES} lines`, () => {
    const long = SOURCES.filter(({ path }) => !path.startsWith('sdk/generated/')).map(({ path, text }) => ({
      path,
      lines: text.trimEnd().split('\n').length,
    }));
    expect(long.filter(({ lines }) => lines > MAX_LINES)).toEqual([]);
  });

  it('begin by saying what they are', () => {
    const silent = PRODUCT.filter(({ text }) => !text.replace(/^#!.*\n/, '').startsWith('/**'));
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  it('are named after what they hold, and folders too', () => {
    const vague = /^(?:utils?|helpers?|common|shared|misc|types|constants|lib|index)$/i;
    const paths = [...SOURCES.map(({ path }) => path), ...testPaths()];
    expect(paths.filter((path) => path.split('/').some((part) => vague.test(basename(part, '.ts'))))).toEqual(
      [],
    );
  });
});

function testPaths(): string[] {
  return ['test', 'bench', 'faults', 'hostile', 'sim'].flatMap((folder) =>
    filesUnder(join(ROOT, folder)).map((path) => relative(ROOT, path).replaceAll('\\', '/')),
  );
}

describe('tests', () => {
  it('are all run: none is skipped, focused or put off', () => {
    const paths = [...SOURCES.map(({ path }) => join('src', path)), ...testPaths()].filter((path) =>
      path.endsWith('.test.ts'),
    );
    const pattern =
      /\b(?:it|test|describe|suite)\s*\.\s*(?:only|skip|todo|fails)\b|(?<![.\w$])(?:xit|fit|xdescribe|fdescribe)\s*\(/;
    const found = paths.filter((path) =>
      pattern.test(strip(readFileSync(join(ROOT, path), 'utf8'), { strings: true })),
    );
    expect(found).toEqual([]);
  });
});

// ---------------------------------------------------------------- the rules have teeth

describe('the rules themselves', () => {
  const file = (path: string, text: string): SourceFile => readSource(path, text);
  const refused = (path: string, text: string): boolean =>
    importsOf(file(path, text)).some((one) => judgeImport(path, one) !== null);

  it.each([
    ['core/a.ts', "import { b } from '../store/store.ts';"],
    ['core/a.ts', "import type { Clock } from '../world.ts';"],
    ['core/a.ts', "import { readFileSync } from 'node:fs';"],
    ['core/a.ts', "import { createHmac } from 'node:crypto';"],
    ['core/a.ts', "export {\n  b,\n  c,\n} from '../engine/engine.ts';"],
    ['store/a.ts', "import { b } from '../engine/engine.ts';"],
    ['store/records/a.ts', "import type { B } from '../ports/b.ts';"],
    ['store/ports/a.ts', "import type { B } from '../queries/b.ts';"],
    ['store/queries/a.ts', "import { b } from '../sqlite/b.ts';"],
    ['net/a.ts', "import type { Store } from '../store/store.ts';"],
    ['net/a.ts', "import { realClock } from '../real.ts';"],
    ['net/a.ts', "import { realClock } from '../world.ts';"],
    ['engine/a.ts', "import {\n  type B,\n} from '../store/queries/lanes.ts';"],
    ['engine/a.ts', "import type { B } from '../net/sender.ts';"],
    ['engine/a.ts', "const b = await import('../http/server.ts');"],
    ['engine/a.ts', "import { request } from 'undici';"],
    ['engine/a.ts', "import 'node:fs';"],
    ['http/a.ts', "import { createLanes } from '../engine/lanes.ts';"],
    ['http/routes/a.ts', "import { readConfig } from '../../config.ts';"],
    ['http/a.ts', "import { b } from './b';"],
    ['cli/a.ts', "import type { Store } from '../store/store.ts';"],
    ['store/a.ts', "new Worker(new URL('../engine/b.ts', import.meta.url));"],
    ['unheard/a.ts', "import { b } from './b.ts';"],
  ])('refuse in %s: %s', (path, text) => {
    expect(refused(path, text)).toBe(true);
  });

  it.each([
    ['core/signing/a.ts', "import { createHmac } from 'node:crypto';"],
    ['core/a/b.ts', "import sample from '../samples/c.json' with { type: 'json' };"],
    ['engine/a.ts', "import { StoreUnavailable } from '../store/store.ts';"],
    ['engine/a.ts', "import type { LaneStore } from '../store/ports/lanes.ts';"],
    ['store/queries/a.ts', "import type { Dialect } from '../dialect.ts';"],
    ['engine/a.ts', "import type { Clock } from '../world.ts';"],
    ['http/routes/a.ts', "import { type Engine } from '../../engine/engine.ts';"],
    ['http/a.ts', "// import { b } from '../store/queries/lanes.ts';"],
    ['serve.ts', "import { createSender } from './net/sender.ts';"],
  ])('allow in %s: %s', (path, text) => {
    expect(refused(path, text)).toBe(false);
  });

  it.each([
    'const at = Date.now();',
    'const at = new Date();',
    'const at = new Date;',
    'const text = Date();',
    'setTimeout(run, 5);',
    'globalThis.setTimeout(run, 5);',
    'const later = { after: setTimeout };',
    'await fetch(url);',
    'const n = Math.random();',
    'const id = crypto.randomUUID();',
    "import { randomBytes } from 'node:crypto';",
    "import { createHmac, randomUUID as id } from 'node:crypto';",
    "import * as crypto from 'node:crypto';",
    "import crypto from 'node:crypto';",
    "import { setTimeout as sleep } from 'node:timers/promises';",
    "import { request } from 'node:https';",
    "import { type Socket, connect } from 'node:net';",
    "import { execFile } from 'node:child_process';",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a template.
    'const text = `at ${Date.now()}`;',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a template.
    'const text = `${{ a: `${1}` }.a} ${fetch(url)}`;',
    'const { PORT } = process.env;',
    "console.log('x');",
    'const quote = /[\'"]/.test(text) && Math.random();',
    'const half = total / 2; const at = Date.now() / 2;',
  ])('ban %s', (text) => {
    expect(bannedIn(file('engine/a.ts', text))).not.toEqual([]);
  });

  it.each([
    'const at = new Date(now).toISOString();',
    'const at = Date.parse(text) + Date.UTC(2026, 0, 1);',
    'socket.setTimeout(5);',
    'store.fetch(url);',
    "const text = 'Date.now()';",
    'const text = `fetch(url)`;',
    'const pattern = /fetch(url)/;',
    '// Date.now()',
    '/* Math.random() */ const url = "http://example.com/"; // console.log',
    'interface World { fetch: Send; date: Date }',
    'const iv = randomBytes(12); // a parameter',
    "import { createHash, timingSafeEqual } from 'node:crypto';",
  ])('let %s pass', (text) => {
    expect(bannedIn(file('engine/a.ts', text))).toEqual([]);
  });

  it('find a circle, and only circles', () => {
    const circle = new Map([
      ['a', ['b', 'c']],
      ['b', ['d']],
      ['c', ['d']],
      ['d', ['b']],
    ]);
    expect(findCycles(circle)).toEqual(['b → d → b']);
    circle.set('d', []);
    expect(findCycles(circle)).toEqual([]);
  });

  it('see every file', () => {
    expect(PRODUCT.length).toBeGreaterThan(80);
    expect(PRODUCT.flatMap(importsOf).length).toBeGreaterThan(250);
  });
});
