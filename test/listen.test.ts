/** `mirsal listen` relays real deliveries and their answers, whichever of the three is restarted. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RunningCli, startCli } from './support/cli.ts';
import { API_KEY, type MirsalProcess, startMirsal, temporaryDirectory } from './support/process.ts';
import { until } from './support/served.ts';

interface Got {
  method: string;
  url: string;
  headers: string[];
  body: Buffer;
}

const TYPE = 'order.placed';
const folder = temporaryDirectory();
const got: Got[] = [];
let status = 200;
const local = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { method = '', url = '', rawHeaders } = request;
  got.push({ method, url, headers: rawHeaders, body: Buffer.concat(chunks) });
  const headers = { 'content-type': 'application/json', 'x-local': 'yes', 'set-cookie': 'a=b' };
  response.writeHead(status, headers).end('{"got":"نعم"}');
});
const origin = () => `http://127.0.0.1:${(local.address() as AddressInfo).port}`;

/** What the bin answers where this machine was too slow for it: Mirsal tries again, as it should. */
const TOO_LATE = 504;
// biome-ignore lint/suspicious/noExplicitAny: attempts as the API has them.
const inTime = (attempts: any[]): any[] => attempts.filter((attempt) => attempt.status !== TOO_LATE);

let mirsal: MirsalProcess;
let data: ReturnType<typeof temporaryDirectory>;
let cli: RunningCli;
let port: string;
const startNode = (): Promise<MirsalProcess> =>
  startMirsal({
    directory: data.path,
    env: { MIRSAL_PORT: port, MIRSAL_PUBLIC_URL: `http://127.0.0.1:${port}` },
  });
const listen = (...args: string[]): RunningCli =>
  startCli(['listen', '-f', `${origin()}/hooks`, ...args], {
    env: { MIRSAL_URL: mirsal.url, MIRSAL_API_KEY: API_KEY, XDG_CONFIG_HOME: join(folder.path, 'config') },
  });
const publish = async (n: number): Promise<string> =>
  (await mirsal.call('POST', '/v1/events', { type: TYPE, data: { n } })).body.id;
const delivered = (event: string) =>
  until(
    async () => (await mirsal.call('GET', `/v1/events/${event}`)).body.deliveries[0],
    ({ state }) => state === 'delivered',
  );

beforeEach(async () => {
  got.length = 0;
  status = 200;
  await new Promise<void>((resolve) => local.listen(0, '127.0.0.1', resolve));
  // A port that is free now; it stays the node's over its restarts.
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  port = String((probe.address() as AddressInfo).port);
  await new Promise((resolve) => probe.close(resolve));
  data = temporaryDirectory();
  mirsal = await startNode();
  await mirsal.call('POST', '/v1/event-types', { name: TYPE });
});
afterEach(async () => {
  await cli.kill();
  await mirsal.kill();
  local.closeAllConnections();
  await new Promise((resolve) => local.close(resolve));
  data.remove();
});

