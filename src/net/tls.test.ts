/** TLS: each defect of a certificate has its own code, because each has its own cure. */
import { createServer as createTcpServer } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { aReceiver, aRequest, aResolver, aSender, cleanUp, listen, testdata } from './testdata/kit.ts';

afterEach(cleanUp);

const VALID = testdata('valid.pem');
const EXPIRED = testdata('expired.pem');

async function aTlsReceiver(certificate: string, options: TlsOptions = {}): Promise<number> {
  const server = createServer({ key: testdata('key.pem'), cert: certificate, ...options }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\nprotocol: ${socket.alpnProtocol}\r\n\r\nok`);
    });
  });
  server.on('tlsClientError', () => {});
  return listen(server);
}

function aTlsSender(extraTrust: readonly string[] = [VALID, EXPIRED]) {
  const names = ['good.example.com', 'other.example.com'];
  return aSender({
    resolver: aResolver(Object.fromEntries(names.map((name) => [name, ['127.0.0.1']]))),
    ...(extraTrust.length === 0 ? {} : { extraTrust }),
  });
}

describe('a certificate', () => {
  it('that is in order is accepted, for a name and for an address; HTTP/2 is not offered', async () => {
    const port = await aTlsReceiver(VALID, { ALPNProtocols: ['h2', 'http/1.1'] });
    const { sender } = aTlsSender();
    for (const host of ['good.example.com', '127.0.0.1']) {
      const result = await sender.send(aRequest(`https://${host}:${port}/`));
      expect(result).toMatchObject({ outcome: { kind: 'answered' }, address: '127.0.0.1' });
      expect(result.timings.tls).toBeTypeOf('number');
      expect(result.response?.headers).toContainEqual(['protocol', 'http/1.1']);
      const again = await sender.send(aRequest(`https://${host}:${port}/`));
      expect(Object.keys(again.timings)).toEqual(['response']);
    }
  });

  it.each([
    ['tls_self_signed', 'good.example.com', VALID, []],
    ['tls_wrong_name', 'other.example.com', VALID, [VALID]],
    ['tls_expired', 'good.example.com', EXPIRED, [EXPIRED]],
  ])('with a defect is refused as %s', async (code, host, certificate, trust) => {
    const port = await aTlsReceiver(certificate);
    const { sender } = aTlsSender(trust);
    // Twice: a refused certificate must not be remembered as a good session.
    for (let i = 0; i < 2; i += 1) {
      const result = await sender.send(aRequest(`https://${host}:${port}/`));
      expect(result.outcome).toMatchObject({ kind: 'tls', code });
      expect(result.response).toBeNull();
      expect(result.address).toBe('127.0.0.1');
    }
  });

  it('with TLS 1.2 and a wrong name is refused every time', async () => {
    const port = await aTlsReceiver(VALID, { maxVersion: 'TLSv1.2' });
    const { sender } = aTlsSender();
    for (let i = 0; i < 3; i += 1) {
      const result = await sender.send(aRequest(`https://other.example.com:${port}/`));
      expect(result.outcome).toMatchObject({ kind: 'tls', code: 'tls_wrong_name' });
    }
  });
});

describe('a handshake', () => {
  it('with a port that speaks plain HTTP fails as such', async () => {
    const url = new URL(await aReceiver((_request, response) => response.end()));
    const result = await aTlsSender().sender.send(aRequest(`https://good.example.com:${url.port}/`));
    expect(result.outcome).toMatchObject({
      kind: 'tls',
      code: expect.stringMatching(/^tls_(handshake|closed)$/),
    });
  });

  it('P7: that never ends is a timeout of TLS', async () => {
    const port = await listen(createTcpServer(() => {}));
    const result = await aTlsSender().sender.send(
      aRequest(`https://good.example.com:${port}/`, { timeoutMs: 150 }),
    );
    expect(result).toMatchObject({ outcome: { kind: 'timeout', code: 'tls_timeout' }, address: '127.0.0.1' });
  });

  it('that asks for a client certificate names TLS', async () => {
    const port = await aTlsReceiver(VALID, { requestCert: true, rejectUnauthorized: true, ca: [VALID] });
    const result = await aTlsSender().sender.send(aRequest(`https://good.example.com:${port}/`));
    expect(result.outcome.kind).toMatch(/^(tls|protocol)$/);
  });

  it('is made once for a stale connection and its re-send', async () => {
    const server = createServer({ key: testdata('key.pem'), cert: VALID }, (socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
        socket.once('data', () => socket.end());
      });
    });
    const port = await listen(server);
    const { sender, connects } = aTlsSender();
    for (let i = 0; i < 3; i += 1) {
      const result = await sender.send(aRequest(`https://good.example.com:${port}/`));
      expect(result.outcome.kind).toBe('answered');
    }
    expect(connects).toHaveLength(3);
  });
});
