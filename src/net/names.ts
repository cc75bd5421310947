/**
 * Names to addresses. Answers come from the operating system's hosts file, else from c-ares; never from
 * `dns.lookup`, whose four threads are shared with password hashing: 16 hashes at once delayed one
 * look-up by 2.7 s.
 *
 * Nothing is vetted here. A cached answer is vetted again by whoever uses it.
 */
import { Resolver as CaresResolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock } from '../world.ts';
import { codeOf, fail, type SendFailure } from './failure.ts';
import {
  DNS_CACHE_NAMES,
  DNS_CACHE_S,
  DNS_SECOND_FAMILY_MS,
  DNS_TIMEOUT_MS,
  MAX_ADDRESSES,
} from './limits.ts';

export interface AddressRecord {
  address: string;
  /** Seconds. */
  ttl: number;
}

/** What is needed of a resolver; Node's `dns.promises.Resolver` answers in this shape. */
export interface Resolver {
  resolve4(host: string, options: { ttl: true }): Promise<AddressRecord[]>;
  resolve6(host: string, options: { ttl: true }): Promise<AddressRecord[]>;
}

export type Lookup = { ok: true; addresses: readonly string[] } | { ok: false; failure: SendFailure };

export interface NameLookup {
  /** Never rejects. Simultaneous calls for one name share one question. */
  lookup(host: string): Promise<Lookup>;
}

type Family = { kind: 'records'; records: AddressRecord[] } | { kind: 'error'; code: string };

/** Look-ups with a small cache of good answers and a time limit of their own. */
export function createNameLookup(deps: { resolver: Resolver; clock: Clock }): NameLookup {
  const { resolver, clock } = deps;
  const cache = new Map<string, { answer: Lookup; staleAt: number }>();
  const running = new Map<string, Promise<Lookup>>();

  async function ask(host: string): Promise<Lookup> {
    const { answer, ttlS } = judge(host, await askBothFamilies(host));
    if (answer.ok && ttlS > 0) {
      if (cache.size >= DNS_CACHE_NAMES) cache.clear();
      cache.set(host, { answer, staleAt: clock.monotonic() + Math.min(ttlS, DNS_CACHE_S) * 1000 });
    }
    return answer;
  }

  function askBothFamilies(host: string): Promise<Family[]> {
    return new Promise((resolve) => {
      const families: Family[] = [
        { kind: 'error', code: 'ETIMEOUT' },
        { kind: 'error', code: 'ETIMEOUT' },
      ];
      let answered = 0;
      let timer = clock.after(DNS_TIMEOUT_MS, () => resolve([...families]));
      const take = (index: number, family: Family): void => {
        families[index] = family;
        answered += 1;
        if (answered === 1 && family.kind === 'records' && family.records.length > 0) {
          timer.cancel();
          timer = clock.after(DNS_SECOND_FAMILY_MS, () => resolve([...families]));
        }
        if (answered === 2) {
          timer.cancel();
          resolve(families);
        }
      };
      void askFamily(() => resolver.resolve4(host, { ttl: true })).then((family) => take(0, family));
      void askFamily(() => resolver.resolve6(host, { ttl: true })).then((family) => take(1, family));
    });
  }

  return {
    lookup(host) {
      const known = cache.get(host);
      if (known !== undefined && known.staleAt > clock.monotonic()) return Promise.resolve(known.answer);
      cache.delete(host);
      let question = running.get(host);
      if (question === undefined) {
        question = ask(host).finally(() => running.delete(host));
        running.set(host, question);
      }
      return question;
    },
  };
}

/** The machine's own way of resolving: its hosts file, then its name servers. */
export function createSystemResolver(deps: { clock: Clock; hostsFile?: string }): Resolver {
  const cares = new CaresResolver({ timeout: 1500, tries: 2 });
  const hosts = createHostsFile(deps.clock, deps.hostsFile ?? '/etc/hosts');
  return {
    async resolve4(host) {
      return (await hosts(host, 4)) ?? cares.resolve4(host, { ttl: true });
    },
    async resolve6(host) {
      return (await hosts(host, 6)) ?? cares.resolve6(host, { ttl: true });
    },
  };
}

type HostsLookup = (host: string, family: 4 | 6) => Promise<AddressRecord[] | null>;

/** Null means: not listed, ask DNS. A listed name never reaches DNS, for neither family. */
function createHostsFile(clock: Clock, path: string): HostsLookup {
  let names = new Map<string, string[]>();
  let staleAt = Number.NEGATIVE_INFINITY;
  return async (host, family) => {
    if (clock.monotonic() >= staleAt) {
      staleAt = clock.monotonic() + DNS_CACHE_S * 1000;
      names = parseHosts(await readFile(path, 'utf8').catch(() => ''));
    }
    // RFC 6761: these names are loopback and must not be asked of a name server.
    const isLocalhost = host === 'localhost' || host.endsWith('.localhost');
    const listed = names.get(host) ?? (isLocalhost ? ['127.0.0.1', '::1'] : undefined);
    if (listed === undefined) return null;
    return listed
      .filter((address) => isIP(address) === family)
      .map((address) => ({ address, ttl: DNS_CACHE_S }));
  };
}

/** Pure. Host names in lower case to their addresses, in the file's order. */
export function parseHosts(text: string): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...hosts] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const host of hosts) {
      const name = host.toLowerCase();
      names.set(name, [...(names.get(name) ?? []), address]);
    }
  }
  return names;
}

async function askFamily(ask: () => Promise<AddressRecord[]>): Promise<Family> {
  try {
    return { kind: 'records', records: await ask() };
  } catch (error) {
    return { kind: 'error', code: codeOf(error) };
  }
}

/** Pure. Both families' answers as one verdict. No answer and too long an answer are failures. */
function judge(host: string, families: readonly Family[]): { answer: Lookup; ttlS: number } {
  const records = families.flatMap((family) => (family.kind === 'records' ? family.records : []));
  if (records.length > MAX_ADDRESSES) {
    const message = `${host} has ${records.length} addresses; at most ${MAX_ADDRESSES} are accepted. Publish fewer.`;
    return { answer: { ok: false, failure: fail('blocked', 'dns_too_many_addresses', message) }, ttlS: 0 };
  }
  if (records.length === 0) return { answer: { ok: false, failure: noAddress(host, families) }, ttlS: 0 };
  return {
    answer: { ok: true, addresses: records.map((record) => record.address) },
    ttlS: Math.min(...records.map((record) => record.ttl)),
  };
}

function noAddress(host: string, families: readonly Family[]): SendFailure {
  const codes = families.map((family) => (family.kind === 'error' ? family.code : 'ENODATA'));
  if (codes.includes('ENOTFOUND') && codes.every((code) => code === 'ENOTFOUND' || code === 'ENODATA')) {
    return fail('dns', 'dns_not_found', `There is no host named ${host}. Check the spelling of the URL.`);
  }
  if (codes.every((code) => code === 'ENOTFOUND' || code === 'ENODATA')) {
    return fail('dns', 'dns_no_address', `${host} exists but has no address. Add an A or AAAA record.`);
  }
  if (codes.includes('ETIMEOUT')) {
    return fail(
      'dns',
      'dns_timeout',
      `The name servers of ${host} did not answer in time. Check the domain's name servers.`,
    );
  }
  if (codes.includes('ECONNREFUSED')) {
    return fail(
      'dns',
      'dns_server_unreachable',
      'This server cannot reach its name server. The operator should check its DNS settings.',
    );
  }
  return fail(
    'dns',
    'dns_failed',
    `The name servers of ${host} failed (${codes.join(', ')}). Check the domain's name servers.`,
  );
}