describe('listen', () => {
  test('hands over headers and body as they came, and gives the local answer back', async () => {
    cli = listen('-t', TYPE);
    await cli.says(/Ctrl-C/);
    status = 202;
    const delivery = await delivered(await publish(1));
    await cli.says(new RegExp(`POST {2}/hooks {2}${TYPE} {2}→ 202`));
    const { attempts } = (await mirsal.call('GET', `/v1/deliveries/${delivery.id}`)).body;
    const { request, response } = inTime(attempts)[0];
    expect(response.body).toBe('{"got":"نعم"}');
    expect(response.headers).toEqual(
      expect.arrayContaining([
        ['x-local', 'yes'],
        ['content-type', 'application/json'],
      ]),
    );
    expect(JSON.stringify(response.headers)).not.toContain('set-cookie');
    expect(got[0]).toMatchObject({ method: 'POST', url: '/hooks', body: Buffer.from(request.body) });
    for (const [name, value] of request.headers) {
      if (name.toLowerCase() === 'host') continue;
      const at = got[0]?.headers.findIndex((known) => known.toLowerCase() === name.toLowerCase()) ?? -1;
      expect(got[0]?.headers[at + 1], name).toBe(value);
    }
    // Whatever is sent to its address, below it and with any bytes.
    const [url = ''] = await cli.says(/http:\S+\/b\/\w+(?= )/);
    const bytes = new Uint8Array([0, 255, 10, 13, 128]);
    const headers = { 'X-Case': 'Kept', 'content-type': 'application/octet-stream' };
    const answer = await until(
      () => fetch(`${url}/below?a=%2F`, { method: 'PUT', headers, body: bytes }),
      ({ status: answered }) => answered !== TOO_LATE,
    );
    expect([answer.status, await answer.text()]).toEqual([202, '{"got":"نعم"}']);
    expect(got.at(-1)).toMatchObject({ method: 'PUT', url: '/hooks/below?a=%2F', body: Buffer.from(bytes) });
  });

  test('a local server that fails or is not there is a failed attempt, and a retry comes when it is back', async () => {
    cli = listen('-t', TYPE);
    await cli.says(/Ctrl-C/);
    status = 500;
    const event = await publish(1);
    await cli.says(/→ 500/);
    const [delivery] = (await mirsal.call('GET', `/v1/events/${event}`)).body.deliveries;
    local.closeAllConnections();
    const { port: localPort } = local.address() as AddressInfo;
    await new Promise((resolve) => local.close(resolve));
    await until(
      async () => (await mirsal.call('POST', `/v1/deliveries/${delivery.id}/retry`)).status,
      (answered) => answered === 202,
    );
    await cli.says(/→ 502 .*Nothing listens at http/);
    await new Promise<void>((resolve) => local.listen(localPort, '127.0.0.1', resolve));
    status = 200;
    await until(
      async () => (await mirsal.call('POST', `/v1/deliveries/${delivery.id}/retry`)).status,
      (answered) => answered === 202,
    );
    const { attempts } = await delivered(event);
    expect(inTime(attempts).map((attempt) => attempt.status)).toEqual([500, 502, 200]);
  });

  test('goes on when the node was restarted, and keeps its address when it is restarted itself', async () => {
    cli = listen('-t', TYPE);
    const [first] = await cli.says(/http:\S+\/b\/\w+(?= )/);
    await cli.says(/Ctrl-C/);
    await delivered(await publish(1));
    await mirsal.kill();
    await cli.says(/Trying again/);
    mirsal = await startNode();
    await delivered(await publish(2));
    await cli.says(/Connected again/);
    expect(await cli.interrupt()).toBe(0);
    // Nobody listens: that is answered at once, and is tried again later.
    const away = await publish(3);
    const waiting = await until(
      async () => (await mirsal.call('GET', `/v1/events/${away}`)).body.deliveries[0],
      ({ attempts }) => attempts.length > 0,
    );
    expect(waiting.attempts[0]).toMatchObject({ status: 503 });
    cli = listen();
    const [second] = await cli.says(/http:\S+\/b\/\w+(?= )/);
    await cli.says(/Ctrl-C/);
    expect(second).toBe(first);
    await mirsal.call('POST', `/v1/deliveries/${waiting.id}/retry`);
    await delivered(away);
    const numbers = got.map(({ body }) => JSON.parse(body.toString()).data.n);
    expect([...new Set(numbers)]).toEqual([1, 2, 3]);
  });

  test('makes another bin where the old one is gone', async () => {
    cli = listen();
    const [, first = ''] = await cli.says(/http:\S+\/b\/(\w+) /);
    await cli.says(/Ctrl-C/);
    const [bin] = (await mirsal.call('GET', '/v1/bins')).body.data;
    await mirsal.call('DELETE', `/v1/bins/${bin.id}`);
    await fetch(bin.url, { method: 'POST' });
    await cli.says(/this is a new one/);
    const [url = ''] = await cli.says(new RegExp(`http:\\S+/b/(?!${first})\\w+(?= )`));
    await cli.says(/Ctrl-C[\s\S]*Ctrl-C/);
    const answer = await until(
      () => fetch(url, { method: 'POST', body: 'x' }),
      ({ status: answered }) => answered !== TOO_LATE,
    );
    expect(answer.status).toBe(200);
  });
});
