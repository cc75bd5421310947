/** A mail's content as plain text. Pure. */

import { type Block, type Card, codePiece, type MailContent, namePiece, plainLine } from './pieces.ts';

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
      return plainLine([codePiece(block.text)], language);
    case 'button':
      return `${block.label}:\n${block.url}`;
    default:
      return block satisfies never;
  }
}

function plainCard(card: Card, language: MailContent['language']): string {
  const lines = [
    `* ${plainLine([namePiece(card.name)], language)}`,
    ...(card.url === '' ? [] : [`  ${plainLine([codePiece(card.url)], language)}`]),
    ...card.facts.map((line) => `  ${plainLine(line, language)}`),
    ...(card.error === null ? [] : [`  ${plainLine([codePiece(card.error)], language)}`]),
  ];
  return lines.join('\n');
}
