import { BadgeCheck } from 'lucide-react';
import type { ReactElement } from 'react';
import { useCheckpoints, type Checkpoint } from './proof-requests';
import { CopyButton } from '@/shared/components/copy-button';
import { columnsOf, DataTable } from '@/shared/components/data-table';
import { Digest } from '@/shared/components/digest';
import { EmptyState } from '@/shared/components/empty-state';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';

const column = columnsOf<Omit<Checkpoint, 'id'> & { id: string }>();

const columns = column.columns([
  column.accessor('size', { header: 'Covers', meta: { className: 'tabular' } }),
  column.accessor('time', {
    header: 'Signed',
    cell: ({ getValue }) => <Time value={getValue()} className="text-sm" />,
  }),
  column.accessor('root', {
    header: 'Root',
    meta: { className: 'max-sm:hidden' },
    cell: ({ getValue }) => <Digest value={getValue()} label="root" />,
  }),
  column.accessor('rewinds', {
    header: 'Restores',
    meta: { className: 'max-md:hidden' },
    cell: ({ getValue }) =>
      getValue() === 0 ? (
        <span className="text-sm text-muted">none</span>
      ) : (
        <Badge tone="wait">{getValue()} before it</Badge>
      ),
  }),
  column.accessor('note', {
    header: 'Signed note',
    cell: ({ getValue, row }) => (
      <CopyButton text={getValue()} label={`Copy the note over ${row.original.size} entries`} />
    ),
  }),
]);

/** Signed heads: keep one elsewhere, and nobody can take back what it covers. */
export function Checkpoints(): ReactElement {
  const query = useCheckpoints();
  const data = query.data && {
    pages: query.data.pages.map((page) => ({
      items: page.items.map((each) => ({ ...each, id: String(each.id) })),
    })),
  };
  return (
    <div className="space-y-2">
      <h2 className="text-base">Checkpoints</h2>
      <p className="text-sm text-muted">
        Signed heads of the trail. Keep a note elsewhere: whatever it covers, nobody can change
        unnoticed.
      </p>
      <DataTable
        label="Checkpoints"
        columns={columns}
        query={{ ...query, data }}
        empty={
          <EmptyState icon={BadgeCheck} title="Nothing is signed yet">
            The first checkpoint is signed within a minute of the first entry.
          </EmptyState>
        }
      />
    </div>
  );
}
