/** What a reader has chosen, kept in cookies that the server reads as well, so that the first paint is right. */

const YEAR_S = 365 * 24 * 3600;

function read(name: string): string | null {
  return new RegExp(`(?:^|; )mirsal_${name}=(\\w+)`).exec(document.cookie)?.[1] ?? null;
}

function keep(name: string, value: string): void {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store is there on HTTPS alone.
  document.cookie = `mirsal_${name}=${value}; path=/; max-age=${YEAR_S}; samesite=lax`;
}

/** Latin digits, or Arabic-Indic ones. */
export const DIGITS: 'latn' | 'arab' = read('digits') === 'arab' ? 'arab' : 'latn';

export function chooseLanguage(language: 'en' | 'ar'): void {
  keep('language', language);
  location.reload();
}

export function chooseDigits(digits: 'latn' | 'arab'): void {
  keep('digits', digits);
  location.reload();
}

export function keepScheme(scheme: string): void {
  keep('scheme', scheme);
}

/** The workspace that pages are about, where a person is a member of several. */
export const workspacePreference = {
  read: (): string | null => read('workspace'),
  keep: (id: string): void => keep('workspace', id),
};
