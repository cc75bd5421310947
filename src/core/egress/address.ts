/**
 * Which IP addresses may be connected to (P10). The rule is a list of what is allowed, not of what is
 * forbidden: an address passes when it is ordinary global unicast, or when the operator's list
 * (MIRSAL_ALLOWED_TARGETS) holds it. Everything else is refused, each with its reason.
 *
 *   IPv4                     what ipaddr.js calls unicast, less 168.63.129.16
 *   IPv6                     2000::/3 only, less the special ranges in it and ISATAP interface ids
 *   ::ffff:0:0/96 (mapped)   the verdict on the IPv4 address inside
 *   64:ff9b::/96 (NAT64)     the verdict on the IPv4 address inside
 *
 * Judged by bytes, because one address has many spellings. Pure.
 */
import ipaddr from 'ipaddr.js';

/** A network the operator exempts, by bytes: 4 or 16 of them. */
export interface Cidr {
  /** As the operator wrote it, for messages. */
  text: string;
  bytes: readonly number[];
  prefixLength: number;
}

export interface EgressPolicy {
  allowedTargets: readonly Cidr[];
  requireHttps: boolean;
}

export type AddressVerdict = { ok: true } | { ok: false; reason: string };

export type ParsedCidrs = { ok: true; cidrs: Cidr[] } | { ok: false; message: string };

/** Long lists slow every check down and are usually a mistake for 0.0.0.0/0. */
const MAX_CIDRS = 256;

/** Azure's virtual public address for its host agent: global by number, reachable only from inside. */
const AZURE_HOST_AGENT = [168, 63, 129, 16];

const REASONS: Readonly<Record<string, string>> = {
  unspecified: 'an unspecified address, which means this machine',
  broadcast: 'a broadcast address',
  multicast: 'a multicast address',
  linkLocal: 'a link-local address, where cloud metadata services live',
  loopback: 'a loopback address, which means this machine',
  carrierGradeNat: 'in the shared range of carriers and clouds (100.64.0.0/10)',
  private: 'in a private network',
  uniqueLocal: 'in a private network (fc00::/7)',
  reserved: 'in a reserved range',
  benchmarking: 'in a range for benchmarks',
  teredo: 'a Teredo tunnel address',
  '6to4': 'a 6to4 tunnel address',
  deprecatedSiteLocal: 'a site-local address',
};

/**
 * Pure. Comma-separated networks (`10.0.0.0/8, ::1/128, 192.0.2.7`); an address alone means exactly it.
 * Host bits beyond the prefix are refused, because they show that something else was meant.
 */
export function parseCidrs(text: string): ParsedCidrs {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length > MAX_CIDRS) {
    return { ok: false, message: `At most ${MAX_CIDRS} networks can be listed; these are ${parts.length}.` };
  }
  const cidrs: Cidr[] = [];
  for (const part of parts) {
    const cidr = parseCidr(part);
    if (typeof cidr === 'string') return { ok: false, message: cidr };
    cidrs.push(cidr);
  }
  return { ok: true, cidrs };
}

/** Pure. Whether this address may be connected to. An address that cannot be read is refused. */
export function vetAddress(address: string | Uint8Array, policy: EgressPolicy): AddressVerdict {
  const bytes = typeof address === 'string' ? addressBytes(address) : [...address];
  if (bytes === null || (bytes.length !== 4 && bytes.length !== 16)) {
    return { ok: false, reason: 'not an IP address' };
  }
  if (policy.allowedTargets.some((cidr) => contains(cidr, bytes))) return { ok: true };
  return bytes.length === 4 ? vetIPv4(bytes) : vetIPv6(bytes, policy);
}

/** Pure. 4 or 16 bytes of a canonical spelling (dotted decimal or IPv6 without a zone), or null. */
export function addressBytes(text: string): number[] | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text).toByteArray();
  if (text.includes('%') || !ipaddr.IPv6.isValid(text)) return null;
  return ipaddr.IPv6.parse(text).toByteArray();
}

/** Pure. One spelling per address, IPv4-mapped ones as IPv4; null for what is no address. */
export function canonicalAddress(text: string): string | null {
  const bytes = addressBytes(text);
  if (bytes === null) return null;
  const plain = startsWith(bytes, MAPPED) && bytes.length === 16 ? bytes.slice(12) : bytes;
  return ipaddr.fromByteArray(plain).toString();
}

