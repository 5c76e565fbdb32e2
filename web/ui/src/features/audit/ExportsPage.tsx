import { Download, FileArchive, Upload } from 'lucide-react';
import type { ReactElement } from 'react';
import { useAskForExport, useDownload, useExports, type Export, type Schedule } from './exports';
import { OfflineSection } from './OfflineSection';
import { TrailPage } from './TrailPage';
import { columnsOf, DataTable } from '@/shared/components/data-table';
import { Digest } from '@/shared/components/digest';
import { EmptyState } from '@/shared/components/empty-state';
import { Fact, Facts } from '@/shared/components/facts';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { toast } from '@/shared/components/ui/toast';
import { useHasRole } from '@/shared/session/tenant';

type Row = Omit<Export, 'id'> & { id: string };
const column = columnsOf<Row>();

const columns = column.columns([
  column.accessor('first_sequence', {
    header: 'Entries',
    meta: { className: 'tabular whitespace-nowrap' },
    cell: ({ row }) => `${row.original.first_sequence} to ${row.original.last_sequence}`,
  }),
  column.accessor('exported_at', {
    header: 'Exported',
    cell: ({ getValue }) => <Time value={getValue()} className="text-sm" />,
  }),
  column.accessor('bytes', {
    header: 'Size',
    meta: { className: 'tabular max-sm:hidden whitespace-nowrap' },
    cell: ({ getValue }) => sizeOf(getValue()),
  }),
  column.accessor('locked_until', {
    header: 'Locked until',
    meta: { className: 'max-sm:hidden' },
    cell: ({ getValue }) => <Lock until={getValue()} />,
  }),
  column.accessor('manifest_sha256', {
    header: 'Manifest',
    meta: { className: 'max-lg:hidden' },
    cell: ({ getValue }) => <Digest value={getValue()} label="manifest's digest" />,
  }),
  column.display({
    id: 'download',
    header: () => <span className="sr-only">Download</span>,
    cell: ({ row }) => <DownloadSegment first={row.original.first_sequence} />,
  }),
]);

export function ExportsPage(): ReactElement {
  const query = useExports();
  const mayAsk = useHasRole('auditor', 'admin');
  const newest = query.data?.pages[0];
  const data = query.data && {
    pages: query.data.pages.map((page) => ({
      items: page.items.map((each) => ({ ...each, id: String(each.id) })),
    })),
  };
  return (
    <TrailPage actions={mayAsk && <Ask />}>
      <div className="space-y-4">
        <Section title="How far it is">
          {newest === undefined ? (
            <SkeletonLines />
          ) : (
            <HowFar schedule={newest.schedule} store={newest.store} />
          )}
        </Section>
        <DataTable
          label="Exports"
          columns={columns}
          query={{ ...query, data }}
          empty={
            <EmptyState icon={FileArchive} title="Nothing is exported yet">
              {mayAsk ? 'Ask for an export: ' : 'The next one is under “How far it is”: '}
              what the newest checkpoint covers is written where it cannot be changed.
            </EmptyState>
          }
        />
        {newest !== undefined && <OfflineSection steps={newest.how_to_verify} />}
      </div>
    </TrailPage>
  );
}

function Ask(): ReactElement {
  const ask = useAskForExport();
  return (
    <Button
      busy={ask.isPending}
      onClick={() => {
        ask.mutate(undefined, {
          onSuccess: () => {
            toast({ tone: 'ok', title: 'An export is under way', detail: 'It appears here.' });
          },
        });
      }}
    >
      <Upload aria-hidden />
      Export now
    </Button>
  );
}

function HowFar({ schedule, store }: { schedule: Schedule; store: boolean }): ReactElement {
  const download = useDownload();
  return (
    <Facts>
      <Fact name="Exported">
        {schedule.exported} of {schedule.signed} signed entries
      </Fact>
      <Fact name="Next">
        {schedule.running ? (
          'under way now'
        ) : schedule.next_at === null ? (
          'when somebody asks for it'
        ) : (
          <Time value={schedule.next_at} />
        )}
      </Fact>
      <Fact name="All of it">
        {store ? (
          <Button
            size="small"
            disabled={schedule.exported === 0}
            busy={download.isPending}
            onClick={() => {
              download.mutate({ kind: 'trail' });
            }}
          >
            <Download aria-hidden />
            {download.isPending ? 'Fetching…' : 'Download the trail'}
          </Button>
        ) : (
          'This control plane cannot reach the object store. Get the files from its own console.'
        )}
      </Fact>
    </Facts>
  );
}

function DownloadSegment({ first }: { first: number }): ReactElement {
  const download = useDownload();
  return (
    <Button
      size="icon-small"
      variant="ghost"
      aria-label={`Download what begins at entry ${first}`}
      busy={download.isPending}
      onClick={() => {
        download.mutate({ kind: 'segment', first });
      }}
    >
      <Download aria-hidden />
    </Button>
  );
}

function Lock({ until }: { until: string | null }): ReactElement {
  if (until === null) return <Badge tone="bad">not locked: it can be deleted</Badge>;
  return <Time value={until} mode="absolute" className="text-sm" />;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB'] as const;
const STEP = 1_024;

export function sizeOf(bytes: number | null): string {
  if (bytes === null) return 'unknown';
  const at = Math.min(UNITS.length - 1, Math.floor(Math.log(Math.max(1, bytes)) / Math.log(STEP)));
  return `${(bytes / STEP ** at).toFixed(at === 0 ? 0 : 1)} ${UNITS[at] ?? ''}`;
}
