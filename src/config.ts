/**
 * The settings by environment: the only reader of process.env. Everything is read and checked
 * once, at start; what is wrong is said all at once, with the variable's name.
 */

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Cidr, parseCidrs } from './core/egress/address.ts';
import { MAIL_ADDRESS_IN_WORDS, readMailAddress } from './core/mailAddress.ts';
import { DEFAULT_PLANS, type Plan, parsePlans } from './core/plan.ts';
import type { ProxySettings } from './net/proxy.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export const ROLES = ['api', 'engine'] as const;
export type Role = (typeof ROLES)[number];

export interface Config {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  /** Null: http://localhost and the port. */
  publicUrl: string | null;
  dataDir: string;
  /** Null: the embedded SQLite in `dataDir`. */
  databaseUrl: string | null;
  /** Null: one is generated into `dataDir`. */
  secret: string | null;
  allowedTargets: readonly Cidr[];
  requireHttps: boolean;
  sourceIps: readonly string[];
  /** Bind outgoing connections to the source addresses, not only publish them. */
  bindSourceIps: boolean;
  /** The way to everything but own bins; null for the direct one. */
  proxy: ProxySettings | null;
  /** Where mails are handed in; null: no mail is sent. It may hold a password. */
  smtpUrl: string | null;
  /** Null: Mirsal at the public URL's host. */
  mailFrom: string | null;
  /** Gets the first workspace's mails while nobody else is named. */
  ownerEmail: string | null;
  plans: readonly Plan[];
  /** Of one API key, on the average; 0 for no limits. */
  requestsPerSecond: number;
  /** Addresses and networks of proxies in front, whose `X-Forwarded-For` is believed. */
  trustedProxies: readonly string[];
  /** Opens `/metrics`, beside instance keys; null for nothing. */
  metricsToken: string | null;
  /** Whether the built-in event types can be read without a key. */
  publicCatalog: boolean;
  /** Whether OpenTelemetry's variables name a backend for traces. */
  tracing: boolean;
  /** Whether events are indexed, so that they are found by what they hold. */
  search: boolean;
  bootstrapApiKey: string | null;
  bootstrapInstanceKey: string | null;
  logLevel: (typeof LOG_LEVELS)[number];
}

