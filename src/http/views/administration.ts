/** Workspaces, API keys and settings as the API shows and takes them. Pure. */

import { type Static, Type } from 'typebox';
import { formatId } from '../../core/ids.ts';
import { MAIL_ADDRESS_IN_WORDS } from '../../core/mailAddress.ts';
import {
  API_KEY_SCOPES,
  type ApiKey,
  SUSPENSION_MODES,
  type Workspace,
} from '../../store/records/administration.ts';
import { CUSTOMER_LIMITS } from '../customerLimits.ts';
import { nullable, oneOf, pageOf, ref, time } from '../operation.ts';
import { formatTime, formatTimeOrNull } from '../paging.ts';

const MAX_NAME_LENGTH = 200;
export const nameInput = Type.String({ minLength: 1, maxLength: MAX_NAME_LENGTH });

/** Checked, and freed of what stands around it, by mailAddresses.ts. */
const emailInput = Type.String({ description: MAIL_ADDRESS_IN_WORDS });

/** More people are a mailing list's. */
export const MAX_RECIPIENTS = 20;

/** People to write to, each in their language. */
export const recipientsInput = (description: string) =>
  Type.Array(
    Type.Object(
      { email: emailInput, language: oneOf(['ar', 'en'] as const) },
      { additionalProperties: false },
    ),
    { maxItems: MAX_RECIPIENTS, description },
  );

const days = (what: string) =>
  Type.Integer({ minimum: 1, maximum: 3_650, description: `${what} are kept so many days.` });

const settingsMembers = {
  validation: oneOf(['strict', 'warn'] as const, {
    description: '`strict` refuses an event that its schema refuses; `warn` accepts it and says so.',
  }),
  language: oneOf(['ar', 'en'] as const),
  account_email: nullable(emailInput, {
    description: '`account.email` of marketing bodies where the publisher names none.',
  }),
  budget: Type.Object(
    {
      limit: Type.Integer({ minimum: 0, maximum: 10_000 }),
      window_s: Type.Integer({ minimum: 60, maximum: 86_400 }),
      scope: oneOf(['workspace', 'endpoint'] as const, {
        description: 'One budget for all endpoints of the workspace, or one for each.',
      }),
    },
    {
      additionalProperties: false,
      description:
        'More than `limit` failed attempts within `window_s` seconds disable the endpoints at fault.',
    },
  ),
  notification_recipients: recipientsInput(
    "Who gets the mails; the workspace's owners where nobody is named.",
  ),
  retention: Type.Object(
    {
      events_days: days('Events with their deliveries'),
      bodies_days: days('Bodies of events; without its body an event cannot be sent again'),
      attempts_days: days('Attempts with what was sent and answered'),
      held_days: days('Deliveries that are held; after that they are skipped'),
    },
    { additionalProperties: false },
  ),
  release_per_second: Type.Number({
    minimum: 0.1,
    maximum: 1_000,
    description: 'What was held goes out at most this fast once its endpoint is enabled again.',
  }),
};

const SettingsSchema = Type.Object(settingsMembers, {
  $id: 'Settings',
  description: 'Settings of a workspace.',
});
export type SettingsView = Static<typeof SettingsSchema>;

const SettingsPatchSchema = Type.Object(
  {
    validation: Type.Optional(settingsMembers.validation),
    language: Type.Optional(settingsMembers.language),
    account_email: Type.Optional(settingsMembers.account_email),
    budget: Type.Optional(Type.Partial(settingsMembers.budget, { additionalProperties: false })),
    notification_recipients: Type.Optional(settingsMembers.notification_recipients),
    retention: Type.Optional(Type.Partial(settingsMembers.retention, { additionalProperties: false })),
    release_per_second: Type.Optional(settingsMembers.release_per_second),
  },
  { $id: 'SettingsPatch', additionalProperties: false, description: 'What is absent stays as it is.' },
);
export type SettingsPatchInput = Static<typeof SettingsPatchSchema>;

