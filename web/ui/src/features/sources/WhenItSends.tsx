import { Settings2 } from 'lucide-react';
import type { ReactElement } from 'react';
import { useChangeSchedule } from './change-schedule';
import { jitterText, MISSED, scheduleIn, type Clock } from './clock';
import { Coming } from './Coming';
import { ScheduleFields } from './ScheduleFields';
import type { Source } from './sources';
import { Fact, Facts } from '@/shared/components/facts';
import { FormDialog } from '@/shared/components/form-dialog';
import { JsonTree } from '@/shared/components/json-tree';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Button } from '@/shared/components/ui/button';
import { useHasRole } from '@/shared/session/tenant';

interface Seen {
  source: Source;
  etag: string;
  clock: Clock;
}

/** When it ticks, in words and to the minute, and what each tick sends. */
export function WhenItSends(seen: Seen): ReactElement {
  const isAdmin = useHasRole('admin');
  const { source, clock } = seen;
  return (
    <>
      <Section
        title="When it sends"
        description={`${clock.words}, ${clock.zone}.`}
        actions={isAdmin && <ChangeSchedule {...seen} />}
      >
        <Plan clock={clock} />
      </Section>
      <Section title="Next ticks" description={source.active ? `In ${clock.zone}.` : undefined}>
        {source.active ? <Coming clock={clock} /> : <Paused />}
      </Section>
      <Section title="What it sends" description="Placeholders are replaced as each tick is sent.">
        <JsonTree label="Payload" value={clock.payload} />
      </Section>
    </>
  );
}

function Plan({ clock }: { clock: Clock }): ReactElement {
  return (
    <Facts>
      <Fact name="Cron">
        <code className="break-words">{clock.cron}</code>
      </Fact>
      <Fact name="Time zone">{clock.zone}</Fact>
      <Fact name="Jitter">{jitterText(clock.jitter_seconds)}</Fact>
      <Fact name="A missed tick">
        {MISSED[clock.missed]}
        <span className="block text-muted">
          Missed: nobody was there to send it within five minutes.
        </span>
      </Fact>
      <Fact name="Last changed">
        <Time value={clock.changed.at} /> by {clock.changed.by.name}
        <span className="block text-muted">They cannot approve what it sends.</span>
      </Fact>
    </Facts>
  );
}

function Paused(): ReactElement {
  const isAdmin = useHasRole('admin');
  return (
    <p className="text-sm text-muted">
      None: it is paused. {isAdmin ? 'Resume it' : 'An admin can resume it'}; what it would have
      sent meanwhile is not made up for.
    </p>
  );
}

function ChangeSchedule({ source, etag, clock }: Seen): ReactElement {
  const change = useChangeSchedule();
  return (
    <FormDialog
      trigger={
        <Button size="small" aria-label="Change when it sends, and what">
          <Settings2 aria-hidden />
          Change
        </Button>
      }
      title={`When ${source.name} sends, and what`}
      description="It counts for the next tick. Who changes it cannot approve what the source sends."
      confirm="Save"
      onSubmit={async (form) => {
        await change.mutateAsync({ id: source.id, etag, schedule: scheduleIn(form) });
        return null;
      }}
    >
      <ScheduleFields clock={clock} />
    </FormDialog>
  );
}
