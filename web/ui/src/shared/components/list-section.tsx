import type { ReactElement, ReactNode } from 'react';
import { Section } from './section';
import { Table, TableBody, TableHead, TableHeader, TableRow } from './ui/table';

export interface ListColumn {
  header: string;
  /** From which width on it is shown. */
  className?: string;
}

/** A part of a page with the last few of something, or a sentence where there is none yet. */
export function ListSection<Row extends { id: string }>({
  title,
  description,
  actions,
  label,
  columns,
  rows,
  empty,
  cells,
}: {
  title: string;
  description?: ReactNode;
  /** What can be done with them, where there are some. */
  actions?: ReactNode;
  /** Of the table. */
  label: string;
  columns: readonly ListColumn[];
  rows: readonly Row[];
  /** What to do for the first. */
  empty: string;
  cells: (row: Row) => ReactNode;
}): ReactElement {
  const none = rows.length === 0;
  return (
    <Section
      title={title}
      description={description}
      flush={!none}
      actions={none ? undefined : actions}
    >
      {none ? (
        <p className="text-sm text-muted">{empty}</p>
      ) : (
        <Table aria-label={label} className="text-sm">
          <TableHead>
            <tr>
              {columns.map(({ header, className }) => (
                <TableHeader key={header} className={className}>
                  {header}
                </TableHeader>
              ))}
            </tr>
          </TableHead>
          <TableBody>
            {rows.map((row) => (
              <TableRow key={row.id}>{cells(row)}</TableRow>
            ))}
          </TableBody>
        </Table>
      )}
    </Section>
  );
}
