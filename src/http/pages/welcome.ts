/** The page at `/` for whoever opens a new installation in a browser. Pure. */

import { BASE_STYLE, Html, html, pageHeaders } from './html.ts';

export const PAGE_HEADERS = pageHeaders(BASE_STYLE);

export function welcomePage(version: string): string {
  const page = html`<!doctype html>
<html lang="en" dir="ltr">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Mirsal</title><style>${new Html(BASE_STYLE)}</style></head>
<body><main>
<h1>Mirsal <span lang="ar" dir="rtl">مرسال</span></h1>
<p>Events in, ordered and signed webhooks out. This is version <span class="ltr">${version}</span>.</p>
<p><a href="/docs">The API</a> is there to read and to try; for programs there is <a href="/v1/openapi.json">its OpenAPI document</a>.</p>
<p lang="ar" dir="rtl">تدخل الأحداث، وتخرج منها خطافات ويب مرتّبة وموقّعة. اقرأ <a href="/docs">واجهة البرمجة</a> وجرّبها، وللبرامج <a href="/v1/openapi.json">مستند OpenAPI</a>.</p>
</main></body></html>
`;
  return page.text;
}
