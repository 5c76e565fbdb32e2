import { CircleCheck, CircleX, ShieldQuestion } from 'lucide-react';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState, type ReactElement } from 'react';
import { useVerify, type Verification } from './verify';
import { Digest } from '@/shared/components/digest';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { Button } from '@/shared/components/ui/button';
import { Progress } from '@/shared/components/ui/progress';
import { useTenant } from '@/shared/session/tenant';

/** The whole trail, recomputed where it lies, a piece at a time. */
export function VerifySection(): ReactElement {
  const [state, setState] = useState<Verification>();
  const verify = useVerify(setState);
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const begin = (): void => {
    setState(undefined);
    stop.current = new AbortController();
    verify.mutate(stop.current.signal);
  };
  return (
    <Section
      title="Verify in place"
      description="The server recomputes every hash and signature from the first entry on. To rely on nobody here, verify an export offline."
      actions={
        verify.isPending ? (
          <Button onClick={() => stop.current?.abort()}>Stop</Button>
        ) : (
          <Button variant="primary" onClick={begin}>
            Verify the trail
          </Button>
        )
      }
    >
      {state !== undefined && <HowFar state={state} running={verify.isPending} />}
      {verify.error !== null && verify.error.name !== 'AbortError' && (
        <ProblemNotice error={verify.error} onRetry={begin} />
      )}
      {state === undefined && !verify.isPending && verify.error === null && (
        <p className="text-sm text-muted">Nothing was verified since you opened this page.</p>
      )}
    </Section>
  );
}

function HowFar({ state, running }: { state: Verification; running: boolean }): ReactElement {
  return (
    <div className="space-y-3">
      <Progress
        aria-label="Entries verified"
        value={state.reached}
        max={Math.max(1, state.total)}
      />
      <div role="status" className="text-sm">
        {state.firstBad !== null ? (
          <Bad finding={state.firstBad} />
        ) : state.done ? (
          <Good state={state} />
        ) : (
          <p className="text-muted">
            {running ? '' : 'Stopped. '}
            {state.reached} of {state.total} entries hold so far.
          </p>
        )}
      </div>
    </div>
  );
}

function Good({ state }: { state: Verification }): ReactElement {
  const known = state.verdict === 'verified';
  const Icon = known ? CircleCheck : ShieldQuestion;
  return (
    <div className="space-y-1">
      <p className="flex items-center gap-2 font-medium">
        <Icon aria-hidden className={known ? 'size-4 text-ok' : 'size-4 text-wait'} />
        {state.reached} entries hold, {state.covered} of them under a signed checkpoint.
      </p>
      {!known && (
        <p className="text-wait">
          This control plane knows no signer, so signatures were not checked. Verify an export.
        </p>
      )}
      {state.fingerprint !== undefined && (
        <p className="text-muted">
          Signed by <Digest value={state.fingerprint} label="fingerprint" />
        </p>
      )}
    </div>
  );
}

function Bad({ finding }: { finding: NonNullable<Verification['firstBad']> }): ReactElement {
  const tenant = useTenant();
  return (
    <div className="space-y-1 rounded-md bg-bad-soft p-3">
      <p className="flex items-center gap-2 font-medium text-bad">
        <CircleX aria-hidden className="size-4" />
        The trail does not hold: {finding.what}
      </p>
      <p>
        First at {finding.place}
        {finding.sequence !== null && (
          <>
            ,{' '}
            <Link
              to="/t/$tenant/audit/$sequence"
              params={{ tenant, sequence: String(finding.sequence) }}
              className="text-accent underline"
            >
              entry {finding.sequence}
            </Link>
          </>
        )}
        . Nothing after it is proven. Stop, keep an export, and tell your auditor.
      </p>
    </div>
  );
}
