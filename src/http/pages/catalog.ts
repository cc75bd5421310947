/**
 * The catalog of event types as pages that whoever writes a receiver can read without a key: what each type means,
 * the members of its body, samples and the schema. Pure. The pages run no script.
 */

import { bodySchema } from '../../core/catalog/bodySchema.ts';
import { builtInEventTypes } from '../../core/catalog/catalog.ts';
import type { EventType } from '../../core/catalog/eventType.ts';
import type { JsonSchema } from '../../core/catalog/schema.ts';
import { isSystemEvent } from '../../core/catalog/systemEvents.ts';
import { BASE_STYLE, Html, html, pageHeaders } from './html.ts';
import type { Language } from './languages.ts';

export const CATALOG_PATH = '/event-catalog';

const STYLE = `${BASE_STYLE}
nav{display:flex;flex-wrap:wrap;gap:.4rem 1rem;justify-content:space-between;margin-block-end:1.5rem}
h2{font-size:1.1rem;margin:2rem 0 .6rem}
ul{padding-inline-start:1.2rem}
.types{list-style:none;padding:0;display:grid;gap:.7rem;grid-template-columns:repeat(auto-fill,minmax(min(19rem,100%),1fr))}
.types a{display:block;block-size:100%;padding:.8rem 1rem;background:var(--card);border:1px solid var(--line);border-radius:.6rem;text-decoration:none;color:inherit}
.types a:hover,.types a:focus-visible{border-color:var(--accent)}
.types strong{display:block}
.types code{color:var(--accent)}
.types p{margin:.3rem 0 0;font-size:.92rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;inline-size:100%;font-size:.92rem}
th,td{text-align:start;vertical-align:top;padding:.45rem .7rem;border-block-end:1px solid var(--line)}
td:first-child{white-space:nowrap}
pre{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.9rem;overflow:auto;max-block-size:36rem}
details{margin-block-start:.6rem}summary{cursor:pointer}
`;

export const CATALOG_HEADERS = { ...pageHeaders(STYLE), 'cache-control': 'public, max-age=300' };

interface PageTexts {
  title: string;
  intro: string;
  otherLanguage: string;
  all: string;
  groups: Record<Group, string>;
  uses: string;
  members: string;
  member: string;
  kind: string;
  meaning: string;
  optional: string;
  samples: string;
  asFile: string;
  schema: string;
  schemaFile: string;
}

type Group = 'messaging' | 'marketing' | 'system';
const GROUPS: readonly Group[] = ['marketing', 'messaging', 'system'];

const TEXTS: Readonly<Record<Language, PageTexts>> = {
  en: {
    title: 'Event types',
    intro: 'Everything that can be sent to your endpoint, with the body exactly as you will get it.',
    otherLanguage: 'العربية',
    all: 'All event types',
    groups: { marketing: 'Marketing', messaging: 'Messaging', system: 'About the delivery itself' },
    uses: 'What it is good for',
    members: 'Members of the body',
    member: 'Member',
    kind: 'Kind',
    meaning: 'Meaning',
    optional: 'may be absent',
    samples: 'Samples',
    asFile: 'as a file',
    schema: 'JSON Schema of the body',
    schemaFile: 'at a stable address',
  },
  ar: {
    title: 'أنواع الأحداث',
    intro: 'كل ما يمكن أن يصل إلى وجهتك، مع محتوى كل حدث كما ستتلقّاه تمامًا.',
    otherLanguage: 'English',
    all: 'كل أنواع الأحداث',
    groups: { marketing: 'التسويق', messaging: 'المراسلة', system: 'عن التسليم نفسه' },
    uses: 'فيمَ يفيد',
    members: 'حقول المحتوى',
    member: 'الحقل',
    kind: 'النوع',
    meaning: 'المعنى',
    optional: 'قد لا يوجد',
    samples: 'أمثلة',
    asFile: 'كملف',
    schema: 'مخطّط JSON للمحتوى',
    schemaFile: 'على عنوان ثابت',
  },
};

export function catalogPage(language: Language): string {
  const texts = TEXTS[language];
  const grouped = Map.groupBy(builtInEventTypes.values(), groupOf);
  const sections = GROUPS.map((group) => {
    const types = grouped.get(group) ?? [];
    return html`<section><h2>${texts.groups[group]}</h2>
<ul class="types">${types.map((type) => typeCard(type, language))}</ul></section>
`;
  });
  return page(language, {
    title: texts.title,
    other: CATALOG_PATH,
    main: html`<h1>${texts.title}</h1><p>${texts.intro}</p>${sections}`,
    back: html``,
  });
}

