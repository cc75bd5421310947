/**
 * Whether a captured request was signed by an endpoint that points to the bin: what a receiver would
 * have checked, shown to the person who is testing. Pure.
 */

import type { Sealer } from '../core/sealing.ts';
import { verify } from '../core/signing/verify.ts';
import type { Endpoint } from '../store/records/endpoints.ts';
import { openSecrets } from './endpointSecrets.ts';
import type { SignatureVerdictView } from './views/bin.ts';

export interface SignedRequest {
  headers: ReadonlyArray<readonly string[]>;
  body: Uint8Array;
  truncated: boolean;
}

export function binSignature(
  request: SignedRequest,
  token: string,
  around: { endpoints: readonly Endpoint[]; sealer: Sealer; now: number },
): SignatureVerdictView {
  const header = (name: string): string | undefined =>
    request.headers.find(([key]) => key?.toLowerCase() === name)?.[1];
  const signature = header('webhook-signature');
  if (signature === undefined) return { verdict: 'unsigned', reason: 'It has no webhook-signature header.' };
  const pointing = around.endpoints.filter((endpoint) => pointsTo(endpoint.url, token));
  if (pointing.length === 0) {
    return { verdict: 'unknown_endpoint', reason: 'No endpoint of this workspace points to this bin.' };
  }
  if (request.truncated) {
    return {
      verdict: 'invalid',
      reason: 'The body is larger than what a bin keeps, so it cannot be checked.',
    };
  }
  const verdict = verify({
    id: header('webhook-id'),
    timestamp: header('webhook-timestamp'),
    signature,
    body: request.body,
    keys: pointing
      .flatMap((endpoint) => openSecrets(around.sealer, endpoint, around.now))
      .map(({ text }) => text),
    nowS: Math.floor(around.now / 1000),
  });
  return verdict.kind === 'valid'
    ? { verdict: 'valid', reason: null }
    : { verdict: 'invalid', reason: verdict.message };
}

/** By path alone: an installation has many names (localhost, 127.0.0.1, its public one), a token only one bin. */
function pointsTo(url: string, token: string): boolean {
  const path = URL.parse(url)?.pathname;
  return path !== undefined && (path === `/b/${token}` || path.startsWith(`/b/${token}/`));
}
