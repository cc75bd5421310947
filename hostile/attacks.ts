/**
 * What a tenant may do, at every limit. Each attack sets something up and then returns what one of its clients
 * calls again and again; what is refused is part of it.
 */

import type { Answer, Call } from '../test/support/process.ts';

/** How one of the tenant's clients goes on, and how many such clients there are. */
export interface Attack {
  clients: number;
  once(client: number, round: number): Promise<Answer>;
}

export interface Tenant {
  /** With a key that may do everything in the workspace. */
  call: Call;
  /** With a key that may read alone. */
  read: Call;
  /** A receiver of the tenant's: `/ok` answers, `/hang` never does. */
  receiver: string;
}

const MB = 1024 * 1024;
const KB = 1024;
/** What is searched is nowhere to be found, so that all of it is looked at. */
const ABSENT = 'ألف';

function expectMade(answer: Answer): Answer {
  if (answer.status >= 300) throw new Error(`${answer.status} ${answer.text.slice(0, 500)}`);
  return answer;
}

const event = (type: string, data: unknown) => ({ type, data });

async function makeType(tenant: Tenant, name: string, schema: unknown = { type: 'object' }): Promise<void> {
  const input = { name, schema, subject: '/data/subject' };
  expectMade(await tenant.call('POST', '/v1/event-types', input));
}

const clauses = (count: number, field = 'data.text') =>
  Array.from({ length: count }, (_, n) => ({
    ...{ field, op: 'contains', value: `${ABSENT} ${n}` },
    ...(n % 2 === 0 ? { ignore_arabic_forms: true } : { ignore_case: true }),
  }));

const arabic = (bytes: number): string =>
  'مُرْسَال إلى الجميع '.repeat(Math.ceil(bytes / 32)).slice(0, bytes / 2);

/** Conditions with as many clauses as there may be, over as much text as there may be. */
async function conditions(tenant: Tenant): Promise<Attack> {
  await makeType(tenant, 'hostile.text');
  for (let n = 0; n < 20; n += 1) {
    const condition = { any: clauses(99) };
    const endpoint = { url: `${tenant.receiver}/ok/${n}`, event_types: ['hostile.text'], condition };
    expectMade(await tenant.call('POST', '/v1/endpoints', endpoint));
  }
  const text = arabic(900 * KB);
  return {
    clients: 3,
    once: (client, round) =>
      tenant.call('POST', '/v1/events', event('hostile.text', { subject: `${client}-${round}`, text })),
  };
}

/** Templates with as many placeholders and filters as there may be. */
async function templates(tenant: Tenant): Promise<Attack> {
  await makeType(tenant, 'hostile.template');
  const filters = ' | upper | lower | trim | json | upper | lower | trim | json | upper | lower';
  const template = { all: Array.from({ length: 190 }, () => `{{data.text${filters}}}`) };
  for (let n = 0; n < 5; n += 1) {
    const rule = {
      name: `Rule ${n}`,
      trigger: { event_type: 'hostile.template' },
      max_activations_per_subject: 1_000_000,
      actions: [{ type: 'webhook', url: `${tenant.receiver}/ok/template`, template }],
    };
    expectMade(await tenant.call('POST', '/v1/rules', rule));
  }
  const text = arabic(900 * KB);
  return {
    clients: 2,
    once: (client, round) =>
      tenant.call('POST', '/v1/events', event('hostile.template', { subject: `${client}-${round}`, text })),
  };
}

/** Dry runs, which a key may ask for that may only read. */
async function dryRuns(tenant: Tenant): Promise<Attack> {
  await makeType(tenant, 'hostile.dry');
  const text = arabic(900 * KB);
  const id = 'a-large-event';
  expectMade(
    await tenant.call('POST', '/v1/events', { id, ...event('hostile.dry', { subject: 's', text }) }),
  );
  const definition = {
    name: 'A workflow',
    triggers: [{ event_type: 'hostile.dry' }],
    steps: Array.from({ length: 20 }, (_, n) => ({
      ...{ id: `d${n}`, type: 'decision', condition: { any: clauses(4) }, yes: [], no: [] },
    })),
  };
  return {
    clients: 4,
    once: () => tenant.read('POST', '/v1/workflows/test', { definition, event_id: id }),
  };
}

/** A schema as large as there may be, and data that fails it everywhere. */
async function schemas(tenant: Tenant): Promise<Attack> {
  const codes = Array.from({ length: 4_900 }, (_, n) => `code ${n}`);
  const schema = {
    type: 'object',
    properties: { list: { type: 'array', items: { enum: codes } } },
  };
  await makeType(tenant, 'hostile.schema', schema);
  const list = Array.from({ length: 100_000 }, (_, n) => `none ${n % 10}`);
  return {
    clients: 2,
    once: (_, round) =>
      // A change of routing has the schema looked at anew.
      round % 5 === 0
        ? tenant.call('PATCH', '/v1/event-types/hostile.schema', { description: { en: `Round ${round}` } })
        : tenant.call('POST', '/v1/events', event('hostile.schema', { subject: 's', list })),
  };
}

