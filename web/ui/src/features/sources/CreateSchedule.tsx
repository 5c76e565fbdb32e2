import { CalendarClock } from 'lucide-react';
import type { ReactElement } from 'react';
import { useCreateSchedule } from './change-schedule';
import { scheduleIn, type Clock } from './clock';
import { Coming } from './Coming';
import { NamingFields } from './NamingFields';
import { ScheduleFields } from './ScheduleFields';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { Button } from '@/shared/components/ui/button';

export function CreateSchedule(): ReactElement {
  const create = useCreateSchedule();
  return (
    <FormDialog
      trigger={
        <Button>
          <CalendarClock aria-hidden />
          New schedule
        </Button>
      }
      title="New schedule"
      description="A source that sends by itself, by the clock. Each tick becomes a run of the assistant, through policy and hold as any other. You answer for it, so you cannot approve what it sends."
      confirm="Create"
      onSubmit={async (form) => {
        const { schedule } = await create.mutateAsync({
          ...scheduleIn(form),
          name: textIn(form, 'name'),
          assistant: textIn(form, 'assistant'),
        });
        return schedule === null ? null : <Made clock={schedule} />;
      }}
    >
      <NamingFields />
      <ScheduleFields />
    </FormDialog>
  );
}

function Made({ clock }: { clock: Clock }): ReactElement {
  return (
    <div role="status" className="space-y-2 text-sm">
      <p>
        It sends by itself from now on. {clock.words}, {clock.zone}:
      </p>
      <Coming clock={clock} />
    </div>
  );
}
