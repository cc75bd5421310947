/** Hands mails to an SMTP server: one connection and one recipient each, and a verdict that says whether to try again. */

import { createTransport } from 'nodemailer';
import { SECOND } from '../core/duration.ts';
import type { Mail, MailResult, SendMail } from '../world.ts';

export interface TransportOptions {
  /** `smtp://user:password@host:587` or `smtps://…`; nodemailer's options may follow as a query. */
  url: string;
  /** `Mirsal <hooks@example.com>` */
  from: string;
}

/** For each step of the exchange. */
const STEP_TIMEOUT_MS = 10 * SECOND;
const MAX_ERROR = 500;

const openTransport = (url: string) =>
  createTransport({
    url,
    connectionTimeout: STEP_TIMEOUT_MS,
    greetingTimeout: STEP_TIMEOUT_MS,
    socketTimeout: STEP_TIMEOUT_MS,
    dnsTimeout: STEP_TIMEOUT_MS,
    // Nothing in a mail may make this process read a file or fetch a URL.
    disableFileAccess: true,
    disableUrlAccess: true,
  });

/** Connects, greets and signs in, and sends nothing. Rejects with what the server said. */
export async function greetMailServer(url: string): Promise<void> {
  const transport = openTransport(url);
  try {
    await transport.verify();
  } finally {
    transport.close();
  }
}

export function createMailSender({ url, from }: TransportOptions): SendMail {
  const transport = openTransport(url);
  return async (mail: Mail): Promise<MailResult> => {
    try {
      await transport.sendMail({
        from,
        to: { name: '', address: mail.to },
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        messageId: mail.messageId,
        headers: {
          'Content-Language': mail.language,
          // So that out-of-office notes do not answer.
          'Auto-Submitted': 'auto-generated',
          'X-Auto-Response-Suppress': 'All',
        },
      });
      return { kind: 'accepted' };
    } catch (error) {
      return verdictOf(error);
    }
  };
}

/**
 * For good only where the server turned down this recipient or this message with a 5xx. A refused login
 * or sender is an operator's mistake, which can be put right while the mail waits.
 */
function verdictOf(error: unknown): MailResult {
  const { responseCode, command, response } = readError(error);
  const said = response ?? (error instanceof Error ? error.message : String(error));
  const text = said.replace(/\s+/g, ' ').trim().slice(0, MAX_ERROR);
  const isFinal = responseCode >= 500 && responseCode <= 599 && /^(?:RCPT TO|DATA)$/.test(command);
  return { kind: isFinal ? 'refused' : 'failed', error: text };
}

function readError(error: unknown): { responseCode: number; command: string; response: string | null } {
  const fields = typeof error === 'object' && error !== null ? error : {};
  const own = (name: string): unknown => Reflect.get(fields, name);
  const [responseCode, command, response] = [own('responseCode'), own('command'), own('response')];
  return {
    responseCode: typeof responseCode === 'number' ? responseCode : 0,
    command: typeof command === 'string' ? command : '',
    response: typeof response === 'string' ? response : null,
  };
}
