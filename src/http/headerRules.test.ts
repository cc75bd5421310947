/** Headers that may be set, and those that may not. */

import { describe, expect, test } from 'vitest';
import { answerHeaderFaults, requestHeaderFaults } from './headerRules.ts';

const fields = (headers: Record<string, string>): string[] =>
  requestHeaderFaults(headers).map(({ field }) => field);

describe("an endpoint's headers", () => {
  test.each([
    'Host',
    'content-length',
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'Proxy-Authorization',
    'webhook-id',
    'Mirsal-Sequence',
    'Content-Type',
    'bad name',
    'bad:name',
    '',
  ])('may not set %j', (name) => {
    expect(fields({ [name]: 'x' })).toEqual([`/headers/${name}`]);
  });

  test.each(['a\r\nb: c', 'a\nb', 'a\0b', ' a', 'a ', 'naïve'])('may not have the value %j', (value) => {
    expect(fields({ 'x-a': value })).toEqual(['/headers/x-a']);
  });

  test('may set what is the receiver’s business', () => {
    expect(fields({ Authorization: 'Bearer abc', 'X-Api-Key': '1', 'x-empty': '', 'x-tab': 'a\tb' })).toEqual(
      [],
    );
  });

  test('are at most 32, 8 KiB in sum, and each once', () => {
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`x-${n}`, '1']));
    expect(fields(many)).toEqual(['/headers']);
    expect(fields({ 'x-a': 'a'.repeat(8200) })).toEqual(['/headers']);
    expect(fields({ 'X-A': '1', 'x-a': '2' })).toEqual(['/headers/x-a']);
  });
});

test("a bin's answer cannot set cookies or loosen the sandbox of its origin", () => {
  const faults = answerHeaderFaults({
    'Set-Cookie': 'a=b',
    'Content-Security-Policy': '',
    'x-ok': '1',
    Location: '/',
  });
  expect(faults.map(({ field }) => field)).toEqual([
    '/answer/headers/Set-Cookie',
    '/answer/headers/Content-Security-Policy',
  ]);
});

test.each([
  ...['Set-Cookie', 'Report-To', 'Reporting-Endpoints', 'NEL', 'Alt-Svc', 'Accept-CH', 'Clear-Site-Data'],
  ...[
    'Strict-Transport-Security',
    'X-Content-Type-Options',
    'Cross-Origin-Opener-Policy',
    'Speculation-Rules',
  ],
  ...[
    'Attribution-Reporting-Register-Source',
    'Sec-Session-Registration',
    'Origin-Agent-Cluster',
    'Connection',
  ],
])('the answer of a bin may not set %s, which reaches beyond it', (name) => {
  expect(answerHeaderFaults({ [name]: 'x' }).map(({ field }) => field)).toEqual([`/answer/headers/${name}`]);
});

test('the answer of a bin may set what a receiver would', () => {
  const headers = {
    'Retry-After': '30',
    Location: 'https://example.com/',
    'Content-Type': 'text/xml',
    'X-A': 'b',
  };
  expect(answerHeaderFaults(headers)).toEqual([]);
});
