/** `/docs`: the OpenAPI document as pages to read and to try. All of it is served from here. */

import { readFile } from 'node:fs/promises';
import type { App } from '../deps.ts';

const HEADERS = {
  // Nothing comes from elsewhere; the pages set styles of their own in attributes.
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cache-control': 'public, max-age=3600',
} as const;

const PAGE = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mirsal API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({
  url: '/v1/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'none',
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
`;

/**
 * Swagger UI as @fastify/swagger-ui has it: without the counting of installations that swagger-ui-dist comes with. Read when somebody
 * asks; its plugin would make every start slower.
 */
const FILES: Readonly<Record<string, string>> = {
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

export function docsRoutes(app: App): void {
  const open = { config: { access: 'public' as const }, schema: { hide: true } };
  app.get('/docs', open, async (_request, reply) =>
    reply.headers(HEADERS).type('text/html; charset=utf-8').send(PAGE),
  );
  app.get('/docs/start.js', open, async (_request, reply) =>
    reply.headers(HEADERS).type('text/javascript; charset=utf-8').send(START),
  );
  for (const [name, type] of Object.entries(FILES)) {
    app.get(`/docs/${name}`, open, async (_request, reply) => {
      const path = new URL(import.meta.resolve(`@fastify/swagger-ui/static/${name}`));
      return reply
        .headers(HEADERS)
        .type(type)
        .send(await readFile(path));
    });
  }
}
