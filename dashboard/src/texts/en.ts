import { formatNumber as n } from './format.ts';
import { type EnglishForms, plurals } from './plural.ts';

const forms = plurals<EnglishForms>('en');
const count = (of: number, one: string, other: string): string => forms(of, { one, other }, n(of));

export const en = {
  product: 'Mirsal',
  otherLanguage: 'العربية',

  common: {
    cancel: 'Cancel',
    close: 'Close',
    save: 'Save',
    delete: 'Delete',
    edit: 'Edit',
    copy: 'Copy',
    copied: 'Copied',
    tryAgain: 'Try again',
    loadMore: 'Show more',
    loading: 'Loading',
    all: 'All',
    none: 'None',
    never: 'Never',
    optional: 'optional',
    showTyped: 'Show what is typed',
    actions: 'Actions',
    actionsFor: (name: string) => `Actions for ${name}`,
    newest: 'Newest first',
    endOfList: 'That is all.',
    clearFilters: 'Clear filters',
    details: 'Details',
    back: 'Back',
    times: (zone: string) => `Times are in ${zone}.`,
  },

  nav: {
    label: 'Main',
    menu: 'Menu',
    skip: 'Skip to the content',
    overview: 'Overview',
    events: 'Events',
    deliveries: 'Deliveries',
    webhooks: 'Webhooks',
    settings: 'Settings',
    integrations: 'Integrations',
    api: 'API',
    workspace: 'Workspace',
    account: (name: string) => `Account of ${name}`,
    signOut: 'Sign out',
    language: 'Language',
    scheme: { light: 'Light', dark: 'Dark', label: 'Appearance' },
    digits: { label: 'Digits', latn: '123', arab: '١٢٣' },
  },

  live: {
    on: 'Live',
    off: 'Not live: the connection broke. It is made again by itself.',
  },

  setup: {
    title: 'Welcome to Mirsal',
    lead: 'Make the first account. It owns this installation.',
    token: 'Set-up token',
    tokenHint:
      'It was printed when Mirsal was started, and is in the file setup-token of its data directory.',
    name: 'Your name',
    email: 'E-mail address',
    password: 'Password',
    passwordHint: (least: number) => `At least ${count(least, '# character', '# characters')}`,
    workspace: 'Name of the workspace',
    workspaceHint: 'Your company or product; you can change it later.',
    submit: 'Create account',
    done: 'This installation has its owner already. Sign in.',
  },

  signIn: {
    title: 'Sign in',
    email: 'E-mail address',
    password: 'Password',
    submit: 'Sign in',
    forgot: 'I forgot my password',
    ended: 'You were signed out. Sign in to go on where you were.',
  },

  reset: {
    title: 'A new password',
    lead: 'We send a link to your e-mail address. It works for an hour.',
    submit: 'Send the link',
    sent: 'If there is an account with this address, a mail is on its way.',
    choose: 'Choose a new password. You are signed out everywhere else.',
    newPassword: 'New password',
    set: 'Set password',
    done: 'Your password is set. Sign in with it.',
  },

  invite: {
    title: (workspace: string) => `Join ${workspace}`,
    lead: (email: string, role: string) => `${email} is invited as ${role}.`,
    account: 'You have an account already: sign in, and open this link again.',
    submit: 'Join',
    accept: 'Accept the invitation',
  },

  roles: { owner: 'owner', admin: 'admin', developer: 'developer', viewer: 'viewer' },

  overview: {
    title: 'Overview',
    events: 'Events today',
    delivered: 'Delivered today',
    success: 'Succeeded',
    waiting: 'Waiting',
    held: 'Held',
    yesterday: (of: string) => `yesterday ${of}`,
    oldest: (since: string) => `the oldest ${since}`,
    nothingWaits: 'nothing waits',
    fine: 'Everything is delivered as it should be.',
    attention: (of: number) => count(of, '# endpoint needs you.', '# endpoints need you.'),
    attentionTitle: 'Needs attention',
    throughput: 'Deliveries, last 24 hours',
    throughputLabel: (delivered: number, failed: number) =>
      `${count(delivered, '# attempt succeeded', '# attempts succeeded')} and ${count(failed, '# failed', '# failed')} in the last 24 hours`,
    succeeded: 'Succeeded',
    failed: 'Failed',
    latest: 'Latest deliveries',
    begin: {
      title: 'See your first webhook arrive',
      lead: 'Four steps, about a minute.',
      bin: 'Make a test bin',
      binText: 'An address of Mirsal’s own that shows whatever is sent to it.',
      webhook: 'Add a webhook',
      webhookText: 'It sends events to the bin, or to an address of yours.',
      publish: 'Publish a test event',
      publishText: 'From the webhook’s actions, or by the API.',
      see: 'See it arrive',
      seeText: 'In the bin, and here under deliveries.',
      done: 'done',
    },
  },

  budget: {
    label: (errors: number, limit: number) => `${n(errors)} of ${n(limit)} errors`,
    window: (minutes: number) => `Failed attempts in the last ${count(minutes, 'minute', '# minutes')}`,
    explain: (limit: number) =>
      `After more than ${count(limit, '# error', '# errors')} the endpoints at fault are disabled, and you get a mail.`,
  },

  integrations: {
    title: 'Integrations',
    lead: 'How other systems hear of what happens here.',
    webhooks: 'Webhooks',
    webhooksText: 'Send events to any address, signed and in order.',
    connect: 'Connect',
    manage: 'Manage',
  },

  webhooks: {
    title: 'Webhooks',
    lead: 'Where Mirsal sends what happens in this workspace.',
    add: 'Add webhook',
    empty: 'No webhook yet',
    emptyText:
      'A webhook sends events to an address of yours as they happen. To try it out, let it send to a test bin.',
    columns: { name: 'Name', events: 'Events', last: 'Last 24 hours', state: 'State' },
    types: (of: number) => count(of, '# type', '# types'),
    allTypes: 'all events',
    unnamed: 'Without a name',
    state: {
      enabled: 'Active',
      manual: 'Disabled',
      error_budget: 'Disabled: too many errors',
      gone: 'Disabled: the receiver said 410 Gone',
      suspended: 'Disabled: the workspace is suspended',
    },
    failing: (times: number) => `Failing: ${count(times, 'once', '# times in a row')}`,
    held: (of: number) => count(of, '# delivery is held', '# deliveries are held'),
    spark: (delivered: number, failed: number) =>
      delivered + failed === 0
        ? 'Nothing was sent in the last 24 hours'
        : `${count(delivered, '# attempt succeeded', '# attempts succeeded')}, ${count(failed, '# failed', '# failed')}`,
    quiet: 'nothing sent',
    enable: 'Enable',
    disable: 'Disable',
    test: 'Send a test',
    testSent: 'The test is on its way.',
    seeDelivery: 'See the delivery',
    remove: 'Delete',
    deliveries: 'Deliveries',
    planTitle: 'Your plan does not include webhooks',
    planText: (plan: string) =>
      `You are on the plan “${plan}”. Ask whoever runs this platform for one with webhooks; nothing that you set up is lost.`,
  },

  addWebhook: {
    title: 'Add webhook',
    url: 'URL',
    urlHint: 'An https:// address that takes POST requests with JSON',
    useBin: 'Use a test bin',
    name: 'Name',
    nameHint: 'Who is behind it, such as “CRM”',
    events: 'Events',
    eventsHint: 'Which events it gets',
    allEvents: 'All events',
    search: 'Search events',
    noneFound: 'No event is called so.',
    chosen: (of: number) => count(of, '# chosen', '# chosen'),
    badUrl: 'This is no address. It begins with https://',
    noEvents: 'Choose at least one event.',
    submit: 'Add webhook',
    secretTitle: 'The secret of this webhook',
    secretText:
      'With it your receiver checks that a request comes from Mirsal. You find it on the webhook’s page again.',
    secret: 'Secret',
    done: 'Done',
    families: { messaging: 'Messaging', marketing: 'Marketing', custom: 'Your own and Mirsal’s' },
  },

  enable: {
    title: (name: string) => `Enable ${name}`,
    nothingHeld: 'Nothing has been held meanwhile. Events are sent from now on.',
    heldText: (of: number) =>
      `${count(of, '# delivery has been held', '# deliveries have been held')} since it was disabled.`,
    send: 'Send in order',
    sendText: 'The first one alone; when it has arrived, the others at a limited rate.',
    skip: 'Skip them',
    skipText:
      'They are not sent, and say so in the log. This cannot be undone; each can be sent again by hand.',
    submit: 'Enable',
    done: (name: string) => `${name} is enabled.`,
  },

  disable: {
    title: (name: string) => `Disable ${name}?`,
    text: 'Events for it are held until it is enabled again. Nothing is lost.',
    submit: 'Disable',
    done: (name: string) => `${name} is disabled. What comes now is held.`,
  },

  remove: {
    title: (name: string) => `Delete ${name}?`,
    text: (held: number) =>
      held === 0
        ? 'Deliveries that wait are not sent any more. What was sent stays in the log. This cannot be undone.'
        : `${count(held, '# delivery that is held', '# deliveries that are held')} will never be sent. What was sent stays in the log. This cannot be undone.`,
    submit: 'Delete',
    done: (name: string) => `${name} is deleted.`,
  },

  events: {
    title: 'Events',
    lead: 'Everything that was accepted, and what became of it.',
    empty: 'No event yet',
    emptyText: 'Events come in by the API. Send a test from a webhook to see one.',
    emptyFiltered: 'No event matches these filters.',
    columns: { type: 'Event', subject: 'About', at: 'Accepted', deliveries: 'Deliveries' },
    type: 'Type',
    subject: 'About (contact)',
    allTypes: 'All types',
    deliveries: (of: number) => count(of, '# delivery', '# deliveries'),
    noDelivery: 'went nowhere',
    test: 'test',
  },

  event: {
    title: 'Event',
    went: (to: number, considered: number) =>
      considered === to
        ? `Went to ${count(to, '# receiver', '# receivers')}.`
        : `Went to ${n(to)} of ${n(considered)} that could have wanted it.`,
    nowhere: 'It went nowhere.',
    payload: 'Payload',
    expired: 'The payload is no longer kept.',
    considered: 'Who considered it',
    consideredNobody: 'Nobody takes events of this type.',
    source: { subscription: 'Webhook', rule: 'Rule', workflow: 'Workflow', test: 'Test', replay: 'Replay' },
    yes: 'yes',
    no: 'no',
    deliveries: 'Deliveries',
    runs: 'Runs',
    resend: 'Send again',
    resendText: 'To everybody whom it was for, as new deliveries at the end of their lanes.',
    resent: (of: number) => count(of, '# delivery is on its way.', '# deliveries are on their way.'),
    happened: 'Happened',
    accepted: 'Accepted',
    id: 'Id',
    type: 'Type',
    about: 'About',
  },

  deliveries: {
    title: 'Deliveries',
    lead: 'One event for one webhook each, in order.',
    empty: 'Nothing was sent yet',
    emptyText: 'As soon as an event comes in that a webhook wants, its delivery is here.',
    emptyFiltered: 'No delivery matches these filters.',
    columns: { event: 'Event', endpoint: 'To', state: 'State', attempts: 'Attempts', at: 'Made' },
    state: 'State',
    endpoint: 'Webhook',
    allStates: 'All states',
    allEndpoints: 'All webhooks',
    deletedEndpoint: 'deleted webhook',
    states: {
      pending: 'In turn',
      sending: 'Sending',
      waiting: 'Waiting for a retry',
      held: 'Held',
      delivered: 'Delivered',
      dropped: 'Dropped',
      skipped: 'Skipped',
    },
  },

  delivery: {
    title: 'Delivery',
    sentence: {
      pending: 'It is in turn, and will be sent as soon as those before it are done.',
      behind: 'It waits for an earlier delivery of its lane to end.',
      sending: 'It is being sent at this moment.',
      waiting: (attempts: number, when: string) =>
        `${count(attempts, 'One attempt', '# attempts')} failed; the next one is due ${when}.`,
      held: 'It is held: its webhook is disabled.',
      delivered: (attempts: number) =>
        attempts === 1 ? 'Delivered at the first attempt.' : `Delivered after ${n(attempts)} attempts.`,
      dropped: (attempts: number) => `Dropped after ${count(attempts, 'one attempt', '# attempts')}.`,
      skipped: 'It was not sent.',
    },
    reason: 'Why',
    retry: 'Retry now',
    retried: 'It is tried again now.',
    skip: 'Skip',
    skipTitle: 'Skip this delivery?',
    skipText: 'It will not be sent, and those behind it go on. You can send the event again later.',
    skipped: 'It is skipped.',
    attempts: 'Attempts',
    noAttempts: 'Nothing has been sent yet.',
    attempt: (number: number) => `Attempt ${n(number)}`,
    took: (duration: string) => `took ${duration}`,
    request: 'Request',
    response: 'Answer',
    headers: 'Headers',
    body: 'Body',
    noAnswer: 'No answer came.',
    emptyBody: 'no body',
    truncated: 'shortened',
    timings: { dns: 'Name', connect: 'Connect', tls: 'TLS', response: 'Answer' },
    curl: 'Copy as cURL',
    event: 'Event',
    endpoint: 'Webhook',
    sequence: 'Place in its lane',
    made: 'Made',
    ended: 'Ended',
    replayOf: 'Sent again of',
  },

  notFound: {
    title: 'There is nothing here',
    text: 'The address may be mistyped, or what was here was deleted.',
    home: 'To the overview',
  },

  problems: {
    network_error: 'No connection to Mirsal. Nothing is lost; try again when it is back.',
    deadline_exceeded: 'Mirsal did not answer in time. Try again.',
    unexpected_answer: 'Something else than Mirsal answered. Is a proxy in the way?',
    store_unavailable: 'The database does not answer at the moment. Nothing is lost; try again soon.',
    forbidden: 'Your role does not allow this.',
    gone: 'It is not there any more. Somebody may have deleted it.',
    unknown: 'Something went wrong in the dashboard itself.',
  },
};

export type Texts = typeof en;
