/** The command line as people and programs use it: processes against a real node. */

import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliResult, runCli, startCli } from './support/cli.ts';
import { API_KEY, INSTANCE_KEY, temporaryDirectory } from './support/process.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { type Served, startServed, until } from './support/served.ts';

const folder = temporaryDirectory();
const home = { XDG_CONFIG_HOME: join(folder.path, 'config') };
let served: Served;
let receiver: Receiver;
let env: Record<string, string>;
beforeAll(async () => {
  [served, receiver] = await Promise.all([startServed(), startReceiver()]);
  env = { ...home, MIRSAL_URL: served.url, MIRSAL_API_KEY: API_KEY };
});
afterAll(async () => {
  await Promise.all([served.close(), receiver.close()]);
  folder.remove();
});

const run = (...args: string[]): Promise<CliResult> => runCli(args, { env });
const idIn = ({ out }: CliResult, prefix: string): string =>
  new RegExp(`${prefix}_[0-9a-z]+`).exec(out)?.[0] ?? '';

describe('how it is used', () => {
  test.each<[string, string[], RegExp]>([
    ['no such command', ['evnts'], /unknown command 'evnts'[\s\S]*Did you mean events/],
    ['no such option', ['events', 'list', '--nothing'], /unknown option '--nothing'/],
    ['a number that is none', ['events', 'list', '-n', 'many'], /"many" is no number/],
    ['a time that is none', ['events', 'list', '--since', 'monday'], /"monday" is no time/],
    ['no such profile', ['events', 'list', '--profile', 'other'], /no profile "other"/],
  ])('%s is said, with exit code 2', async (_, args, said) => {
    const { code, out, err } = await run(...args);
    expect([code, out, err]).toEqual([2, '', expect.stringMatching(said)]);
  });

  test('without an address it says how to give one', async () => {
    const { code, err } = await runCli(['events', 'list'], { env: home });
    expect([code, err]).toEqual([2, expect.stringMatching(/MIRSAL_URL.*mirsal login/)]);
  });

  test('what the API refuses, and who does not answer, is said in a line, with exit code 1', async () => {
    const missing = await run('events', 'show', 'nothing');
    expect([missing.code, missing.err]).toEqual([1, expect.stringMatching(/^mirsal: .+\(not_found\)\n$/)]);
    const stranger = await runCli(['events', 'list', '--api-key', 'nobody'], { env });
    expect([stranger.code, stranger.err]).toEqual([1, expect.stringMatching(/unauthenticated/)]);
  });

  test('a login is remembered, for its owner alone; flags and the environment stand before it', async () => {
    const login = await runCli(['login', '--url', served.url, '--api-key', API_KEY], { env: home });
    expect([login.code, login.err]).toEqual([0, expect.stringContaining('remembered as "default"')]);
    expect(statSync(join(folder.path, 'config/mirsal/cli.json')).mode & 0o777).toBe(0o600);
    expect((await runCli(['api', 'GET', '/v1/budget'], { env: home })).json()).toHaveProperty('errors');
    const other = await runCli(['events', 'list'], { env: { ...home, MIRSAL_API_KEY: 'nobody' } });
    expect(other.code).toBe(1);
    const named = ['login', '--profile', 'whole', '--api-key', INSTANCE_KEY, '--workspace', 'ws_1'];
    expect((await runCli(named, { env: { ...home, MIRSAL_URL: served.url } })).code).toBe(0);
    const whole = await runCli(['endpoints', 'list', '--json', '--profile', 'whole'], { env: home });
    expect(whole.json().data).toEqual([]);
    expect((await runCli(['logout'], { env: home })).code).toBe(0);
    expect((await runCli(['events', 'list'], { env: home })).code).toBe(2);
  });

  test('help says what there is, and the version which this is', async () => {
    const { out, code } = await run('--help');
    for (const name of ['serve', 'listen', 'trigger', 'events', 'replay', 'doctor', 'mcp']) {
      expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
    expect(code).toBe(0);
    expect((await run('--version')).out).toBe(
      `${JSON.parse(readFileSync('package.json', 'utf8')).version}\n`,
    );
  });

  test('completion knows commands and options', async () => {
    const { out } = await run('completion', 'bash');
    const complete = (...words: string[]): string[] =>
      execFileSync('bash', [
        '-c',
        `${out}\nCOMP_WORDS=(mirsal "$@"); COMP_CWORD=$#; _mirsal; printf '%s\\n' "\${COMPREPLY[@]}"`,
        'bash',
        ...words,
      ])
        .toString()
        .trim()
        .split('\n');
    expect(complete('del')).toEqual(['deliveries']);
    expect(complete('deliveries', '')).toEqual(expect.arrayContaining(['list', 'show', 'retry', 'skip']));
    expect(complete('deliveries', 'list', '--sta')).toEqual(['--state']);
    expect((await run('completion', 'fish')).out).toContain("-a listen -d 'relay webhooks");
    expect((await run('completion', 'tcsh')).code).toBe(2);
  });
});

describe('events, deliveries and endpoints', () => {
  let endpoint: string;
  beforeAll(async () => {
    const created = await run(
      'endpoints',
      'create',
      receiver.url,
      '-t',
      'contact.tag.added',
      '--name',
      'المتجر',
    );
    expect(created.code).toBe(0);
    expect(created.out).toMatch(/secret +whsec_/);
    endpoint = idIn(created, 'ep');
  });

  test('trigger publishes the sample with changes, and says what became of it', async () => {
    const done = await run(
      ...['trigger', 'contact.tag.added', '-s', 'data.contact.email=layla@example.com'],
      ...['-s', 'data.tag.id=7', '--set', 'data.contact.fields={"city":"عمّان"}', '--id', 'cli.1'],
    );
    expect([done.code, done.out]).toEqual([
      0,
      expect.stringMatching(/^cli\.1 {2}accepted, 1 delivery\n.*delivered.*200/),
    ]);
    const { data } = (await run('events', 'show', 'cli.1', '--json')).json();
    expect(data).toMatchObject({
      tag: { id: 7 },
      contact: { email: 'layla@example.com', fields: { city: 'عمّان' } },
    });
    const messaging = await run('trigger', 'contact.created', '--json', '-s', 'data.contact.firstName=Layla');
    expect(messaging.json()).toMatchObject({ deliveries: 0 });
    const wrong = await run('trigger', 'contact.tag.added', '-s', 'contact=1');
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('--set takes data.')]);
    const refused = await run('trigger', 'contact.tag.added', '-s', 'data.tag.id=one');
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringMatching(/\/data\/tag\/id.*schema_violation/),
    ]);
  });

  test('lists are tables for people and JSON for programs', async () => {
    const table = await run('deliveries', 'list', '--endpoint', endpoint);
    expect(table.out).toMatch(/^DELIVERY +STATE +TYPE/);
    expect(table.out).toMatch(/delivered +contact\.tag\.added/);
    // Nobody's terminal: no colours. Asked for, they are there.
    expect(table.out).not.toContain('\u001b');
    const colored = await runCli(['deliveries', 'list'], { env: { ...env, FORCE_COLOR: '1' } });
    expect(colored.out).toContain('\u001b[32mdelivered\u001b[39m');
    const { data } = (await run('deliveries', 'list', '--json', '-n', '1')).json();
    expect(data).toMatchObject([{ endpoint_id: endpoint, state: 'delivered' }]);
    expect((await run('endpoints', 'list')).out).toContain('\u2068المتجر\u2069');
    const shown = await run('deliveries', 'show', data[0].id, '--bodies');
    expect(shown.out).toMatch(/attempt 1 .* 200\n/);
    expect(shown.out).toMatch(/ {2}> webhook-id: msg_/);
  });

  test('what others have written does nothing to the terminal', async () => {
    const evil = '\u001b]0;owned\u0007\u202etxt.exe\u001b[2J';
    await run('trigger', 'contact.tag.added', '--id', 'evil', '-s', `data.tag.name=${JSON.stringify(evil)}`);
    for (const args of [
      ['show', 'evil'],
      ['tail', '--data', '-n', '3'],
    ]) {
      const cli = startCli(['events', ...args], { env });
      await cli.says(/txt\.exe/);
      await cli.interrupt();
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
      expect(cli.out()).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
  });

  test('tail shows what comes, once, and ends by Ctrl-C', async () => {
    const tail = startCli(['events', 'tail', '--json', '-n', '100', '--type', 'contact.tag.removed'], {
      env,
    });
    const bare = startCli(['events', 'tail', '-n', '1'], { env });
    await bare.says(/contact\.tag/);
    for (const id of ['tail.1', 'tail.2', 'tail.3']) {
      await run('trigger', 'contact.tag.removed', '--id', id, '--no-wait');
      await bare.says(new RegExp(`${id.replace('.', '\\.')} `));
    }
    await tail.says(/tail\.3/);
    expect([await tail.interrupt(), await bare.interrupt()]).toEqual([0, 0]);
    const lines = tail.out().trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).id)).toEqual(['tail.1', 'tail.2', 'tail.3']);
  });

  test('an endpoint is tested, disabled and enabled; what is refused of many is said, and the rest done', async () => {
    const good = await run('endpoints', 'test', endpoint);
    expect([good.code, good.out]).toEqual([0, expect.stringMatching(/delivered +200/)]);
    expect((await run('endpoints', 'disable', endpoint)).out).toMatch(/state +disabled/);
    await run('trigger', 'contact.tag.added', '--no-wait');
    const [held] = (await run('deliveries', 'list', '--state', 'held', '--json')).json().data;
    const skipped = await run('deliveries', 'skip', held.id, 'dlv_zzz');
    expect(skipped).toMatchObject({ code: 1, err: 'mirsal: 1 of 2 could not be done.\n' });
    expect(skipped.out).toMatch(/skipped\ndlv_zzz +failed +not_found/);
    expect((await run('endpoints', 'enable', endpoint, '--held', 'send')).out).toMatch(/state +enabled/);
    const again = await run('deliveries', 'retry', held.id, '--json');
    expect(again.json().data[0].delivery).toMatchObject({ replay_of: held.id });
  });

  test('a range is sent again once somebody has said yes', async () => {
    for (let count = 0; count < 3; count += 1) await run('trigger', 'contact.tag.added');
    const before = receiver.received.length;
    const range = ['replay', endpoint, '--since', '1h', '--state', 'delivered'];
    expect((await run(...range, '--dry-run', '--json')).json().total).toBeGreaterThan(2);
    const asked = await run(...range);
    expect([asked.code, asked.err]).toEqual([2, expect.stringContaining('say --yes')]);
    const done = await run(...range, '--yes');
    expect([done.code, done.out]).toEqual([
      0,
      expect.stringMatching(/^rpl_\S+ {2}finished {2}\d+ queued again\n/),
    ]);
    await receiver.count(before + Number(/(\d+) queued/.exec(done.out)?.[1]));
    const over = await run('replay', 'cancel', idIn(done, 'rpl'));
    expect([over.code, over.err]).toEqual([1, expect.stringContaining('replay_ended')]);
  });

  test('verify says of a request that was received whether it is signed', async () => {
    const { secret } = (await run('api', 'GET', `/v1/endpoints/${endpoint}/secret`)).json();
    const got = receiver.received.at(-1);
    if (got === undefined) throw new Error('Nothing was received.');
    const [headers, body] = [join(folder.path, 'headers'), join(folder.path, 'body')];
    writeFileSync(
      headers,
      Object.entries(got.headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join(''),
    );
    writeFileSync(body, got.body);
    const valid = await run('verify', '--secret', secret, '--headers', headers, '--body', body);
    expect([valid.code, valid.out]).toEqual([0, expect.stringMatching(/signature +valid/)]);
    const piped = ['verify', '--secret', secret, '--headers', headers, '--json'];
    const changed = await runCli(piped, { input: `${got.body} ` });
    expect(changed).toMatchObject({ code: 1 });
    expect(changed.json()).toMatchObject({ valid: false, code: 'no_matching_signature' });
    expect((await run('verify', '--secret', 'nothing', '--headers', headers, '--body', body)).code).toBe(2);
  });
});

