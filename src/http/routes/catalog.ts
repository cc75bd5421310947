/** `/event-catalog`: the built-in event types for whoever writes a receiver, without a key, where the operator allows it. */

import { Type } from 'typebox';
import { bodySchema } from '../../core/catalog/bodySchema.ts';
import { builtInEventTypes } from '../../core/catalog/catalog.ts';
import type { EventType } from '../../core/catalog/eventType.ts';
import type { App, HttpDeps } from '../deps.ts';
import { CATALOG_HEADERS, CATALOG_PATH, catalogPage, eventTypePage, pathOf } from '../pages/catalog.ts';
import { type Language, pickLanguage } from '../pages/languages.ts';
import { Problem } from '../problem.ts';

/** For programs on any site: nothing here is a secret. */
const FILE_HEADERS = {
  'access-control-allow-origin': '*',
  'cache-control': 'public, max-age=300',
  'x-content-type-options': 'nosniff',
} as const;

const params = Type.Object({ name: Type.String({ maxLength: 200 }) });
const language = Type.Object({ lang: Type.Optional(Type.String({ maxLength: 64 })) });

export function catalogRoutes(app: App, { meta }: Pick<HttpDeps, 'meta'>): void {
  const open = { access: 'public' as const };
  app.get(
    CATALOG_PATH,
    { config: open, schema: { hide: true, querystring: language } },
    async (request, reply) => reply.headers(CATALOG_HEADERS).send(catalogPage(readLanguage(request))),
  );
  app.get(
    `${CATALOG_PATH}/:name`,
    { config: open, schema: { hide: true, querystring: language, params } },
    async (request, reply) =>
      reply.headers(CATALOG_HEADERS).send(eventTypePage(typeOf(request.params.name), readLanguage(request))),
  );
  app.get(
    `${CATALOG_PATH}/:name/schema.json`,
    { config: open, schema: { hide: true, params } },
    async (request, reply) => {
      const type = typeOf(request.params.name);
      const schema = {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $id: `${meta.publicUrl()}${pathOf(type.name)}/schema.json`,
        ...bodySchema(type),
      };
      return reply
        .headers(FILE_HEADERS)
        .type('application/schema+json; charset=utf-8')
        .send(JSON.stringify(schema));
    },
  );
  app.get(
    `${CATALOG_PATH}/:name/samples/:sample`,
    {
      config: open,
      schema: {
        hide: true,
        params: Type.Object({
          name: Type.String({ maxLength: 200 }),
          sample: Type.String({ maxLength: 200 }),
        }),
      },
    },
    async (request, reply) => {
      const { name, sample } = request.params;
      const found = typeOf(name).samples.find((candidate) => `${candidate.name}.json` === sample);
      if (found === undefined) throw missing('sample', sample);
      return reply.headers(FILE_HEADERS).type('application/json; charset=utf-8').send(found.body);
    },
  );
}

function readLanguage({
  query,
  headers,
}: {
  query: { lang?: string };
  headers: { 'accept-language'?: string | undefined };
}): Language {
  return pickLanguage(query.lang ?? headers['accept-language'] ?? '');
}

function typeOf(name: string): EventType {
  const type = builtInEventTypes.get(name);
  if (type === undefined) throw missing('event type', name);
  return type;
}

function missing(what: string, name: string): Problem {
  return new Problem('not_found', `The catalog has no ${what} ${JSON.stringify(name)}.`);
}
