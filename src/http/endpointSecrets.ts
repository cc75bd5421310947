/**
 * The signing secrets of an endpoint, sealed and opened. Texts are `whsec_…` (kind v1) and `whsk_…`
 * (kind v1a); they leave this file only into answers to those who may manage.
 */

import type { Sealer } from '../core/sealing.ts';
import {
  createSigningKeyPair,
  derivePublicKey,
  ED25519_SEED_BYTES,
  formatSecret,
} from '../core/signing/secret.ts';
import type { Endpoint, SealedSecret, SecretKind } from '../store/records/endpoints.ts';
import type { HttpDeps } from './deps.ts';
import { formatTime } from './paging.ts';
import type { EndpointSecretView } from './views/endpoint.ts';

export const SECRET_CONTEXT = 'endpoint-secret';
export const HEADERS_CONTEXT = 'endpoint-headers';
const SECRET_BYTES = 32;

export interface MadeSecret {
  sealed: SealedSecret;
  kind: SecretKind;
  text: string;
  /** `whpk_…` of a v1a key; null for v1. */
  publicKey: string | null;
}

type Needs = Pick<HttpDeps, 'random' | 'sealer' | 'engine' | 'clock'>;

/** A new secret, or `given` (a valid `whsec_…`). */
export function makeSecret(deps: Needs, kind: SecretKind, given: string | null = null): MadeSecret {
  const { text, publicKey } = kind === 'v1' ? sharedSecret(deps, given) : keyPair(deps);
  const sealed: SealedSecret = {
    key: deps.engine.nextKey(),
    kind,
    sealed: deps.sealer.seal(SECRET_CONTEXT, text),
    createdAt: deps.clock.now(),
    expiresAt: null,
  };
  return { sealed, kind, text, publicKey };
}

function sharedSecret(deps: Needs, given: string | null): { text: string; publicKey: null } {
  return { text: given ?? formatSecret(deps.random.bytes(SECRET_BYTES)), publicKey: null };
}

function keyPair(deps: Needs): { text: string; publicKey: string } {
  const pair = createSigningKeyPair(deps.random.bytes(ED25519_SEED_BYTES));
  return { text: pair.privateKey, publicKey: pair.publicKey };
}

/** Every secret that signs at `now`, newest first. */
export function openSecrets(
  sealer: Sealer,
  endpoint: Endpoint,
  now: number,
): Array<SealedSecret & { text: string }> {
  return endpoint.secrets
    .filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
    .sort((one, other) => other.key - one.key)
    .map((secret) => ({ ...secret, text: sealer.open(SECRET_CONTEXT, secret.sealed) }));
}

export function secretView(sealer: Sealer, endpoint: Endpoint, now: number): EndpointSecretView {
  const secrets = openSecrets(sealer, endpoint, now);
  const inForce = (kind: SecretKind): string | undefined =>
    secrets.find((secret) => secret.kind === kind && secret.expiresAt === null)?.text;
  const shared = inForce('v1');
  if (shared === undefined) throw new Error(`Endpoint ${endpoint.key} has no shared secret in force.`);
  const view: EndpointSecretView = { secret: shared, previous: [] };
  const publicKey = derivePublicKey(inForce('v1a') ?? '');
  if (publicKey !== null) view.public_key = publicKey;
  for (const { kind, text, expiresAt } of secrets) {
    if (expiresAt === null) continue;
    // A private key is never shown: receivers verify with the public one.
    const key = kind === 'v1' ? { secret: text } : { public_key: derivePublicKey(text) ?? '' };
    view.previous.push({ kind, ...key, expires_at: formatTime(expiresAt) });
  }
  return view;
}

export function sealHeaders(sealer: Sealer, headers: Readonly<Record<string, string>>): Uint8Array | null {
  return Object.keys(headers).length === 0 ? null : sealer.seal(HEADERS_CONTEXT, JSON.stringify(headers));
}

/** An endpoint's own headers, as it or one of its attempts keeps them; values masked unless `showSecrets`. */
export function openHeaders(
  sealer: Sealer,
  sealed: Uint8Array | null,
  showSecrets: boolean,
): Record<string, string> {
  if (sealed === null) return {};
  const stored: unknown = JSON.parse(sealer.open(HEADERS_CONTEXT, sealed));
  if (typeof stored !== 'object' || stored === null) return {};
  return Object.fromEntries(
    Object.entries(stored).map(([name, value]) => [name, showSecrets ? String(value) : '***']),
  );
}
