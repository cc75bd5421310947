/** `/login`. */

import { Alert, Button, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Navigate, useNavigate, useSearch } from '@tanstack/react-router';
import { mirsal } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import { queryClient } from '../api/queryClient.ts';
import { CenterCard } from '../parts/CenterCard.tsx';
import { Password } from '../parts/Password.tsx';
import { ProblemAlert } from '../parts/Problem.tsx';
import { TextLink } from '../parts/TextLink.tsx';
import { useTexts } from '../texts/index.tsx';

/** Only addresses of the dashboard itself. */
function safe(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) ? next : '/';
}

export function SignIn() {
  const { signIn: texts } = useTexts();
  const { next } = useSearch({ from: '/login' });
  const navigate = useNavigate();
  const setup = useQuery(queries.setup);
  const form = useForm({ initialValues: { email: '', password: '' } });
  const signIn = useMutation({
    mutationFn: (values: typeof form.values) => mirsal.signIn.signIn(values),
    async onSuccess() {
      await queryClient.resetQueries();
      await navigate({ to: safe(next) });
    },
  });
  if (setup.data?.needed === true) return <Navigate to="/setup" />;
  return (
    <CenterCard title={texts.title}>
      {next !== undefined && next !== '/' && signIn.error === null && <Alert>{texts.ended}</Alert>}
      <form onSubmit={form.onSubmit((values) => signIn.mutate(values))}>
        <Stack>
          {signIn.error !== null && <ProblemAlert error={signIn.error} />}
          <TextInput
            label={texts.email}
            type="email"
            required
            autoComplete="username"
            dir="ltr"
            {...form.getInputProps('email')}
          />
          <Password
            label={texts.password}
            required
            autoComplete="current-password"
            {...form.getInputProps('password')}
          />
          <Button type="submit" loading={signIn.isPending}>
            {texts.submit}
          </Button>
          <TextLink to="/reset" fz="sm" ta="center">
            {texts.forgot}
          </TextLink>
        </Stack>
      </form>
    </CenterCard>
  );
}
