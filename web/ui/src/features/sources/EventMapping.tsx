import { Route, Settings2, Undo2 } from 'lucide-react';
import type { ReactElement } from 'react';
import { useChangeMapping, useEndMapping } from './change-taking';
import type { Source } from './sources';
import { mappingIn, rulesOf, type ShownRule } from './taking';
import { TryEvent } from './TryEvent';
import { CodeBlock } from '@/shared/components/code-block';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { FormDialog } from '@/shared/components/form-dialog';
import { LongTextField } from '@/shared/components/form-field';
import { Section } from '@/shared/components/section';
import { Time } from '@/shared/components/time';
import { Button } from '@/shared/components/ui/button';
import { useHasRole } from '@/shared/session/tenant';
import { counted } from '@/shared/text/amounts';

interface Seen {
  source: Source;
  etag: string;
}

const FIRST_RULES = {
  rules: [{ name: 'paid', when: "event.type == 'invoice.paid'", payload: '/data' }],
};

/** Which events become runs, of which assistant and with what; what is ignored. */
export function EventMapping({ source, etag }: Seen): ReactElement {
  const isAdmin = useHasRole('admin');
  const { mapping } = source;
  return (
    <Section
      title="What its events become"
      description={
        mapping === null
          ? `Each is a run of ${source.assistant.name}, as it comes.`
          : 'The first rule whose condition holds takes an event; what none takes is ignored.'
      }
      actions={
        isAdmin && (
          <>
            <ChangeMapping source={source} etag={etag} />
            {mapping !== null && <EndMapping source={source} etag={etag} />}
          </>
        )
      }
    >
      <div className="space-y-3">
        {mapping !== null && (
          <>
            <ol className="space-y-2" aria-label="Rules">
              {rulesOf(mapping).map((rule, at) => (
                <li key={`${rule.name}-${at}`} className="text-sm">
                  <Rule rule={rule} own={source.assistant.name} />
                </li>
              ))}
            </ol>
            <details>
              <summary className="min-h-6 text-sm text-accent">All of it</summary>
              <CodeBlock label="The rules" text={pretty(mapping)} className="mt-1" />
            </details>
          </>
        )}
        <Ignored source={source} />
        <details>
          <summary className="min-h-6 text-sm text-accent">Try an event</summary>
          <form
            className="mt-2"
            onSubmit={(event) => {
              event.preventDefault();
            }}
          >
            <TryEvent source={source.id} />
          </form>
        </details>
      </div>
    </Section>
  );
}

function Rule({ rule, own }: { rule: ShownRule; own: string }): ReactElement {
  return (
    <>
      <span className="font-medium">{rule.name}</span>
      <span className="text-muted">
        {': a run of '}
        {rule.assistant === '' ? own : rule.assistant}
        {rule.when === '' ? ', for every event' : ' when'}
      </span>
      {rule.when !== '' && <code className="block break-words">{rule.when}</code>}
    </>
  );
}

function Ignored({ source }: { source: Source }): ReactElement | null {
  if (source.ignored === 0) {
    return source.mapping === null ? null : (
      <p className="text-sm text-muted">Nothing was ignored yet.</p>
    );
  }
  return (
    <div className="text-sm">
      <p className="flex flex-wrap items-baseline justify-between gap-x-3">
        <span className="font-medium">Ignored: {counted(source.ignored, 'event')}</span>
        {source.last_ignored_at !== null && (
          <span className="text-muted">
            last <Time value={source.last_ignored_at} />
          </span>
        )}
      </p>
      <p className="text-muted">Their senders were told so. Add a rule, if one should run.</p>
      <details>
        <summary className="min-h-6 text-accent">The last {source.ignored_lately.length}</summary>
        <ul className="mt-1 space-y-1">
          {source.ignored_lately.map((at, place) => (
            <li key={`${at}-${place}`}>
              <Time value={at} mode="absolute" />
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}

function ChangeMapping({ source, etag }: Seen): ReactElement {
  const change = useChangeMapping();
  const { mapping } = source;
  return (
    <FormDialog
      trigger={
        <Button
          size="small"
          {...(mapping === null ? {} : { 'aria-label': 'Change what its events become' })}
        >
          {mapping === null ? <Route aria-hidden /> : <Settings2 aria-hidden />}
          {mapping === null ? 'Map events' : 'Change'}
        </Button>
      }
      title={`What the events of ${source.name} become`}
      description="It counts for the next event. Who changes it cannot approve what the source sends."
      confirm="Save"
      onSubmit={async (form) => {
        await change.mutateAsync({ id: source.id, etag, mapping: mappingIn(form) });
        return null;
      }}
    >
      <LongTextField
        label="Rules"
        name="mapping"
        required
        rows={10}
        spellCheck={false}
        className="font-mono text-sm"
        defaultValue={pretty(mapping ?? FIRST_RULES)}
        help={
          <>
            <code>when</code>: a condition in CEL over <code>event</code> and <code>headers</code>.{' '}
            <code>assistant</code>: another than the source’s own. <code>payload</code>: a JSON
            pointer, or an object with <code>{'{"$pointer": "/data/id"}'}</code> in it.{' '}
            <code>context</code>: what policies may read of it.
          </>
        }
      />
      <TryEvent source={source.id} />
    </FormDialog>
  );
}

function EndMapping({ source, etag }: Seen): ReactElement {
  const end = useEndMapping();
  return (
    <ConfirmDialog
      trigger={
        <Button size="small">
          <Undo2 aria-hidden />
          Map no more
        </Button>
      }
      title={`Take the events of ${source.name} as they come?`}
      confirm="Map no more"
      danger
      onConfirm={() => end.mutateAsync({ id: source.id, etag })}
    >
      The rules go. Every event becomes a run of {source.assistant.name} then, also those that are
      ignored now.
    </ConfirmDialog>
  );
}

function pretty(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
