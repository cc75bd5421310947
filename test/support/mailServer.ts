/** A real SMTP server that keeps what it got, and refuses whom it is told to. */

import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerError } from 'smtp-server';

export interface ReceivedMail {
  from: string;
  to: string[];
  messageId: string;
  /** As it came, headers and all. */
  raw: string;
}

export interface MailServer {
  /** `smtp://127.0.0.1:<port>` */
  url: string;
  received: ReceivedMail[];
  /** What to answer about a sender, a recipient or a message; null to take it. */
  refuseWith(decide: (step: 'from' | 'to' | 'data', address: string) => string | null): void;
  /** Calls back when a message has come; the server says so when that resolves. */
  onMail(run: (mail: ReceivedMail) => void | Promise<void>): void;
  /** Resolves once `count` mails have come in all. */
  count(count: number): Promise<void>;
  close(): Promise<void>;
}

/** On `port`, or any free one. */
export async function startMailServer(port = 0): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const waiting: Array<{ count: number; resolve: () => void }> = [];
  let decide: (step: 'from' | 'to' | 'data', address: string) => string | null = () => null;
  let before: (mail: ReceivedMail) => void | Promise<void> = () => {};

  const judge = (step: 'from' | 'to' | 'data', address: string): SMTPServerError | null => {
    const refusal = decide(step, address);
    if (refusal === null) return null;
    const [, code = '550', text = refusal] = /^(\d{3}) (.*)$/.exec(refusal) ?? [];
    return Object.assign(new Error(text), { responseCode: Number(code) });
  };
  const server = new SMTPServer({
    authOptional: true,
    closeTimeout: 100,
    disabledCommands: ['AUTH', 'STARTTLS'],
    onMailFrom: ({ address }, _session, done) => done(judge('from', address)),
    onRcptTo: ({ address }, _session, done) => done(judge('to', address)),
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString();
        const to = envelope.rcptTo.map(({ address }) => address);
        const refusal = judge('data', to.join());
        if (refusal !== null) {
          done(refusal);
          return;
        }
        const messageId = /^Message-ID: (\S+)/im.exec(raw)?.[1] ?? '';
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        const mail = { from, to, messageId, raw };
        received.push(mail);
        for (const waiter of waiting) if (received.length >= waiter.count) waiter.resolve();
        Promise.resolve(before(mail)).then(() => done());
      });
    },
  });
  // A client that vanishes amid a message is what some tests are about.
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    received,
    refuseWith(next) {
      decide = next;
    },
    onMail(run) {
      before = run;
    },
    count(count) {
      return new Promise((resolve) => {
        if (received.length >= count) resolve();
        else waiting.push({ count, resolve });
      });
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
