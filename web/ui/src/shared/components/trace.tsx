import { ExternalLink } from 'lucide-react';
import type { ReactElement } from 'react';
import { CopyButton } from './copy-button';
import { useMe } from '@/shared/session/me';

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The trace something is part of; a link where the operator has a tool that shows traces. */
export function Trace({ traceparent }: { traceparent: string }): ReactElement {
  const { trace_url: template } = useMe();
  const url = traceLink(template, traceparent);
  return (
    <span className="inline-flex max-w-full items-center gap-1 align-middle">
      {url === undefined ? (
        <code className="min-w-0 break-all">{traceparent}</code>
      ) : (
        <a
          href={url}
          target="_blank"
          rel="noopener noreferrer"
          className="inline-flex min-h-6 min-w-0 items-center gap-1 text-accent underline underline-offset-2"
        >
          <code className="min-w-0 break-all">{traceparent}</code>
          <ExternalLink aria-hidden className="size-3.5 shrink-0" />
          <span className="sr-only">(the trace, in a new tab)</span>
        </a>
      )}
      <CopyButton text={traceparent} label="Copy the traceparent" />
    </span>
  );
}

/** Senders choose a traceparent: only hexadecimal digits of it get into an address. */
export function traceLink(template: string | null, traceparent: string): string | undefined {
  const trace = TRACEPARENT.exec(traceparent)?.[1];
  if (template === null || trace === undefined) return undefined;
  return template.replaceAll('{trace_id}', trace);
}
