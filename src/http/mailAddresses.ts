/** Mail addresses in requests, by the one rule for them (core/mailAddress.ts). */

import { readMailAddress } from '../core/mailAddress.ts';
import type { Recipient } from '../store/records/settings.ts';
import { type Fault, faulty } from './problem.ts';
import type { SettingsPatchInput } from './views/administration.ts';

/** Without what stands around the addresses. Throws a Problem that names each address at fault. */
export function readRecipients(recipients: readonly Recipient[], field: string): Recipient[] {
  const faults: Fault[] = [];
  const read = recipients.map(({ email, language }, index) => ({
    email: readAddress(email, `${field}/${index}/email`, faults),
    language,
  }));
  if (faults.length > 0) throw faulty('invalid_request', faults);
  return read;
}

/** Likewise of all addresses in settings; `field` is where they stand in the body. */
export function readAddressesOf(settings: SettingsPatchInput, field = ''): SettingsPatchInput {
  const { notification_recipients: recipients, account_email: account } = settings;
  const read = { ...settings };
  if (recipients !== undefined) {
    read.notification_recipients = readRecipients(recipients, `${field}/notification_recipients`);
  }
  if (typeof account === 'string') {
    const faults: Fault[] = [];
    read.account_email = readAddress(account, `${field}/account_email`, faults);
    if (faults.length > 0) throw faulty('invalid_request', faults);
  }
  return read;
}

/** The e-mail that a person is found by: in lower case. Throws a Problem that names the member. */
export function readPersonEmail(typed: string, field = '/email'): string {
  const faults: Fault[] = [];
  const address = readAddress(typed, field, faults);
  if (faults.length > 0) throw faulty('invalid_request', faults);
  return address.toLowerCase();
}

function readAddress(typed: string, field: string, faults: Fault[]): string {
  const read = readMailAddress(typed);
  if (read.ok) return read.address;
  faults.push({ field, message: read.message });
  return typed;
}
