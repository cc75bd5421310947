/** People as tests need them: the first owner, members who have come by invitation, and calls of a signed-in person. */

import type { Role } from '../../store/records/people.ts';
import { type Answer, callApp, PUBLIC_URL, SETUP_TOKEN, type TestServer } from './server.ts';

export const PASSWORD = 'correct horse battery';

export type PersonCall = (
  method: string,
  url: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer>;

export interface SignedIn {
  id: string;
  email: string;
  /** `name=value` */
  cookie: string;
  call: PersonCall;
}

/** A call of nobody, such as a browser's sign-in page makes. */
export function asNobody(server: TestServer): PersonCall {
  return (method, url, body, headers = {}) =>
    callApp(server.app, method, url, body, { origin: PUBLIC_URL, ...headers });
}

export function cookieOf(answer: Answer): string {
  return String(answer.headers['set-cookie'] ?? '').split(';', 1)[0] ?? '';
}

export async function signIn(server: TestServer, email: string, password = PASSWORD): Promise<SignedIn> {
  const answer = await asNobody(server)('POST', '/v1/sign-in', { email, password });
  if (answer.status !== 200) throw new Error(`Not signed in: ${answer.text}`);
  const cookie = cookieOf(answer);
  return {
    id: answer.body.id,
    email,
    cookie,
    call: (method, url, body, headers = {}) => asNobody(server)(method, url, body, { cookie, ...headers }),
  };
}

export async function theOwner(server: TestServer): Promise<SignedIn> {
  const email = 'owner@example.com';
  const setup = { token: SETUP_TOKEN, name: 'مالك', email, password: PASSWORD };
  const made = await asNobody(server)('POST', '/v1/setup', setup);
  if (made.status !== 201) throw new Error(`Not set up: ${made.text}`);
  return signIn(server, email);
}

export function tokenIn(link: string): string {
  return link.slice(link.lastIndexOf('/') + 1);
}

let members = 0;

/** Invited by `by`, accepted, and signed in. */
export async function aMember(server: TestServer, by: SignedIn, role: Role): Promise<SignedIn> {
  members += 1;
  const email = `member-${members}@example.com`;
  const invited = await by.call('POST', '/v1/members/invitations', { email, role });
  if (invited.status !== 201) throw new Error(`Not invited: ${invited.text}`);
  const accepting = { token: tokenIn(invited.body.link), name: `Member ${members}`, password: PASSWORD };
  const accepted = await asNobody(server)('POST', '/v1/invitations/accept', accepting);
  if (accepted.status !== 200) throw new Error(`Not accepted: ${accepted.text}`);
  return signIn(server, email);
}
