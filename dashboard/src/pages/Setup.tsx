/** `/setup`: the first owner of an installation. */

import { Alert, Button, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { mirsal } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import { queryClient } from '../api/queryClient.ts';
import { CenterCard } from '../parts/CenterCard.tsx';
import { Password } from '../parts/Password.tsx';
import { faultsOf, ProblemAlert } from '../parts/Problem.tsx';
import { TextLink } from '../parts/TextLink.tsx';
import { LANGUAGE } from '../texts/format.ts';
import { useTexts } from '../texts/index.tsx';

const LEAST_PASSWORD = 10;

export function Setup() {
  const { setup: texts } = useTexts();
  const setup = useQuery(queries.setup);
  const navigate = useNavigate();
  const form = useForm({
    initialValues: {
      // A link may hold it behind the #, which no server is told of.
      token: location.hash.slice(1),
      name: '',
      email: '',
      password: '',
      workspace_name: '',
    },
  });
  const create = useMutation({
    async mutationFn({ token, workspace_name, ...person }: typeof form.values) {
      await mirsal.setup.setUp({
        ...person,
        language: LANGUAGE,
        ...(token === '' ? {} : { token: token.trim() }),
        ...(workspace_name === '' ? {} : { workspace_name }),
      });
      await mirsal.signIn.signIn({ email: person.email, password: person.password });
    },
    async onSuccess() {
      await queryClient.resetQueries();
      await navigate({ to: '/' });
    },
    onError: (error) => form.setErrors(faultsOf(error)),
  });
  if (setup.data?.needed === false) {
    return (
      <CenterCard title={texts.title}>
        <Alert>
          <TextLink to="/login">{texts.done}</TextLink>
        </Alert>
      </CenterCard>
    );
  }
  return (
    <CenterCard title={texts.title} lead={texts.lead}>
      <form onSubmit={form.onSubmit((values) => create.mutate(values))}>
        <Stack>
          {create.error !== null && <ProblemAlert error={create.error} />}
          {setup.data?.token_required !== false && (
            <TextInput
              label={texts.token}
              description={texts.tokenHint}
              required
              autoComplete="off"
              dir="ltr"
              {...form.getInputProps('token')}
            />
          )}
          <TextInput
            label={texts.name}
            required
            autoComplete="name"
            dir="auto"
            {...form.getInputProps('name')}
          />
          <TextInput
            label={texts.email}
            type="email"
            required
            autoComplete="email"
            dir="ltr"
            {...form.getInputProps('email')}
          />
          <Password
            label={texts.password}
            description={texts.passwordHint(LEAST_PASSWORD)}
            required
            minLength={LEAST_PASSWORD}
            autoComplete="new-password"
            {...form.getInputProps('password')}
          />
          <TextInput
            label={texts.workspace}
            description={texts.workspaceHint}
            dir="auto"
            {...form.getInputProps('workspace_name')}
          />
          <Button type="submit" loading={create.isPending}>
            {texts.submit}
          </Button>
        </Stack>
      </form>
    </CenterCard>
  );
}
