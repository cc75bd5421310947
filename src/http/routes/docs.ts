/** `/docs`: the OpenAPI document as pages to read and to try, served from here alone. */

import swaggerUi from '@fastify/swagger-ui';
import type { App } from '../deps.ts';
import { completeDocument, type OpenApi } from '../document.ts';

/** Nothing comes from elsewhere; the pages set styles of their own in attributes. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export function docsRoutes(app: App): void {
  app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: POLICY,
    theme: { title: 'Mirsal API' },
    transformSpecification: (document) => completeDocument(document as unknown as OpenApi),
    uiConfig: {
      layout: 'BaseLayout',
      deepLinking: true,
      docExpansion: 'none',
      filter: true,
      persistAuthorization: false,
      tryItOutEnabled: true,
      validatorUrl: null,
    },
  });
}
