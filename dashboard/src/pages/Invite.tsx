/** `/invite/…`: joining a workspace, with an account or by making one. */

import { Alert, Button, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { mirsal } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import { queryClient } from '../api/queryClient.ts';
import { CenterCard } from '../parts/CenterCard.tsx';
import { Password } from '../parts/Password.tsx';
import { faultsOf, ProblemAlert } from '../parts/Problem.tsx';
import { TextLink } from '../parts/TextLink.tsx';
import { Waiting } from '../parts/Waiting.tsx';
import { workspacePreference } from '../preferences.ts';
import { LANGUAGE } from '../texts/format.ts';
import { useTexts } from '../texts/index.tsx';

export function Invite() {
  const { token } = useParams({ from: '/invite/$token' });
  const { invite: texts, roles, setup, signIn } = useTexts();
  const navigate = useNavigate();
  const offer = useQuery({
    queryKey: ['invitation', token],
    queryFn: () => mirsal.invitations.lookAt({ token }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const me = useQuery(queries.me);
  const form = useForm({ initialValues: { name: '', password: '' } });
  const accept = useMutation({
    mutationFn: (values: typeof form.values | null) =>
      mirsal.invitations.accept({ token, ...(values === null ? {} : { ...values, language: LANGUAGE }) }),
    async onSuccess({ id }) {
      workspacePreference.keep(id);
      await queryClient.resetQueries();
      await navigate({ to: '/' });
    },
    onError: (error) => form.setErrors(faultsOf(error)),
  });
  if (offer.data === undefined) {
    return (
      <CenterCard title={texts.accept}>
        {offer.error === null ? (
          <Waiting height={120} />
        ) : (
          <ProblemAlert error={offer.error} onRetry={() => offer.refetch()} />
        )}
      </CenterCard>
    );
  }
  const { workspace_name, email, role, has_account } = offer.data;
  const isThem = me.data?.person?.email === email;
  return (
    <CenterCard title={texts.title(workspace_name)} lead={texts.lead(email, roles[role])}>
      {accept.error !== null && <ProblemAlert error={accept.error} />}
      {has_account && !isThem && (
        <Alert>
          <TextLink to="/login" search={{ next: `/invite/${token}` }}>
            {texts.account}
          </TextLink>
        </Alert>
      )}
      {has_account && isThem && (
        <Button onClick={() => accept.mutate(null)} loading={accept.isPending}>
          {texts.submit}
        </Button>
      )}
      {!has_account && (
        <form onSubmit={form.onSubmit((values) => accept.mutate(values))}>
          <Stack>
            <TextInput
              label={setup.name}
              required
              autoComplete="name"
              dir="auto"
              {...form.getInputProps('name')}
            />
            <Password
              label={signIn.password}
              description={setup.passwordHint(10)}
              required
              minLength={10}
              autoComplete="new-password"
              {...form.getInputProps('password')}
            />
            <Button type="submit" loading={accept.isPending}>
              {texts.submit}
            </Button>
          </Stack>
        </form>
      )}
    </CenterCard>
  );
}
