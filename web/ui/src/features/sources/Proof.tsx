import { LockOpen, Settings2 } from 'lucide-react';
import type { ReactElement } from 'react';
import { useChangeSettings, useRefuseUnsigned, useLetUnsigned } from './change';
import { SchemeFields } from './SchemeFields';
import { settingsIn, shownValue, useSchemes } from './schemes';
import type { Source } from './sources';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { Fact, Facts } from '@/shared/components/facts';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { ReasonField } from '@/shared/components/form-field';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Button } from '@/shared/components/ui/button';
import { useHasRole } from '@/shared/session/tenant';

interface Seen {
  source: Source;
  etag: string;
}

/** How the source proves who it is, and the switch that lets it prove nothing. */
export function Proof({ source, etag }: Seen): ReactElement {
  const schemes = useSchemes();
  const isAdmin = useHasRole('admin');
  const scheme = schemes.data?.find((each) => each.name === source.scheme);
  return (
    <Section
      title="How it proves who it is"
      description={scheme?.where ?? 'By its scheme, and secrets where that has some.'}
    >
      <div className="space-y-3">
        <Unsigned source={source} etag={etag} />
        <Facts>
          <Fact name="Scheme">{scheme?.title ?? source.scheme}</Fact>
          {scheme?.settings
            .filter((each) => shownValue(source.settings[each.name]) !== '')
            .map((each) => (
              <Fact key={each.name} name={each.label}>
                <span className="break-all whitespace-pre-line">
                  {shownValue(source.settings[each.name])}
                </span>
              </Fact>
            ))}
        </Facts>
        {isAdmin && (
          <div className="flex flex-wrap gap-2">
            {scheme !== undefined && scheme.settings.length > 0 && (
              <ChangeSettings source={source} etag={etag} />
            )}
            {source.unsigned_because === null && <LetUnsigned source={source} etag={etag} />}
          </div>
        )}
      </div>
    </Section>
  );
}

function Unsigned({ source, etag }: Seen): ReactElement | null {
  const end = useRefuseUnsigned();
  const mayEnd = useHasRole('operator', 'admin');
  const because = source.unsigned_because;
  if (because === null) return null;
  return (
    <div className="space-y-2 rounded-md border border-bad p-3 text-sm" role="note">
      <p className="font-medium text-bad">It may send without any proof</p>
      <p>
        Since <Time value={because.since} />, by {because.by.name}: {because.reason}
      </p>
      <p className="text-muted">Anyone who knows its address can send.</p>
      {mayEnd && (
        <ConfirmDialog
          trigger={<Button size="small">Ask for proof again</Button>}
          title="Ask for proof again?"
          confirm="Ask for proof"
          onConfirm={() => end.mutateAsync({ id: source.id, etag })}
        >
          What proves nothing is refused from now on.
        </ConfirmDialog>
      )}
    </div>
  );
}

function ChangeSettings({ source, etag }: Seen): ReactElement | null {
  const schemes = useSchemes();
  const change = useChangeSettings();
  const scheme = schemes.data?.find((each) => each.name === source.scheme);
  if (scheme === undefined) return null;
  return (
    <FormDialog
      trigger={
        <Button size="small">
          <Settings2 aria-hidden />
          Change
        </Button>
      }
      title={`How ${source.name} proves who it is`}
      description="It counts for the next event. Who changes it cannot approve what the source sends."
      confirm="Save"
      onSubmit={async (form) => {
        const settings = settingsIn(form, scheme);
        await change.mutateAsync({ id: source.id, etag, settings });
        return null;
      }}
    >
      <SchemeFields scheme={scheme} values={source.settings} />
    </FormDialog>
  );
}

function LetUnsigned({ source, etag }: Seen): ReactElement {
  const allow = useLetUnsigned();
  return (
    <FormDialog
      trigger={
        <Button size="small">
          <LockOpen aria-hidden />
          Take it unsigned
        </Button>
      }
      title={`Take what ${source.name} sends without proof?`}
      description="Anyone who knows its address can send then. You cannot approve what comes of it."
      confirm="Take it unsigned"
      danger
      onSubmit={async (form) => {
        await allow.mutateAsync({ id: source.id, etag, reason: textIn(form, 'reason') });
        return null;
      }}
    >
      <ReasonField />
    </FormDialog>
  );
}
