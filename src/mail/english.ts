/** The mails in English. */

import type { Forms, MailTexts } from './texts.ts';

function forms(one: string, other: string): Forms {
  return { zero: other, one, two: other, few: other, many: other, other };
}

export const english: MailTexts = {
  locale: 'en',
  from: 'Mirsal · {workspace}',
  subject: '{title} · {workspace}',
  quoted: '“{name}”',
  endpointUnnamed: 'Unnamed endpoint',
  failures: forms('1 failed attempt', '{n} failed attempts'),
  more: forms('… and 1 more endpoint.', '… and {n} more endpoints.'),
  checkHeading: 'What to check',
  causes: {
    dns: {
      title: 'The host name is not found',
      check: 'Is the domain still registered, and does its DNS record point to the server?',
    },
    timeout: {
      title: 'No answer in time',
      check:
        'Answer with 200 at once and do the work afterwards. Check the load of the server, and that no firewall swallows requests.',
    },
    connect: {
      title: 'No connection',
      check:
        'Does the server run, and does it listen on the port of the URL? Does a firewall keep it closed?',
    },
    tls: {
      title: 'The certificate or TLS fails',
      check: 'Is the certificate valid, made for this host name, and sent with its whole chain?',
    },
    redirect: {
      title: 'Answered with a redirect',
      check: 'Redirects are not followed. Put the final address into the endpoint’s URL.',
    },
    credentials: {
      title: 'Access denied (401 or 403)',
      check:
        'Have the credentials in the endpoint’s headers changed? Does the receiver allow Mirsal’s source addresses, and does it check the signature with the current secret?',
    },
    missing: {
      title: 'Not found (404 or 405)',
      check: 'Has the path of the URL changed? The receiver must accept POST there.',
    },
    gone: {
      title: 'Gone for good (410)',
      check: 'The receiver has ended this integration. Set it up there anew, or delete the endpoint.',
    },
    throttled: {
      title: 'Too many requests (429)',
      check: 'The receiver limits the rate. Raise its limit, or let the endpoint take fewer event types.',
    },
    refused: {
      title: 'Refused (4xx)',
      check:
        'The receiver does not accept these bodies. Its answer, kept with every attempt, often says why.',
    },
    broken: {
      title: 'Error at the receiver (5xx)',
      check: 'Look into the receiver’s own log at the times of the attempts.',
    },
    blocked: {
      title: 'The address is not allowed',
      check:
        'The URL leads to a private or reserved address. Use a public one, or let the operator allow it (MIRSAL_ALLOWED_TARGETS).',
    },
    protocol: {
      title: 'The connection broke off',
      check:
        'The receiver, or a proxy before it, closed the connection or did not answer in HTTP. Check both logs.',
    },
  },
  disabled: {
    titleOne: 'The endpoint {name} has been disabled',
    title: forms('1 endpoint has been disabled', '{n} endpoints have been disabled'),
    trip: 'There were {failures} within {window}; the error budget allows {limit}. Mirsal has therefore disabled every endpoint that kept failing. All others go on as before.',
    gone: 'The answer was {answer}: the receiver says that it will never want these events again.',
    held: 'Events are held from now on, until you enable the endpoint again and decide whether to send or skip them.',
    dropped: 'What was dropped before is not sent with them. It stays in the log, and you can send it again.',
    heldSoFar: {
      ...forms('1 delivery is held so far', '{n} deliveries are held so far'),
      zero: 'No delivery is held so far',
    },
    droppedBefore: {
      ...forms(
        '1 delivery was dropped in the {window} before',
        '{n} deliveries were dropped in the {window} before',
      ),
      zero: 'None was dropped in the {window} before',
    },
    at: 'Disabled on {time}',
    context: 'Shortly before, {level} of the error budget had been used up.',
  },
  enable: {
    heading: 'Enable it again',
    path: 'Once the cause is repaired: open Settings → Integrations → Webhooks, find the endpoint, and choose Enable in the Actions column.',
    button: 'Open Webhooks',
    api: 'Or call the API; {send} sends what was held in order, {skip} leaves it out:',
    apiAlone:
      'Once the cause is repaired, call the API; {send} sends what was held in order, {skip} leaves it out:',
  },
  warning: {
    title: '{level} of the error budget is used up',
    intro:
      'There were {failures} within {window}. With more than {limit}, Mirsal disables the endpoints that keep failing and holds their events.',
    introEach:
      'An endpoint had {failures} within {window}. With more than {limit}, Mirsal disables it and holds its events.',
    button: 'Open Webhooks',
  },
  expiring: {
    titleOne: 'Held deliveries of {name} are about to expire',
    title: forms(
      'Held deliveries of 1 endpoint are about to expire',
      'Held deliveries of {n} endpoints are about to expire',
    ),
    intro:
      'Held deliveries are not kept for ever. Unless the endpoint is enabled before, they will be skipped.',
    held: forms('1 delivery is held', '{n} deliveries are held'),
    oldest: 'The oldest since {time}',
    expires: 'Will be skipped from {time}',
  },
  enabled: {
    titleOne: 'The endpoint {name} is enabled again',
    title: forms('1 endpoint is enabled again', '{n} endpoints are enabled again'),
    at: 'Enabled on {time} by {by}',
    send: {
      ...forms('1 held delivery is being sent.', '{n} held deliveries are being sent, in order.'),
      zero: 'Nothing had been held.',
    },
    skip: {
      ...forms('1 held delivery was skipped.', '{n} held deliveries were skipped.'),
      zero: 'Nothing had been held.',
    },
  },
  dropped: {
    title: forms('1 delivery was dropped', '{n} deliveries were dropped'),
    intro:
      'Their retries were used up, and Mirsal went on with the next ones. They stay in the log and can be sent again.',
    count: forms('1 delivery dropped', '{n} deliveries dropped'),
    attempts: forms('The last one after 1 attempt:', 'The last one after {n} attempts:'),
    types: 'Event types: {types}',
    api: 'To send one again:',
    button: 'Open Webhooks',
  },
  automation: {
    rule: 'Rule',
    workflow: 'Workflow',
    unnamed: 'A rule or workflow that was deleted',
    ofNotices: 'Mails of Mirsal itself',
    times: forms('Once within the hour', '{n} times within the hour'),
    first: 'The first time on {time}',
    step: 'Step {step}',
    subject: 'That time because of {subject}',
    recipient: 'That time to {recipient}',
    api: 'To see what happened:',
  },
  failed: {
    titleOne: 'The automation {name} could not do all that it should',
    title: forms(
      '1 automation could not do all that it should',
      '{n} automations could not do all that they should',
    ),
    intro:
      'A step of these rules and workflows failed. What it should have done was not done, and is not tried again.',
  },
  braked: {
    titleOne: 'The loop brake has stopped {name}',
    title: forms('The loop brake has stopped 1 automation', 'The loop brake has stopped {n} automations'),
    intro:
      'A subject (such as a contact) had set them off as often as it may. Do they set each other off? If it is honest use, raise {setting}.',
  },
  refused: {
    title: forms('1 mail was refused', '{n} mails were refused'),
    intro:
      'The mail server turned them down for good, or could not be reached for three days. They are not tried again.',
  },
  footer: {
    why: 'You get this mail because you are named for the notifications of the workspace {workspace}.',
    change: 'To change that, set {setting} with {call}.',
  },
};
