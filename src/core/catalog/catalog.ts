/** Every event type that comes with the product, in the order in which they are offered (A6, B6). Pure data. */
import type { EventType } from './eventType.ts';
import {
  campaignFinished,
  courseBundleEnrolled,
  courseEnrolled,
  emailLinkClicked,
  tagAdded,
  tagRemoved,
} from './marketing/contact.ts';
import { optinCompleted, pageVisited, webinarRegistered } from './marketing/funnel.ts';
import { saleCompleted } from './marketing/sale.ts';
import { callEnded } from './messaging/call.ts';
import {
  contactAssigneeUpdated,
  contactCreated,
  contactLifecycleUpdated,
  contactTagUpdated,
  contactUpdated,
} from './messaging/contact.ts';
import { conversationClosed, conversationOpened } from './messaging/conversation.ts';
import { commentCreated, messageReceived, messageSent } from './messaging/message.ts';
import { automationBraked, automationFailed, mailRefused } from './system/automation.ts';
import { budgetWarning, deliveryDropped } from './system/delivery.ts';
import { endpointDisabled, endpointEnabled } from './system/endpoint.ts';

const listed: readonly EventType[] = [
  conversationClosed,
  contactCreated,
  messageSent,
  messageReceived,
  contactUpdated,
  conversationOpened,
  contactAssigneeUpdated,
  contactTagUpdated,
  commentCreated,
  contactLifecycleUpdated,
  callEnded,
  optinCompleted,
  saleCompleted,
  tagAdded,
  tagRemoved,
  webinarRegistered,
  courseEnrolled,
  courseBundleEnrolled,
  campaignFinished,
  pageVisited,
  emailLinkClicked,
  endpointDisabled,
  endpointEnabled,
  deliveryDropped,
  budgetWarning,
  automationFailed,
  automationBraked,
  mailRefused,
];

export const builtInEventTypes: ReadonlyMap<string, EventType> = new Map(
  listed.map((eventType) => [eventType.name, eventType]),
);
