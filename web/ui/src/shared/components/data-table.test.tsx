import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { columnsOf, DataTable } from './data-table';

interface Row {
  id: string;
  name: string;
}

const column = columnsOf<Row>();
const columns = column.columns([column.accessor('name', { header: 'Name' })]);

function page(from: number, count: number) {
  return {
    items: Array.from({ length: count }, (_, at) => ({
      id: `id-${from + at}`,
      name: `row ${from + at}`,
    })),
  };
}

const READY = {
  data: { pages: [page(1, 2)] } as { pages: { items: Row[] }[] } | undefined,
  error: null as Error | null,
  isPending: false,
  hasNextPage: false,
  isFetchingNextPage: false,
  fetchNextPage: vi.fn(),
  refetch: vi.fn(),
};

function show(query: Partial<typeof READY>): void {
  render(
    <DataTable
      label="Things"
      columns={columns}
      query={{ ...READY, ...query }}
      empty={<p>Make one first.</p>}
    />,
  );
}

test('before anything is there, that it loads', () => {
  show({ isPending: true, data: undefined });
  expect(screen.getByRole('status')).toHaveTextContent('Loading');
  expect(screen.queryByRole('table')).toBeNull();
});

test('every page fetched is shown, in order, with how many there are', () => {
  show({ data: { pages: [page(1, 2), page(3, 2)] } });
  const rows = screen.getAllByRole('row').slice(1);
  expect(rows.map((row) => row.textContent)).toEqual(['row 1', 'row 2', 'row 3', 'row 4']);
  expect(screen.getByRole('status')).toHaveTextContent('4 shown, all there are');
  expect(screen.queryByRole('button', { name: 'Load more' })).toBeNull();
});

test('the next page is fetched when asked for, once at a time', async () => {
  const fetchNextPage = vi.fn();
  show({ hasNextPage: true, fetchNextPage });
  expect(screen.getByRole('status')).toHaveTextContent(/^2 shown$/);
  await userEvent.setup().click(screen.getByRole('button', { name: 'Load more' }));
  expect(fetchNextPage).toHaveBeenCalledTimes(1);
});

test('while the next page comes it cannot be asked for again', () => {
  show({ hasNextPage: true, isFetchingNextPage: true });
  expect(screen.getByRole('button', { name: 'Loading…' })).toHaveAttribute('aria-disabled', 'true');
});

test('where there is nothing, what to do', () => {
  show({ data: { pages: [{ items: [] }] } });
  expect(screen.getByText('Make one first.')).toBeInTheDocument();
});

test('a first page that is empty and yet has a next one can be gone on from', async () => {
  const fetchNextPage = vi.fn();
  show({ data: { pages: [{ items: [] }] }, hasNextPage: true, fetchNextPage });
  await userEvent.setup().click(screen.getByRole('button', { name: 'Load more' }));
  expect(fetchNextPage).toHaveBeenCalledTimes(1);
});

test('an error stands above what was fetched before, and can be tried again', async () => {
  const refetch = vi.fn();
  show({ error: new TypeError('fetch failed'), refetch });
  expect(screen.getByRole('alert')).toHaveTextContent('No connection');
  expect(screen.getAllByRole('row')).toHaveLength(3);
  await userEvent.setup().click(screen.getByRole('button', { name: 'Try again' }));
  expect(refetch).toHaveBeenCalledTimes(1);
});