/** Pure. Whether the operator's list reaches into the loopback ranges, so that `localhost` may be meant. */
export function allowsLoopback(policy: EgressPolicy): boolean {
  return policy.allowedTargets.some(isLoopbackNetwork) || policy.allowedTargets.some(coversLoopback);
}

/** Pure. Whether the list holds anything beyond loopback, so that names of a private network may be meant. */
export function allowsPrivateNames(policy: EgressPolicy): boolean {
  return policy.allowedTargets.some((cidr) => !isLoopbackNetwork(cidr));
}

/** ::ffff:0:0/96 */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
/** 64:ff9b::/96 */
const NAT64 = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];

function vetIPv4(bytes: number[]): AddressVerdict {
  const range = new ipaddr.IPv4(bytes).range();
  if (range !== 'unicast') return { ok: false, reason: reasonOf(range) };
  if (startsWith(bytes, AZURE_HOST_AGENT)) {
    return { ok: false, reason: 'the address of a cloud host agent' };
  }
  return { ok: true };
}

function vetIPv6(bytes: number[], policy: EgressPolicy): AddressVerdict {
  if (startsWith(bytes, MAPPED) || startsWith(bytes, NAT64)) {
    return vetAddress(Uint8Array.from(bytes.slice(12)), policy);
  }
  const range = ipaddr.fromByteArray(bytes).range();
  if (range !== 'unicast') return { ok: false, reason: reasonOf(range) };
  // 2000::/3 is all that is assigned to global unicast (IANA). This alone refuses ::/96 with its embedded
  // IPv4 addresses, SIIT (::ffff:0:0:0/96) and whatever range is invented next.
  if ((bytes[0] ?? 0) >> 5 !== 0b001) {
    return { ok: false, reason: 'outside the range of global IPv6 addresses (2000::/3)' };
  }
  // RFC 5214: an ISATAP interface id tunnels to the IPv4 address in its last four bytes.
  if ((bytes[8] === 0 || bytes[8] === 2) && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe) {
    return { ok: false, reason: 'an ISATAP tunnel address' };
  }
  return { ok: true };
}

function parseCidr(part: string): Cidr | string {
  const [address = '', prefix, ...rest] = part.split('/');
  const bytes = addressBytes(address);
  if (bytes === null || rest.length > 0) {
    return `"${part}" is no network. Write it as 10.0.0.0/8, fd00::/8, or one address alone.`;
  }
  const bits = bytes.length * 8;
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) {
    return `"${part}" has no prefix length after the slash: a number from 0 to ${bits}.`;
  }
  const prefixLength = prefix === undefined ? bits : Number(prefix);
  if (prefixLength > bits) return `"${part}" has a prefix length above ${bits}.`;
  const network = bytes.map((byte, index) => byte & maskByte(prefixLength, index));
  if (!startsWith(bytes, network)) {
    return `"${part}" has bits set beyond its prefix. Did you mean ${ipaddr.fromByteArray(network)}/${prefixLength}?`;
  }
  return { text: part, bytes, prefixLength };
}

function contains(cidr: Cidr, bytes: readonly number[]): boolean {
  if (cidr.bytes.length !== bytes.length) return false;
  return cidr.bytes.every((byte, index) => {
    const mask = maskByte(cidr.prefixLength, index);
    return (byte & mask) === ((bytes[index] ?? 0) & mask);
  });
}

const LOOPBACK_IPV4 = [127, 0, 0, 1];
const LOOPBACK_IPV6 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

function isLoopbackNetwork(cidr: Cidr): boolean {
  if (cidr.bytes.length === 4) return cidr.prefixLength >= 8 && cidr.bytes[0] === 127;
  return cidr.prefixLength === 128 && startsWith(cidr.bytes, LOOPBACK_IPV6);
}

function coversLoopback(cidr: Cidr): boolean {
  return contains(cidr, cidr.bytes.length === 4 ? LOOPBACK_IPV4 : LOOPBACK_IPV6);
}

function maskByte(prefixLength: number, index: number): number {
  const bits = Math.min(8, Math.max(0, prefixLength - index * 8));
  return (0xff << (8 - bits)) & 0xff;
}

function startsWith(bytes: readonly number[], head: readonly number[]): boolean {
  return head.every((byte, index) => bytes[index] === byte);
}

function reasonOf(range: string): string {
  return REASONS[range] ?? `in a range for special purposes (${range})`;
}
