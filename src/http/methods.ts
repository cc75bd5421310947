/**
 * Which methods an address takes, to tell 405 from 404. Fastify answers both as "not found".
 */

import type { App } from './deps.ts';

export interface KnownRoute {
  method: string;
  /** Segments of the pattern; null for a parameter. */
  segments: ReadonlyArray<string | null>;
}

/** Collects the routes that are registered from now on. */
export function watchRoutes(app: App): readonly KnownRoute[] {
  const routes: KnownRoute[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    // Test destinations take everything, so they never end here.
    if (url.includes('*')) return;
    const segments = url.split('/').map((segment) => (segment.startsWith(':') ? null : segment));
    for (const name of typeof method === 'string' ? [method] : method)
      routes.push({ method: name, segments });
  });
  return routes;
}

/** Pure. Empty where no route has this address at all. */
export function allowedMethods(routes: readonly KnownRoute[], url: string): string[] {
  const asked = (url.split('?', 1)[0] ?? '').split('/');
  const fits = ({ segments }: KnownRoute): boolean =>
    segments.length === asked.length &&
    segments.every((segment, place) => (segment === null ? asked[place] !== '' : segment === asked[place]));
  return [...new Set(routes.filter(fits).map(({ method }) => method))].sort();
}
