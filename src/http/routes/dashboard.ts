/** The dashboard: one page for all its addresses, and the files that it loads. It is a client of `/v1` like any other. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { DashboardFiles } from '../dashboardFiles.ts';
import type { App, HttpDeps } from '../deps.ts';
import { pickLanguage } from '../pages/languages.ts';
import { Problem } from '../problem.ts';

/** Addresses of the dashboard (dashboard/src/routes.tsx). Everything else that does not exist is a 404. */
const PATHS = [
  '/',
  '/setup',
  '/login',
  '/reset',
  '/invite',
  '/portal',
  '/events',
  '/deliveries',
  '/automations',
  '/catalog',
  '/bins',
  '/settings',
];

/** Assets are named by their content. */
const FOREVER = 'public, max-age=31536000, immutable';

/**
 * Mantine writes style elements, for which each answer has a nonce; scripts come from files alone. Trusted Types and
 * hashes do not work with it.
 */
function policy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "font-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

export function dashboardRoutes(app: App, files: DashboardFiles, { random }: Pick<HttpDeps, 'random'>): void {
  const open = { config: { access: 'public' as const }, schema: { hide: true } };
  const showPage = async (request: FastifyRequest, reply: FastifyReply) => {
    const nonce = Buffer.from(random.bytes(16)).toString('base64');
    return reply
      .headers({
        'content-security-policy': policy(nonce),
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        vary: 'accept-language, cookie',
      })
      .type('text/html; charset=utf-8')
      .send(pageFor(files.page, request, nonce));
  };
  for (const path of PATHS) {
    app.get(path, open, showPage);
    if (path !== '/') app.get(`${path}/*`, open, showPage);
  }
  app.get(
    '/assets/:name',
    { ...open, schema: { hide: true, params: Type.Object({ name: Type.String({ maxLength: 200 }) }) } },
    async (request, reply) => {
      const file = files.file(request.params.name);
      if (file === null)
        throw new Problem('not_found', 'The dashboard has no such file; load the page anew.');
      const takesPacked = /\bbr\b/.test(String(request.headers['accept-encoding'] ?? ''));
      reply.headers({ 'cache-control': FOREVER, vary: 'accept-encoding' }).type(file.type);
      if (file.packed === null || !takesPacked) return reply.send(file.plain);
      return reply.header('content-encoding', 'br').send(file.packed);
    },
  );
}

/** What a reader has chosen is in cookies of the page's own; else it is the browser's language, and its scheme. */
function pageFor(page: string, { headers }: FastifyRequest, nonce: string): string {
  const cookie = (name: string): string | undefined =>
    new RegExp(`(?:^|; )${name}=(\\w+)`).exec(headers.cookie ?? '')?.[1];
  const language = pickLanguage(cookie('mirsal_language') ?? headers['accept-language'] ?? '');
  const scheme = cookie('mirsal_scheme') ?? '';
  return page
    .replace(/<html [^>]*>/, () => {
      const direction = language === 'ar' ? 'rtl' : 'ltr';
      const shown = scheme === 'dark' ? 'dark' : 'light';
      return `<html lang="${language}" dir="${direction}" data-mantine-color-scheme="${shown}">`;
    })
    .replace('%NONCE%', nonce);
}
