import { getRouteApi, Link } from '@tanstack/react-router';
import { Pause, Play, ScrollText } from 'lucide-react';
import type { ReactElement } from 'react';
import { AuditFilters } from './AuditFilters';
import { useEntries, type Entry } from './entries';
import { useFollow } from './follow';
import { TrailPage } from './TrailPage';
import { columnsOf, DataTable } from '@/shared/components/data-table';
import { EmptyState } from '@/shared/components/empty-state';
import { Time } from '@/shared/components/time';
import { Button } from '@/shared/components/ui/button';
import { useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/audit');
const column = columnsOf<Entry>();

const columns = column.columns([
  column.accessor('sequence', {
    header: 'Entry',
    meta: { className: 'tabular' },
    cell: ({ getValue }) => <EntryLink sequence={getValue()} />,
  }),
  column.accessor('action', {
    header: 'Action',
    cell: ({ getValue }) => <code className="break-all">{getValue()}</code>,
  }),
  column.accessor('actor', {
    header: 'By',
    meta: { className: 'max-sm:hidden' },
    cell: ({ getValue }) => (
      <span className="block max-w-48 truncate text-sm" title={getValue().id}>
        {getValue().name ?? getValue().id}
        <span className="text-muted"> {getValue().type}</span>
      </span>
    ),
  }),
  column.accessor('resource', {
    header: 'On',
    meta: { className: 'max-md:hidden' },
    cell: ({ getValue }) => (
      <span className="block max-w-56 truncate text-sm text-muted" title={getValue().id}>
        {getValue().type} <code>{getValue().id.slice(-12)}</code>
      </span>
    ),
  }),
  column.accessor('sealed_at', {
    header: 'Sealed',
    cell: ({ getValue }) => <Time value={getValue()} className="text-sm" />,
  }),
  column.accessor('hash', {
    header: 'Hash',
    meta: { className: 'max-lg:hidden' },
    cell: ({ getValue }) => (
      <code title={getValue()} className="text-muted">
        {getValue().slice(0, 12)}
      </code>
    ),
  }),
]);

function EntryLink({ sequence }: { sequence: number }): ReactElement {
  const tenant = useTenant();
  return (
    <Link
      to="/t/$tenant/audit/$sequence"
      params={{ tenant, sequence: String(sequence) }}
      className="inline-flex min-h-6 items-center font-medium text-accent hover:underline"
    >
      {sequence}
    </Link>
  );
}

export function AuditPage(): ReactElement {
  const { paused, waiting, setPaused } = useFollow();
  return (
    <TrailPage
      actions={
        <Button
          onClick={() => {
            setPaused(!paused);
          }}
        >
          {paused ? <Play aria-hidden /> : <Pause aria-hidden />}
          {paused ? 'Follow' : 'Pause'}
        </Button>
      }
    >
      <p role="status" className="mb-3 text-sm text-muted">
        {paused
          ? waiting
            ? 'Paused. There are newer entries: follow to see them.'
            : 'Paused. Nothing newer yet.'
          : 'Following: new entries appear as they are sealed.'}
      </p>
      <Entries />
    </TrailPage>
  );
}

function Entries(): ReactElement {
  const search = route.useSearch();
  const query = useEntries(search);
  const filtered = Object.keys(search).length > 0;
  return (
    <>
      <AuditFilters search={search} />
      <DataTable
        label="Entries"
        columns={columns}
        query={query}
        empty={
          <EmptyState
            icon={ScrollText}
            title={query.hasNextPage ? 'None among the newest entries' : 'No entry fits'}
          >
            {filtered
              ? 'A filter on the action takes what it begins with, such as hold:.'
              : 'Nothing is sealed yet. The first entries appear within seconds.'}
          </EmptyState>
        }
      />
    </>
  );
}
