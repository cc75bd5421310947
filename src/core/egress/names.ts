/**
 * Host names and ports that are refused before any DNS question is asked. Pure data and lookups.
 */

/** RFC 6761 names of this machine. */
const LOOPBACK_NAMES = ['localhost', 'localhost.localdomain', 'ip6-localhost', 'ip6-loopback'];

/**
 * Suffixes that never name a public receiver: special-use domains (RFC 6761, 6762, 7686, 8375, 9476),
 * and what clouds, clusters and home routers use inside. `example.com` and its kin stay allowed: they
 * are ordinary names, and documentation uses them.
 */
const PRIVATE_SUFFIXES = [
  'local',
  'localdomain',
  'internal',
  'intranet',
  'private',
  'corp',
  'home',
  'home.arpa',
  'lan',
  'svc',
  'cluster.local',
  'test',
  'invalid',
  'onion',
  'alt',
  'arpa',
];

/**
 * Public services that answer with whatever address the name spells, or always with loopback. DNS
 * vetting would refuse them too; refusing the name says so when the endpoint is created.
 */
const REBINDING_SUFFIXES = [
  'nip.io',
  'sslip.io',
  'xip.io',
  'ip.dns-o-matic.com',
  'localtest.me',
  'lvh.me',
  'vcap.me',
  'lacolhost.com',
  'traefik.me',
  'fuf.me',
  'yoogle.com',
  'readme.localtest.me',
  'localho.st',
  'local.gd',
  'lndo.site',
  'ddev.site',
  'rbndr.us',
  '1u.ms',
  'backname.io',
  'localhost.direct',
];

export type NameClass = 'public' | 'loopback' | 'private' | 'rebinding';

/** Pure. What a lower-case ASCII host name stands for, as far as its spelling tells. */
export function classifyName(host: string): NameClass {
  if (LOOPBACK_NAMES.includes(host) || host.endsWith('.localhost')) return 'loopback';
  if (REBINDING_SUFFIXES.some((suffix) => isWithin(host, suffix))) return 'rebinding';
  if (!host.includes('.')) return 'private';
  return PRIVATE_SUFFIXES.some((suffix) => isWithin(host, suffix)) ? 'private' : 'public';
}

/**
 * The Fetch standard's "bad ports" (https://fetch.spec.whatwg.org/#port-blocking): ports of other
 * protocols whose servers might take an HTTP body for their own commands.
 */
const BAD_PORTS: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
  109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515,
  526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049,
  3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/** Pure. */
export function isBadPort(port: number): boolean {
  return BAD_PORTS.has(port);
}

function isWithin(host: string, suffix: string): boolean {
  return host === suffix || host.endsWith(`.${suffix}`);
}
