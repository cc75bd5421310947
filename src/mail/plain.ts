/**
 * A mail's content as plain text. Pure. A URL or a command has a line of its own, which begins with a
 * Latin letter and so runs left to right without marks that somebody would copy along.
 */

import { type Block, type Card, type ErrorLine, type MailContent, namePiece, plainLine } from './pieces.ts';

export function renderPlain(content: MailContent): string {
  const { language } = content;
  const title = plainLine(content.title, language);
  const parts = [
    title,
    ...content.blocks.map((block) => plainBlock(block, language)),
    ['-- ', ...content.footer.map((line) => plainLine(line, language))].join('\n'),
  ];
  return `${parts.join('\n\n')}\n`;
}

function plainBlock(block: Block, language: MailContent['language']): string {
  switch (block.kind) {
    case 'paragraph':
      return plainLine(block.line, language);
    case 'heading':
      return `## ${plainLine(block.line, language)}`;
    case 'cards':
      return block.cards.map((card) => plainCard(card, language)).join('\n\n');
    case 'advice':
      return `${plainLine(block.title, language)}\n${plainLine(block.line, language)}`;
    case 'command':
      return block.text;
    case 'button':
      return `${block.label}:\n${block.url}`;
    default:
      return block satisfies never;
  }
}

function plainCard(card: Card, language: MailContent['language']): string {
  const lines = [
    `* ${plainLine([namePiece(card.name)], language)}`,
    ...(card.url === '' ? [] : [`  ${card.url}`]),
    ...card.facts.map((line) => `  ${plainLine(line, language)}`),
    ...(card.error === null ? [] : [`  ${plainError(card.error, language)}`]),
  ];
  return lines.join('\n');
}

function plainError(error: ErrorLine, language: MailContent['language']): string {
  return error.kind === 'recorded' ? error.text : plainLine(error.line, language);
}
