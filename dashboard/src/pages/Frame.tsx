/** What stands around every page: the ways to the others, and who is signed in. */

import {
  ActionIcon,
  AppShell,
  Burger,
  Button,
  Group,
  Loader,
  Menu,
  NavLink,
  Select,
  Stack,
  Text,
  Tooltip,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconBolt,
  IconChartHistogram,
  IconMoonStars,
  IconPlugConnected,
  IconSend,
  IconSun,
  IconUserCircle,
  IconWifiOff,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { MirsalError, mirsal, type Schemas } from '../api/client.ts';
import { useIsLive, watchChanges } from '../api/live.ts';
import { queries } from '../api/queries.ts';
import { queryClient, whenSignedOut } from '../api/queryClient.ts';
import { ProblemAlert, useNotify } from '../parts/Problem.tsx';
import { chooseDigits, chooseLanguage, DIGITS, keepScheme, workspacePreference } from '../preferences.ts';
import { LANGUAGE } from '../texts/format.ts';
import { useTexts } from '../texts/index.tsx';

export function Frame() {
  const texts = useTexts();
  const navigate = useNavigate();
  const me = useQuery(queries.me);
  const isSignedOut = me.error instanceof MirsalError && me.error.status === 401;

  useEffect(() => {
    whenSignedOut(() => {
      const next = location.pathname + location.search;
      void navigate({ to: '/login', search: { next }, replace: true });
    });
  }, [navigate]);

  const workspace = me.data?.workspace?.id;
  useEffect(() => {
    if (workspace === undefined) return;
    const ended = new AbortController();
    watchChanges(workspace, ended.signal);
    return () => ended.abort();
  }, [workspace]);

  if (me.data === undefined) {
    return (
      <div className="center-page">
        {me.error !== null && !isSignedOut ? (
          <ProblemAlert error={me.error} onRetry={() => me.refetch()} />
        ) : (
          <Loader role="status" aria-label={texts.common.loading} />
        )}
      </div>
    );
  }
  return <Shell me={me.data} />;
}

function Shell({ me }: { me: Schemas.Me }) {
  const { nav, product } = useTexts();
  const [isOpen, { toggle, close }] = useDisclosure();
  const links = [
    { to: '/', label: nav.overview, Icon: IconChartHistogram },
    { to: '/events', label: nav.events, Icon: IconBolt },
    { to: '/deliveries', label: nav.deliveries, Icon: IconSend },
    { to: '/settings/integrations', label: nav.integrations, Icon: IconPlugConnected },
  ] as const;
  return (
    <>
      <a href="#content" className="skip-link">
        {nav.skip}
      </a>
      <AppShell
        header={{ height: 56 }}
        navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
        padding={{ base: 'sm', sm: 'lg' }}
      >
        <AppShell.Header>
          <Group h="100%" px="md" justify="space-between" wrap="nowrap">
            <Group gap="xs" wrap="nowrap">
              <Burger
                opened={isOpen}
                onClick={toggle}
                hiddenFrom="sm"
                size="sm"
                aria-label={nav.menu}
                aria-expanded={isOpen}
              />
              <Text fw={600} fz="lg">
                {product}
              </Text>
            </Group>
            <Group gap="xs" wrap="nowrap">
              <LiveMark />
              <Appearance />
              <Account me={me} />
            </Group>
          </Group>
        </AppShell.Header>
        <AppShell.Navbar p="xs" aria-label={nav.label}>
          <Workspaces me={me} />
          {links.map(({ to, label, Icon }) => (
            <NavLink
              key={to}
              renderRoot={(props) => (
                <Link
                  to={to}
                  activeOptions={{ exact: to === '/' }}
                  activeProps={{ 'data-active': true, 'aria-current': 'page' }}
                  {...props}
                />
              )}
              label={label}
              leftSection={<Icon size={18} aria-hidden />}
              onClick={close}
            />
          ))}
        </AppShell.Navbar>
        <AppShell.Main id="content">
          <Outlet />
        </AppShell.Main>
      </AppShell>
    </>
  );
}

function LiveMark() {
  const { live } = useTexts();
  if (useIsLive()) return null;
  return (
    <Tooltip label={live.off}>
      <IconWifiOff size={18} role="img" aria-label={live.off} />
    </Tooltip>
  );
}

function Appearance() {
  const { nav, otherLanguage } = useTexts();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const other = LANGUAGE === 'ar' ? 'en' : 'ar';
  const toggle = (): void => {
    const next = colorScheme === 'dark' ? 'light' : 'dark';
    keepScheme(next);
    setColorScheme(next);
  };
  return (
    <>
      <Button variant="subtle" size="compact-sm" lang={other} onClick={() => chooseLanguage(other)}>
        {otherLanguage}
      </Button>
      <ActionIcon
        variant="subtle"
        onClick={toggle}
        aria-label={`${nav.scheme.label}: ${colorScheme === 'dark' ? nav.scheme.light : nav.scheme.dark}`}
      >
        {colorScheme === 'dark' ? <IconSun size={18} /> : <IconMoonStars size={18} />}
      </ActionIcon>
    </>
  );
}

function Account({ me }: { me: Schemas.Me }) {
  const { nav, roles } = useTexts();
  const { failed } = useNotify();
  const navigate = useNavigate();
  const signOut = async (): Promise<void> => {
    try {
      await mirsal.signOut.signOut();
    } catch (error) {
      failed(error);
      return;
    }
    queryClient.clear();
    await navigate({ to: '/login' });
  };
  const role = me.workspace?.role ?? null;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" aria-label={nav.account(me.name)}>
          <IconUserCircle size={20} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <bdi>{me.name}</bdi>
          {role !== null && ` · ${roles[role]}`}
        </Menu.Label>
        <Menu.Item onClick={() => chooseDigits(DIGITS === 'latn' ? 'arab' : 'latn')}>
          {nav.digits.label}: {DIGITS === 'latn' ? nav.digits.arab : nav.digits.latn}
        </Menu.Item>
        <Menu.Item component="a" href="/docs" target="_blank">
          {nav.api}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={() => void signOut()}>{nav.signOut}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Which workspace the pages are about: a choice for who is in several, else its name. */
function Workspaces({ me }: { me: Schemas.Me }) {
  const { nav } = useTexts();
  const choose = (id: string | null): void => {
    if (id === null) return;
    workspacePreference.keep(id);
    location.assign('/');
  };
  if (me.workspaces.length < 2) {
    return (
      <Stack gap={0} px="sm" pb="sm">
        <Text fz="xs" c="dimmed">
          {nav.workspace}
        </Text>
        <Text fw={600} className="truncate">
          <bdi>{me.workspace?.name}</bdi>
        </Text>
      </Stack>
    );
  }
  return (
    <Select
      pb="sm"
      label={nav.workspace}
      data={me.workspaces.map(({ id, name }) => ({ value: id, label: name }))}
      value={me.workspace?.id ?? null}
      onChange={choose}
      allowDeselect={false}
    />
  );
}
