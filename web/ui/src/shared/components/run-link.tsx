import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { CopyButton } from './copy-button';

const TAIL = 12;

/** A run, by the end of its id, leading to its page. */
export function RunLink({ tenant, run }: { tenant: string; run: string }): ReactElement {
  // The route is the runs' feature's: here, only the address is known.
  const to = `/t/${tenant}/runs/${run}`;
  return (
    <span className="inline-flex items-center gap-1 align-middle">
      <Link
        to={to}
        title={run}
        className="inline-flex min-h-6 items-center text-accent hover:underline"
      >
        <code>{run.slice(-TAIL)}</code>
      </Link>
      <CopyButton text={run} label="Copy the run's id" />
    </span>
  );
}
