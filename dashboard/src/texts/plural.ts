/** Plural forms by language, checked by the compiler: Arabic has six, English two. `#` stands for the number. */

export interface EnglishForms {
  one: string;
  other: string;
}

export interface ArabicForms {
  zero: string;
  one: string;
  two: string;
  few: string;
  many: string;
  other: string;
}

export function plurals<Forms extends EnglishForms | ArabicForms>(language: string) {
  const rules = new Intl.PluralRules(language);
  return (count: number, forms: Forms, shown: string): string => {
    const form = forms[rules.select(count) as keyof Forms] as string;
    return form.replace('#', shown);
  };
}
