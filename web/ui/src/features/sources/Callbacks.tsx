import { PhoneForwarded, Settings2 } from 'lucide-react';
import type { ReactElement } from 'react';
import { callbacksIn, ofItsRow } from './callbacks';
import { CallbackFields } from './CallbackFields';
import { useChangeCallbacks } from './change-taking';
import type { Source } from './sources';
import { isProblem } from '@/shared/api/problem';
import { FormDialog } from '@/shared/components/form-dialog';
import { Section } from '@/shared/components/section';
import { Button } from '@/shared/components/ui/button';
import { useHasRole } from '@/shared/session/tenant';

interface Seen {
  source: Source;
  etag: string;
}

/** Where its senders may ask to be told how their runs ended. */
export function Callbacks({ source, etag }: Seen): ReactElement {
  const isAdmin = useHasRole('admin');
  const none = source.callbacks.length === 0;
  return (
    <Section
      title="Callbacks"
      description={
        none
          ? 'Its senders are not called back. Where an address is allowed, they may ask to be told how a run ended.'
          : 'A sender that names an address under these in AWGP-Callback is told there how its run ended.'
      }
      actions={isAdmin && <ChangeCallbacks source={source} etag={etag} />}
    >
      {!none && (
        <ul className="space-y-2" aria-label="Allowed callbacks">
          {source.callbacks.map((each) => (
            <li key={each.url} className="text-sm">
              <code className="block break-all">{each.url}</code>
              <span className="text-muted">signed with the secret of the target {each.target}</span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function ChangeCallbacks({ source, etag }: Seen): ReactElement {
  const change = useChangeCallbacks();
  const none = source.callbacks.length === 0;
  return (
    <FormDialog
      trigger={
        <Button size="small" {...(none ? {} : { 'aria-label': 'Change the callbacks' })}>
          {none ? <PhoneForwarded aria-hidden /> : <Settings2 aria-hidden />}
          {none ? 'Allow callbacks' : 'Change'}
        </Button>
      }
      title={`Where the senders of ${source.name} may be called back`}
      description="It counts for the next event. What was asked for before is still told where it asked."
      confirm="Save"
      onSubmit={async (form) => {
        const callbacks = callbacksIn(form);
        try {
          await change.mutateAsync({ id: source.id, etag, callbacks });
        } catch (error) {
          throw isProblem(error) ? ofItsRow(error) : error;
        }
        return null;
      }}
    >
      <CallbackFields entries={source.callbacks} />
    </FormDialog>
  );
}
