/** Which of the product's languages a reader wants. Pure. */

export type Language = 'en' | 'ar';

/** From a language tag or an `Accept-Language` header; English where neither language is asked for. */
export function pickLanguage(asked: string): Language {
  const wanted = asked
    .split(',')
    .map((part, place) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const weight = parameters
        .map((text) => /^\s*q=([\d.]+)$/.exec(text)?.[1])
        .find((text) => text !== undefined);
      return { language: tag.split('-')[0], weight: weight === undefined ? 1 : Number(weight), place };
    })
    .filter(({ weight }) => weight > 0)
    .sort((one, other) => other.weight - one.weight || one.place - other.place);
  const known = wanted.find(({ language }) => language === 'ar' || language === 'en');
  return known?.language === 'ar' ? 'ar' : 'en';
}
