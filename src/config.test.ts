/** The settings: each read as documented, each fault named, all faults at once, and no secret said. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Config, ConfigError, readConfig, readTerminalSettings } from './config.ts';
import { DEFAULT_PLANS } from './core/plan.ts';

function faultsOf(env: Record<string, string>): string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('settings', () => {
  it('have defaults: nothing need be set', () => {
    expect(readConfig({})).toEqual({
      host: '0.0.0.0',
      port: 8080,
      publicUrl: null,
      dataDir: './data',
      databaseUrl: null,
      secret: null,
      allowedTargets: [],
      requireHttps: false,
      sourceIps: [],
      bindSourceIps: false,
      proxy: null,
      smtpUrl: null,
      mailFrom: null,
      ownerEmail: null,
      metricsToken: null,
      publicCatalog: false,
      tracing: false,
      search: true,
      bootstrapApiKey: null,
      bootstrapInstanceKey: null,
      requestsPerSecond: 1_000,
      trustedProxies: [],
      logLevel: 'info',
      plans: DEFAULT_PLANS,
    });
  });

  it.each<[string, string, Partial<Config>]>([
    ['MIRSAL_HOST', '127.0.0.1', { host: '127.0.0.1' }],
    ['MIRSAL_PORT', '0', { port: 0 }],
    ['MIRSAL_PORT', '65535', { port: 65_535 }],
    ['MIRSAL_PUBLIC_URL', 'https://hooks.example.com', { publicUrl: 'https://hooks.example.com' }],
    ['MIRSAL_PUBLIC_URL', 'https://Hooks.example.com:443/', { publicUrl: 'https://hooks.example.com' }],
    ['MIRSAL_PUBLIC_URL', 'http://10.0.0.1:8080', { publicUrl: 'http://10.0.0.1:8080' }],
    ['MIRSAL_DATA_DIR', '/var/lib/mirsal', { dataDir: '/var/lib/mirsal' }],
    ['MIRSAL_DATABASE_URL', 'postgres://db/mirsal', { databaseUrl: 'postgres://db/mirsal' }],
    ['MIRSAL_DATABASE_URL', 'postgresql://db/mirsal', { databaseUrl: 'postgresql://db/mirsal' }],
    ['MIRSAL_DATABASE_URL', 'postgres://u:p@/db?host=/run', { databaseUrl: 'postgres://u:p@/db?host=/run' }],
    ['MIRSAL_SECRET', 'sixteen letters!', { secret: 'sixteen letters!' }],
    ['MIRSAL_REQUIRE_HTTPS', 'true', { requireHttps: true }],
    ['MIRSAL_REQUIRE_HTTPS', '1', { requireHttps: true }],
    ['MIRSAL_REQUIRE_HTTPS', 'false', { requireHttps: false }],
    ['MIRSAL_REQUIRE_HTTPS', '0', { requireHttps: false }],
    ['MIRSAL_SOURCE_IPS', '192.0.2.7, 2001:db8::7', { sourceIps: ['192.0.2.7', '2001:db8::7'] }],
    ['MIRSAL_SOURCE_IPS', '192.0.2.7,', { sourceIps: ['192.0.2.7'] }],
    ['MIRSAL_SMTP_URL', 'smtps://u:p@mail.example.com', { smtpUrl: 'smtps://u:p@mail.example.com' }],
    ['MIRSAL_MAIL_FROM', 'مرسال <m@example.com>', { mailFrom: 'مرسال <m@example.com>' }],
    ['MIRSAL_MAIL_FROM', 'm@example.com', { mailFrom: 'm@example.com' }],
    ['MIRSAL_MAIL_FROM', 'Mirsal <\u200em@example.com\u200f>', { mailFrom: 'Mirsal <m@example.com>' }],
    ['MIRSAL_OWNER_EMAIL', 'owner@example.com', { ownerEmail: 'owner@example.com' }],
    ['MIRSAL_OWNER_EMAIL', '\u200eowner@example.com\u00a0', { ownerEmail: 'owner@example.com' }],
    ['MIRSAL_METRICS_TOKEN', 'a-token-of-the-monitoring', { metricsToken: 'a-token-of-the-monitoring' }],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://collector.example.com:4318', { tracing: true }],
    ['OTEL_TRACES_EXPORTER', 'otlp', { tracing: true }],
    ['OTEL_TRACES_EXPORTER', 'none', { tracing: false }],
    ['MIRSAL_PUBLIC_CATALOG', 'true', { publicCatalog: true }],
    ['MIRSAL_SEARCH', 'off', { search: false }],
    ['MIRSAL_SEARCH', 'on', { search: true }],
    ['MIRSAL_BOOTSTRAP_API_KEY', 'a key', { bootstrapApiKey: 'a key' }],
    ['MIRSAL_BOOTSTRAP_INSTANCE_KEY', 'a key', { bootstrapInstanceKey: 'a key' }],
    ['MIRSAL_REQUESTS_PER_SECOND', '0', { requestsPerSecond: 0 }],
    ['MIRSAL_REQUESTS_PER_SECOND', '50', { requestsPerSecond: 50 }],
    ['MIRSAL_TRUSTED_PROXIES', '10.0.0.0/8, 192.0.2.1', { trustedProxies: ['10.0.0.0/8', '192.0.2.1'] }],
    ['MIRSAL_LOG_LEVEL', 'silent', { logLevel: 'silent' }],
  ])('%s=%s is read', (name, value, expected) => {
    expect(readConfig({ [name]: value })).toMatchObject(expected);
  });

  it('the outgoing proxy has a place, credentials as they were meant, and may be the one that resolves names', () => {
    const read = (url: string, dns = 'false') =>
      readConfig({ MIRSAL_PROXY_URL: url, MIRSAL_PROXY_DNS: dns }).proxy;
    expect(read('http://proxy.example.com:3128')).toEqual({
      host: 'proxy.example.com',
      port: 3128,
      authorization: null,
      resolvesNames: false,
    });
    const { authorization, ...place } = read('http://u%3as:p%40%C3%A9@[2001:db8::7]/', 'true') ?? {};
    expect(place).toEqual({ host: '2001:db8::7', port: 80, resolvesNames: true });
    expect(Buffer.from(authorization?.slice('Basic '.length) ?? '', 'base64').toString()).toBe('u:s:p@é');
    expect(faultsOf({ MIRSAL_PROXY_DNS: 'true' })).toEqual([expect.stringContaining('set MIRSAL_PROXY_URL')]);
    expect(
      faultsOf({
        MIRSAL_PROXY_URL: 'http://proxy.example.com:3128',
        MIRSAL_SOURCE_IPS: '192.0.2.7',
        MIRSAL_BIND_SOURCE_IPS: 'true',
      }),
    ).toEqual([expect.stringContaining('means nothing with MIRSAL_PROXY_URL')]);
  });

  it('B5: MIRSAL_BIND_SOURCE_IPS needs addresses to bind to', () => {
    const bind = { MIRSAL_BIND_SOURCE_IPS: 'true' };
    expect(readConfig({ ...bind, MIRSAL_SOURCE_IPS: '192.0.2.7' })).toMatchObject({ bindSourceIps: true });
    expect(() => readConfig(bind)).toThrow('list them in MIRSAL_SOURCE_IPS');
  });

  it('B5, P10: MIRSAL_ALLOWED_TARGETS is a list of networks', () => {
    const { allowedTargets } = readConfig({ MIRSAL_ALLOWED_TARGETS: '127.0.0.0/8, ::1/128' });
    expect(allowedTargets.map(({ text }) => text)).toEqual(['127.0.0.0/8', '::1/128']);
  });

  it('an empty or blank variable counts as absent', () => {
    const blank = Object.fromEntries(KNOWN_NAMES.map((name) => [name, '  ']));
    expect(readConfig(blank)).toEqual(readConfig({}));
  });

  it('variables of others are left alone', () => {
    expect(readConfig({ PATH: '/bin', PORT: 'x', mirsal_port: 'x' })).toEqual(readConfig({}));
  });
});

const KNOWN_NAMES = [
  'MIRSAL_REQUESTS_PER_SECOND',
  'MIRSAL_TRUSTED_PROXIES',
  'MIRSAL_HOST',
  'MIRSAL_PORT',
  'MIRSAL_PUBLIC_URL',
  'MIRSAL_DATA_DIR',
  'MIRSAL_DATABASE_URL',
  'MIRSAL_SMTP_URL',
  'MIRSAL_MAIL_FROM',
  'MIRSAL_OWNER_EMAIL',
  'MIRSAL_SECRET',
  'MIRSAL_ALLOWED_TARGETS',
  'MIRSAL_REQUIRE_HTTPS',
  'MIRSAL_SOURCE_IPS',
  'MIRSAL_BIND_SOURCE_IPS',
  'MIRSAL_METRICS_TOKEN',
  'MIRSAL_PUBLIC_CATALOG',
  'MIRSAL_SEARCH',
  'MIRSAL_BOOTSTRAP_API_KEY',
  'MIRSAL_BOOTSTRAP_INSTANCE_KEY',
  'MIRSAL_LOG_LEVEL',
  'MIRSAL_PLANS',
  'MIRSAL_PROXY_URL',
  'MIRSAL_PROXY_DNS',
];

describe('what is wrong is refused at start', () => {
  it.each([
    ['MIRSAL_SMTP_URL', 'mail.example.com:25', 'is such as smtp://'],
    ['MIRSAL_SMTP_URL', 'https://mail.example.com', 'is such as smtp://'],
    ['MIRSAL_PROXY_URL', 'proxy.example.com:3128', 'is such as http://'],
    ['MIRSAL_PROXY_URL', 'https://proxy.example.com:3128', 'is such as http://'],
    ['MIRSAL_PROXY_URL', 'http://proxy.example.com:3128/path', 'is such as http://'],
    ['MIRSAL_PROXY_URL', 'socks5://proxy.example.com:1080', 'is such as http://'],
    ['MIRSAL_MAIL_FROM', 'Mirsal', 'is an address, such as Mirsal <hooks@example.com>'],
    ['MIRSAL_MAIL_FROM', 'a@example.com\nBcc: b@example.com', 'is an address'],
    ['MIRSAL_MAIL_FROM', 'Mirsal <m@exam\u200eple.com>', 'U+200E LEFT-TO-RIGHT MARK'],
    ['MIRSAL_OWNER_EMAIL', 'owner', 'is one e-mail address'],
    ['MIRSAL_OWNER_EMAIL', 'owner@exam\u200bple.com', 'U+200B ZERO WIDTH SPACE'],
    ['MIRSAL_OWNER_EMAIL', 'owner@[192.0.2.1]', 'is one e-mail address'],
    ['MIRSAL_OWNER_EMAIL', 'a@example.com, b@example.com', 'is one e-mail address'],
    ['MIRSAL_PORT', '65536', 'from 0 (any free one) to 65535, not "65536"'],
    ['MIRSAL_PORT', '-1', 'not "-1"'],
    ['MIRSAL_PORT', '80a', 'not "80a"'],
    ['MIRSAL_PORT', '1e3', 'not "1e3"'],
    ['MIRSAL_PORT', '80.5', 'not "80.5"'],
    ['MIRSAL_PUBLIC_URL', 'hooks.example.com', 'an http or https origin'],
    ['MIRSAL_PUBLIC_URL', 'ftp://hooks.example.com', 'an http or https origin'],
    ['MIRSAL_PUBLIC_URL', 'https://example.com/hooks', 'an http or https origin'],
    ['MIRSAL_PUBLIC_URL', 'https://example.com/?a=1', 'an http or https origin'],
    ['MIRSAL_PUBLIC_URL', 'https://user:word@example.com', 'no user name and no password'],
    ['MIRSAL_DATABASE_URL', 'mysql://db/mirsal', 'postgres:// or postgresql://'],
    ['MIRSAL_DATABASE_URL', 'postgres://user:word@[bad/mirsal', 'such as postgres://user:password@'],
    ['MIRSAL_SECRET', 'fifteen letters', 'at least 16 characters; this one has 15'],
    ['MIRSAL_ALLOWED_TARGETS', 'localhost', '"localhost" is no network'],
    ['MIRSAL_ALLOWED_TARGETS', '10.0.0.1/8', 'Did you mean 10.0.0.0/8?'],
    ['MIRSAL_REQUIRE_HTTPS', 'yes', 'true or false, not "yes"'],
    ['MIRSAL_BIND_SOURCE_IPS', 'TRUE', 'true or false, not "TRUE"'],
    ['MIRSAL_SOURCE_IPS', '192.0.2.7, 192.0.2.0/24', '"192.0.2.0/24" is none'],
    ['MIRSAL_LOG_LEVEL', 'loud', 'one of debug, info, warn, error, silent, not "loud"'],
    ['MIRSAL_PROT', '80', 'is no setting. Known are: MIRSAL_HOST, MIRSAL_PORT'],
  ])('%s=%s, saying why', (name, value, why) => {
    const faults = faultsOf({ [name]: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(name);
    expect(faults[0]).toContain(why);
  });

  it('all faults at once, one line each', () => {
    const faults = faultsOf({
      MIRSAL_PORT: 'x',
      MIRSAL_PUBLIC_URL: 'x',
      MIRSAL_DATABASE_URL: 'x',
      MIRSAL_SECRET: 'x',
      MIRSAL_ALLOWED_TARGETS: 'x',
      MIRSAL_REQUIRE_HTTPS: 'x',
      MIRSAL_SOURCE_IPS: 'x',
      MIRSAL_BIND_SOURCE_IPS: 'x',
      MIRSAL_LOG_LEVEL: 'x',
      MIRSAL_SECERT: 'x',
    });
    expect(faults.map((fault) => /^MIRSAL_\w+/.exec(fault)?.[0])).toEqual([
      'MIRSAL_PORT',
      'MIRSAL_PUBLIC_URL',
      'MIRSAL_DATABASE_URL',
      'MIRSAL_SECRET',
      'MIRSAL_ALLOWED_TARGETS',
      'MIRSAL_REQUIRE_HTTPS',
      'MIRSAL_SOURCE_IPS',
      'MIRSAL_BIND_SOURCE_IPS',
      'MIRSAL_LOG_LEVEL',
      'MIRSAL_SECERT',
    ]);
  });

  it('no message holds a secret, whatever else is wrong', () => {
    const message = faultsOf({
      MIRSAL_PORT: 'x',
      MIRSAL_SECRET: 'hunter2',
      MIRSAL_DATABASE_URL: 'mysql://user:hunter2@db/mirsal',
      MIRSAL_SMTP_URL: 'smtp://user:hunter2@mail',
      MIRSAL_BOOTSTRAP_API_KEY: 'hunter2',
      MIRSAL_BOOTSTRAP_INSTANCE_KEY: 'hunter2',
      MIRSAL_PUBLIC_URL: 'https://user:hunter2@hooks.example.com/path',
      MIRSAL_SECRETS: 'hunter2',
    }).join('\n');
    expect(message).toContain('MIRSAL_SECRETS');
    expect(message).not.toContain('hunter2');
  });
});

const OF_THE_COMMAND_LINE = ['MIRSAL_URL', 'MIRSAL_API_KEY', 'MIRSAL_PROFILE'];

it('the settings known to this test are those that the code knows', () => {
  const code = readFileSync(new URL('./config.ts', import.meta.url), 'utf8');
  const named = new Set([...code.matchAll(/'(MIRSAL_\w+)'/g)].map(([, name]) => name));
  expect([...named].sort()).toEqual([...KNOWN_NAMES, ...OF_THE_COMMAND_LINE].sort());
});

it('what is set for the command line may be set where a node starts', () => {
  const env = { MIRSAL_URL: 'http://localhost:8080', MIRSAL_API_KEY: 'a key', MIRSAL_PROFILE: 'work' };
  expect(Object.keys(env).sort()).toEqual([...OF_THE_COMMAND_LINE].sort());
  expect(readConfig(env)).toEqual(readConfig({}));
  expect(readTerminalSettings({ ...env, XDG_CONFIG_HOME: '/c', NO_COLOR: '1' })).toEqual({
    ...{ url: 'http://localhost:8080', apiKey: 'a key', profile: 'work' },
    ...{ home: '/c/mirsal', color: false },
  });
});