/** One or more settings are wrong; the message lists each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export const MIN_SECRET_LENGTH = 16;

/** Throws ConfigError. An empty variable counts as absent. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const faults: string[] = [];
  const text = (name: string): string | null => env[name]?.trim() || null;
  const flag = (name: string): boolean => {
    const value = text(name);
    if (value === null || value === 'false' || value === '0') return false;
    if (value === 'true' || value === '1') return true;
    faults.push(`${name} is true or false, not "${value}".`);
    return false;
  };
  const config: Config = {
    host: text('MIRSAL_HOST') ?? '0.0.0.0',
    port: readPort(text('MIRSAL_PORT'), faults),
    publicUrl: readPublicUrl(text('MIRSAL_PUBLIC_URL'), faults),
    dataDir: text('MIRSAL_DATA_DIR') ?? './data',
    databaseUrl: readDatabaseUrl(text('MIRSAL_DATABASE_URL'), faults),
    secret: readSecret(text('MIRSAL_SECRET'), faults),
    allowedTargets: readTargets(text('MIRSAL_ALLOWED_TARGETS'), faults),
    requireHttps: flag('MIRSAL_REQUIRE_HTTPS'),
    sourceIps: readSourceIps(text('MIRSAL_SOURCE_IPS'), faults),
    bindSourceIps: flag('MIRSAL_BIND_SOURCE_IPS'),
    proxy: readProxy(text('MIRSAL_PROXY_URL'), flag('MIRSAL_PROXY_DNS'), faults),
    smtpUrl: readSmtpUrl(text('MIRSAL_SMTP_URL'), faults),
    mailFrom: readMailFrom(text('MIRSAL_MAIL_FROM'), faults),
    ownerEmail: readEmail('MIRSAL_OWNER_EMAIL', text('MIRSAL_OWNER_EMAIL'), faults),
    plans: readPlans(text('MIRSAL_PLANS'), faults),
    requestsPerSecond: readRequestsPerSecond(text('MIRSAL_REQUESTS_PER_SECOND'), faults),
    trustedProxies: readTrustedProxies(text('MIRSAL_TRUSTED_PROXIES'), faults),
    metricsToken: readMetricsToken(text('MIRSAL_METRICS_TOKEN'), faults),
    publicCatalog: flag('MIRSAL_PUBLIC_CATALOG'),
    tracing: readTracing(text, faults),
    search: readOnOff('MIRSAL_SEARCH', text('MIRSAL_SEARCH'), faults),
    bootstrapApiKey: text('MIRSAL_BOOTSTRAP_API_KEY'),
    bootstrapInstanceKey: text('MIRSAL_BOOTSTRAP_INSTANCE_KEY'),
    logLevel: readLogLevel(text('MIRSAL_LOG_LEVEL'), faults),
  };
  for (const name of Object.keys(env)) {
    if (name.startsWith('MIRSAL_') && !KNOWN.has(name) && !OF_THE_COMMAND_LINE.has(name)) {
      faults.push(`${name} is no setting. Known are: ${[...KNOWN].join(', ')}.`);
    }
  }
  if (config.bindSourceIps && config.sourceIps.length === 0) {
    faults.push('MIRSAL_BIND_SOURCE_IPS needs addresses to bind to: list them in MIRSAL_SOURCE_IPS.');
  }
  if (config.bindSourceIps && config.proxy !== null) {
    faults.push(
      'MIRSAL_BIND_SOURCE_IPS means nothing with MIRSAL_PROXY_URL: receivers see the proxy’s address.',
    );
  }
  if (faults.length > 0) throw new ConfigError(faults.join('\n'));
  return config;
}

/** They may be set where a node starts, which has no use for them. */
const OF_THE_COMMAND_LINE = new Set(['MIRSAL_URL', 'MIRSAL_API_KEY', 'MIRSAL_PROFILE']);

/** What the command line takes of the environment. */
export interface TerminalSettings {
  url: string | null;
  apiKey: string | null;
  profile: string | null;
  /** Where what it remembers lies. */
  home: string;
  /** Null: as the terminal is. */
  color: boolean | null;
}

export function readTerminalSettings(
  env: Readonly<Record<string, string | undefined>> = process.env,
): TerminalSettings {
  const text = (name: string): string | null => env[name]?.trim() || null;
  return {
    url: text('MIRSAL_URL'),
    apiKey: text('MIRSAL_API_KEY'),
    profile: text('MIRSAL_PROFILE'),
    home: join(text('XDG_CONFIG_HOME') ?? join(homedir(), '.config'), 'mirsal'),
    // https://no-color.org: whatever it holds, as long as it holds something.
    color: env.NO_COLOR
      ? false
      : env.FORCE_COLOR
        ? env.FORCE_COLOR !== '0'
        : env.TERM === 'dumb'
          ? false
          : null,
  };
}

const KNOWN = new Set([
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
  'MIRSAL_PROXY_URL',
  'MIRSAL_PROXY_DNS',
  'MIRSAL_PLANS',
  'MIRSAL_REQUESTS_PER_SECOND',
  'MIRSAL_TRUSTED_PROXIES',
  'MIRSAL_METRICS_TOKEN',
  'MIRSAL_PUBLIC_CATALOG',
  'MIRSAL_SEARCH',
  'MIRSAL_BOOTSTRAP_API_KEY',
  'MIRSAL_BOOTSTRAP_INSTANCE_KEY',
  'MIRSAL_LOG_LEVEL',
]);

