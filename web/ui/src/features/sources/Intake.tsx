import { Settings2 } from 'lucide-react';
import type { ReactElement } from 'react';
import { useChangeIntake } from './change-taking';
import { IntakeFields } from './IntakeFields';
import type { Source } from './sources';
import { BODIES, intakeIn, shownIntake, type ShownIntake } from './taking';
import { Fact, Facts } from '@/shared/components/facts';
import { FormDialog } from '@/shared/components/form-dialog';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Button } from '@/shared/components/ui/button';
import { useHasRole } from '@/shared/session/tenant';
import { bytesText, listed } from '@/shared/text/amounts';

interface Seen {
  source: Source;
  etag: string;
}

/** Kinds of bodies, how large and deep, what names an event, and how many a minute. */
export function Intake({ source, etag }: Seen): ReactElement {
  const isAdmin = useHasRole('admin');
  const shown = shownIntake(source.intake);
  return (
    <Section
      title="What it takes"
      actions={isAdmin && <ChangeIntake source={source} etag={etag} />}
    >
      <Facts>
        <Fact name="Bodies">
          {shown.bodies.length === 0
            ? 'As its scheme sends them'
            : listed(shown.bodies.map((each) => BODIES[each]))}
          {shown.jsonMember !== '' && (
            <span className="block text-muted">
              JSON in a form’s <code>{shown.jsonMember}</code>
            </span>
          )}
        </Fact>
        <Fact name="An event’s id">
          <EventId shown={shown} />
        </Fact>
        <Fact name="At most">{sizeText(shown)}</Fact>
        <Fact name="Rate">{rateText(shown)}</Fact>
        {source.taking_changed !== null && (
          <Fact name="Last changed">
            <Time value={source.taking_changed.at} /> by {source.taking_changed.by.name}
            <span className="block text-muted">They cannot approve what it sends.</span>
          </Fact>
        )}
      </Facts>
    </Section>
  );
}

function EventId({ shown }: { shown: ShownIntake }): ReactElement {
  if (shown.idBy === 'scheme') return <>Where its scheme has it</>;
  return (
    <>
      {shown.idBy === 'pointer' ? 'In the body, at ' : 'In the header '}
      <code className="break-all">{shown.idAt === '' ? '(all of it)' : shown.idAt}</code>
    </>
  );
}

function sizeText(shown: ShownIntake): string {
  const said = [
    ...(shown.bytes === '' ? [] : [bytesText(Number(shown.bytes))]),
    ...(shown.depth === '' ? [] : [`${shown.depth} deep`]),
  ];
  return said.length === 0 ? 'As the edge takes' : listed(said);
}

function rateText(shown: ShownIntake): string {
  if (shown.perMinute === '') return 'As the edge limits each';
  const burst = shown.burst === '' ? shown.perMinute : shown.burst;
  return `${shown.perMinute} a minute, ${burst} at once`;
}

function ChangeIntake({ source, etag }: Seen): ReactElement {
  const change = useChangeIntake();
  return (
    <FormDialog
      trigger={
        <Button size="small" aria-label="Change what it takes">
          <Settings2 aria-hidden />
          Change
        </Button>
      }
      title={`What ${source.name} takes`}
      description="It counts for the next event. Who changes it cannot approve what the source sends."
      confirm="Save"
      onSubmit={async (form) => {
        await change.mutateAsync({ id: source.id, etag, intake: intakeIn(form) });
        return null;
      }}
    >
      <IntakeFields shown={shownIntake(source.intake)} />
    </FormDialog>
  );
}