export const externalIdInput = Type.String({
  ...{ minLength: 1, maxLength: CUSTOMER_LIMITS.external_id.value },
  description: 'What your platform calls it; no two workspaces have the same.',
});
/** What stands in queries and headers without escaping. */
const METADATA_NAME = '^[A-Za-z0-9_.-]{1,64}$';

export const metadataInput = (description: string) =>
  Type.Unsafe<Record<string, string>>(
    Type.Object(
      {},
      {
        patternProperties: {
          [METADATA_NAME]: Type.String({ maxLength: CUSTOMER_LIMITS.metadata_value.value }),
        },
        additionalProperties: false,
        maxProperties: CUSTOMER_LIMITS.metadata_members.value,
        description,
      },
    ),
  );

const workspaceMembers = {
  id: Type.String(),
  name: Type.String(),
  plan: Type.String(),
  settings: ref<SettingsView>('Settings'),
  owners: recipientsInput('Who gets the mails where the settings name nobody.'),
  external_id: nullable(externalIdInput, { description: 'What your platform calls it; null for nothing.' }),
  metadata: metadataInput('What your platform notes of it.'),
  suspended: nullable(
    Type.Object({
      mode: oneOf(SUSPENSION_MODES, {
        description:
          '`refuse`: no events are accepted; `hold`: they are, and wait. Either way nothing is sent.',
      }),
      reason: nullable(Type.String(), {
        description: 'As whoever suspended it has put it; null for nothing.',
      }),
      at: time('Since when.'),
      by: Type.String({ description: 'Who did it.' }),
    }),
    { description: 'Null for a workspace that is not suspended.' },
  ),
  created_at: time('When it was made.'),
};

const WorkspaceSchema = Type.Object(workspaceMembers, { $id: 'Workspace', description: 'A tenant.' });
export type WorkspaceView = Static<typeof WorkspaceSchema>;

const apiKeyMembers = {
  id: Type.String(),
  name: Type.String(),
  prefix: Type.String({ description: 'The readable beginning, to recognise the key by.' }),
  scopes: Type.Array(oneOf(API_KEY_SCOPES)),
  created_at: time('When it was made.'),
  expires_at: nullable(Type.String({ format: 'date-time' }), {
    description: 'From then on it is refused with `api_key_expired`; null for never.',
  }),
};

const ApiKeySchema = Type.Object(apiKeyMembers, {
  $id: 'ApiKey',
  description: 'A key that was not revoked.',
});
export type ApiKeyView = Static<typeof ApiKeySchema>;

const CreatedApiKeySchema = Type.Object(
  { ...apiKeyMembers, key: Type.String({ description: 'The whole key.' }) },
  { $id: 'CreatedApiKey', description: 'The key and, this once, its text.' },
);
export type CreatedApiKeyView = Static<typeof CreatedApiKeySchema>;

const CreatedWorkspaceSchema = Type.Object(
  { ...workspaceMembers, api_key: ref<CreatedApiKeyView>('CreatedApiKey') },
  { $id: 'CreatedWorkspace', description: 'The workspace and its first API key, which is shown this once.' },
);

export const apiKeyComponents = [
  SettingsSchema,
  SettingsPatchSchema,
  WorkspaceSchema,
  pageOf(ref('Workspace'), 'WorkspacePage'),
  CreatedWorkspaceSchema,
  ApiKeySchema,
  pageOf(ref('ApiKey'), 'ApiKeyPage'),
  CreatedApiKeySchema,
];

export function workspaceView(row: Workspace): WorkspaceView {
  return {
    id: formatId('ws', row.key),
    name: row.name,
    plan: row.plan,
    settings: row.settings,
    owners: [...row.owners],
    external_id: row.externalId,
    metadata: { ...row.metadata },
    suspended: row.suspended === null ? null : { ...row.suspended, at: formatTime(row.suspended.at) },
    created_at: formatTime(row.createdAt),
  };
}

export function apiKeyView(row: Omit<ApiKey, 'revokedAt'>): ApiKeyView {
  return {
    id: formatId('key', row.key),
    name: row.name,
    prefix: row.prefix,
    scopes: [...row.scopes],
    created_at: formatTime(row.createdAt),
    expires_at: formatTimeOrNull(row.expiresAt),
  };
}
