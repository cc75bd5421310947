/** What a start says: the address, the keys (once), and how to see it work. Pure. */

import type { Bootstrapped } from './bootstrap.ts';

/** The walk-through of README.md: a bin, an endpoint on it, and the opt-in sample published. */
export const WALK_THROUGH: readonly string[] = [
  `BIN=$(curl -fsS -X POST "$MIRSAL/v1/bins" -H "Authorization: Bearer $KEY" | sed -E 's/.*"url":"([^"]+)".*/\\1/')`,
  `curl -fsS "$MIRSAL/v1/endpoints" -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' -d "{\\"url\\":\\"$BIN\\",\\"event_types\\":[\\"contact.optin.completed\\"]}"`,
  `curl -fsS "$MIRSAL/v1/events" -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' -d '{"type":"contact.optin.completed","data":{"funnel_step":{"id":2102831,"name":"Squeeze page","type":"squeeze","funnel":{"id":614554,"name":"My funnel"}},"contact":{"id":29142804,"email":"reader@example.com","fields":[],"ip":"203.0.113.109","referred_by_contact_id":null,"referred_by_contact_email":null}}}'`,
];

export function welcome(started: { url: string; keys: Bootstrapped; setupToken: string | null }): string {
  const { url, keys, setupToken } = started;
  const lines = ['', `  Mirsal is at ${url}`, ''];
  if (keys.apiKey !== null) {
    lines.push(
      '  Its keys, shown this once:',
      `    API key       ${keys.apiKey}`,
      ...(keys.instanceKey === null ? [] : [`    instance key  ${keys.instanceKey}`]),
      '',
    );
  }
  if (setupToken !== null) {
    lines.push(
      '  Nobody can sign in yet. Make the first account in a browser:',
      `    ${url}/setup#${setupToken}`,
      '  or by POST /v1/setup, with this token:',
      `    set-up token  ${setupToken}`,
      '',
    );
  }
  lines.push(
    '  See it work: make a bin, an endpoint on it, and publish an opt-in; then open the bin.',
    '',
    `MIRSAL=${url} KEY=${keys.apiKey ?? '<your API key>'}`,
    ...WALK_THROUGH,
    'echo "$BIN?inspect"',
    '',
    '',
  );
  return lines.join('\n');
}
