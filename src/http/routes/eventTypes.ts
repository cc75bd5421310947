/** `/v1/event-types`: the catalog, and what a workspace adds to it (A7). */

import { Type } from 'typebox';
import { builtInEventTypes } from '../../core/catalog/catalog.ts';
import { buildCustomEventType, checkCustomEventType } from '../../core/catalog/customEventType.ts';
import type { EventType } from '../../core/catalog/eventType.ts';
import type { Routing } from '../../store/records/routing.ts';
import { workspaceOf } from '../auth.ts';
import type { App, HttpDeps } from '../deps.ts';
import { eventTypesOf, unknownEventType } from '../eventTypesOf.ts';
import { describe, ref } from '../operation.ts';
import { faulty, Problem } from '../problem.ts';
import {
  definitionFrom,
  type EventTypePatchInput,
  type EventTypeView,
  eventTypeView,
  type NewEventTypeInput,
  postedFrom,
} from '../views/eventType.ts';
import { changeOnRouting, routingOf } from './endpoints.ts';

export const eventTypeNameParams = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200, description: "The type's name." }),
});

export function eventTypeRoutes(app: App, deps: HttpDeps): void {
  readRoutes(app, deps);
  createRoute(app, deps);
  patchRoute(app, deps);
  deleteRoute(app, deps);
}

function readRoutes(app: App, deps: HttpDeps): void {
  app.get(
    '/v1/event-types',
    {
      config: { access: 'read' },
      schema: describe({
        id: 'listEventTypes',
        summary: 'List all event types',
        tag: 'Event types',
        access: 'read',
        description: "The catalog's in its own order, then the workspace's; always on one page.",
        answers: { 200: { schema: ref('EventTypePage'), description: 'All of them.' } },
      }),
    },
    async (request) => {
      const routing = await routingOf(deps, workspaceOf(request));
      const own = routing.eventTypes.filter(({ name }) => !builtInEventTypes.has(name));
      const types = eventTypesOf(routing);
      const names = [...builtInEventTypes.keys(), ...own.map(({ name }) => name)];
      const data = names.flatMap((name) => {
        const type = types.get(name);
        return type ? [show(type)] : [];
      });
      return { data, next_cursor: null };
    },
  );

  app.get(
    '/v1/event-types/:name',
    {
      config: { access: 'read' },
      schema: {
        ...describe({
          id: 'getEventType',
          summary: 'Get an event type: schema, samples, texts',
          tag: 'Event types',
          access: 'read',
          answers: { 200: { schema: ref('EventType'), description: 'The event type.' } },
        }),
        params: eventTypeNameParams,
      },
    },
    async (request) => {
      const types = eventTypesOf(await routingOf(deps, workspaceOf(request)));
      const type = types.get(request.params.name);
      if (!type) throw unknownType(request.params.name, types);
      return show(type);
    },
  );
}

function createRoute(app: App, deps: HttpDeps): void {
  app.post(
    '/v1/event-types',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'createEventType',
          summary: 'Define an event type',
          tag: 'Event types',
          access: 'manage',
          answers: { 201: { schema: ref('EventType'), description: 'The event type.' } },
          problems: ['invalid_event_type', 'event_type_exists'],
          hasBody: true,
        }),
        body: ref<NewEventTypeInput>('NewEventType'),
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const { name } = request.body;
      const type = await changeOnRouting(deps, workspace, async (routing) => {
        if (eventTypesOf(routing).has(name)) {
          const errors = [{ field: '/name', message: 'is taken' }];
          throw new Problem('event_type_exists', `There is an event type "${name}" already.`, { errors });
        }
        const made = build(request.body);
        const now = deps.clock.now();
        const row = { workspace, name, definition: definitionText(made), createdAt: now, updatedAt: now };
        return (await deps.store.putEventType(row, routing.workspace.routingVersion)) ? made : null;
      });
      await deps.engine.routingChanged(workspace);
      return reply.code(201).send(show(type));
    },
  );
}

