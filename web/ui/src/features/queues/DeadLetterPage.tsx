import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { useDeadLetter, type DeadLetterStory } from './dead-letters';
import { LookAfterOne } from './LookAfterButtons';
import { LABELS } from './words';
import { CodeBlock } from '@/shared/components/code-block';
import { CopyableId } from '@/shared/components/copyable-id';
import { Fact, Facts } from '@/shared/components/facts';
import { Page } from '@/shared/components/page';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { RunLink } from '@/shared/components/run-link';
import { Section } from '@/shared/components/section';
import { StatusBadge } from '@/shared/components/status-badge';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { useHasRole, useTenant } from '@/shared/session/tenant';

const route = getRouteApi('/t/$tenant/queues/dead-letters/$letter');

export function DeadLetterPage(): ReactElement {
  const tenant = useTenant();
  const { letter: id } = route.useParams();
  const { data: letter, error, refetch } = useDeadLetter(id);
  const mayAct = useHasRole('operator', 'admin');
  return (
    <Page
      title="Dead letter"
      narrow
      description={
        <Link
          to="/t/$tenant/queues/dead-letters"
          params={{ tenant }}
          className="text-accent hover:underline"
        >
          Back to the list
        </Link>
      }
      actions={
        letter?.state === 'open' &&
        mayAct && (
          <>
            <LookAfterOne id={id} way="replay" />
            <LookAfterOne id={id} way="discard" />
          </>
        )
      }
    >
      {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {letter === undefined ? (
        error === null && <SkeletonLines lines={6} />
      ) : (
        <Story letter={letter} />
      )}
    </Page>
  );
}

function Story({ letter }: { letter: DeadLetterStory }): ReactElement {
  const tenant = useTenant();
  return (
    <div className="space-y-4">
      <Section title="What went wrong">
        <CodeBlock label="Error" text={letter.error} wrap />
        <p className="mt-2 text-sm text-muted">
          {letter.state === 'open'
            ? 'Mend the cause first, then replay it. Discard it where the work is no longer wanted.'
            : 'Somebody has looked after it.'}
        </p>
      </Section>
      <Section title="Which work">
        <Facts>
          <Fact name="State">
            <Badge tone={letter.state === 'open' ? 'wait' : 'neutral'}>{letter.state}</Badge>
          </Fact>
          <Fact name="Run">
            <RunLink tenant={tenant} run={letter.run_id} />{' '}
            <StatusBadge status={letter.run_status} />
          </Fact>
          <Fact name="Assistant">{letter.assistant}</Fact>
          <Fact name="Stage">{LABELS[letter.stage]}</Fact>
          <Fact name="Epoch">{letter.epoch}</Fact>
          <Fact name="Failed tries">{letter.failures}</Fact>
          <Fact name="Given up">
            <Time value={letter.created_at} mode="absolute" />
          </Fact>
          {letter.replayed_at !== null && (
            <Fact name="Replayed">
              <Time value={letter.replayed_at} mode="absolute" />
            </Fact>
          )}
          {letter.discarded_at !== null && (
            <Fact name="Discarded">
              <Time value={letter.discarded_at} mode="absolute" />
            </Fact>
          )}
          <Fact name="Dead letter">
            <CopyableId value={letter.id} label="dead letter's id" />
          </Fact>
        </Facts>
      </Section>
      {letter.others.length > 0 && <Others letter={letter} />}
    </div>
  );
}

function Others({ letter }: { letter: DeadLetterStory }): ReactElement {
  const tenant = useTenant();
  return (
    <Section title="Other times this run was given up">
      <ul className="space-y-2">
        {letter.others.map((other) => (
          <li key={other.id} className="flex flex-wrap gap-x-3 text-sm">
            <Time value={other.created_at} className="text-muted" />
            <Link
              to="/t/$tenant/queues/dead-letters/$letter"
              params={{ tenant, letter: other.id }}
              className="min-w-0 break-words text-accent hover:underline"
            >
              {LABELS[other.stage]}: {other.error}
            </Link>
            <span className="text-muted">{other.state}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
