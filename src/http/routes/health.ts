/** `/healthz` (the process answers), `/readyz` (the database does too), and the page at `/` where there is no dashboard. */

import type { App, HttpDeps } from '../deps.ts';
import { PAGE_HEADERS, welcomePage } from '../pages/welcome.ts';

export function healthRoutes(app: App, deps: HttpDeps): void {
  // Load balancers like to ask with HEAD.
  const open = { exposeHeadRoute: true, config: { access: 'public' as const }, schema: { hide: true } };

  app.get('/healthz', open, async () => ({ status: 'ok' }));

  // A database that is away answers as everywhere: 503 with a problem.
  app.get('/readyz', open, async () => {
    await deps.store.ping();
    return { status: 'ready' };
  });

  if (deps.dashboard !== null) return;
  app.get('/', open, async (_request, reply) =>
    reply.headers(PAGE_HEADERS).send(welcomePage(deps.meta.version)),
  );
}
