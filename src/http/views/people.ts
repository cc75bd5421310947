/** People, members, invitations and portal links as the API shows and takes them. Pure. */

import { type Static, Type } from 'typebox';
import { formatId } from '../../core/ids.ts';
import { MAIL_ADDRESS_IN_WORDS } from '../../core/mailAddress.ts';
import { API_KEY_SCOPES } from '../../store/records/administration.ts';
import {
  type Invitation,
  type Member,
  type Person,
  type PersonSession,
  type PortalLink,
  ROLES,
} from '../../store/records/people.ts';
import { nullable, oneOf, ref, time } from '../operation.ts';
import { formatTime } from '../paging.ts';

export const MIN_PASSWORD_LENGTH = 10;
export const MAX_PASSWORD_LENGTH = 128;

export const languageInput = oneOf(['ar', 'en'] as const);
export const roleInput = oneOf(ROLES, { description: 'What they may do: docs/people.md has the table.' });
export const emailInput = Type.String({
  description: `${MAIL_ADDRESS_IN_WORDS}; upper and lower case are the same.`,
  examples: ['sara@example.com'],
});
export const personNameInput = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '\\S',
  examples: ['سارة الأحمد'],
});
/** One to be set. */
export const newPasswordInput = Type.String({
  minLength: MIN_PASSWORD_LENGTH,
  maxLength: MAX_PASSWORD_LENGTH,
  description: `${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters, whichever they are.`,
  examples: ['correct horse battery'],
});
/** One that was set: whatever is typed is compared. */
export const passwordInput = Type.String({
  description: 'The password that the account has.',
  minLength: 1,
  maxLength: 1024,
  examples: ['correct horse battery'],
});
export const tokenInput = Type.String({
  minLength: 1,
  maxLength: 200,
  description: 'As it was printed, or stands in the link.',
  examples: ['inv_1_1gk5x0m3q9e_Vt5nq0Zs8mXcR2hLw7Jd4KyPb9Tg3AfE'],
});

const PERSON = {
  id: 'usr_1gk5x0m3q9c',
  name: 'سارة الأحمد',
  email: 'sara@example.com',
  language: 'ar',
  created_at: '2026-11-02T09:30:00.000Z',
};

const PersonSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    email: Type.String(),
    language: oneOf(['ar', 'en'] as const, { description: 'Of the mails about the account.' }),
    created_at: time('When the account was made.'),
  },
  { $id: 'Person', description: 'Somebody who can sign in.', examples: [PERSON] },
);
export type PersonView = Static<typeof PersonSchema>;

const WORKSPACE = { id: 'ws_1', name: 'Default', role: 'owner' };

const MyWorkspaceSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    role: nullable(oneOf(ROLES), { description: 'Null for keys and portal links.' }),
  },
  { $id: 'MyWorkspace', description: 'A workspace in which the caller may act.', examples: [WORKSPACE] },
);
export type MyWorkspaceView = Static<typeof MyWorkspaceSchema>;

const MeSchema = Type.Object(
  {
    kind: oneOf(['person', 'api_key', 'instance_key', 'portal_link'] as const),
    name: Type.String({ description: "The person's, or the name of the key or link." }),
    person: nullable(ref<PersonView>('Person'), { description: 'Null for keys and portal links.' }),
    workspace: nullable(ref<MyWorkspaceView>('MyWorkspace'), {
      description: 'The one that calls like this are about; null where `Mirsal-Workspace` must name it.',
    }),
    workspaces: Type.Array(ref<MyWorkspaceView>('MyWorkspace'), {
      description: 'All in which the person is a member; of a key, its own.',
    }),
    scopes: Type.Array(oneOf(API_KEY_SCOPES), { description: 'In that workspace.' }),
    gives_roles: Type.Array(oneOf(ROLES), {
      description: 'Roles that the caller may give to others there, change and take away.',
    }),
    expires_at: nullable(time('When the session or link is over.'), { description: 'Null for keys.' }),
  },
  {
    $id: 'Me',
    description: 'Who asks, and what they may do.',
    examples: [
      {
        kind: 'person',
        name: PERSON.name,
        person: PERSON,
        workspace: WORKSPACE,
        workspaces: [WORKSPACE],
        scopes: [...API_KEY_SCOPES],
        gives_roles: [...ROLES],
        expires_at: '2026-11-09T09:30:00.000Z',
      },
    ],
  },
);
export type MeView = Static<typeof MeSchema>;