function patchRoute(app: App, deps: HttpDeps): void {
  app.patch(
    '/v1/event-types/:name',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'updateEventType',
          summary: "Change one of the workspace's event types",
          tag: 'Event types',
          access: 'manage',
          answers: { 200: { schema: ref('EventType'), description: 'The event type as it is now.' } },
          problems: ['invalid_event_type', 'event_type_exists', 'changed_meanwhile'],
          hasBody: true,
        }),
        params: eventTypeNameParams,
        body: ref<EventTypePatchInput>('EventTypePatch'),
      },
    },
    async (request) => {
      const workspace = workspaceOf(request);
      const { name } = request.params;
      const changed = await changeOnRouting(
        deps,
        workspace,
        async (routing) => {
          const type = ownType(routing, name);
          const stored = routing.eventTypes.find((candidate) => candidate.name === name);
          const next = build({ ...postedFrom(type), ...request.body });
          const now = deps.clock.now();
          const times = { createdAt: stored?.createdAt ?? now, updatedAt: now };
          const row = { workspace, name, definition: definitionText(next), ...times };
          return (await deps.store.putEventType(row, routing.workspace.routingVersion)) ? next : null;
        },
        request.expectedVersion,
      );
      await deps.engine.routingChanged(workspace);
      return show(changed);
    },
  );
}

function deleteRoute(app: App, deps: HttpDeps): void {
  app.delete(
    '/v1/event-types/:name',
    {
      config: { access: 'manage' },
      schema: {
        ...describe({
          id: 'deleteEventType',
          summary: "Delete one of the workspace's event types",
          tag: 'Event types',
          access: 'manage',
          description: 'Not while an endpoint asks for it by name. Its events stay in the log.',
          answers: { 204: { schema: null, description: 'It is gone.' } },
          problems: ['event_type_in_use', 'event_type_exists'],
        }),
        params: eventTypeNameParams,
      },
    },
    async (request, reply) => {
      const workspace = workspaceOf(request);
      const { name } = request.params;
      const routing = await routingOf(deps, workspace);
      ownType(routing, name);
      const users = routing.endpoints.filter(({ eventTypes }) => eventTypes.includes(name));
      if (users.length > 0) {
        const shown = users.slice(0, 5).map((endpoint) => endpoint.name || endpoint.url);
        throw new Problem(
          'event_type_in_use',
          `${users.length} endpoint(s) ask for it: ${shown.join(', ')}. Take it out there first.`,
        );
      }
      await deps.store.deleteEventType(workspace, name, request.expectedVersion);
      await deps.engine.routingChanged(workspace);
      return reply.code(204).send();
    },
  );
}

function show(type: EventType): EventTypeView {
  return eventTypeView(type, !builtInEventTypes.has(type.name));
}

export function unknownType(name: string, types: ReadonlyMap<string, EventType>): Problem {
  return new Problem('not_found', `Here ${unknownEventType(name, types)}.`);
}

/** Throws a Problem for a type that is unknown or not the workspace's own. */
function ownType(routing: Routing, name: string): EventType {
  const types = eventTypesOf(routing);
  const type = types.get(name);
  if (!type) throw unknownType(name, types);
  if (builtInEventTypes.has(name)) {
    throw new Problem(
      'event_type_exists',
      `"${name}" comes with Mirsal and stays as it is. Define a type of your own.`,
    );
  }
  return type;
}

/** Throws a Problem with every fault of the definition. */
function build(posted: NewEventTypeInput): EventType {
  const definition = definitionFrom(posted);
  const faults = checkCustomEventType(definition);
  if (faults.length === 0) return buildCustomEventType(definition);
  const errors = faults.map(({ field, message }) => ({
    field: field.replace(/^(\/scopes\/\d+\/)labelPointer$/, '$1label_pointer'),
    message,
  }));
  throw faulty('invalid_event_type', errors);
}

/** Everything but the name. */
function definitionText(type: EventType): string {
  const { name: _name, ...definition } = type;
  return JSON.stringify(definition);
}
