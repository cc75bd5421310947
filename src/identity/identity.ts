/** Who people are: what the HTTP side asks of identity, and the errors it may get. What does it is in create.ts. */

import { DAY, HOUR } from '../core/duration.ts';

/** A session that nobody uses is over after this long; one in use is prolonged. */
export const SESSION_MS = 7 * DAY;
/** Each at most so often, so that using a session costs no write. */
export const PROLONG_AFTER_MS = DAY;
/** For so long the link in a mail leads to a new password. */
export const RESET_MS = HOUR;

/** Passwords are hashed two at a time, and so many more may wait for that. */
export const MAX_WAITING_HASHES = 20;

/** More passwords wait to be hashed than may. Nothing was done. */
export class HashingBusy extends Error {
  override readonly name = 'HashingBusy';
}

/** Where a session is begun, to be shown with it. */
export interface From {
  address: string;
  userAgent: string | null;
}

export interface Identity {
  /** Loads what it needs, so that the first one to sign in does not wait for that. */
  prepare(): Promise<void>;
  hashPassword(password: string): Promise<string>;
  /** Whether it is this person's. */
  isPassword(person: string, password: string): Promise<boolean>;
  /** Null for an e-mail that nobody has or a password that is wrong, after the same time. Any case of the e-mail will do. */
  signIn(email: string, password: string, from: From): Promise<{ person: string; token: string } | null>;
  /** Resolves to its token. */
  beginSession(person: string, from: From): Promise<string>;
  /** The token of the session in a `Cookie` header; null where there is none that this installation has signed. */
  readCookie(header: string | undefined): string | null;
  /** `Set-Cookie` for a session's token, or, for null, for none any more. */
  writeCookie(token: string | null): string;
  /** A token with which the person may set a new password, once. */
  beginReset(person: string): Promise<string>;
  /** Sets the password and ends all sessions in one transaction; null where the token is none, or none any more. */
  finishReset(token: string, password: string): Promise<string | null>;
}
