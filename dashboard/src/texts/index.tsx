import { createContext, type ReactNode, use } from 'react';
import type { Texts } from './en.ts';
import { LANGUAGE } from './format.ts';

const Context = createContext<Texts | null>(null);

/** Only the reader's language is loaded. */
export async function loadTexts(): Promise<Texts> {
  return LANGUAGE === 'ar' ? (await import('./ar.ts')).ar : (await import('./en.ts')).en;
}

export function TextsProvider({ texts, children }: { texts: Texts; children: ReactNode }) {
  return <Context value={texts}>{children}</Context>;
}

export function useTexts(): Texts {
  const texts = use(Context);
  if (texts === null) throw new Error('There are no texts around this component.');
  return texts;
}
