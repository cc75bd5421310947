/** The transport against a real SMTP server. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type MailServer, startMailServer } from '../../test/support/mailServer.ts';
import type { Mail, SendMail } from '../world.ts';
import { createMailSender } from './transport.ts';

function aMail(over: Partial<Mail> = {}): Mail {
  return {
    messageId: '<mirsal-1@hooks.example.com>',
    to: 'layla@example.com',
    language: 'ar',
    subject: 'عُطِّلت وجهتان',
    html: '<p>مرحبًا</p>',
    text: 'مرحبًا',
    ...over,
  };
}

describe('A12: a mail handed to a real SMTP server', () => {
  let server: MailServer;
  let send: SendMail;

  beforeEach(async () => {
    server = await startMailServer();
    send = createMailSender({ url: server.url, from: 'Mirsal <mirsal@hooks.example.com>' });
  });
  afterEach(() => server.close());

  test('arrives with its Message-ID, in both forms, for one recipient', async () => {
    expect(await send(aMail())).toEqual({ kind: 'accepted' });
    const [mail] = server.received;
    expect(mail).toMatchObject({
      from: 'mirsal@hooks.example.com',
      to: ['layla@example.com'],
      messageId: '<mirsal-1@hooks.example.com>',
    });
    expect(mail?.raw).toMatch(/^To: layla@example\.com\r?$/m);
    expect(mail?.raw).toMatch(/^From: Mirsal <mirsal@hooks\.example\.com>\r?$/m);
    expect(mail?.raw).toMatch(/^Auto-Submitted: auto-generated\r?$/m);
    expect(mail?.raw).toMatch(/^Content-Language: ar\r?$/m);
    expect(mail?.raw).toMatch(/^Content-Type: multipart\/alternative/m);
    expect(mail?.raw).toMatch(/^Subject: =\?UTF-8\?/m);
  });

  test('a recipient refused with a 5xx is refused for good, in the server’s words; others get theirs', async () => {
    server.refuseWith((step, address) =>
      step === 'to' && address === 'gone@example.com' ? '550 No such user here' : null,
    );
    const refused = await send(aMail({ to: 'gone@example.com' }));
    expect(refused).toMatchObject({ kind: 'refused', error: expect.stringContaining('No such user here') });
    expect(await send(aMail())).toEqual({ kind: 'accepted' });
    expect(server.received.map(({ to }) => to)).toEqual([['layla@example.com']]);
  });

  test.each([
    ['to', '450 Mailbox busy', 'failed'],
    ['to', '452 Too many recipients', 'failed'],
    ['to', '553 Mailbox name not allowed', 'refused'],
    ['data', '554 Looks like spam', 'refused'],
    ['data', '451 Try again later', 'failed'],
    ['from', '550 You may not send as this', 'failed'],
  ] as const)('after %s, "%s" is taken as %s', async (at, answer, kind) => {
    server.refuseWith((step) => (step === at ? answer : null));
    expect(await send(aMail())).toMatchObject({ kind, error: expect.stringContaining(answer.slice(4)) });
  });

  test('a line end in a subject or an address begins no header', async () => {
    const subject = 'CRM\r\nBcc: all@example.com';
    await send(aMail({ subject }));
    expect(server.received[0]?.raw).not.toMatch(/^Bcc:/m);
    expect(server.received).toHaveLength(1);
  });

  test('a server that is away fails the mail for now; back again, it takes it', async () => {
    const port = Number(new URL(server.url).port);
    await server.close();
    expect(await send(aMail())).toMatchObject({
      kind: 'failed',
      error: expect.stringContaining('ECONNREFUSED'),
    });
    server = await startMailServer(port);
    expect(await send(aMail())).toEqual({ kind: 'accepted' });
  });

  test('a name that does not exist fails the mail for now', async () => {
    const lost = createMailSender({ url: 'smtp://mail.invalid:25', from: 'Mirsal <a@example.com>' });
    expect((await lost(aMail())).kind).toBe('failed');
  });
});
