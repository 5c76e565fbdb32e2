import type { ReactElement } from 'react';
import { browserWords } from './browser-words';
import { useEndSessions, useSessions, type Session } from './sessions';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { useMe } from '@/shared/session/me';

export function SessionsCard(): ReactElement {
  const { data, error, refetch } = useSessions();
  const end = useEndSessions();
  const times = useMe().session;
  const others = data?.items.filter((each) => !each.current) ?? [];
  return (
    <Section
      title="Where you are signed in"
      description={
        times !== null && (
          <>
            This session ends <Time value={times.ends_at} mode="absolute" />, or{' '}
            {Math.round(times.idle_seconds / 60)} minutes after you last used it.
          </>
        )
      }
      actions={
        others.length > 0 && (
          <ConfirmDialog
            trigger={<Button size="small">End all others</Button>}
            title="End all your other sessions?"
            confirm="End them"
            danger
            onConfirm={() => end.mutateAsync(undefined)}
          >
            Every other browser of yours has to sign in again.
          </ConfirmDialog>
        )
      }
    >
      {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <SkeletonLines />}
      <ul className="divide-y divide-line">
        {data?.items.map((session) => (
          <One key={session.id} session={session} />
        ))}
      </ul>
    </Section>
  );
}

function One({ session }: { session: Session }): ReactElement {
  const end = useEndSessions();
  return (
    <li className="flex flex-wrap items-center justify-between gap-2 py-2 text-sm first:pt-0">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2">
          <span className="break-words" title={session.browser}>
            {browserWords(session.browser)}
          </span>
          {session.current && <Badge tone="ok">this one</Badge>}
        </p>
        <p className="text-muted">
          Since <Time value={session.began_at} />, last used <Time value={session.seen_at} />
        </p>
      </div>
      {!session.current && (
        <ConfirmDialog
          trigger={<Button size="small">End</Button>}
          title="End this session?"
          confirm="End it"
          danger
          onConfirm={() => end.mutateAsync(session.id)}
        >
          That browser has to sign in again.
        </ConfirmDialog>
      )}
    </li>
  );
}
