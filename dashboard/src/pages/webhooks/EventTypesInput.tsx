/** Choosing event types: all, or by family, with what each means; and a search over names and texts. */

import { Checkbox, Fieldset, ScrollArea, Stack, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import type { Schemas } from '../../api/client.ts';
import { LANGUAGE } from '../../texts/format.ts';
import { useTexts } from '../../texts/index.tsx';

const ALL = '*';
const FAMILIES = ['marketing', 'messaging', 'custom'] as const;

export function EventTypesInput({
  types,
  chosen,
  onChange,
  error,
}: {
  types: ReadonlyArray<Schemas.EventType>;
  chosen: readonly string[];
  onChange(chosen: string[]): void;
  error?: ReactNode;
}) {
  const { addWebhook: texts } = useTexts();
  const [search, setSearch] = useState('');
  const takesAll = chosen.includes(ALL);
  const toggle = (name: string): void =>
    onChange(chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name]);
  const wanted = search.trim().toLowerCase();
  const found = types.filter(({ name, title, description }) =>
    [name, title[LANGUAGE], description[LANGUAGE]].some((text) => text.toLowerCase().includes(wanted)),
  );
  return (
    <Fieldset legend={texts.events} p="sm">
      <Stack gap="sm">
        <Text fz="sm" c="dimmed">
          {texts.eventsHint}
        </Text>
        <Checkbox
          label={texts.allEvents}
          checked={takesAll}
          onChange={() => onChange(takesAll ? [] : [ALL])}
        />
        {!takesAll && (
          <>
            <TextInput
              aria-label={texts.search}
              placeholder={texts.search}
              leftSection={<IconSearch size={16} aria-hidden />}
              value={search}
              onChange={({ currentTarget }) => setSearch(currentTarget.value)}
            />
            <Text fz="sm" c="dimmed" aria-live="polite">
              {found.length === 0 ? texts.noneFound : texts.chosen(chosen.length)}
            </Text>
            <ScrollArea.Autosize mah="24rem" offsetScrollbars>
              <Stack gap="md">
                {FAMILIES.map((family) => (
                  <Family
                    key={family}
                    title={texts.families[family]}
                    types={found.filter((type) => type.family === family)}
                    chosen={chosen}
                    onToggle={toggle}
                  />
                ))}
              </Stack>
            </ScrollArea.Autosize>
          </>
        )}
        {error !== undefined && (
          <Text c="red" fz="sm" role="alert">
            {error}
          </Text>
        )}
      </Stack>
    </Fieldset>
  );
}

function Family({
  title,
  types,
  chosen,
  onToggle,
}: {
  title: string;
  types: ReadonlyArray<Schemas.EventType>;
  chosen: readonly string[];
  onToggle(name: string): void;
}) {
  if (types.length === 0) return null;
  return (
    <Stack gap="xs" role="group" aria-label={title}>
      <Text fz="sm" fw={600}>
        {title}
      </Text>
      {types.map(({ name, title: titles, description }) => (
        <Checkbox
          key={name}
          label={titles[LANGUAGE]}
          description={description[LANGUAGE]}
          checked={chosen.includes(name)}
          onChange={() => onToggle(name)}
        />
      ))}
    </Stack>
  );
}
