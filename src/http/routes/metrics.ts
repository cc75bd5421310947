/** `/metrics`: what Prometheus reads. docs/metrics.md lists what is there. */

import type { App, HttpDeps } from '../deps.ts';

export function metricsRoute(app: App, { metrics }: HttpDeps): void {
  if (metrics === null) return;
  app.get('/metrics', { config: { access: 'metrics' }, schema: { hide: true } }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.render()),
  );
}
