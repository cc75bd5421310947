/**
 * Whether a request comes from a page of this installation. A browser adds a session's cookie to what other sites'
 * pages ask for, too; with `SameSite=Lax` not to writes of scripts, but to those of other hosts of the same domain. So
 * a write with a cookie must say where it comes from, which pages cannot forge.
 */

import type { FastifyRequest } from 'fastify';
import type { HttpDeps } from './deps.ts';
import { Problem } from './problem.ts';

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

/** For a request that a cookie vouches for. Throws a Problem for a write that does not say it is ours. */
export function requireOwnOrigin(request: FastifyRequest, deps: Pick<HttpDeps, 'meta'>): void {
  if (READING.has(request.method)) return;
  if (originOf(request, deps) !== 'own') throw refused(request);
}

/** For one that nothing vouches for yet, such as a sign-in: programs that are no browsers say nothing, and may. */
export function refuseOtherOrigin(request: FastifyRequest, deps: Pick<HttpDeps, 'meta'>): void {
  if (originOf(request, deps) === 'other') throw refused(request);
}

function originOf(request: FastifyRequest, { meta }: Pick<HttpDeps, 'meta'>): 'own' | 'other' | 'unsaid' {
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  // The browser has compared the origins itself; what a proxy made of the host name does not matter then.
  if (site !== undefined) return site === 'same-origin' ? 'own' : 'other';
  if (origin === undefined) return 'unsaid';
  // A cookie is kept by host, so the very host that it was sent to is no other site.
  const isOwn = origin === meta.publicUrl() || (host !== undefined && URL.parse(origin)?.host === host);
  return isOwn ? 'own' : 'other';
}

function refused(request: FastifyRequest): Problem {
  const from = request.headers.origin ?? request.headers['sec-fetch-site'] ?? 'nowhere that it names';
  return new Problem(
    'origin_refused',
    `What changes something with a session's cookie must come from this installation's own pages (header Origin or ` +
      `Sec-Fetch-Site), and this comes from ${JSON.stringify(from)}. If that is this installation, set MIRSAL_PUBLIC_URL.`,
  );
}
