/**
 * Failures of an attempt in words for the person who must fix them: what happened, and what to do.
 * `code` is stable; core/failures says what it means in each language. Pure.
 */
import { OWN_FAULT_CODES } from '../core/delivery/budget.ts';
import type { SendCode } from '../core/failures/codes.ts';
import type { SendOutcome } from '../world.ts';

export type SendFailure = Exclude<SendOutcome, { kind: 'answered' }>;

/** Where an attempt stands. Each phase names its own timeout. */
export type AttemptPhase = 'dns' | 'connect' | 'tls' | 'request' | 'body';

/** Pure. */
export function fail(kind: SendFailure['kind'], code: SendCode, message: string): SendFailure {
  return { kind, code, message };
}

/**
 * Pure. The deadline passed during `phase`. Once a response head has arrived it is no failure any more;
 * `seen` is the beginning of what had come instead, quoted.
 */
export function deadlineFailure(
  phase: Exclude<AttemptPhase, 'body'>,
  host: string,
  timeoutMs: number,
  seen: string | null = null,
): SendFailure {
  switch (phase) {
    case 'dns':
      return fail(
        'dns',
        'dns_timeout',
        `The address of ${host} could not be found within ${timeoutMs} ms. Check the domain's name servers.`,
      );
    case 'connect':
      return fail(
        'timeout',
        'connect_timeout',
        `${host} did not accept a connection within ${timeoutMs} ms. Check that the server runs and that no firewall drops the requests.`,
      );
    case 'tls':
      return fail(
        'timeout',
        'tls_timeout',
        `${host} did not finish the TLS handshake within ${timeoutMs} ms. Check the server's TLS set-up.`,
      );
    case 'request':
      return fail(
        'timeout',
        'response_timeout',
        `${host} did not answer within ${timeoutMs} ms${seen === null ? '' : ` but for ${seen}`}. Answer at once and do the work afterwards.`,
      );
  }
}

/** Pure. A connection could not be opened: plain TCP errors. */
export function connectFailure(error: unknown, host: string, address: string, port: number): SendFailure {
  const where = `${host} (${address}, port ${port})`;
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      return fail(
        'connect',
        'connection_refused',
        `${where} refused the connection. Check that the server runs and listens on this port.`,
      );
    case 'ECONNRESET':
    case 'ECONNABORTED':
    case 'EPIPE':
      return fail(
        'connect',
        'connection_reset',
        `${where} broke the connection off while it was being opened. Check firewalls and proxies before the server.`,
      );
    case 'EHOSTUNREACH':
    case 'EHOSTDOWN':
    case 'ENETUNREACH':
    case 'ENETDOWN':
      return fail(
        'connect',
        'unreachable',
        `No route leads to ${where}. Check the address and the network between.`,
      );
    case 'ETIMEDOUT':
      return fail(
        'timeout',
        'connect_timeout',
        `${where} did not accept a connection in time. Check that the server runs and that no firewall drops the requests.`,
      );
    case 'EADDRNOTAVAIL':
      return fail(
        'connect',
        'source_address_unavailable',
        `This server could not send from its configured source address to ${where}. The operator should check MIRSAL_SOURCE_IPS.`,
      );
    case 'EMFILE':
    case 'ENFILE':
      return fail(
        'connect',
        'out_of_sockets',
        'This server has no free sockets. The operator should raise its limit of open files.',
      );
    default:
      return fail('connect', 'connection_failed', `No connection to ${where}: ${detailOf(error)}.`);
  }
}

/** Pure. The TCP connection stood, TLS did not. Every cause has its own code, because the cures differ. */
export function tlsFailure(error: unknown, host: string): SendFailure {
  const code = codeOf(error);
  switch (code) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return fail(
        'tls',
        'tls_self_signed',
        `The certificate of ${host} is self-signed. Install one from a public certificate authority.`,
      );
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return fail(
        'tls',
        'tls_wrong_name',
        `The certificate of ${host} is for another name. Install one that lists ${host}.`,
      );
    case 'CERT_HAS_EXPIRED':
      return fail('tls', 'tls_expired', `The certificate of ${host} has expired. Renew it.`);
    case 'CERT_NOT_YET_VALID':
      return fail(
        'tls',
        'tls_not_yet_valid',
        `The certificate of ${host} is not valid yet. Check the server's clock and the certificate's dates.`,
      );
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return fail(
        'tls',
        'tls_incomplete_chain',
        `The certificate of ${host} does not lead to a known authority. Usually the intermediate certificate is missing: install the full chain.`,
      );
    case 'CERT_REVOKED':
      return fail('tls', 'tls_revoked', `The certificate of ${host} was revoked. Install a new one.`);
    case 'ECONNRESET':
    case 'EPIPE':
      return fail(
        'tls',
        'tls_closed',
        `${host} broke the connection off during the TLS handshake. Check that this port speaks TLS.`,
      );
    default:
      if (code.startsWith('ERR_SSL_') || code === 'EPROTO') {
        return fail(
          'tls',
          'tls_handshake',
          `No TLS connection to ${host} (${code}). Check that this port speaks TLS 1.2 or 1.3.`,
        );
      }
      return fail('tls', 'tls_untrusted', `The certificate of ${host} was not accepted: ${detailOf(error)}.`);
  }
}

