/** A captured request, sent on to a server of this machine as it came, and what that answers. */

import { request as http } from 'node:http';
import { request as https } from 'node:https';
import type { Schemas } from '../sdk/sdk.ts';

export interface LocalAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** What is said where the server gave no answer itself. */
  fault: string | null;
}

/** Less than a bin waits, which is less than Mirsal gives an attempt. */
export const LOCAL_MS = 3500;
/** What the bin's answer may hold. */
const MOST_BYTES = 64 * 1024;

/** Of the connection that it came by. */
const NOT_FORWARDED = new Set([
  'host',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'expect',
  'upgrade',
]);
/** What means something to a sender of webhooks; the rest of a local server's headers is its own affair. */
const PASSED_BACK = /^(?:content-type|retry-after|location|x-.+)$/;

/** The path and query behind the bin's address are put behind those of `target`. Never rejects. */
export async function forward(captured: Schemas.BinRequest, target: string): Promise<LocalAnswer> {
  if (captured.truncated)
    return fault(413, 'The request is larger than a bin keeps, so that it cannot be relayed.');
  const url = new URL(target.replace(/\/+$/, '') + captured.path);
  const body = Buffer.from(captured.body ?? '', captured.encoding === 'base64' ? 'base64' : 'utf8');
  const headers = captured.headers.flatMap(([name = '', value = '']) =>
    NOT_FORWARDED.has(name.toLowerCase()) ? [] : [name, value],
  );
  const hasBody = body.length > 0 || !['GET', 'HEAD'].includes(captured.method);
  try {
    return await ask(url, {
      method: captured.method,
      headers: ['Host', url.host, ...headers, ...(hasBody ? ['Content-Length', String(body.length)] : [])],
      body,
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED') return fault(502, `Nothing listens at ${url.origin}.`);
    if (code === 'ABORT_ERR' || message === 'late')
      return fault(504, `${url.origin} gave no answer within ${LOCAL_MS} ms.`);
    return fault(502, `${url.origin} gave no answer: ${message || code}.`);
  }
}

function ask(url: URL, sent: { method: string; headers: string[]; body: Buffer }): Promise<LocalAnswer> {
  const send = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const { method, headers } = sent;
    // Each by a connection of its own: a server that is restarted meanwhile has closed the kept ones.
    const request = send(url, { method, headers: headers as never, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(chunks).subarray(0, MOST_BYTES).toString('utf8');
        const back = Object.entries(response.headers).filter(([name]) => PASSED_BACK.test(name));
        resolve({
          status: response.statusCode ?? 502,
          headers: Object.fromEntries(back.map(([name, value]) => [name, String(value)])),
          body,
          fault: null,
        });
      });
    });
    request.setTimeout(LOCAL_MS, () => request.destroy(new Error('late')));
    request.on('error', reject);
    request.end(sent.body);
  });
}

function fault(status: number, text: string): LocalAnswer {
  return { status, headers: {}, body: `mirsal listen: ${text}\n`, fault: text };
}