describe('mcp', () => {
  const talk = async (args: string[], calls: Array<[string, object]>) => {
    const cli = startCli(['mcp', ...args], { env });
    const hello = {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    };
    const all: Array<[string, object]> = [['initialize', hello], ...calls];
    for (const [index, [method, params]] of all.entries()) {
      cli.write(`${JSON.stringify({ jsonrpc: '2.0', id: index, method, params })}\n`);
      await cli.says(new RegExp(`"id":${index}\\b.*\n`));
      if (index === 0) cli.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    }
    const answers = cli
      .out()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    await cli.kill();
    return answers.slice(1).map(({ result }) => result);
  };
  const use = (name: string, input: object): [string, object] => ['tools/call', { name, arguments: input }];

  test('reads what became of events, and has nothing that writes unless it is told', async () => {
    await run('trigger', 'contact.tag.added', '--id', 'mcp.1');
    const [tools, found, event, missing] = await talk(
      [],
      [
        ['tools/list', {}],
        use('search_events', { type: 'contact.tag.added', limit: 1 }),
        use('explain_event', { id: 'mcp.1' }),
        use('explain_event', { id: 'nothing' }),
      ],
    );
    const all = tools.tools as Array<{ name: string; annotations: { readOnlyHint: boolean } }>;
    expect(all.map(({ name }) => name)).toContain('explain_delivery');
    expect(all.every(({ annotations }) => annotations.readOnlyHint)).toBe(true);
    expect(JSON.parse(found.content[0].text)).toMatchObject([{ id: 'mcp.1' }]);
    expect(JSON.parse(event.content[0].text)).toMatchObject({ id: 'mcp.1', verdicts: [{ matched: true }] });
    expect(missing).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('not_found') }],
    });
  });

  test('sends again only what was confirmed by its id', async () => {
    const [delivery] = (await run('deliveries', 'list', '--state', 'delivered', '--json', '-n', '1')).json()
      .data;
    const [asked, other, done] = await talk(
      ['--allow-writes'],
      [
        use('resend_delivery', { id: delivery.id }),
        use('resend_delivery', { id: delivery.id, confirm: 'yes' }),
        use('resend_delivery', { id: delivery.id, confirm: delivery.id }),
      ],
    );
    for (const answer of [asked, other]) {
      expect(JSON.parse(answer.content[0].text)).toMatchObject({
        nothing_done_yet: true,
        ask_the_person: expect.stringContaining(receiver.url),
      });
    }
    expect(JSON.parse(done.content[0].text)).toMatchObject({ replay_of: delivery.id });
    const repeats = await until(
      async () => (await run('deliveries', 'list', '--json')).json().data,
      (all) => all.some((one: { replay_of: string }) => one.replay_of === delivery.id),
    );
    expect(repeats.filter((one: { replay_of: string }) => one.replay_of === delivery.id)).toHaveLength(1);
  });
});
