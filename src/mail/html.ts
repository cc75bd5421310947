/**
 * A mail's content as HTML. Pure. Everything a reader's program may strip has a fallback: styles stand at
 * each element, and what only a style sheet can say (dark mode, narrow screens) is said once more in one.
 */

import type { Block, Card, ErrorLine, Line, MailContent, Piece, Tone } from './pieces.ts';

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

const FONT = `system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Noto Sans Arabic',Tahoma,Arial,sans-serif`;
const MONO = `ui-monospace,SFMono-Regular,Consolas,'Liberation Mono','Noto Sans Mono',monospace`;

const INK = '#1c2430';
const QUIET = '#5a6675';
const LINE = '#dfe4ea';
const SOFT = '#f5f7f9';
const LINK = '#0b5cad';

const TONES: Record<Tone, string> = { alert: '#b3261e', caution: '#8a5a00', good: '#1b6e3c' };
const DARK_TONES: Record<Tone, string> = { alert: '#ff9d94', caution: '#f0c060', good: '#7bd8a0' };

function darkStyle(tone: Tone): string {
  return `@media (prefers-color-scheme:dark){
.m-page{background:#11161d!important}
.m-sheet{background:#1a212b!important;border-color:#2f3945!important}
.m-ink{color:#e8edf3!important}
.m-quiet{color:#a4b0be!important}
.m-soft{background:#232c38!important;border-color:#36424f!important}
.m-line{border-color:#2f3945!important}
.m-link{color:#8cc4ff!important}
.m-tone{color:${DARK_TONES[tone]}!important}
.m-bar{background:${DARK_TONES[tone]}!important}
.m-button{background:#8cc4ff!important;color:#0c1622!important}
}
@media (max-width:520px){
.m-page{padding:0!important}
.m-sheet{border-radius:0!important;border-width:0 0 1px!important}
.m-inner{padding:24px 20px!important}
.m-title{font-size:21px!important}
}`;
}

export function renderHtml(content: MailContent): string {
  const { language, tone } = content;
  const dir = language === 'ar' ? 'rtl' : 'ltr';
  // Arabic letters are taller and finer: they need room and size.
  const size = language === 'ar' ? 'font-size:16px;line-height:1.8' : 'font-size:15px;line-height:1.6';
  const footer = content.footer
    .map((line) => `<p class="m-quiet" style="margin:0 0 6px;color:${QUIET}">${inline(line)}</p>`)
    .join('');
  return `<!doctype html>
<html lang="${language}" dir="${dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(content.subject)}</title>
<style>${darkStyle(tone)}</style>
</head>
<body class="m-page" style="margin:0;padding:24px 12px;background:#eef1f4">
<div lang="${language}" dir="${dir}" class="m-sheet m-ink" style="max-width:600px;margin:0 auto;background:#ffffff;border:1px solid ${LINE};border-radius:10px;overflow:hidden;font-family:${FONT};${size};color:${INK};overflow-wrap:anywhere">
<div class="m-bar" style="height:4px;background:${TONES[tone]}"></div>
<div class="m-inner" style="padding:30px 34px">
<p class="m-tone" style="margin:0 0 6px;font-size:13px;font-weight:600;color:${TONES[tone]}">${inline(content.kicker)}</p>
<h1 class="m-title m-ink" style="margin:0 0 18px;font-size:24px;line-height:1.4;font-weight:650;color:${INK}">${inline(content.title)}</h1>
${content.blocks.map(htmlBlock).join('\n')}
<div class="m-line m-quiet" style="margin-top:30px;padding-top:16px;border-top:1px solid ${LINE};font-size:13px;color:${QUIET}">${footer}</div>
</div>
</div>
</body>
</html>
`;
}

function inline(line: Line): string {
  return line.map(htmlPiece).join('');
}

function htmlPiece({ kind, text }: Piece): string {
  const escaped = escapeHtml(text);
  switch (kind) {
    case 'text':
      return escaped;
    case 'name':
      return `<bdi dir="auto" style="font-weight:600">${escaped}</bdi>`;
    case 'code':
      return `<bdi dir="ltr" style="display:inline-block;font-family:${MONO};font-size:0.88em">${escaped}</bdi>`;
    default:
      return kind satisfies never;
  }
}

function htmlBlock(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return `<p class="m-ink" style="margin:0 0 16px;color:${INK}">${inline(block.line)}</p>`;
    case 'heading':
      return `<h2 class="m-ink" style="margin:28px 0 12px;font-size:17px;line-height:1.4;font-weight:650;color:${INK}">${inline(block.line)}</h2>`;
    case 'cards':
      return block.cards.map(htmlCard).join('\n');
    case 'advice':
      return `<div style="margin:0 0 14px"><p class="m-ink" style="margin:0;font-weight:600;color:${INK}">${inline(block.title)}</p><p class="m-quiet" style="margin:2px 0 0;color:${QUIET}">${inline(block.line)}</p></div>`;
    case 'command':
      return `<pre class="m-soft m-ink" dir="ltr" style="margin:0 0 16px;padding:12px 14px;background:${SOFT};border:1px solid ${LINE};border-radius:8px;font-family:${MONO};font-size:13px;line-height:1.6;text-align:left;white-space:pre-wrap;overflow-wrap:anywhere;color:${INK}">${escapeHtml(block.text)}</pre>`;
    case 'button':
      return `<p style="margin:20px 0 22px"><a class="m-button" href="${escapeHtml(block.url)}" style="display:inline-block;padding:11px 22px;background:${LINK};border-radius:8px;color:#ffffff;font-weight:600;text-decoration:none">${escapeHtml(block.label)}</a></p>`;
    default:
      return block satisfies never;
  }
}

function htmlCard({ name, url, facts, error }: Card): string {
  const address =
    url === ''
      ? ''
      : `<div class="m-quiet" style="font-family:${MONO};font-size:13px;line-height:1.6;color:${QUIET}"><bdi dir="ltr">${escapeHtml(url)}</bdi></div>`;
  const said = error === null ? '' : htmlError(error);
  const told = facts
    .map(
      (line) =>
        `<div class="m-quiet" style="margin-top:4px;font-size:14px;color:${QUIET}">${inline(line)}</div>`,
    )
    .join('');
  return `<div class="m-soft" style="margin:0 0 10px;padding:12px 14px;background:${SOFT};border:1px solid ${LINE};border-radius:8px"><div class="m-ink" style="font-weight:600;color:${INK}"><bdi dir="auto">${escapeHtml(name)}</bdi></div>${address}${told}${said}</div>`;
}

function htmlError(error: ErrorLine): string {
  const apart = `margin-top:8px;padding-top:8px;border-top:1px solid ${LINE};color:${INK}`;
  if (error.kind === 'meant') {
    return `<div class="m-ink m-line" style="${apart};font-size:14px">${inline(error.line)}</div>`;
  }
  return `<div class="m-ink m-line" dir="ltr" lang="en" style="${apart};font-family:${MONO};font-size:13px;line-height:1.6;text-align:left">${escapeHtml(error.text)}</div>`;
}
