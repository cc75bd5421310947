/** docs/limits.md says what the code enforces: its table is made from the constants themselves. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { MAX_SUBJECT_LENGTH } from '../src/core/catalog/subject.ts';
import { MAX_LANES } from '../src/core/delivery/order.ts';
import { PUT_OFF_LIMIT_MS } from '../src/core/delivery/retry.ts';
import { DAY, HOUR } from '../src/core/duration.ts';
import { ERASURE_LIMITS } from '../src/core/erasing.ts';
import { MAX_JSON_DEPTH } from '../src/core/json/parse.ts';
import {
  CHECK_LIMITS,
  LIGHT_LIMITS,
  type Limit,
  SCHEMA_LIMITS,
  SUGGESTION_LIMITS,
  WORK_LIMITS,
} from '../src/core/limits.ts';
import { MAIL_LIMITS } from '../src/core/plan.ts';
import { CONDITION_LIMITS } from '../src/core/routing/condition.ts';
import { SEARCH_LIMITS } from '../src/core/search/limits.ts';
import { STATS_LIMITS } from '../src/core/stats/series.ts';
import { DEFINITION_LIMITS } from '../src/core/workflow/definition.ts';
import { TEMPLATE_LIMITS } from '../src/core/workflow/template.ts';
import { MAX_DEPTH } from '../src/engine/engine.ts';
import { MAX_ADMIN_BYTES, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_EVENT_BYTES } from '../src/http/bodies.ts';
import { CUSTOMER_LIMITS } from '../src/http/customerLimits.ts';
import { MAX_HEADER_BYTES, MAX_HEADERS } from '../src/http/headerRules.ts';
import { INTAKE_LIMITS } from '../src/http/intake.ts';
import { PAGE_LIMITS } from '../src/http/pageTurns.ts';
import { MAX_PAGE } from '../src/http/paging.ts';
import { rateLimitsOf } from '../src/http/rateLimits.ts';
import { INVITATION_MS } from '../src/http/routes/invitations.ts';
import { MAX_PORTAL_S } from '../src/http/routes/portalLinks.ts';
import { STREAM_LIMITS } from '../src/http/stream/hub.ts';
import { TRY_LIMITS } from '../src/http/throttle.ts';
import { MAX_RECIPIENTS } from '../src/http/views/administration.ts';
import { BIN_LIMITS, BIN_PAGE_BYTES } from '../src/http/views/bin.ts';
import { MAX_RATE_PER_SECOND } from '../src/http/views/endpoint.ts';
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from '../src/http/views/people.ts';
import { HASHES_AT_ONCE } from '../src/identity/hashing.ts';
import { MAX_WAITING_HASHES, RESET_MS, SESSION_MS } from '../src/identity/identity.ts';
import { BULK_LIMITS } from '../src/store/records/bulk.ts';

const PATH = join(import.meta.dirname, '../docs/limits.md');
const { requestsPerSecond } = readConfig({});
const rates = rateLimitsOf(requestsPerSecond);
if (rates === null) throw new Error('Requests are limited unless somebody says otherwise.');

const limit = (value: number, unit: string, beyond: string): Limit => ({ value, unit, beyond });
const INVALID = 'the request is refused, the member named';

const AREAS: Record<string, Readonly<Record<string, Limit>>> = {
  Events: {
    'one event': limit(MAX_EVENT_BYTES, 'bytes of data', 'refused as `body_too_large`'),
    'one batch': limit(MAX_BATCH_BYTES, 'bytes', 'refused as `body_too_large`'),
    'events of a batch': limit(MAX_BATCH_EVENTS, 'events', INVALID),
    nesting: limit(MAX_JSON_DEPTH, 'levels', 'refused as `too_deep`'),
    subject: limit(MAX_SUBJECT_LENGTH, 'characters', INVALID),
    depth: limit(
      MAX_DEPTH,
      'events, each caused by the one before',
      'refused as `event_loop`, or sets nothing off',
    ),
  },
  Sending: {
    '`rate_limit` of an endpoint': limit(MAX_RATE_PER_SECOND, 'requests a second', INVALID),
    'putting a delivery off by `Retry-After`': limit(
      PUT_OFF_LIMIT_MS / 1_000,
      'seconds of a delivery',
      'counts as a failure',
    ),
  },
  'Work that an event may cause': WORK_LIMITS,
  'Checking data against a schema': CHECK_LIMITS,
  'What one call does at once': LIGHT_LIMITS,
  'Schemas of own event types': SCHEMA_LIMITS,
  'Suggestions for unknown names': SUGGESTION_LIMITS,
  Conditions: {
    depth: limit(CONDITION_LIMITS.depth, 'levels', INVALID),
    clauses: limit(CONDITION_LIMITS.clauses, 'clauses', INVALID),
    text: limit(CONDITION_LIMITS.textLength, 'characters', INVALID),
    list: limit(CONDITION_LIMITS.listLength, 'values of one list', INVALID),
  },
  'Rules and workflows': {
    steps: limit(DEFINITION_LIMITS.steps, 'steps', INVALID),
    depth: limit(DEFINITION_LIMITS.depth, 'branches within branches', INVALID),
    actions: limit(DEFINITION_LIMITS.actions, 'actions of a rule', INVALID),
    triggers: limit(DEFINITION_LIMITS.triggers, 'triggers', INVALID),
    recipients: limit(DEFINITION_LIMITS.recipients, 'recipients of a mail', INVALID),
    delay: limit(DEFINITION_LIMITS.delayDays, 'days', INVALID),
    template: limit(TEMPLATE_LIMITS.length, 'characters', INVALID),
    placeholders: limit(TEMPLATE_LIMITS.placeholders, 'placeholders of one text', INVALID),
    filters: limit(TEMPLATE_LIMITS.filters, 'filters of one placeholder', INVALID),
    'rendered text': limit(TEMPLATE_LIMITS.renderedLength, 'characters', 'the step fails and says so'),
  },
  'Mails of rules and workflows': MAIL_LIMITS,
  'Mails of notices': {
    'to one address': limit(
      1,
      'mail in a minute',
      'what else there is to tell waits, and stands in the next',
    ),
    recipients: limit(MAX_RECIPIENTS, 'addresses of a workspace', INVALID),
    'about dropped deliveries': limit(1, 'mail in an hour', 'they are counted together'),
    'about automations and refused mails': limit(
      1,
      'notice of a kind for an automation and hour, all mailed when the hour is over',
      'they are counted together',
    ),
  },
  Endpoints: {
    lanes: limit(MAX_LANES, 'lanes of an endpoint', INVALID),
    headers: limit(MAX_HEADERS, 'headers', INVALID),
    'header bytes': limit(MAX_HEADER_BYTES, 'bytes of names and values', INVALID),
  },
  Requests: {
    'of one API key': limit(rates.key, 'requests in 10 s', '429 `rate_limited`'),
    'of one address without a key': limit(rates.address, 'requests in 10 s', '429 `rate_limited`'),
    'to one bin': limit(rates.bin, 'requests in 10 s', '429 `rate_limited`'),
    'with a wrong key, of one address': limit(rates.wrong_keys, 'requests in 60 s', '429 `rate_limited`'),
    'that wait, of one API key': limit(rates.waiting, 'requests at one time', '429 `rate_limited`'),
    'other bodies': limit(MAX_ADMIN_BYTES, 'bytes', 'refused as `body_too_large`'),
    page: limit(MAX_PAGE, 'rows', INVALID),
  },
  'Large bodies of requests': INTAKE_LIMITS,
  'Large pages': PAGE_LIMITS,
  'Jobs over many deliveries': BULK_LIMITS,
  Search: SEARCH_LIMITS,
  Statistics: STATS_LIMITS,
  'Streams of changes': STREAM_LIMITS,
  'Customers of a platform': CUSTOMER_LIMITS,
  'Erasing a person': ERASURE_LIMITS,
  People: {
    'sign-in, by address': TRY_LIMITS.sign_in_address,
    'sign-in, by e-mail': TRY_LIMITS.sign_in_email,
    'new password, by address': TRY_LIMITS.reset_address,
    'new password, by e-mail': TRY_LIMITS.reset_email,
    'passwords hashed': limit(HASHES_AT_ONCE, 'at one time at a node', 'the others wait in turn'),
    'passwords that wait': limit(MAX_WAITING_HASHES, 'at one time at a node', '503 `overloaded`'),
    password: limit(
      MAX_PASSWORD_LENGTH,
      `characters (${MIN_PASSWORD_LENGTH} at least)`,
      'the request is refused, the member named',
    ),
    session: limit(SESSION_MS / DAY, 'days without use', 'the person signs in again'),
    invitation: limit(INVITATION_MS / DAY, 'days', 'it leads nowhere; it can be sent again'),
    'link to a new password': limit(RESET_MS / HOUR, 'hour, once', 'it leads nowhere'),
    'portal link': limit(MAX_PORTAL_S, 'seconds', INVALID),
  },
  Bins: {
    bins: limit(BIN_LIMITS.bins, 'bins of a workspace', 'refused as `limit_reached`'),
    requests: limit(BIN_LIMITS.requests, 'requests that a bin keeps', 'the oldest go'),
    bytes: limit(BIN_LIMITS.bytes, 'bytes that a bin keeps', 'the oldest requests go'),
    'one request': limit(BIN_LIMITS.request_bytes, 'bytes', 'the rest is not kept'),
    'a page of bodies': limit(BIN_PAGE_BYTES, 'bytes', 'the rest is on the next page'),
    days: limit(BIN_LIMITS.days, 'days', 'the bin goes with all it holds'),
  },
};

function page(): string {
  const areas = Object.entries(AREAS).map(([area, limits]) => {
    const rows = Object.entries(limits).map(
      ([name, { value, unit, beyond }]) =>
        `| ${name} | ${value.toLocaleString('en')} | ${unit} | ${beyond} |`,
    );
    return [`## ${area}`, '', '| what | at most | of what | beyond it |', '|---|---:|---|---|', ...rows].join(
      '\n',
    );
  });
  return `# Limits

What one workspace, request or event may ask for, and what happens beyond it. The tables are made from the constants that the code
enforces: \`UPDATE_DOCS=1 npx vitest run test/limits.test.ts\` writes them anew, and a test fails where they differ.

Requests are counted at each node; \`MIRSAL_REQUESTS_PER_SECOND\` (${requestsPerSecond.toLocaleString('en')} by default) sets the first three of them, and \`0\` lifts all. Plans
(\`MIRSAL_PLANS\`) limit endpoints, rules and events of a day besides, and say how many mails there may be: those below are for plans
that say nothing of them.

${areas.join('\n\n')}
`;
}

test('docs/limits.md says what the code enforces', () => {
  if (process.env.UPDATE_DOCS === '1') writeFileSync(PATH, page());
  expect(readFileSync(PATH, 'utf8')).toBe(page());
});
