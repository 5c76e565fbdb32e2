import {
  createColumnHelper,
  tableFeatures,
  useTable,
  type ColumnDef,
  type ColumnHelper,
  type RowData,
} from '@tanstack/react-table';
import type { ReactElement, ReactNode } from 'react';
import { ProblemNotice } from './problem-notice';
import { Button } from './ui/button';
import { Card } from './ui/card';
import { SkeletonRows } from './ui/skeleton';
import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from './ui/table';

/** Sorting, filtering and paging are the server's: the table only draws. */
interface ColumnMeta {
  /** Of its cells and its header: `max-md:hidden` leaves it out on a phone. */
  className?: string;
}

const columnMeta: ColumnMeta = {};
const features = tableFeatures({ columnMeta });
type Features = typeof features;

export type Columns<Row extends RowData> = readonly ColumnDef<Features, Row>[];

export function columnsOf<Row extends RowData>(): ColumnHelper<Features, Row> {
  return createColumnHelper<Features, Row>();
}

/** What `useInfiniteQuery` gives, as far as a list needs it. */
interface Pages<Row> {
  data: { pages: readonly { items: readonly Row[] }[] } | undefined;
  error: Error | null;
  isPending: boolean;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

/** A list of the server's, a page at a time: skeleton, error, nothing there, rows, more. */
export function DataTable<Row extends { id: string }>({
  label,
  columns,
  query,
  empty,
}: {
  /** What is listed, for who cannot see it. */
  label: string;
  columns: Columns<Row>;
  query: Pages<Row>;
  empty: ReactNode;
}): ReactElement {
  if (query.isPending) {
    return (
      <Card>
        <SkeletonRows />
      </Card>
    );
  }
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className="space-y-3">
      {query.error !== null && (
        <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.data !== undefined && (
        <Card>
          {rows.length === 0 ? empty : <Rows label={label} columns={columns} rows={rows} />}
        </Card>
      )}
      <More query={query} count={rows.length} />
    </div>
  );
}

function Rows<Row extends { id: string }>({
  label,
  columns,
  rows,
}: {
  label: string;
  columns: Columns<Row>;
  rows: readonly Row[];
}): ReactElement {
  'use no memo';
  const table = useTable({ features, columns, data: rows, getRowId: (row) => row.id });
  return (
    <Table aria-label={label}>
      <TableHead>
        {table.getHeaderGroups().map((group) => (
          <tr key={group.id}>
            {group.headers.map((header) => (
              <TableHeader key={header.id} className={header.column.columnDef.meta?.className}>
                {!header.isPlaceholder && <table.FlexRender header={header} />}
              </TableHeader>
            ))}
          </tr>
        ))}
      </TableHead>
      <TableBody>
        {table.getRowModel().rows.map((row) => (
          <TableRow key={row.id}>
            {row.getAllCells().map((cell) => (
              <TableCell key={cell.id} className={cell.column.columnDef.meta?.className}>
                <table.FlexRender cell={cell} />
              </TableCell>
            ))}
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}

function More<Row>({ query, count }: { query: Pages<Row>; count: number }): ReactElement | null {
  if (count === 0 && !query.hasNextPage) return null; // a page looks at so much: it may be empty
  return (
    <div className="flex items-center justify-center gap-3 text-sm text-muted">
      <span role="status">
        {count} shown{query.hasNextPage ? '' : ', all there are'}
      </span>
      {query.hasNextPage && (
        <Button
          size="small"
          busy={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {query.isFetchingNextPage ? 'Loading…' : 'Load more'}
        </Button>
      )}
    </div>
  );
}
