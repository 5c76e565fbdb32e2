import { CircleCheck, CircleX, TriangleAlert } from 'lucide-react';
import { useState, type ReactElement } from 'react';
import { useSigner } from './proof-requests';
import { Digest } from '@/shared/components/digest';
import { TextField } from '@/shared/components/form-field';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Section } from '@/shared/components/section';
import { SkeletonLines } from '@/shared/components/ui/skeleton';

/** Whose key signs; worth something only beside one got another way. */
export function Fingerprint(): ReactElement {
  const { data, error, refetch } = useSigner();
  return (
    <Section title="The signer’s fingerprint">
      {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <SkeletonLines />}
      {data !== undefined && (
        <div className="space-y-3">
          <p className="flex gap-2 rounded-md bg-wait-soft p-3 text-sm">
            <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-wait" />
            {data.warning}
          </p>
          <p className="text-sm">
            <Digest value={data.fingerprint} full label="fingerprint" />
            <span className="block text-muted">Key {data.key_name}</span>
          </p>
          <Compare known={data.fingerprint} />
        </div>
      )}
    </Section>
  );
}

function Compare({ known }: { known: string }): ReactElement {
  const [typed, setTyped] = useState('');
  const same = bare(typed) === bare(known);
  return (
    <div className="max-w-2xl">
      <TextField
        label="Compare with the one you got another way"
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
        }}
      />
      <p role="status" className="mt-1 flex min-h-6 items-center gap-2 text-sm">
        {typed.trim() !== '' && same && (
          <>
            <CircleCheck aria-hidden className="size-4 text-ok" /> They are the same.
          </>
        )}
        {typed.trim() !== '' && !same && (
          <>
            <CircleX aria-hidden className="size-4 text-bad" /> They are NOT the same. Do not trust
            what is signed with this key.
          </>
        )}
      </p>
    </div>
  );
}

function bare(fingerprint: string): string {
  return fingerprint
    .replace(/\s|:/g, '')
    .toLowerCase()
    .replace(/^sha256/, '');
}
