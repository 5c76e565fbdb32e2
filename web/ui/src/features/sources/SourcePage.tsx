import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { About } from './About';
import { Callbacks } from './Callbacks';
import type { Clock } from './clock';
import { EventMapping } from './EventMapping';
import { Events } from './Events';
import { Intake } from './Intake';
import { Proof } from './Proof';
import { Refusals } from './Refusals';
import { Secrets } from './Secrets';
import { SourceActions } from './SourceActions';
import { useSource, type Source } from './sources';
import { Ticks } from './Ticks';
import { WhenItSends } from './WhenItSends';
import { CodeBlock } from '@/shared/components/code-block';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/sources/$source');

interface Seen {
  source: Source;
  etag: string;
}

export function SourcePage(): ReactElement {
  const { source: id } = route.useParams();
  const { data, error, refetch } = useSource(id);
  const seen = data === undefined ? undefined : { source: data.data, etag: data.etag };
  return (
    <Page
      title={seen?.source.name ?? 'Source'}
      description={<BackLink />}
      actions={seen !== undefined && <SourceActions {...seen} />}
    >
      {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {seen === undefined ? error === null && <SkeletonLines lines={8} /> : <Found {...seen} />}
    </Page>
  );
}

function BackLink(): ReactElement {
  const tenant = useTenant();
  return (
    <Link
      to="/t/$tenant/sources"
      params={{ tenant }}
      className="inline-block py-0.5 text-accent hover:underline"
    >
      All sources
    </Link>
  );
}

function Found(seen: Seen): ReactElement {
  const { schedule } = seen.source;
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      {schedule === null ? <Webhook {...seen} /> : <ByTheClock {...seen} clock={schedule} />}
    </div>
  );
}

function ByTheClock({ clock, ...seen }: Seen & { clock: Clock }): ReactElement {
  return (
    <>
      <div className="min-w-0 space-y-4">
        <WhenItSends {...seen} clock={clock} />
      </div>
      <div className="min-w-0 space-y-4">
        <About source={seen.source} />
        <Ticks source={seen.source} clock={clock} />
        {/* It has no door; that somebody knocked all the same is worth a look. */}
        {seen.source.refused > 0 && <Refusals source={seen.source} />}
      </div>
    </>
  );
}

function Webhook(seen: Seen): ReactElement {
  const { source } = seen;
  return (
    <>
      <div className="min-w-0 space-y-4">
        <About source={source} />
        <Intake {...seen} />
        <EventMapping {...seen} />
        <Callbacks {...seen} />
        <Refusals source={source} />
      </div>
      <div className="min-w-0 space-y-4">
        <Proof {...seen} />
        <Secrets {...seen} />
        <Events source={source} />
        <Section
          title="Send an event yourself"
          description="In a shell, with a secret you have; it stands nowhere on this page."
        >
          <CodeBlock label="A sample that signs and sends" text={source.sample} />
        </Section>
      </div>
    </>
  );
}
