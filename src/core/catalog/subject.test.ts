/** What an event is about, digit by digit, and what cannot be that. */

import { describe, expect, test } from 'vitest';
import { eventBody } from '../routing/body.ts';
import { MAX_SUBJECT_LENGTH, subjectFault, subjectOf } from './subject.ts';

const of = (raw: string, subject: string | null = '/data/contact/id') =>
  subjectOf({ subject }, eventBody(raw, JSON.parse(raw)));

describe('the subject', () => {
  test.each([
    ['{"data":{"contact":{"id":7615917337495251231}}}', '7615917337495251231'],
    ['{"data":{"contact":{"id":7615917337495251200}}}', '7615917337495251200'],
    ['{"data":{"contact":{"id": 12345678901234567890123 }}}', '12345678901234567890123'],
    ['{"data":{"contact":{"id":9007199254740991}}}', '9007199254740991'],
    ['{"data":{"contact":{"id":42}}}', '42'],
    ['{"data":{"contact":{"id":42.0}}}', '42'],
    ['{"data":{"contact":{"id":0.1}}}', '0.1'],
    ['{"data":{"contact":{"id":"007"}}}', '007'],
    ['{"data":{"contact":{"id":""}}}', ''],
    ['{"data":{"contact":{"id":null}}}', null],
    ['{"data":{"contact":{"id":{"a":1}}}}', null],
    ['{"data":{"contact":{}}}', null],
    ['{"data":{"contact":{"id":1},"contact":{"id":2}}}', '2'],
  ])('of %s is %j', (raw, subject) => {
    expect(of(raw)).toBe(subject);
  });

  test('is none where the type names no place', () => {
    expect(of('{"data":{}}', null)).toBeNull();
  });

  test.each([
    ['a'.repeat(MAX_SUBJECT_LENGTH), null],
    ['م'.repeat(MAX_SUBJECT_LENGTH), null],
    ['a'.repeat(MAX_SUBJECT_LENGTH + 1), 'at most 256 characters, not 257'],
    ['a\0b', 'U+0000'],
    ['\ud800', 'half a surrogate pair'],
    ['😀', null],
  ])('%# is refused where it cannot be kept', (subject, message) => {
    if (message === null) expect(subjectFault(subject)).toBeNull();
    else expect(subjectFault(subject)).toContain(message);
  });
});
