/** What receivers get, as an AsyncAPI 3 document: a message for each event type of the catalog. Pure. */

import { bodySchema } from '../core/catalog/bodySchema.ts';
import { builtInEventTypes } from '../core/catalog/catalog.ts';
import type { EventType } from '../core/catalog/eventType.ts';
import { WEBHOOK_HEADERS } from './document.ts';

type Json = Record<string, unknown>;

const DESCRIPTION =
  'Each event is a POST of a JSON body to the URL of an endpoint, signed as Standard Webhooks says, in order. ' +
  'Any answer of 2xx takes it; 410 asks for no more; everything else is sent again.';

export function asyncApiDocument(version: string): Json {
  const types = [...builtInEventTypes.values()];
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Mirsal webhooks',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    channels: {
      endpoint: {
        address: null,
        title: 'An endpoint',
        description: 'The URL that you give; which types it gets is up to its `event_types` and condition.',
        messages: Object.fromEntries(types.map(({ name }) => [name, { $ref: inComponents(name) }])),
      },
    },
    operations: {
      deliver: {
        action: 'send',
        channel: { $ref: '#/channels/endpoint' },
        summary: 'Mirsal posts an event to an endpoint.',
        messages: types.map(({ name }) => ({ $ref: `#/channels/endpoint/messages/${name}` })),
      },
    },
    components: {
      messageTraits: { signed: { headers: headersSchema() } },
      messages: Object.fromEntries(types.map((type) => [type.name, messageOf(type)])),
    },
  };
}

function inComponents(name: string): string {
  return `#/components/messages/${name}`;
}

function messageOf(type: EventType): Json {
  const { name, title, description, samples } = type;
  return {
    name,
    title: title.en,
    description: description.en,
    contentType: 'application/json',
    traits: [{ $ref: '#/components/messageTraits/signed' }],
    // Of what bodies are described with, draft 7 knows all: AsyncAPI takes it as it is.
    payload: bodySchema(type),
    examples: samples.map((sample) => ({
      name: sample.name,
      summary: sample.title.en,
      payload: JSON.parse(sample.body) as unknown,
    })),
  };
}

function headersSchema(): Json {
  return {
    type: 'object',
    required: Object.keys(WEBHOOK_HEADERS),
    properties: Object.fromEntries(
      Object.entries(WEBHOOK_HEADERS).map(([header, description]) => [
        header,
        { type: 'string', description },
      ]),
    ),
  };
}
