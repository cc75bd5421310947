/**
 * What a bin received, for a person with a browser (B4). Pure. Everything that was captured is
 * hostile: it is shown as escaped text, and the page runs no script. It stays live by reloading
 * itself.
 */

import { KIB } from '../bodies.ts';
import type { BinRequestView, SignatureVerdictView } from '../views/bin.ts';
import { BASE_STYLE, Html, html, pageHeaders } from './html.ts';
import { indentJson } from './indentJson.ts';
import { INSPECT_TEXTS, type InspectTexts } from './inspectTexts.ts';
import type { Language } from './languages.ts';

/** The newest ones; the API has the others. */
export const MAX_SHOWN = 50;
/** Of a body, in bytes: what a person will look at. */
export const MAX_BODY_SHOWN = 64 * KIB;
/** Of all of them: a page is made within some 20 ms. */
export const MAX_BODIES_SHOWN = 512 * KIB;
const RELOAD_S = 3;

const STYLE = `${BASE_STYLE}
header{margin-block-end:1.5rem}
.url{display:block;padding:.6rem .8rem;background:var(--card);border:1px solid var(--line);border-radius:.5rem;overflow-wrap:anywhere;margin-block:.5rem}
article{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem;margin-block-end:1rem}
.head{display:flex;flex-wrap:wrap;gap:.4rem .8rem;align-items:baseline}
.method{font-weight:700}
.path{overflow-wrap:anywhere}
.mark{border:1px solid;border-radius:1rem;padding:0 .6rem;font-size:.8rem}
.valid{color:var(--good)}.invalid{color:var(--bad)}.unsigned,.unknown_endpoint{color:var(--warn)}
pre{background:var(--paper);border:1px solid var(--line);border-radius:.4rem;padding:.7rem;margin:.6rem 0 0;max-block-size:32rem;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}
details{margin-block-start:.6rem}summary{cursor:pointer;color:var(--quiet)}
.empty{border:1px dashed var(--line);border-radius:.6rem;padding:2rem;text-align:center;color:var(--quiet)}
nav{display:flex;gap:1rem;flex-wrap:wrap}
`;

export const INSPECT_HEADERS = pageHeaders(STYLE);

export interface InspectPage {
  language: Language;
  live: boolean;
  url: string;
  expiresAt: number;
  total: number;
  requests: readonly BinRequestView[];
}

export function inspectPage(page: InspectPage): string {
  const texts = INSPECT_TEXTS[page.language];
  const direction = page.language === 'ar' ? 'rtl' : 'ltr';
  const other = page.language === 'ar' ? 'en' : 'ar';
  const live = page.live ? '' : '&live=off';
  const reload = page.live ? html`<meta http-equiv="refresh" content="${RELOAD_S}">` : html``;
  const document = html`<!doctype html>
<html lang="${page.language}" dir="${direction}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">${reload}<title>${texts.title}</title><style>${new Html(STYLE)}</style></head>
<body><main>
<header>
<nav><a href="?inspect&amp;lang=${other}${live}" lang="${other}">${texts.otherLanguage}</a>
<a href="?inspect&amp;lang=${page.language}${page.live ? '&live=off' : ''}">${page.live ? texts.stop : texts.resume}</a></nav>
<h1>${texts.title}</h1>
<p>${texts.intro}</p>
<code class="url" dir="ltr">${page.url}</code>
<p class="quiet">${texts.limits(formatDate(page.expiresAt))}</p>
<p class="quiet">${texts.count(page.requests.length, page.total)}</p>
</header>
${page.requests.length === 0 ? html`<p class="empty">${texts.empty}</p>` : page.requests.map((request) => showRequest(request, texts))}
</main></body></html>
`;
  return document.text;
}

function showRequest(request: BinRequestView, texts: InspectTexts): Html {
  return html`<article>
<div class="head"><span class="ltr method">${request.method}</span> <span class="ltr path">${request.path || '/'}</span>
<time class="ltr quiet" datetime="${request.at}">${request.at}</time> ${showVerdict(request.signature, texts)}</div>
${request.truncated ? html`<p class="quiet">${texts.truncated}</p>` : html``}
${showBody(request, texts)}
<details><summary>${texts.headers(request.headers.length)}</summary><pre dir="ltr">${headerLines(request.headers)}</pre></details>
</article>
`;
}

function showVerdict({ verdict, reason }: SignatureVerdictView, texts: InspectTexts): Html {
  return html`<span class="mark ${verdict}" title="${reason ?? ''}">${texts.verdicts[verdict]}</span>`;
}

function showBody(request: BinRequestView, texts: InspectTexts): Html {
  if (request.body === null || request.body === '') return html`<p class="quiet">${texts.noBody}</p>`;
  const label = request.encoding === 'base64' ? html`<p class="quiet">${texts.binary}</p>` : html``;
  const cut = request.body_bytes > MAX_BODY_SHOWN ? html`<p class="quiet">${texts.cut}</p>` : html``;
  const text = isJson(request) ? indentJson(request.body) : request.body;
  return html`${label}<pre dir="ltr">${text}</pre>${cut}`;
}

function isJson(request: BinRequestView): boolean {
  const type = request.headers.find(([name]) => name?.toLowerCase() === 'content-type')?.[1] ?? '';
  return request.encoding === 'utf8' && /^application\/(?:[\w.-]+\+)?json\b/i.test(type);
}

function headerLines(headers: ReadonlyArray<readonly string[]>): string {
  return headers.map(([name = '', value = '']) => `${name}: ${value}`).join('\n');
}

/** A date that reads the same in both languages: 2026-01-31. */
function formatDate(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