/** Batches as large as there may be: many small events, few large ones, deep ones, and names that nobody knows. */
async function batches(tenant: Tenant): Promise<Attack> {
  await makeType(tenant, 'hostile.batch');
  const deep = (depth: number): unknown => (depth === 0 ? 'ground' : [deep(depth - 1)]);
  const numbers = Array.from({ length: 2_000 }, (_, n) => n);
  const batch = (count: number, one: (n: number) => unknown): string =>
    JSON.stringify({ events: Array.from({ length: count }, (_, n) => one(n)) });
  const bodies = [
    batch(1_000, (n) => event('hostile.batch', { subject: `s${n}`, numbers })),
    batch(15, () => event('hostile.batch', { subject: 's', text: 'x'.repeat(MB - KB) })),
    batch(1_000, (n) => event('hostile.batch', { subject: `s${n}`, deep: deep(60) })),
    batch(1_000, (n) => event(`hostile.bahtc${n}`, { subject: 's' })),
    `{"events":[${'['.repeat(1_000_000)}`,
  ];
  return {
    clients: 2,
    once: (client, round) =>
      tenant.call('POST', '/v1/events/batch', bodies[(client + round) % bodies.length]),
  };
}

/** Bins filled with the largest bodies, which are shown, listed and waited for. */
async function bins(tenant: Tenant): Promise<Attack> {
  const made: Array<{ id: string; path: string }> = [];
  // One is left for those that wait.
  for (let n = 0; n < 49; n += 1) {
    const { body } = expectMade(await tenant.call('POST', '/v1/bins', {}));
    made.push({ id: body.id, path: new URL(body.url).pathname });
  }
  const quotes = '"\\'.repeat(MB / 2 - 1);
  const nested = '['.repeat(MB / 2) + ']'.repeat(MB / 2);
  return {
    clients: 6,
    once(client, round) {
      const bin = made[(client * 7 + round) % made.length];
      const path = bin?.path ?? '';
      if (client < 2) return tenant.call('POST', path, round % 2 === 0 ? quotes : nested);
      if (client < 4) return tenant.read('GET', `${path}?inspect`);
      return tenant.read('GET', `/v1/bins/${bin?.id}/requests?bodies=true&limit=100`);
    },
  };
}

/** Clients that wait, more than there may be. */
async function waiting(tenant: Tenant): Promise<Attack> {
  const { body } = expectMade(await tenant.call('POST', '/v1/bins', {}));
  return {
    clients: 40,
    once: () => tenant.read('GET', `/v1/bins/${body.id}/requests?wait=5`),
  };
}

/** Receivers that never answer, in as many lanes as there may be. */
async function hanging(tenant: Tenant): Promise<Attack> {
  await makeType(tenant, 'hostile.hang');
  for (let n = 0; n < 10; n += 1) {
    const ordering = { mode: 'subject', lanes: 64 };
    const endpoint = { url: `${tenant.receiver}/hang/${n}`, event_types: ['hostile.hang'], ordering };
    const answer = await tenant.call('POST', '/v1/endpoints', endpoint);
    if (answer.status >= 300) {
      const { ordering: _, ...plain } = endpoint;
      expectMade(await tenant.call('POST', '/v1/endpoints', plain));
    }
  }
  return {
    clients: 2,
    once: (client, round) =>
      tenant.call('POST', '/v1/events', event('hostile.hang', { subject: `${client}-${round}` })),
  };
}

/** Events that set themselves off, and workflows that all wait for the same. */
async function workflows(tenant: Tenant): Promise<Attack> {
  await makeType(tenant, 'hostile.flow');
  await makeType(tenant, 'hostile.heard');
  for (let n = 0; n < 10; n += 1) {
    const workflow = {
      name: `Workflow ${n}`,
      triggers: [{ event_type: 'hostile.flow' }],
      max_activations_per_subject: 1_000_000,
      steps: [
        {
          ...{ id: 'wait', type: 'wait_for_event', event_type: 'hostile.heard', timeout: 'PT1H' },
          condition: { any: clauses(99) },
          received: [],
          timed_out: [],
        },
      ],
    };
    expectMade(await tenant.call('POST', '/v1/workflows', workflow));
  }
  const text = arabic(300 * KB);
  return {
    clients: 2,
    once: (client, round) =>
      round % 2 === 0
        ? tenant.call('POST', '/v1/events', event('hostile.flow', { subject: `c${client}` }))
        : tenant.call('POST', '/v1/events', event('hostile.heard', { subject: `c${client}`, text })),
  };
}

/** Keys that do not exist, and lists asked for in every way. */
async function lists(tenant: Tenant): Promise<Attack> {
  const paths = [
    '/v1/events?limit=100',
    '/v1/deliveries?limit=100&state=pending',
    '/v1/runs?limit=100&state=waiting',
    '/v1/audit?limit=100',
    '/v1/notices?limit=100',
    '/v1/deliveries?limit=100&cursor=AAAAAAAAAAA',
  ];
  return {
    clients: 4,
    once: (client, round) =>
      client === 0
        ? tenant.call('GET', '/v1/events', undefined, { authorization: `Bearer no such key ${round}` })
        : tenant.read('GET', paths[(client + round) % paths.length] ?? ''),
  };
}

export const ATTACKS: Record<string, (tenant: Tenant) => Promise<Attack>> = {
  conditions,
  templates,
  'dry runs': dryRuns,
  schemas,
  batches,
  bins,
  waiting,
  hanging,
  workflows,
  lists,
};
