/** `/reset`: asking for a mail with a link, and with its token (behind the #) a new password. */

import { Alert, Button, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { mirsal } from '../api/client.ts';
import { CenterCard } from '../parts/CenterCard.tsx';
import { Password } from '../parts/Password.tsx';
import { ProblemAlert } from '../parts/Problem.tsx';
import { TextLink } from '../parts/TextLink.tsx';
import { useTexts } from '../texts/index.tsx';

export function Reset() {
  const token = location.hash.slice(1);
  return token === '' ? <AskForLink /> : <NewPassword token={token} />;
}

function AskForLink() {
  const { reset: texts, signIn } = useTexts();
  const form = useForm({ initialValues: { email: '' } });
  const ask = useMutation({
    mutationFn: (values: { email: string }) => mirsal.passwordResets.request(values),
  });
  return (
    <CenterCard title={texts.title} lead={texts.lead}>
      {ask.isSuccess && <Alert color="teal">{texts.sent}</Alert>}
      <form onSubmit={form.onSubmit((values) => ask.mutate(values))}>
        <Stack>
          {ask.error !== null && <ProblemAlert error={ask.error} />}
          <TextInput
            label={signIn.email}
            type="email"
            required
            autoComplete="username"
            dir="ltr"
            {...form.getInputProps('email')}
          />
          <Button type="submit" loading={ask.isPending}>
            {texts.submit}
          </Button>
          <TextLink to="/login" fz="sm" ta="center">
            {signIn.title}
          </TextLink>
        </Stack>
      </form>
    </CenterCard>
  );
}

function NewPassword({ token }: { token: string }) {
  const { reset: texts, signIn } = useTexts();
  const form = useForm({ initialValues: { password: '' } });
  const set = useMutation({
    mutationFn: ({ password }: { password: string }) =>
      mirsal.passwordResets.resetPassword({ token, password }),
  });
  if (set.isSuccess) {
    return (
      <CenterCard title={texts.title}>
        <Alert color="teal">{texts.done}</Alert>
        <Button component={Link} to="/login">
          {signIn.title}
        </Button>
      </CenterCard>
    );
  }
  return (
    <CenterCard title={texts.title} lead={texts.choose}>
      <form onSubmit={form.onSubmit((values) => set.mutate(values))}>
        <Stack>
          {set.error !== null && <ProblemAlert error={set.error} />}
          <Password
            label={texts.newPassword}
            required
            minLength={10}
            autoComplete="new-password"
            {...form.getInputProps('password')}
          />
          <Button type="submit" loading={set.isPending}>
            {texts.set}
          </Button>
        </Stack>
      </form>
    </CenterCard>
  );
}