const SessionSchema = Type.Object(
  {
    id: Type.String(),
    current: Type.Boolean({ description: 'Whether it is the one that asks.' }),
    address: nullable(Type.String(), { description: 'The address that signed in.' }),
    user_agent: nullable(Type.String(), { description: 'What the browser called itself.' }),
    created_at: time('When it began.'),
    used_at: time('When it was last prolonged: within a day of its last use.'),
    expires_at: time('When it is over unless it is used.'),
  },
  {
    $id: 'Session',
    description: 'A browser in which the person is signed in.',
    examples: [
      {
        id: 'ses_1gk5x0m3q9d',
        current: true,
        address: '192.0.2.7',
        user_agent: 'Mozilla/5.0',
        created_at: '2026-11-02T09:30:00.000Z',
        used_at: '2026-11-02T09:30:00.000Z',
        expires_at: '2026-11-09T09:30:00.000Z',
      },
    ],
  },
);
export type SessionView = Static<typeof SessionSchema>;

const MemberSchema = Type.Object(
  {
    person: ref<PersonView>('Person'),
    role: oneOf(ROLES, { description: 'What they may do there.' }),
    since: time('When they joined.'),
  },
  {
    $id: 'Member',
    description: 'A person in a workspace.',
    examples: [{ person: PERSON, role: 'owner', since: PERSON.created_at }],
  },
);
export type MemberView = Static<typeof MemberSchema>;

const INVITATION = {
  id: 'inv_1gk5x0m3q9e',
  email: 'omar@example.com',
  role: 'developer',
  language: 'ar',
  state: 'open',
  created_by: 'person:usr_1gk5x0m3q9c',
  created_at: '2026-11-02T09:30:00.000Z',
  expires_at: '2026-11-09T09:30:00.000Z',
};

const invitationMembers = {
  id: Type.String(),
  email: Type.String(),
  role: oneOf(ROLES, { description: 'What they may do once they have accepted.' }),
  language: oneOf(['ar', 'en'] as const, { description: 'Of its mail.' }),
  state: oneOf(['open', 'expired'] as const),
  created_by: Type.String(),
  created_at: time('When it was made.'),
  expires_at: time('Until when it can be accepted.'),
};

const InvitationSchema = Type.Object(invitationMembers, {
  $id: 'Invitation',
  description: 'Somebody who is asked to become a member.',
  examples: [INVITATION],
});
export type InvitationView = Static<typeof InvitationSchema>;

const SentInvitationSchema = Type.Object(
  {
    ...invitationMembers,
    link: Type.String({ description: 'Who follows it can accept: shown this once.' }),
    mail: oneOf(['sent', 'failed', 'not_set_up'] as const, {
      description: 'What became of the mail. If it was not sent, hand the link on yourself.',
    }),
    mail_error: nullable(Type.String(), { description: 'What the mail server said, where it failed.' }),
  },
  {
    $id: 'SentInvitation',
    description: 'An invitation and, this once, its link.',
    examples: [
      {
        ...INVITATION,
        link: 'https://hooks.example.com/invite/inv_1_1gk5x0m3q9e_…',
        mail: 'sent',
        mail_error: null,
      },
    ],
  },
);
export type SentInvitationView = Static<typeof SentInvitationSchema>;

