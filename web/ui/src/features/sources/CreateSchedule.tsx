import { CalendarClock } from 'lucide-react';
import type { ReactElement } from 'react';
import { useAssistantNames } from './assistants';
import { useCreateSchedule } from './change-schedule';
import { scheduleIn } from './clock';
import { Coming } from './Coming';
import { ScheduleFields } from './ScheduleFields';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { SelectField, TextField } from '@/shared/components/form-field';
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
        if (schedule === null) return null;
        return (
          <div role="status" className="space-y-2 text-sm">
            <p>
              It sends by itself from now on. {schedule.words}, {schedule.zone}:
            </p>
            <Coming clock={schedule} />
          </div>
        );
      }}
    >
      <Naming />
      <ScheduleFields />
    </FormDialog>
  );
}

function Naming(): ReactElement {
  const names = useAssistantNames();
  return (
    <>
      <TextField
        label="Name"
        name="name"
        required
        maxLength={63}
        help="Small letters, digits and hyphens, a letter first."
      />
      <SelectField label="Assistant" name="assistant" required>
        <option value="">Choose…</option>
        {names.data?.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </SelectField>
    </>
  );
}
