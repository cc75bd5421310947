/** A list as people compare it: a table on a wide screen, cards with the same facts in the same order on a narrow one. */

import { Button, Card, Group, Stack, Table, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { useTexts } from '../texts/index.tsx';
import { ProblemAlert } from './Problem.tsx';
import { Waiting } from './Waiting.tsx';

export interface Column<Row> {
  title: string;
  cell(row: Row): ReactNode;
  /** At the far side. */
  end?: boolean;
}

interface ListProps<Row> {
  label: string;
  columns: ReadonlyArray<Column<Row>>;
  rows: readonly Row[];
  keyOf(row: Row): string;
  /** Below a row, over its whole width. */
  note?(row: Row): ReactNode;
}

export function List<Row>({ label, columns, rows, keyOf, note }: ListProps<Row>) {
  const isNarrow = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false });
  if (isNarrow) {
    return (
      <Stack gap="xs" role="list" aria-label={label}>
        {rows.map((row) => (
          <Card key={keyOf(row)} withBorder p="sm" role="listitem">
            <Stack gap={6}>
              {columns.map((column) => (
                <Group key={column.title} justify="space-between" wrap="nowrap" gap="sm">
                  <Text fz="sm" c="dimmed">
                    {column.title}
                  </Text>
                  <div className="min-0">{column.cell(row)}</div>
                </Group>
              ))}
              {note?.(row)}
            </Stack>
          </Card>
        ))}
      </Stack>
    );
  }
  return (
    <Card withBorder p={0}>
      <Table.ScrollContainer minWidth={640} type="native">
        <Table verticalSpacing="sm" horizontalSpacing="md" highlightOnHover aria-label={label}>
          <Table.Thead>
            <Table.Tr>
              {columns.map(({ title, end }) => (
                <Table.Th key={title} ta={end ? 'end' : 'start'} scope="col">
                  {title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <RowOf key={keyOf(row)} row={row} columns={columns} note={note?.(row)} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}

function RowOf<Row>({
  row,
  columns,
  note,
}: {
  row: Row;
  columns: ReadonlyArray<Column<Row>>;
  note: ReactNode;
}) {
  return (
    <>
      <Table.Tr>
        {columns.map(({ title, cell, end }) => (
          <Table.Td key={title} ta={end ? 'end' : 'start'} maw={340}>
            {cell(row)}
          </Table.Td>
        ))}
      </Table.Tr>
      {note && (
        <Table.Tr>
          <Table.Td colSpan={columns.length} pt={0}>
            {note}
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}

/** Pages of the API, one below the other; what was there stays while newer ones are asked for. */
export function Pages<Row>({
  query,
  empty,
  children,
}: {
  query: {
    data: { pages: ReadonlyArray<{ data: readonly Row[] }> } | undefined;
    error: unknown;
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    fetchNextPage(): unknown;
    refetch(): unknown;
  };
  empty: ReactNode;
  children(rows: Row[]): ReactNode;
}) {
  const { common } = useTexts();
  const rows = query.data?.pages.flatMap(({ data }) => data);
  return (
    <Stack>
      {query.error !== null && <ProblemAlert error={query.error} onRetry={() => query.refetch()} />}
      {rows === undefined && query.error === null && <Waiting height={240} />}
      {rows !== undefined && (rows.length === 0 ? empty : children(rows))}
      {query.hasNextPage && (
        <Button
          variant="default"
          mx="auto"
          loading={query.isFetchingNextPage}
          onClick={() => query.fetchNextPage()}
        >
          {common.loadMore}
        </Button>
      )}
    </Stack>
  );
}