function groupOf({ name, family }: EventType): Group {
  if (isSystemEvent(name)) return 'system';
  return family === 'messaging' ? 'messaging' : 'marketing';
}

function typeCard({ name, title, description }: EventType, language: Language): Html {
  return html`<li><a href="${pathOf(name)}?lang=${language}"><strong>${title[language]}</strong><code>${name}</code>
<p class="quiet">${description[language]}</p></a></li>
`;
}

export function eventTypePage(type: EventType, language: Language): string {
  const texts = TEXTS[language];
  const { name, title, description, useCases, samples } = type;
  const path = pathOf(name);
  const uses = useCases[language];
  const main = html`<h1>${title[language]}</h1><p><code>${name}</code></p><p>${description[language]}</p>
${uses.length === 0 ? html`` : html`<h2>${texts.uses}</h2><ul>${uses.map((use) => html`<li>${use}</li>`)}</ul>`}
<h2>${texts.samples}</h2>
${samples.map(
  (
    sample,
    place,
  ) => html`<details${place === 0 ? html` open` : html``}><summary>${sample.title[language]}</summary>
<p><a href="${path}/samples/${sample.name}.json">${texts.asFile}</a></p><pre dir="ltr">${sample.body}</pre></details>
`,
)}
<h2>${texts.members}</h2>
<div class="scroll"><table><thead><tr><th scope="col">${texts.member}</th><th scope="col">${texts.kind}</th><th scope="col">${texts.meaning}</th></tr></thead>
<tbody>${membersOf(bodySchema(type)).map((member) => memberRow(member, texts))}</tbody></table></div>
<h2>${texts.schema}</h2>
<p><a href="${path}/schema.json">${texts.schemaFile}</a></p>`;
  return page(language, {
    title: title[language],
    other: path,
    main,
    back: html`<a href="${CATALOG_PATH}?lang=${language}">${texts.all}</a>`,
  });
}

function page(
  language: Language,
  { title, other, main, back }: { title: string; other: string; main: Html; back: Html },
): string {
  const otherLanguage = language === 'ar' ? 'en' : 'ar';
  const document = html`<!doctype html>
<html lang="${language}" dir="${language === 'ar' ? 'rtl' : 'ltr'}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${new Html(STYLE)}</style></head>
<body><main>
<nav><span>${back}</span><a href="${other}?lang=${otherLanguage}" lang="${otherLanguage}">${TEXTS[language].otherLanguage}</a></nav>
${main}
</main></body></html>
`;
  return document.text;
}

export function pathOf(name: string): string {
  return `${CATALOG_PATH}/${name}`;
}

// ---------------------------------------------------------------- members

interface Member {
  path: string;
  kind: string;
  meaning: string;
  required: boolean;
}

/** Every member below the body, by its path: `data.contact.email`, `data.tags[]`. Those of built-in types are few. */
function membersOf(schema: JsonSchema, above = ''): Member[] {
  const {
    properties = {},
    required = [],
    items,
  } = schema as {
    properties?: Record<string, JsonSchema>;
    required?: readonly string[];
    items?: JsonSchema;
  };
  const members = Object.entries(properties).flatMap(([name, member]) => {
    const path = above === '' ? name : `${above}.${name}`;
    return [asMember(path, member, required.includes(name)), ...membersOf(member, path)];
  });
  return typeof items === 'object' ? [...members, ...membersOf(items, `${above}[]`)] : members;
}

function asMember(path: string, schema: JsonSchema, required: boolean): Member {
  const {
    title = '',
    description,
    type,
  } = schema as Partial<Record<'title' | 'description', string>> & {
    type?: string | readonly string[];
  };
  const kinds = type === undefined ? kindOfFixed(schema) : [type].flat();
  const meaning = description === undefined ? title : `${title}. ${description}`;
  return { path, kind: kinds.join(' | '), meaning, required };
}

function kindOfFixed(schema: JsonSchema): string[] {
  if ('const' in schema) return [JSON.stringify(schema.const)];
  const { enum: values } = schema as { enum?: readonly unknown[] };
  return values === undefined ? [] : values.map((value) => JSON.stringify(value));
}

function memberRow({ path, kind, meaning, required }: Member, texts: PageTexts): Html {
  const absent = required ? html`` : html` <span class="quiet">· ${texts.optional}</span>`;
  return html`<tr><td><code>${path}</code></td><td><code>${kind}</code>${absent}</td><td lang="en" dir="auto">${meaning}</td></tr>
`;
}
