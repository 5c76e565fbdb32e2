import { CircleAlert, CircleX, Power } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { useSwitchOn } from './change';
import type { Target } from './targets';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { Time } from '@/shared/components/time';
import { Button } from '@/shared/components/ui/button';
import { cn } from '@/shared/components/ui/cn';
import { toast } from '@/shared/components/ui/toast';
import { useHasRole } from '@/shared/session/tenant';

/** Why nothing is sent to it, what waits meanwhile, and what to do. Nothing where it fares well. */
export function Standing({ target, etag }: { target: Target; etag: string }): ReactElement | null {
  const { circuit } = target;
  if (target.disabled_at !== null) {
    return (
      <Note bad target={target} etag={etag} title="It is switched off">
        Since <Time value={target.disabled_at} />: {target.disabled_because}. Mend the receiver, or
        give the target its new address in a new version; then switch it on.
      </Note>
    );
  }
  if (circuit.standing === 'closed') {
    return target.waiting === 0 ? null : (
      <p className="text-sm text-muted">{waits(target)} for a place: it takes so many at once.</p>
    );
  }
  return (
    <Note target={target} etag={etag} title="It takes nothing at the moment">
      {circuit.failures} deliveries in a row were not taken
      {circuit.last_error !== null && `, the last one because of ${circuit.last_error}`}.{' '}
      {circuit.standing === 'open' && circuit.open_until !== null ? (
        <>
          The next one is sent at <Time value={circuit.open_until} mode="absolute" />, to see.
        </>
      ) : (
        'The next one that comes is sent, to see.'
      )}
    </Note>
  );
}

function waits(target: Target): string {
  if (target.waiting === 0) return 'Nothing waits';
  const many = target.waiting >= 1000 ? '1000 or more' : String(target.waiting);
  return target.waiting === 1 ? '1 run waits' : `${many} runs wait`;
}

function Note({
  target,
  etag,
  title,
  bad = false,
  children,
}: {
  target: Target;
  etag: string;
  title: string;
  bad?: boolean;
  children: ReactNode;
}): ReactElement {
  const Icon = bad ? CircleX : CircleAlert;
  const mayAct = useHasRole('admin');
  return (
    <section
      aria-label={title}
      className={cn(
        'flex gap-3 rounded-lg border p-4',
        bad ? 'border-bad/40 bg-bad-soft' : 'border-wait/40 bg-wait-soft',
      )}
    >
      <Icon aria-hidden className={cn('mt-0.5 size-5 shrink-0', bad ? 'text-bad' : 'text-wait')} />
      <div className="min-w-0 space-y-2 text-sm">
        <h2 className="font-medium">{title}</h2>
        <p className="break-words">{children}</p>
        <p>{waits(target)} for it; no attempt is counted meanwhile, and nothing is lost.</p>
        {mayAct && <SwitchOn target={target} etag={etag} bad={bad} />}
      </div>
    </section>
  );
}

function SwitchOn({
  target,
  etag,
  bad,
}: {
  target: Target;
  etag: string;
  bad: boolean;
}): ReactElement {
  const change = useSwitchOn();
  const verb = bad ? 'Switch it on' : 'Send now';
  return (
    <ConfirmDialog
      trigger={
        <Button>
          <Power aria-hidden />
          {verb}
        </Button>
      }
      title={`${verb}: ${target.name}?`}
      confirm={verb}
      onConfirm={async () => {
        await change.mutateAsync({ name: target.name, etag });
        toast({ tone: 'ok', title: `${target.name} is sent to again` });
      }}
    >
      What waits is sent first, in its order.
    </ConfirmDialog>
  );
}
