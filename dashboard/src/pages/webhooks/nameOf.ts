import type { Schemas } from '../../api/client.ts';

/** What an endpoint is called: its name, else its host. */
export function nameOf({ name, url }: Pick<Schemas.Endpoint, 'name' | 'url'>): string {
  return name || (URL.parse(url)?.host ?? url);
}
