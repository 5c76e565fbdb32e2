import { CircleAlert } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { InputFault } from './input-fault';
import { Button } from './ui/button';
import { cn } from './ui/cn';
import { ProblemError } from '@/shared/api/problem';

/** An error, in the page, where a person must act on it: what is wrong, and what to do. */
export function ProblemNotice({
  error,
  onRetry,
  className,
  children,
}: {
  error: unknown;
  onRetry?: (() => void) | undefined;
  className?: string;
  /** What to do in this place, if it is not simply to try again. */
  children?: ReactNode;
}): ReactElement {
  const told = tell(error);
  return (
    <div
      role="alert"
      className={cn('flex gap-3 rounded-lg border border-bad/40 bg-bad-soft p-4', className)}
    >
      <CircleAlert aria-hidden className="mt-0.5 size-5 shrink-0 text-bad" />
      <div className="min-w-0 space-y-1">
        <p className="font-medium">{told.title}</p>
        {told.detail !== '' && <p className="text-sm break-words">{told.detail}</p>}
        {told.fields.length > 0 && (
          <ul className="list-disc pl-5 text-sm">
            {told.fields.map((each) => (
              <li key={each.field}>
                <code>{each.field}</code> {each.detail}
              </li>
            ))}
          </ul>
        )}
        {children}
        {onRetry !== undefined && (
          <Button size="small" className="mt-2" onClick={onRetry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  );
}

interface Told {
  title: string;
  detail: string;
  fields: readonly { field: string; detail: string }[];
}

function tell(error: unknown): Told {
  if (error instanceof ProblemError) {
    const { title, detail, errors = [] } = error.problem;
    // Where the detail is made of what the fields say, it is said once.
    const repeats = errors.length > 0 && errors.every((each) => detail.includes(each.detail));
    return {
      title: error.slug === 'precondition-failed' ? 'Not done: it changed meanwhile' : title,
      detail: advice(error) ?? (repeats ? '' : detail),
      fields: errors,
    };
  }
  if (error instanceof InputFault) {
    return { title: 'Not sent yet', detail: error.message, fields: [] };
  }
  if (error instanceof TypeError) {
    const detail = 'The server does not answer. Check your connection, then try again.';
    return { title: 'No connection', detail, fields: [] };
  }
  const detail = error instanceof Error ? error.message : 'Load the page again.';
  return { title: 'Something went wrong in this page', detail, fields: [] };
}

/** Better words than the server's, for what it cannot know about this page. */
function advice(error: ProblemError): string | undefined {
  if (error.slug === 'precondition-failed') {
    return 'Somebody changed this since you opened it. Load it again, then make your change.';
  }
  if (error.slug === 'role-missing' || error.slug === 'tenant-forbidden') {
    return `${error.problem.detail}. Ask an admin of the tenant for the role.`;
  }
  return undefined;
}
