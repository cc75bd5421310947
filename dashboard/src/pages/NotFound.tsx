import { Empty } from '../parts/Empty.tsx';
import { TextLink } from '../parts/TextLink.tsx';
import { useTexts } from '../texts/index.tsx';

export function NotFound() {
  const { notFound } = useTexts();
  return (
    <Empty title={notFound.title} text={notFound.text} action={<TextLink to="/">{notFound.home}</TextLink>} />
  );
}
