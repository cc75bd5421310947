/** Mails to people about their accounts: what they tell, before they are words. Pure data. */

interface PersonMailBase {
  /** One address. */
  to: string;
  language: 'ar' | 'en';
  /** Where the button leads: who has it may act, so it stands in this mail alone. */
  url: string;
  /** Until when it does. */
  expiresAt: number;
}

export interface InvitationMail extends PersonMailBase {
  kind: 'invitation';
  workspace: string;
  /** Who invites; null where it was done by a key. */
  by: string | null;
}

export interface ResetMail extends PersonMailBase {
  kind: 'reset';
  name: string;
}

export type PersonMail = InvitationMail | ResetMail;
