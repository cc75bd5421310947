/** What the events about Mirsal's own endpoints and deliveries have in common. Pure data. */
import { choice, count, type JsonSchema, object, text, textOrNull } from '../schema.ts';

const endpointMembers = {
  id: text('Endpoint id', 'As in the API: ep_…'),
  name: text('Name'),
  url: text('URL'),
};
const ENDPOINT_REQUIRED = ['id', 'name', 'url'] as const;

export const endpoint: JsonSchema = object('Endpoint', endpointMembers, ENDPOINT_REQUIRED);

/** What an event is found by of the endpoint that stands at that place of the body. */
export function searchableEndpoint(at: string): string[] {
  return [`${at}/id`, `${at}/name`, `${at}/url`];
}

/** An endpoint with its share of the errors. */
export const culprit: JsonSchema = object(
  'Endpoint',
  { ...endpointMembers, errors: count('Errors of this endpoint'), last_error: textOrNull('Last error') },
  [...ENDPOINT_REQUIRED, 'errors', 'last_error'],
);

export const budget: JsonSchema = object(
  'Error budget',
  {
    limit: count('Limit', 'Failed attempts that are allowed within the window.'),
    window_s: count('Window', 'In seconds.'),
    scope: choice('Scope', ['workspace', 'endpoint'], 'One budget for all endpoints, or one for each.'),
  },
  ['limit', 'window_s', 'scope'],
);

export const lastError: JsonSchema = textOrNull('Last error', 'As recorded; null where there was none.');
