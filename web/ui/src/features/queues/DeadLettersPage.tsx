import { getRouteApi, Link } from '@tanstack/react-router';
import { MailCheck } from 'lucide-react';
import type { ReactElement } from 'react';
import { useDeadLetters, type DeadLetter } from './dead-letters';
import { LookAfterMany } from './LookAfterButtons';
import { LETTER_STATES, type DeadLettersSearch } from './search';
import { LABELS, QUEUES } from './words';
import { columnsOf, DataTable } from '@/shared/components/data-table';
import { EmptyState } from '@/shared/components/empty-state';
import { FilterBar, FilterSelect } from '@/shared/components/filter-bar';
import { FilterText } from '@/shared/components/filter-text';
import { Page } from '@/shared/components/page';
import { StatusBadge } from '@/shared/components/status-badge';
import { Time } from '@/shared/components/time';
import { compact } from '@/shared/search/params';
import { useHasRole, useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/queues/dead-letters');
const column = columnsOf<DeadLetter>();

const columns = column.columns([
  column.accessor('error', {
    header: 'Error',
    cell: ({ row }) => <ErrorLink letter={row.original} />,
  }),
  column.accessor('stage', {
    header: 'Stage',
    meta: { className: 'max-sm:hidden whitespace-nowrap' },
    cell: ({ getValue }) => LABELS[getValue()],
  }),
  column.accessor('assistant', {
    header: 'Assistant',
    meta: { className: 'max-md:hidden whitespace-nowrap' },
  }),
  column.accessor('failures', {
    header: 'Tries',
    meta: { className: 'max-lg:hidden tabular' },
  }),
  column.accessor('run_status', {
    header: 'Run is',
    meta: { className: 'max-md:hidden' },
    cell: ({ getValue }) => <StatusBadge status={getValue()} />,
  }),
  column.accessor('created_at', {
    header: 'Given up',
    cell: ({ getValue }) => <Time value={getValue()} className="text-sm" />,
  }),
]);

function ErrorLink({ letter }: { letter: DeadLetter }): ReactElement {
  const tenant = useTenant();
  return (
    <Link
      to="/t/$tenant/queues/dead-letters/$letter"
      params={{ tenant, letter: letter.id }}
      className="line-clamp-2 min-h-6 max-w-lg break-words text-accent hover:underline"
    >
      {letter.error}
    </Link>
  );
}

export function DeadLettersPage(): ReactElement {
  const tenant = useTenant();
  const search = route.useSearch();
  const query = useDeadLetters(search);
  const mayAct = useHasRole('operator', 'admin');
  const count = query.data?.pages.flatMap((page) => page.items).length ?? 0;
  const listsOpen = search.state === undefined;
  const atLeast = `${count}${query.hasNextPage ? '+' : ''}`;
  return (
    <Page
      title="Dead letters"
      description={
        <>
          Work that failed until it was given up.{' '}
          <Link to="/t/$tenant/queues" params={{ tenant }} className="text-accent underline">
            Back to the queues
          </Link>
        </>
      }
      actions={
        mayAct &&
        listsOpen &&
        count > 0 && (
          <>
            <LookAfterMany search={search} way="replay" atLeast={atLeast} />
            <LookAfterMany search={search} way="discard" atLeast={atLeast} />
          </>
        )
      }
    >
      <Filters search={search} />
      <DataTable
        label="Dead letters"
        columns={columns}
        query={query}
        empty={
          <EmptyState icon={MailCheck} title={listsOpen ? 'Nothing was given up' : 'None of these'}>
            {Object.keys(search).length > 0
              ? 'No dead letter fits the filters. Clear them to see the others.'
              : 'When a stage fails again and again, its work waits here for somebody to look after it.'}
          </EmptyState>
        }
      />
    </Page>
  );
}

const STATE_WORDS = { replayed: 'Replayed', discarded: 'Discarded', all: 'All' };

function Filters({ search }: { search: DeadLettersSearch }): ReactElement {
  const navigate = route.useNavigate();
  const set = (change: Partial<Record<keyof DeadLettersSearch, string | undefined>>): void =>
    void navigate({
      search: (old) => compact({ ...old, ...change }) as DeadLettersSearch,
      replace: true,
    });
  return (
    <FilterBar
      label="Filter dead letters"
      active={Object.keys(search).length > 0}
      onClear={() => void navigate({ search: {} })}
    >
      <FilterSelect
        label="State"
        value={search.state}
        none="Open"
        options={LETTER_STATES.map((value) => ({ value, label: STATE_WORDS[value] }))}
        onChange={(state) => {
          set({ state });
        }}
      />
      <FilterSelect
        label="Stage"
        value={search.stage}
        options={QUEUES.map((value) => ({ value, label: LABELS[value] }))}
        onChange={(stage) => {
          set({ stage });
        }}
      />
      <FilterText
        label="Assistant"
        value={search.assistant}
        onChange={(assistant) => {
          set({ assistant });
        }}
      />
      <FilterText
        label="Error contains"
        value={search.error}
        onChange={(error) => {
          set({ error });
        }}
      />
    </FilterBar>
  );
}
