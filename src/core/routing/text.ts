/**
 * The one place where two texts are compared for a condition. Pure. A further way of folding texts
 * (marks, letter forms of a script) is one more option here and nothing elsewhere.
 */

export type TextRelation = 'equals' | 'contains' | 'starts_with' | 'ends_with';

export interface TextOptions {
  /** Letter case makes no difference; Unicode's language-neutral lower case. */
  ignoreCase: boolean;
}

/**
 * Whether `actual` stands in `relation` to one of `wanted`: compareText('contains', 'abc', ['b'], …) is
 * true. It takes all wanted texts at once so that a long `actual` is folded once only.
 */
export function compareText(
  relation: TextRelation,
  actual: string,
  wanted: readonly string[],
  options: TextOptions,
): boolean {
  const left = foldText(actual, options);
  return wanted.some((text) => relates(relation, left, foldText(text, options)));
}

function relates(relation: TextRelation, left: string, right: string): boolean {
  switch (relation) {
    case 'equals':
      return left === right;
    case 'contains':
      return left.includes(right);
    case 'starts_with':
      return left.startsWith(right);
    case 'ends_with':
      return left.endsWith(right);
    default:
      return relation satisfies never;
  }
}

function foldText(text: string, options: TextOptions): string {
  return options.ignoreCase ? text.toLowerCase() : text;
}
