/** P10 as far as text and bytes can tell: hostile URLs and addresses are refused, ordinary ones pass. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { canonicalAddress, type EgressPolicy, parseCidrs, vetAddress } from './address.ts';
import { urlAsSent, vetUrl } from './url.ts';

function aPolicy(allowed = '', overrides: Partial<EgressPolicy> = {}): EgressPolicy {
  const parsed = parseCidrs(allowed);
  if (!parsed.ok) throw new Error(parsed.message);
  return { allowedTargets: parsed.cidrs, requireHttps: false, ...overrides };
}

const CORPUS = readFileSync(new URL('./hostile-targets.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const UNESCAPED = CORPUS.filter((line) => line.includes('\\r\\n')).map((line) =>
  line.replaceAll('\\r', '\r').replaceAll('\\n', '\n'),
);

describe('P10: the hostile corpus', () => {
  it('is there', () => {
    expect(CORPUS.length).toBeGreaterThan(60);
    expect(UNESCAPED).toHaveLength(1);
  });

  it.each([...CORPUS, ...UNESCAPED])('refuses %s', (line) => {
    const verdict = vetUrl(line, aPolicy());
    expect(verdict).toMatchObject({ ok: false });
    expect(verdict.ok || verdict.message.length).toBeGreaterThan(20);
  });

  it.each([...CORPUS, ...UNESCAPED])('refuses %s with loopback allowed, unless it is loopback', (line) => {
    const verdict = vetUrl(line, aPolicy('127.0.0.0/8,::1'));
    if (verdict.ok) expect(verdict.host).toMatch(/^127\.|^::1$|^::ffff:7f|^localhost$/);
  });
});

describe('P10: more that is refused', () => {
  it.each([
    ['url_too_long', `https://example.com/${'a'.repeat(10_000)}`],
    ['url_characters', ' https://example.com/'],
    ['url_characters', 'https://example.com/a\tb'],
    ['url_characters', 'https://exam\u0000ple.com/'],
    ['url_characters', 'https://example.com/\u2028'],
    ['url_scheme', ''],
    ['url_scheme', 'https:example.com'],
    ['url_scheme', 'https:///example.com'],
    ['url_scheme', '//example.com'],
    ['url_scheme', 'javascript:alert(1)'],
    ['url_credentials', 'https://user:secret@example.com/'],
    ['url_credentials', 'https://user@example.com/'],
    ['url_fragment', 'https://example.com/#@evil.example.net/'],
    ['url_port', 'https://example.com:0/'],
    ['url_port', 'https://example.com:65536/'],
    ['url_port', 'https://example.com:99999999999999999999/'],
    ['url_port', 'https://example.com:6667/'],
    ['url_port', 'http://93.184.216.34:25/'],
    ['url_host', 'https://example.com./'],
    ['url_host', 'https://exa%6dple.com/'],
    ['url_host', `https://${'a'.repeat(64)}.com/`],
    ['url_host', 'https://a..b.com/'],
    ['url_invalid', 'https://exa<mple.com/'],
    ['url_invalid', 'https://1.2.3.256/'],
    ['name_forbidden', 'https://printer/'],
    ['name_forbidden', 'https://a.b.svc.cluster.local/'],
    ['name_forbidden', 'https://router.home.arpa/'],
    ['name_forbidden', 'https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/'],
    ['name_forbidden', 'https://app.localhost/'],
    ['name_forbidden', 'https://10-0-0-1.sslip.io/'],
    ['name_forbidden', 'https://hidden.onion/'],
    ['address_forbidden', 'http://168.63.129.16/'],
    ['address_forbidden', 'http://[2001:470:1:2:0:5efe:7f00:1]/'],
    ['address_forbidden', 'http://[2001:470:1:2:200:5efe:a00:1]/'],
    ['address_forbidden', 'http://[64:ff9b::a9fe:a9fe]/'],
    ['address_forbidden', 'http://[4000::1]/'],
  ])('%s: %s', (code, text) => {
    expect(vetUrl(text, aPolicy())).toMatchObject({ ok: false, code });
  });

  it('tells the operator how to allow a loopback or private target', () => {
    for (const text of [
      'http://127.0.0.1/',
      'http://localhost/',
      'http://10.0.0.1/',
      'http://postgres:5432/',
    ]) {
      expect(vetUrl(text, aPolicy())).toMatchObject({
        ok: false,
        message: expect.stringContaining('MIRSAL_ALLOWED_TARGETS'),
      });
    }
  });

  it('http:// where https:// is required', () => {
    const policy = aPolicy('', { requireHttps: true });
    expect(vetUrl('http://example.com/', policy)).toMatchObject({ code: 'url_https_required' });
    expect(vetUrl('https://example.com/', policy)).toMatchObject({ ok: true });
  });
});

describe('P10: what passes', () => {
  it.each([
    ['https://example.com/hook', 'example.com', 443, null],
    ['http://example.com', 'example.com', 80, null],
    ['https://hooks.example.com:8443/a/b?c=d&e=%20', 'hooks.example.com', 8443, null],
    ['http://93.184.216.34:8080/x', '93.184.216.34', 8080, '93.184.216.34'],
    ['https://[2606:4700::1111]/', '2606:4700::1111', 443, '2606:4700::1111'],
    ['https://bücher.example.com/', 'xn--bcher-kva.example.com', 443, null],
    ['https://متجر.example.com/', 'xn--pgbep1f.example.com', 443, null],
    ['HTTPS://EXAMPLE.COM/', 'example.com', 443, null],
    ['https://a_b.example.com/@user', 'a_b.example.com', 443, null],
    ['http://[::ffff:93.184.216.34]/', '::ffff:5db8:d822', 80, '::ffff:5db8:d822'],
    ['https://mylocalhost.com/', 'mylocalhost.com', 443, null],
  ])('%s', (text, host, port, literal) => {
    expect(vetUrl(text, aPolicy())).toMatchObject({ ok: true, host, port, literal });
  });

  it.each([
    ["https://example.com/a?q='x'", 'https://example.com/a?q=%27x%27'],
    ['https://example.com/a/./b/../c', 'https://example.com/a/c'],
    ['https://bücher.example.com:443/ü', 'https://xn--bcher-kva.example.com/%C3%BC'],
    ['no URL', 'no URL'],
  ])('as it goes over the wire: %s', (text, sent) => {
    expect(urlAsSent(text)).toBe(sent);
  });

  it('shows a homograph host as what it is', () => {
    const verdict = vetUrl('https://exаmple.com/', aPolicy());
    expect(verdict.ok && verdict.host).toMatch(/^xn--/);
  });

  it('what the operator allows, and no more', () => {
    const loopback = aPolicy('127.0.0.0/8, ::1');
    expect(vetUrl('http://127.0.0.1:6667/', loopback)).toMatchObject({ ok: true });
    expect(vetUrl('http://localhost:3000/', loopback)).toMatchObject({ ok: true });
    expect(vetUrl('http://[::1]:3000/', loopback)).toMatchObject({ ok: true });
    expect(vetUrl('http://[::ffff:127.0.0.1]/', loopback)).toMatchObject({ ok: true });
    expect(vetUrl('http://10.0.0.1/', loopback)).toMatchObject({ code: 'address_forbidden' });
    expect(vetUrl('http://postgres:5432/', loopback)).toMatchObject({ code: 'name_forbidden' });
    expect(vetUrl('http://127.0.0.1.nip.io/', loopback)).toMatchObject({ code: 'name_forbidden' });
    const compose = aPolicy('172.18.0.0/16');
    expect(vetUrl('http://receiver:9000/', compose)).toMatchObject({ ok: true });
    expect(vetUrl('http://localhost/', compose)).toMatchObject({ code: 'name_forbidden' });
    expect(vetUrl('http://localhost/', aPolicy('0.0.0.0/0'))).toMatchObject({ ok: true });
  });
});

describe('addresses', () => {
  it('agree with a second reading of the registries, for any IPv4 address', () => {
    const bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(bytes, (address) => {
        const [a = 0, b = 0] = address;
        if (vetAddress(address, aPolicy()).ok) {
          expect(a === 0 || a === 10 || a === 127 || a >= 224).toBe(false);
          expect(a === 169 && b === 254).toBe(false);
          expect(a === 172 && b >= 16 && b < 32).toBe(false);
          expect(a === 192 && b === 168).toBe(false);
          expect(a === 100 && b >= 64 && b < 128).toBe(false);
        }
        // Mapped and NAT64 forms say what the plain form says.
        for (const head of ['::ffff:', '64:ff9b::']) {
          const text = ipaddr.IPv6.parse(`${head}${[...address].join('.')}`).toString();
          expect(vetAddress(text, aPolicy()).ok).toBe(vetAddress(address, aPolicy()).ok);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('refuse everything outside 2000::/3 but mapped and NAT64 forms', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (address) => {
        const isGlobal = (address[0] ?? 0) >> 5 === 1;
        if (!isGlobal && vetAddress(address, aPolicy()).ok) {
          expect(ipaddr.fromByteArray([...address]).range()).toMatch(/ipv4Mapped|rfc6052/);
        }
      }),
    );
  });

  it.each(['', 'x', '127.1', '0x7f.1', '::1%lo', '1.2.3.4.5', '01.2.3.4', 'fe80::1%25eth0'])(
    'refuse the unreadable %s',
    (text) => {
      expect(vetAddress(text, aPolicy('0.0.0.0/0,::/0'))).toEqual({ ok: false, reason: 'not an IP address' });
      expect(canonicalAddress(text)).toBeNull();
    },
  );

  it('have one spelling each', () => {
    expect(canonicalAddress('::ffff:127.0.0.1')).toBe('127.0.0.1');
    expect(canonicalAddress('2606:4700:0:0::1111')).toBe('2606:4700::1111');
  });
});

describe('the operator list', () => {
  it('takes networks and single addresses', () => {
    const parsed = parseCidrs(' 10.0.0.0/8,, 192.168.1.7 ,fd00::/8,::1/128 ');
    expect(parsed.ok && parsed.cidrs.map((cidr) => [cidr.text, cidr.prefixLength])).toEqual([
      ['10.0.0.0/8', 8],
      ['192.168.1.7', 32],
      ['fd00::/8', 8],
      ['::1/128', 128],
    ]);
    expect(parseCidrs('')).toEqual({ ok: true, cidrs: [] });
  });

  it.each([
    ['localhost', 'is no network'],
    ['10.0.0.0/33', 'above 32'],
    ['10.0.0.1/8', 'Did you mean 10.0.0.0/8?'],
    ['10.0.0.0/', 'prefix length'],
    ['10.0.0.0/8/8', 'is no network'],
    ['10/8', 'is no network'],
  ])('refuses %s', (text, words) => {
    expect(parseCidrs(text)).toMatchObject({ ok: false, message: expect.stringContaining(words) });
  });
});
