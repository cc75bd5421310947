/**
 * JSON text with line breaks and indentation, for reading. Pure. Tokens stay as they are (a number of
 * twenty digits keeps them all): only white space outside of strings changes.
 */

const INDENT = '  ';
/** Deeper levels are not indented further: hostile nesting must not make the page quadratic. */
const MAX_INDENT = 20;

export function indentJson(text: string): string {
  // A string that never closes is a token, too, so that nothing is looked at twice: what was captured is hostile.
  const tokens = text.match(/"(?:[^"\\]|\\[\s\S])*(?:"|\\?$)|[[\]{},:]|[^\s[\]{},:"]+/g) ?? [];
  const lines: string[] = [];
  let line = '';
  let depth = 0;
  const breakLine = (): void => {
    lines.push(line);
    line = INDENT.repeat(Math.max(0, Math.min(depth, MAX_INDENT)));
  };
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1];
    if (token === '{' || token === '[') {
      line += token;
      depth += 1;
      if (next !== '}' && next !== ']') breakLine();
    } else if (token === '}' || token === ']') {
      depth -= 1;
      const previous = tokens[index - 1];
      if (previous !== '{' && previous !== '[') breakLine();
      line += token;
    } else if (token === ',') {
      line += token;
      breakLine();
    } else line += token === ':' ? ': ' : token;
  }
  return [...lines, line].join('\n');
}