/** Pure. Of the failures of several addresses the one that tells most, the first among equals; null of none. */
export function tellingFailure(failures: readonly SendFailure[]): SendFailure | null {
  let telling: SendFailure | null = null;
  for (const failure of failures) {
    if (telling === null || tellingRank(failure) > tellingRank(telling)) telling = failure;
  }
  return telling;
}

/** How far the address was got to. That no route leads to it is mostly this side's lack of IPv6. */
function tellingRank({ kind, code }: SendFailure): number {
  if (kind === 'tls' || code === 'tls_timeout') return 4;
  if (code === 'connection_refused' || code === 'connection_reset') return 3;
  if (code === 'connect_timeout') return 2;
  return OWN_FAULT_CODES.has(code) ? 0 : 1;
}

/** Why an answer cannot be read. */
type Unreadable = 'not_http' | 'switching' | 'head_too_large' | 'too_many_interim';

/** What came is no answer. `seen` is its beginning, quoted. */
export class UnreadableAnswer extends Error {
  override readonly name = 'UnreadableAnswer';
  readonly reason: Unreadable;
  readonly seen: string;

  constructor(reason: Unreadable, seen: string) {
    super(`${reason}: ${seen}`);
    this.reason = reason;
    this.seen = seen;
  }
}

function unreadableFailure({ reason, seen }: UnreadableAnswer, host: string): SendFailure {
  switch (reason) {
    case 'not_http':
      return fail(
        'protocol',
        'invalid_answer',
        `${host} did not answer in HTTP: it sent ${seen}. Check that this port speaks HTTP.`,
      );
    case 'switching':
      return fail(
        'protocol',
        'invalid_answer',
        `${host} answered 101 (${seen}) to switch to another protocol, which nobody asked for. Check the server or the proxy before it.`,
      );
    case 'head_too_large':
      return fail(
        'protocol',
        'headers_too_large',
        `${host} answered ${seen} with more than 64 KiB of headers. Send fewer.`,
      );
    case 'too_many_interim':
      return fail(
        'protocol',
        'too_many_interim_answers',
        `${host} sent more than 64 KiB of interim answers (the last: ${seen}) and no final one. Check the server or the proxy before it.`,
      );
  }
}

/**
 * Pure. The request was on its way; no usable answer came. `seen` is the beginning of what came before the
 * error, quoted; null when nothing did.
 */
export function exchangeFailure(error: unknown, host: string, seen: string | null): SendFailure {
  if (error instanceof UnreadableAnswer) return unreadableFailure(error, host);
  const code = codeOf(error);
  switch (code) {
    case 'UND_ERR_INVALID_ARG':
    case 'UND_ERR_NOT_SUPPORTED':
    case 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH':
      return fail(
        'protocol',
        'invalid_request',
        `The request could not be formed: ${detailOf(error)}. Check the endpoint's custom headers.`,
      );
    case 'UND_ERR_HEADERS_OVERFLOW':
      return fail(
        'protocol',
        'headers_too_large',
        `${host} answered with more than 64 KiB of headers. Send fewer.`,
      );
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return fail(
        'protocol',
        'invalid_answer',
        `${host} announced another length than it sent. Check the server or the proxy before it.`,
      );
    case 'UND_ERR_SOCKET':
    case CONNECTION_GONE_CODE:
    case 'UND_ERR_INFO':
    case 'UND_ERR_DESTROYED':
    case 'UND_ERR_CLOSED':
      return fail(
        'protocol',
        'connection_closed',
        `${host} closed the connection ${unanswered(seen)}. Check the server's log for a crash.`,
      );
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
      return fail(
        'protocol',
        'connection_reset',
        `${host} broke the connection off ${unanswered(seen)}. Check the server's log for a crash.`,
      );
    default:
      // With TLS 1.3 the receiver's refusal (of a missing client certificate, say) comes after the handshake.
      if (code.startsWith('ERR_SSL_')) return tlsFailure(error, host);
      if (isParserError(error)) {
        return fail(
          'protocol',
          'invalid_answer',
          `${host} did not answer in HTTP: ${detailOf(error)}. Check that this port speaks HTTP.`,
        );
      }
      return fail('protocol', 'exchange_failed', `The exchange with ${host} failed: ${detailOf(error)}.`);
  }
}

/**
 * Pure. Whether the error means that the connection is gone, whoever closed it. Only then may a request
 * on a reused connection be sent again; anything that was parsed came from the receiver.
 */
export function isConnectionLoss(error: unknown): boolean {
  return CONNECTION_LOSS.has(codeOf(error));
}

export const CONNECTION_GONE_CODE = 'CONNECTION_GONE';

const CONNECTION_LOSS: ReadonlySet<string> = new Set([
  CONNECTION_GONE_CODE,
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ENOTCONN',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_INFO',
  'UND_ERR_DESTROYED',
  'UND_ERR_CLOSED',
]);

/** Pure. */
export function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error) return String(error.code);
  return '';
}

/** By name: the parser leaves `code` undefined for errors that it has no number for. */
function isParserError(error: unknown): boolean {
  return error instanceof Error && (error.name === 'HTTPParserError' || codeOf(error).startsWith('HPE_'));
}

function unanswered(seen: string | null): string {
  return seen === null ? 'without an answer' : `after ${seen}, before an answer was complete`;
}

function detailOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
}
