/** The codes of failures that are recorded, by where they arise. Pure data; their texts: texts.ts. */

import type { UrlRefusalCode } from '../egress/url.ts';
import type { SkipCode } from '../workflow/advance.ts';
import type { StepFailure } from '../workflow/step.ts';

/** How an attempt failed, roughly: the outcomes of attempts but `success`. */
export type OutcomeCode = 'http' | 'timeout' | 'connect' | 'dns' | 'tls' | 'protocol' | 'blocked';

/** How an attempt failed, exactly: what `src/net` may say. */
export type SendCode =
  | UrlRefusalCode
  | 'dns_not_found'
  | 'dns_no_address'
  | 'dns_timeout'
  | 'dns_failed'
  | 'dns_server_unreachable'
  | 'dns_too_many_addresses'
  | 'own_listener'
  | 'own_listener_unavailable'
  | 'connect_timeout'
  | 'connection_refused'
  | 'connection_reset'
  | 'connection_closed'
  | 'connection_failed'
  | 'unreachable'
  | 'source_address_unavailable'
  | 'out_of_sockets'
  | 'proxy_unreachable'
  | 'proxy_timeout'
  | 'proxy_credentials'
  | 'proxy_failed'
  | 'proxy_no_tunnel'
  | 'sender_closed'
  | 'tls_timeout'
  | 'tls_self_signed'
  | 'tls_wrong_name'
  | 'tls_expired'
  | 'tls_not_yet_valid'
  | 'tls_incomplete_chain'
  | 'tls_revoked'
  | 'tls_closed'
  | 'tls_handshake'
  | 'tls_untrusted'
  | 'response_timeout'
  | 'invalid_answer'
  | 'invalid_request'
  | 'headers_too_large'
  | 'too_many_interim_answers'
  | 'exchange_failed';

/** Why a delivery ended unsent, or waits without having failed. */
export type DeliveryCode =
  | 'gone'
  | 'retries_exhausted'
  | 'skipped_by'
  | 'endpoint_deleted'
  | 'held_expired'
  | 'put_off'
  | 'own_outage';

/** Why a run ended before its end, beside what its steps say. */
export type RunCode =
  | SkipCode
  | 'step_failed'
  | 'cancelled_by'
  | 'loop_brake'
  | 'causation_depth'
  | 'body_gone'
  | 'definition_invalid'
  | 'internal_error';

/** Why a mail of a rule or workflow was not sent. */
export type MailCode = 'mail_limit' | 'recipient_mail_limit' | 'mail_refused';

/** Why an event was not for somebody, where no condition was asked. */
export type RefusalCode = 'plan_without_webhooks' | 'about_itself';

export type FailureCode =
  | OutcomeCode
  | SendCode
  | DeliveryCode
  | StepFailure['code']
  | RunCode
  | MailCode
  | RefusalCode;
