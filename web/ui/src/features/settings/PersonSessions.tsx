import type { ReactElement } from 'react';
import { browserWords } from './browser-words';
import { useEndSessionsOf, useSessionsOf, type PersonLine } from './persons';
import { FormDialog } from '@/shared/components/form-dialog';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Time } from '@/shared/components/time';
import { Button } from '@/shared/components/ui/button';
import { SkeletonLines } from '@/shared/components/ui/skeleton';
import { toast } from '@/shared/components/ui/toast';

/** Where one of the tenant's people is signed in, and the end of all of it. */
export function PersonSessions({ person }: { person: PersonLine }): ReactElement {
  const end = useEndSessionsOf(person.id);
  return (
    <FormDialog
      trigger={
        <Button size="small" aria-label={`Sessions of ${person.name}`}>
          Sessions
        </Button>
      }
      title={`Sign ${person.name} out everywhere?`}
      description="Every browser of theirs is signed out at once, of every tenant. The identity provider may let them in again: to keep them out, remove them."
      confirm="End all sessions"
      danger
      onSubmit={async () => {
        await end.mutateAsync();
        toast({ tone: 'ok', title: `${person.name} is signed out everywhere` });
        return null;
      }}
    >
      <SignedIn person={person} />
    </FormDialog>
  );
}

function SignedIn({ person }: { person: PersonLine }): ReactElement {
  const { data, error } = useSessionsOf(person.id);
  if (error !== null) return <ProblemNotice error={error} />;
  if (data === undefined) return <SkeletonLines lines={2} />;
  if (data.items.length === 0) {
    return <p className="text-sm text-muted">They are signed in nowhere now.</p>;
  }
  return (
    <ul aria-label="Where they are signed in" className="divide-y divide-line text-sm">
      {data.items.map((session) => (
        <li key={session.id} className="py-2 first:pt-0">
          <p className="break-words" title={session.browser}>
            {browserWords(session.browser)}
          </p>
          <p className="text-muted">
            Since <Time value={session.began_at} />, last used <Time value={session.seen_at} />
          </p>
        </li>
      ))}
    </ul>
  );
}
