import { PasswordInput, type PasswordInputProps } from '@mantine/core';
import { useTexts } from '../texts/index.tsx';

/** A password, with the button that shows it named in the reader's language. */
export function Password(props: PasswordInputProps) {
  const { common } = useTexts();
  return <PasswordInput visibilityToggleButtonProps={{ 'aria-label': common.showTyped }} {...props} />;
}
