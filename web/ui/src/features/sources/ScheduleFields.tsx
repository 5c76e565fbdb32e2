import { Fragment, useId, type ReactElement } from 'react';
import { usePreviewSchedule } from './change-schedule';
import {
  MISSED,
  MISSED_KINDS,
  ownZone,
  tickText,
  timingIn,
  zonesToChoose,
  type Clock,
  type Missed,
  type TimingRead,
} from './clock';
import { LongTextField, SelectField, TextField } from '@/shared/components/form-field';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Button } from '@/shared/components/ui/button';

const FIRST_PAYLOAD = { day: '{{ date }}' };

/** When a source sends by the clock, and what. */
export function ScheduleFields({ clock }: { clock?: Clock }): ReactElement {
  return (
    <>
      <TimingFields clock={clock} />
      <TextField
        label="Jitter, in seconds"
        name="jitter"
        type="number"
        min={0}
        max={3600}
        defaultValue={clock?.jitter_seconds ?? 0}
        help="A tick is sent up to so much later, so that not everything starts at once."
      />
      <MissedField missed={clock?.missed ?? 'skip'} />
      <LongTextField
        label="Payload"
        name="payload"
        rows={4}
        spellCheck={false}
        className="font-mono text-sm"
        defaultValue={JSON.stringify(clock?.payload ?? FIRST_PAYLOAD, undefined, 2)}
        help={<Placeholders />}
      />
    </>
  );
}

function MissedField({ missed }: { missed: Missed }): ReactElement {
  return (
    <SelectField
      label="A tick that nobody was there to send"
      name="missed"
      defaultValue={missed}
      help="Everything was stopped for longer than five minutes, or the queue paused."
    >
      {MISSED_KINDS.map((each) => (
        <option key={each} value={each}>
          {MISSED[each]}
        </option>
      ))}
    </SelectField>
  );
}

function TimingFields({ clock }: { clock: Clock | undefined }): ReactElement {
  const preview = usePreviewSchedule();
  const forget = (): void => {
    preview.reset();
  };
  return (
    <>
      <TextField
        label="When"
        name="cron"
        required
        maxLength={200}
        defaultValue={clock?.cron ?? '0 7 * * 1'}
        onChange={forget}
        autoComplete="off"
        spellCheck={false}
        className="font-mono"
        help="A cron expression: minute, hour, day of the month, month, day of the week."
      />
      <ZoneField zone={clock?.zone ?? ownZone()} onChange={forget} />
      <Preview preview={preview} />
    </>
  );
}

function ZoneField({ zone, onChange }: { zone: string; onChange: () => void }): ReactElement {
  const zones = useId();
  return (
    <>
      <TextField
        label="Time zone"
        name="zone"
        required
        maxLength={64}
        list={zones}
        defaultValue={zone}
        onChange={onChange}
        autoComplete="off"
        spellCheck={false}
      />
      <datalist id={zones}>
        {zonesToChoose().map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
    </>
  );
}

/** What the server makes of it; it alone decides when a tick is. */
function Preview({ preview }: { preview: ReturnType<typeof usePreviewSchedule> }): ReactElement {
  return (
    <div className="space-y-2">
      <Button
        size="small"
        busy={preview.isPending}
        onClick={(event) => {
          const { form } = event.currentTarget;
          if (form !== null) preview.mutate(() => timingIn(new FormData(form)));
        }}
      >
        Show when that is
      </Button>
      {preview.error !== null && <ProblemNotice error={preview.error} />}
      <div role="status" className="text-sm">
        {preview.data !== undefined && <Read read={preview.data} />}
      </div>
    </div>
  );
}

function Read({ read }: { read: TimingRead }): ReactElement {
  return (
    <>
      <p className="font-medium">
        {read.words}, {read.zone}
      </p>
      <ul className="tabular text-muted">
        {read.ticks.map((each) => (
          <li key={each}>{tickText(each, read.zone)}</li>
        ))}
      </ul>
    </>
  );
}

const PLACEHOLDERS = ['tick', 'local', 'date', 'time', 'source'];

function Placeholders(): ReactElement {
  return (
    <>
      A JSON object. Replaced in its texts:{' '}
      {PLACEHOLDERS.map((each, at) => (
        <Fragment key={each}>
          {at > 0 && ', '}
          <code className="whitespace-nowrap">{`{{ ${each} }}`}</code>
        </Fragment>
      ))}
      .
    </>
  );
}