const OfferedInvitationSchema = Type.Object(
  {
    workspace_name: Type.String({ description: 'Where the invitation leads.' }),
    email: Type.String(),
    role: oneOf(ROLES, { description: 'What they may do there.' }),
    language: oneOf(['ar', 'en'] as const),
    expires_at: time('Until when it can be accepted.'),
    has_account: Type.Boolean({
      description:
        'Whether the e-mail has an account: it must be signed in to accept, and needs no password.',
    }),
  },
  {
    $id: 'OfferedInvitation',
    description: 'An invitation as whoever has its link sees it.',
    examples: [
      {
        workspace_name: 'Default',
        email: 'omar@example.com',
        role: 'developer',
        language: 'ar',
        expires_at: '2026-11-09T09:30:00.000Z',
        has_account: false,
      },
    ],
  },
);
export type OfferedInvitationView = Static<typeof OfferedInvitationSchema>;

const PORTAL_LINK = {
  id: 'ptl_1gk5x0m3q9f',
  name: 'Customer 4711',
  scopes: ['read', 'manage'],
  created_by: 'key:mirsal_a1B2c3',
  created_at: '2026-11-02T09:30:00.000Z',
  expires_at: '2026-11-02T10:30:00.000Z',
};

const portalMembers = {
  id: Type.String(),
  name: Type.String(),
  scopes: Type.Array(oneOf(API_KEY_SCOPES)),
  created_by: Type.String(),
  created_at: time('When it was made.'),
  expires_at: time('When it is over.'),
};

const PortalLinkSchema = Type.Object(portalMembers, {
  $id: 'PortalLink',
  description: 'A link that lets others into the workspace for a while.',
  examples: [PORTAL_LINK],
});
export type PortalLinkView = Static<typeof PortalLinkSchema>;

const CreatedPortalLinkSchema = Type.Object(
  {
    ...portalMembers,
    token: Type.String({ description: 'In the place of an API key: `Authorization: Bearer mirsalp_…`.' }),
    url: Type.String({
      description:
        'The page of the link. The token stands behind the #, which no server is sent and none logs.',
    }),
  },
  {
    $id: 'CreatedPortalLink',
    description: 'A portal link and, this once, its token.',
    examples: [
      {
        ...PORTAL_LINK,
        token: 'mirsalp_1_1gk5x0m3q9f_…',
        url: 'https://hooks.example.com/portal#mirsalp_1_1gk5x0m3q9f_…',
      },
    ],
  },
);
export type CreatedPortalLinkView = Static<typeof CreatedPortalLinkSchema>;

export const peopleComponents = [
  PersonSchema,
  MyWorkspaceSchema,
  MeSchema,
  SessionSchema,
  MemberSchema,
  InvitationSchema,
  SentInvitationSchema,
  OfferedInvitationSchema,
  PortalLinkSchema,
  CreatedPortalLinkSchema,
];

export function personView({ id, name, email, language, createdAt }: Person): PersonView {
  return { id, name, email, language, created_at: formatTime(createdAt) };
}

export function sessionView(session: PersonSession, current: string): SessionView {
  return {
    id: session.id,
    current: session.id === current,
    address: session.address,
    user_agent: session.userAgent,
    created_at: formatTime(session.createdAt),
    used_at: formatTime(session.usedAt),
    expires_at: formatTime(session.expiresAt),
  };
}

export function memberView({ person, role, since }: Member): MemberView {
  return { person: personView(person), role, since: formatTime(since) };
}

export function invitationView(row: Omit<Invitation, 'acceptedBy'>, now: number): InvitationView {
  return {
    id: formatId('inv', row.key),
    email: row.email,
    role: row.role,
    language: row.language,
    state: row.expiresAt > now ? 'open' : 'expired',
    created_by: row.createdBy,
    created_at: formatTime(row.createdAt),
    expires_at: formatTime(row.expiresAt),
  };
}

export function portalLinkView(row: PortalLink): PortalLinkView {
  return {
    id: formatId('ptl', row.key),
    name: row.name,
    scopes: [...row.scopes],
    created_by: row.createdBy,
    created_at: formatTime(row.createdAt),
    expires_at: formatTime(row.expiresAt),
  };
}
