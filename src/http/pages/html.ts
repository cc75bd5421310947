/** HTML as text, escaped by default. Pure. */

import { createHash } from 'node:crypto';

/** Text that is HTML already. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** `html\`<p>${anything}</p>\``: what is put in is escaped unless it is Html itself. */
export function html(
  parts: TemplateStringsArray,
  ...values: ReadonlyArray<string | number | Html | readonly Html[]>
): Html {
  let text = parts[0] ?? '';
  for (const [index, value] of values.entries()) text += textOf(value) + (parts[index + 1] ?? '');
  return new Html(text);
}

function textOf(value: string | number | Html | readonly Html[]): string {
  if (value instanceof Html) return value.text;
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value));
  return value.map((item) => item.text).join('');
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Headers of a page that has one inline style and nothing else that a browser would load or run. */
export function pageHeaders(style: string): Record<string, string> {
  const hash = createHash('sha256').update(style).digest('base64');
  return {
    'content-type': 'text/html; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'content-security-policy': `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  };
}

/** What all pages look like. Logical properties alone, so that it reads from right to left as well. */
export const BASE_STYLE = `
:root{color-scheme:light dark;--ink:#1c2333;--quiet:#5d6880;--paper:#f6f7fa;--card:#fff;--line:#dfe3ec;--accent:#1c6fd6;--good:#117a4a;--bad:#b3261e;--warn:#8a5a00}
@media (prefers-color-scheme:dark){:root{--ink:#e7eaf2;--quiet:#9aa5bd;--paper:#10141d;--card:#181e2b;--line:#2a3244;--accent:#7db2ff;--good:#5fd39b;--bad:#ff8a80;--warn:#f2c063}}
*{box-sizing:border-box}
body{margin:0;padding:2rem 1rem;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,"Segoe UI","Noto Sans","Noto Sans Arabic",sans-serif}
main{max-inline-size:62rem;margin-inline:auto}
h1{font-size:1.4rem;margin:0 0 .5rem}
a{color:var(--accent)}
code,pre,.ltr{font-family:ui-monospace,"SF Mono",Menlo,Consolas,monospace;font-size:.86rem;direction:ltr;unicode-bidi:isolate;text-align:left}
.quiet{color:var(--quiet)}
`;
