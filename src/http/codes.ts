/**
 * The stable error codes of the API: one list. The OpenAPI document takes its enum from here, and
 * openapi.test.ts fails where the two disagree. A code is never renamed; its title may be.
 */

export const CODES = {
  // 400: the request cannot be read
  invalid_request: { status: 400, title: 'The request has members or parameters at fault.' },
  invalid_json: { status: 400, title: 'The body is not valid JSON.' },
  invalid_utf8: { status: 400, title: 'The body is not valid UTF-8.' },
  too_deep: { status: 400, title: 'The JSON is nested too deeply.' },
  duplicate_member: { status: 400, title: 'A member occurs more than once.' },
  workspace_required: { status: 400, title: 'The request does not say which workspace it is for.' },
  // 401, 403: who asks
  unauthenticated: { status: 401, title: 'No valid API key or session.' },
  api_key_expired: { status: 401, title: 'The API key has expired.' },
  sign_in_failed: { status: 401, title: 'The e-mail or the password is wrong.' },
  origin_refused: { status: 403, title: 'The request comes from another site.' },
  setup_token_required: { status: 403, title: 'The set-up needs the token that the start has printed.' },
  person_required: { status: 403, title: 'Only a signed-in person may do this.' },
  role_required: { status: 403, title: 'The role of the person does not allow this.' },
  portal_refused: { status: 403, title: 'A portal link may not do this.' },
  wrong_password: { status: 403, title: 'The password is wrong.' },
  invitation_for_other: { status: 403, title: 'The invitation is for another e-mail.' },
  scope_required: { status: 403, title: 'The API key lacks a scope.' },
  instance_key_required: { status: 403, title: 'Only an instance key may do this.' },
  plan_required: { status: 403, title: "The workspace's plan does not include this." },
  limit_reached: { status: 403, title: "The plan's limit is reached." },
  // 404, 405, 413, 415: what is asked for
  not_found: { status: 404, title: 'There is nothing under this id.' },
  route_not_found: { status: 404, title: 'There is no such address.' },
  method_not_allowed: { status: 405, title: 'The address does not take this method.' },
  body_too_large: { status: 413, title: 'The body is too large.' },
  uri_too_long: { status: 414, title: 'The address is too long.' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON.' },
  // 409: it clashes with what is there
  idempotency_conflict: { status: 409, title: 'The id or idempotency key was used for something else.' },
  request_running: { status: 409, title: 'The same call is being done at this moment.' },
  outcome_unknown: { status: 409, title: 'Whether the call was done is not known.' },
  event_type_exists: { status: 409, title: 'An event type of this name exists.' },
  event_type_in_use: { status: 409, title: 'Endpoints use this event type.' },
  workspace_suspended: { status: 409, title: 'The workspace is suspended.' },
  external_id_taken: { status: 409, title: 'Another workspace has this external id.' },
  first_workspace: { status: 409, title: 'The workspace that the installation starts with stays.' },
  endpoint_disabled: { status: 409, title: 'The endpoint is disabled.' },
  held_choice_required: { status: 409, title: 'Deliveries are held: send them or skip them?' },
  delivery_not_retryable: { status: 409, title: 'The delivery cannot be retried now.' },
  body_expired: { status: 409, title: 'The body of the event is no longer kept.' },
  nothing_to_replay: { status: 409, title: 'There is nothing to send again.' },
  replay_running: { status: 409, title: 'A replay to this endpoint is running.' },
  replay_ended: { status: 409, title: 'The replay has ended already.' },
  too_many_jobs: { status: 409, title: 'As many jobs run in the workspace as may.' },
  job_ended: { status: 409, title: 'The job has ended already.' },
  job_not_cancellable: { status: 409, title: 'A job of this kind cannot be cancelled.' },
  run_ended: { status: 409, title: 'The run has ended already.' },
  delivery_not_skippable: { status: 409, title: 'The delivery cannot be skipped any more.' },
  answer_not_awaited: { status: 409, title: 'The request does not wait for an answer, or not any more.' },
  already_set_up: { status: 409, title: 'The installation has its first owner already.' },
  last_owner: { status: 409, title: 'A workspace needs an owner.' },
  already_member: { status: 409, title: 'The person is a member already.' },
  email_taken: { status: 409, title: 'Another person has this e-mail.' },
  account_exists: { status: 409, title: 'The e-mail has an account: sign in to accept.' },
  invitation_used: { status: 409, title: 'The invitation was accepted already.' },
  invitation_void: { status: 409, title: 'The invitation is not in force.' },
  reset_token_void: { status: 409, title: 'The link for a new password is not in force.' },
  search_off: { status: 409, title: 'Search by text is off.' },
  mail_not_set_up: { status: 409, title: 'This installation sends no mail.' },
  // 412: it is not what the caller has read
  changed_meanwhile: { status: 412, title: 'Others have changed it meanwhile.' },
  // 422: readable, but not acceptable
  unknown_event_type: { status: 422, title: 'There is no such event type.' },
  reserved_event_type: { status: 422, title: 'Only Mirsal itself publishes this event type.' },
  schema_violation: { status: 422, title: "The data does not fit the event type's schema." },
  event_too_costly: {
    status: 422,
    title: "Checking the data against its type's schema takes too much work.",
  },
  duplicate_event_id: { status: 422, title: 'An id occurs more than once in the batch.' },
  invalid_event_type: { status: 422, title: 'The event type is not well defined.' },
  invalid_condition: { status: 422, title: 'The condition is not well formed.' },
  invalid_definition: { status: 422, title: 'The rule or workflow is not well defined.' },
  event_loop: { status: 422, title: 'The event was caused by its own delivery too often.' },
  target_refused: { status: 422, title: 'The URL may not be a target.' },
  too_many: { status: 422, title: 'These are too many for one job.' },
  unknown_plan: { status: 422, title: 'There is no such plan.' },
  // 429: later
  rate_limited: { status: 429, title: 'Too many requests at a time.' },
  daily_limit_reached: { status: 429, title: "The plan's events for today are used up." },
  // 5xx: ours
  internal_error: { status: 500, title: 'Something went wrong here.' },
  store_unavailable: { status: 503, title: 'The database cannot be reached.' },
  starting: { status: 503, title: 'The node is starting.' },
  stopping: { status: 503, title: 'The node is stopping.' },
  overloaded: { status: 503, title: 'More is waiting than can be taken on.' },
} as const satisfies Record<string, { status: number; title: string }>;

export type Code = keyof typeof CODES;

export const CODE_NAMES = Object.keys(CODES).filter((name): name is Code => Object.hasOwn(CODES, name));
