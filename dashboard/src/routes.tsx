/** The addresses of the dashboard and the page of each; a page is loaded when it is first opened. */

import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { Frame } from './pages/Frame.tsx';
import { NotFound } from './pages/NotFound.tsx';

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const root = createRootRoute({ notFoundComponent: NotFound });

// Before somebody is signed in.
const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyRouteComponent(() => import('./pages/Setup.tsx'), 'Setup'),
});
const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (search): { next?: string | undefined } => ({ next: text(search.next) }),
  component: lazyRouteComponent(() => import('./pages/SignIn.tsx'), 'SignIn'),
});
const reset = createRoute({
  getParentRoute: () => root,
  path: '/reset',
  component: lazyRouteComponent(() => import('./pages/Reset.tsx'), 'Reset'),
});
const invite = createRoute({
  getParentRoute: () => root,
  path: '/invite/$token',
  component: lazyRouteComponent(() => import('./pages/Invite.tsx'), 'Invite'),
});

// Within the frame.
const frame = createRoute({ getParentRoute: () => root, id: 'frame', component: Frame });
const overview = createRoute({
  getParentRoute: () => frame,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/Overview.tsx'), 'Overview'),
});
const integrations = createRoute({
  getParentRoute: () => frame,
  path: '/settings/integrations',
  component: lazyRouteComponent(() => import('./pages/Integrations.tsx'), 'Integrations'),
});
const webhooks = createRoute({
  getParentRoute: () => frame,
  path: '/settings/integrations/webhooks',
  validateSearch: (search): { add?: true; enable?: string | undefined } => ({
    ...(search.add === true ? { add: true as const } : {}),
    ...(text(search.enable) === undefined ? {} : { enable: text(search.enable) }),
  }),
  component: lazyRouteComponent(() => import('./pages/webhooks/Webhooks.tsx'), 'Webhooks'),
});
const events = createRoute({
  getParentRoute: () => frame,
  path: '/events',
  validateSearch: (search): { type?: string | undefined; subject?: string | undefined } => ({
    type: text(search.type),
    subject: text(search.subject),
  }),
  component: lazyRouteComponent(() => import('./pages/events/Events.tsx'), 'Events'),
});
const event = createRoute({
  getParentRoute: () => frame,
  path: '/events/$id',
  component: lazyRouteComponent(() => import('./pages/events/Event.tsx'), 'Event'),
});
const deliveries = createRoute({
  getParentRoute: () => frame,
  path: '/deliveries',
  validateSearch: (search): { state?: string | undefined; endpoint_id?: string | undefined } => ({
    state: text(search.state),
    endpoint_id: text(search.endpoint_id),
  }),
  component: lazyRouteComponent(() => import('./pages/deliveries/Deliveries.tsx'), 'Deliveries'),
});
const delivery = createRoute({
  getParentRoute: () => frame,
  path: '/deliveries/$id',
  component: lazyRouteComponent(() => import('./pages/deliveries/Delivery.tsx'), 'Delivery'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    setup,
    login,
    reset,
    invite,
    frame.addChildren([overview, integrations, webhooks, events, event, deliveries, delivery]),
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
