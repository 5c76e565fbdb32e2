import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { askedAt, attemptsText, stateOf, todoOf, type RunCallback } from './callback-words';
import type { Run } from './run';
import { Id, Part, Parts } from './RunParts';
import { Fact, Facts } from '@/shared/components/facts';
import { Printable } from '@/shared/components/printable';
import { Time } from '@/shared/components/time';
import { Badge } from '@/shared/components/ui/badge';

const route = getRouteApi('/t/$tenant/runs/$run');

/** What its sender was told of the run's end, where it asked to be. */
export function RunCallbacks({ run }: { run: Run }): ReactElement | null {
  const asked = askedAt(run);
  if (asked === undefined && run.callbacks.length === 0) return null;
  return (
    <section aria-label="Callbacks" className="space-y-3">
      <h3 className="text-sm">Callbacks</h3>
      {run.callbacks.length === 0 ? (
        <p className="text-sm text-muted">
          {run.sealed_at === null ? (
            <>
              Its sender is told at <Printable text={asked ?? ''} /> once the run is over.
            </>
          ) : (
            'What its sender was told is no longer listed; the audit log has it.'
          )}
        </p>
      ) : (
        <Parts>
          {run.callbacks.map((each) => (
            <Part key={each.id} title={<Title callback={each} />}>
              <Details callback={each} />
            </Part>
          ))}
        </Parts>
      )}
    </section>
  );
}

function Title({ callback }: { callback: RunCallback }): ReactElement {
  const { tone, label } = stateOf(callback);
  return (
    <>
      <Badge tone={tone}>{label}</Badge>
      Its sender, by {callback.target}
      <Time
        value={callback.finished_at ?? callback.created_at}
        className="font-normal text-muted"
      />
    </>
  );
}

function Details({ callback }: { callback: RunCallback }): ReactElement {
  const todo = todoOf(callback);
  return (
    <>
      <Facts>
        <Fact name="Address">
          <code className="break-all">{callback.url}</code>
        </Fact>
        <Fact name="Attempts">
          {attemptsText(callback)}
          {callback.attempts > 0 && <EachAttempt />}
        </Fact>
        {callback.status_code !== null && (
          <Fact name="Last answer">Status {callback.status_code}</Fact>
        )}
        {callback.error !== null && (
          <Fact name="Error">
            <Printable text={callback.error} />
          </Fact>
        )}
        <Fact name="Epoch">{callback.epoch}</Fact>
        <Fact name="Callback">
          <Id value={callback.id} what="callback's id" />
        </Fact>
      </Facts>
      {todo !== undefined && <p className="text-sm text-muted">{todo}</p>}
    </>
  );
}

function EachAttempt(): ReactElement {
  const params = route.useParams();
  return (
    <>
      {': '}
      <Link
        to="/t/$tenant/runs/$run"
        params={params}
        search={{ tab: 'audit' }}
        className="text-accent underline underline-offset-2"
      >
        each is in the audit log
      </Link>
    </>
  );
}