/** Everything else of them is read by OpenTelemetry itself (tracing.ts). */
function readTracing(text: (name: string) => string | null, faults: string[]): boolean {
  const isOff = text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true';
  const exporter = text('OTEL_TRACES_EXPORTER');
  const endpoint = text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? text('OTEL_EXPORTER_OTLP_ENDPOINT');
  if (isOff || exporter === 'none' || (endpoint === null && exporter !== 'otlp')) return false;
  const protocol = text('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? text('OTEL_EXPORTER_OTLP_PROTOCOL');
  if (protocol === 'grpc') {
    faults.push(
      'OTEL_EXPORTER_OTLP_PROTOCOL: traces are sent by HTTP (port 4318 of a collector), not by grpc. Set http/json and the endpoint of that port.',
    );
  }
  return true;
}

function readPort(value: string | null, faults: string[]): number {
  if (value === null) return 8080;
  const port = Number(value);
  if (/^\d{1,5}$/.test(value) && port <= 65_535) return port;
  faults.push(`MIRSAL_PORT is a port number from 0 (any free one) to 65535, not "${value}".`);
  return 8080;
}

const DEFAULT_REQUESTS_PER_SECOND = 1_000;

function readRequestsPerSecond(value: string | null, faults: string[]): number {
  if (value === null) return DEFAULT_REQUESTS_PER_SECOND;
  if (/^\d{1,7}$/.test(value)) return Number(value);
  faults.push(
    `MIRSAL_REQUESTS_PER_SECOND is a whole number such as ${DEFAULT_REQUESTS_PER_SECOND}, or 0 for no limits, not "${value}".`,
  );
  return DEFAULT_REQUESTS_PER_SECOND;
}

function readTrustedProxies(value: string | null, faults: string[]): string[] {
  const networks = (value ?? '').split(',').flatMap((part) => part.trim() || []);
  for (const network of networks) {
    if (isIP(network) === 0 && !parseCidrs(network).ok) {
      faults.push(
        `MIRSAL_TRUSTED_PROXIES lists addresses and networks such as 10.0.0.0/8, not "${network}".`,
      );
    }
  }
  return networks;
}

function readPublicUrl(value: string | null, faults: string[]): string | null {
  if (value === null) return null;
  const url = URL.parse(value);
  if (url !== null && `${url.username}${url.password}` !== '') {
    faults.push('MIRSAL_PUBLIC_URL is what everybody sees: it has no user name and no password.');
    return null;
  }
  if (url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '') {
    return url.origin;
  }
  faults.push(
    `MIRSAL_PUBLIC_URL is an http or https origin such as https://hooks.example.com, not "${value}".`,
  );
  return null;
}

function readDatabaseUrl(value: string | null, faults: string[]): string | null {
  if (value === null) return null;
  if (!/^postgres(ql)?:\/\//.test(value)) {
    faults.push('MIRSAL_DATABASE_URL starts with postgres:// or postgresql://; leave it out for SQLite.');
  } else if (!URL.canParse(value.replace('@/', '@localhost/'))) {
    // Not the value itself: it may hold a password. The host may be left out, for a socket.
    faults.push('MIRSAL_DATABASE_URL is such as postgres://user:password@db.example.com:5432/mirsal.');
  }
  return value;
}

/** With `resolvesNames`, names are asked of the proxy as they are. */
function readProxy(value: string | null, resolvesNames: boolean, faults: string[]): Config['proxy'] {
  if (value === null) {
    if (resolvesNames) faults.push('MIRSAL_PROXY_DNS needs a proxy: set MIRSAL_PROXY_URL.');
    return null;
  }
  const url = URL.parse(value);
  if (url === null || url.protocol !== 'http:' || url.pathname !== '/' || url.search !== '') {
    // Not the value itself: it may hold a password.
    faults.push('MIRSAL_PROXY_URL is such as http://user:password@proxy.example.com:3128.');
    return null;
  }
  const credentials = Buffer.from(
    `${url.username}:${url.password}`.replace(/%([\da-f]{2})/gi, (_, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  );
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 80 : Number(url.port),
    authorization: credentials.length === 1 ? null : `Basic ${credentials.toString('base64')}`,
    resolvesNames,
  };
}

function readSmtpUrl(value: string | null, faults: string[]): string | null {
  if (value === null) return null;
  const url = URL.parse(value);
  if (url !== null && /^smtps?:$/.test(url.protocol) && url.hostname !== '') return value;
  // Not the value itself: it may hold a password.
  faults.push('MIRSAL_SMTP_URL is such as smtp://user:password@mail.example.com:587 or smtps://….');
  return null;
}

function readMailFrom(value: string | null, faults: string[]): string | null {
  if (value === null) return null;
  const named = /^([^<>]*)<([^<>]*)>\s*$/.exec(value);
  const read = readMailAddress(named?.[2] ?? value);
  const name = named?.[1] ?? '';
  if (read.ok && !/\p{Cc}/u.test(name)) return named === null ? read.address : `${name}<${read.address}>`;
  const why = read.ok ? '' : ` (it ${read.message})`;
  faults.push(
    `MIRSAL_MAIL_FROM is an address, such as Mirsal <hooks@example.com>, not ${JSON.stringify(value)}${why}.`,
  );
  return null;
}

function readEmail(name: string, value: string | null, faults: string[]): string | null {
  if (value === null) return null;
  const read = readMailAddress(value);
  if (read.ok) return read.address;
  faults.push(`${name} is ${MAIL_ADDRESS_IN_WORDS}, not ${JSON.stringify(value)}: it ${read.message}.`);
  return null;
}

function readSecret(value: string | null, faults: string[]): string | null {
  if (value !== null && value.length < MIN_SECRET_LENGTH) {
    faults.push(`MIRSAL_SECRET has at least ${MIN_SECRET_LENGTH} characters; this one has ${value.length}.`);
  }
  return value;
}

function readMetricsToken(value: string | null, faults: string[]): string | null {
  if (value !== null && (value.length < MIN_SECRET_LENGTH || !/^[\w.~+/-]+=*$/.test(value))) {
    faults.push(
      `MIRSAL_METRICS_TOKEN has at least ${MIN_SECRET_LENGTH} characters, such as a header may carry: letters, digits and -._~+/.`,
    );
  }
  return value;
}

/** On unless it is said to be off. */
function readOnOff(name: string, value: string | null, faults: string[]): boolean {
  if (value !== null && value !== 'on' && value !== 'off') {
    faults.push(`${name} is on or off, not "${value}".`);
  }
  return value !== 'off';
}

function readTargets(value: string | null, faults: string[]): readonly Cidr[] {
  if (value === null) return [];
  const parsed = parseCidrs(value);
  if (parsed.ok) return parsed.cidrs;
  faults.push(`MIRSAL_ALLOWED_TARGETS: ${parsed.message}`);
  return [];
}

function readSourceIps(value: string | null, faults: string[]): readonly string[] {
  const addresses = (value ?? '').split(',').flatMap((part) => part.trim() || []);
  for (const address of addresses) {
    if (isIP(address) === 0) faults.push(`MIRSAL_SOURCE_IPS lists IP addresses; "${address}" is none.`);
  }
  return addresses;
}

/** The plans themselves as JSON, or the path of a file that holds them. */
function readPlans(value: string | null, faults: string[]): readonly Plan[] {
  if (value === null) return DEFAULT_PLANS;
  let json = value;
  if (!value.startsWith('[')) {
    try {
      json = readFileSync(value, 'utf8');
    } catch (error) {
      faults.push(
        `MIRSAL_PLANS names a file that cannot be read: ${error instanceof Error ? error.message : error}`,
      );
      return DEFAULT_PLANS;
    }
  }
  const parsed = parsePlans(json);
  if (parsed.ok) return parsed.plans;
  faults.push(`MIRSAL_PLANS ${parsed.message}.`);
  return DEFAULT_PLANS;
}

function readLogLevel(value: string | null, faults: string[]): Config['logLevel'] {
  const level = LOG_LEVELS.find((known) => known === value);
  if (level !== undefined || value === null) return level ?? 'info';
  faults.push(`MIRSAL_LOG_LEVEL is one of ${LOG_LEVELS.join(', ')}, not "${value}".`);
  return 'info';
}
