import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readExact } from '../json/exact.ts';
import { MASK, maskDefinition, maskDetails, maskUrl } from './maskUrl.ts';
import { parseTargetUrl } from './url.ts';

describe('a URL for those who may not see its secrets', () => {
  it.each([
    [
      'https://hooks.example.com/services/T00AB1C2/B00AB1C2/XXXXxxxxXXXX',
      'https://hooks.example.com/services/…',
    ],
    [
      'https://example.com/api/webhooks/1234567890/aBcDeF_gh-IjK0lmnop',
      'https://example.com/api/webhooks/1234567890/…',
    ],
    ['https://api.example.com/bot123456:AAbb-cc/sendMessage', 'https://api.example.com/…'],
    ['https://api.example.com/bot123456%3AAAbb/sendMessage', 'https://api.example.com/…'],
    ['https://n.example.com/webhook/0f4d1c7e-0b8a-4a43-9c53-7e1a2b3c4d5e', 'https://n.example.com/webhook/…'],
    ['https://z.example.com/hooks/catch/123456/abc12de/', 'https://z.example.com/hooks/catch/123456/…'],
    ['https://m.example.com/qwertyuiopasdfghjklzxcvbnm', 'https://m.example.com/…'],
    ['https://example.com/in?token=s3cret&a=1', 'https://example.com/in?token=…&a=…'],
    ['https://example.com/in?s3cret', 'https://example.com/in?…'],
    ['https://user:word@example.com/in', 'https://…@example.com/in'],
    ['https://example.com:8443/in', 'https://example.com:8443/in'],
    ['https://xn--mgbh0fb.example/in', 'https://xn--mgbh0fb.example/in'],
    ['no url', '…'],
  ])('%s is %s', (url, masked) => {
    expect(maskUrl(url)).toBe(masked);
    expect(maskUrl(masked)).toBe(masked);
  });

  it.each([
    '/',
    '',
    '/hook',
    '/v1/webhooks',
    '/api/v2/new-order',
    '/newOrder',
    '/NewOrder',
    '/2026/01',
    '/orders_created.php',
  ])('the path %s hides nothing', (path) =>
    expect(maskUrl(`https://example.com${path}`)).toBe(`https://example.com${path}`),
  );

  it('random tokens are found in every place, and masking twice is masking once', () => {
    const hex = fc
      .uint8Array({ minLength: 12, maxLength: 40 })
      .map((bytes) => Buffer.from(bytes).toString('hex'));
    // Of nothing but digits, or nothing but letters, a short one may be a word or a number.
    const token = hex.filter((text) => /\d[a-f]|[a-f]\d/.test(text));
    fc.assert(
      fc.property(
        token,
        fc.constantFrom('/in/#', '/#/in', '/in?a=#', '/in?#', '/in?a=1&b=#&c=2', '/a/#?b=#'),
        (secret, place) => {
          const masked = maskUrl(`https://example.com${place.replaceAll('#', secret)}`);
          expect(masked).not.toContain(secret);
          expect(maskUrl(masked)).toBe(masked);
        },
      ),
    );
  });

  it('a masked URL is refused as a target, so that it is never taken for a real one', () => {
    expect(parseTargetUrl(`https://example.com/${MASK}`)).toMatchObject({
      ok: false,
      message: expect.stringContaining('masked'),
    });
  });
});

it('definitions are masked where webhooks are, at any depth; templates and conditions are as they were', () => {
  const url = 'https://example.com/in?token=s3cret';
  const template = { type: 'webhook', url };
  const webhook = { id: 'w', type: 'webhook', url, template };
  const condition = { field: 'data.url', op: 'equals', value: url };
  const decision = { id: 'd', type: 'decision', condition, yes: [webhook], no: [] };
  expect(maskDefinition({ steps: [webhook, decision] })).toEqual({
    steps: [
      { ...webhook, url: 'https://example.com/in?token=…' },
      { ...decision, yes: [{ ...webhook, url: 'https://example.com/in?token=…' }] },
    ],
  });
});

it('numbers of a definition keep all their digits', () => {
  const text = '{"steps":[{"type":"decision","limit":7615917337495251231,"yes":[]}]}';
  expect(JSON.stringify(maskDefinition(readExact(text)))).toBe(text);
});

it('what is told of an endpoint has its URLs masked', () => {
  const url = 'https://example.com/in?token=s3cret';
  const masked = 'https://example.com/in?token=…';
  expect(maskDetails({ name: 'x', url })).toEqual({ name: 'x', url: masked });
  expect(maskDetails({ url: { from: url, to: url } })).toEqual({ url: { from: masked, to: masked } });
  expect(maskDetails({ endpoints: [{ name: 'x', url }] })).toEqual({
    endpoints: [{ name: 'x', url: masked }],
  });
  expect(maskDetails({ url: null })).toEqual({ url: null });
});
