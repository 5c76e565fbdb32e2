import type { ReactElement } from 'react';
import { eventOf, lasting, type RunEvent } from './run-event';
import type { LogLine } from './run-log';
import { Printable } from '@/shared/components/printable';
import { Badge, type Tone } from '@/shared/components/ui/badge';
import { cn } from '@/shared/components/ui/cn';

const STREAMS = {
  stdout: 'border-control/50',
  stderr: 'border-bad bg-bad-soft/50',
  event: 'border-info bg-info-soft/40',
};
const TONES: Record<string, Tone> = { INFO: 'info', WARN: 'wait', ERROR: 'bad', FATAL: 'bad' };

/** A line of a log: text, or the event it tells. */
export function RunLogLine({ line }: { line: LogLine }): ReactElement {
  const event = eventOf(line);
  return (
    <div
      className={cn(
        'flex items-baseline gap-3 border-l-4 pr-3 pl-2 [contain-intrinsic-size:auto_1.25rem] [content-visibility:auto]',
        STREAMS[line.stream],
      )}
    >
      <span className="tabular w-16 shrink-0 text-right text-muted select-none max-sm:hidden">
        {(line.offset_ms / 1000).toFixed(3)}
      </span>
      {event === null ? <Text line={line} /> : <Event event={event} />}
    </div>
  );
}

function Text({ line }: { line: LogLine }): ReactElement {
  return (
    <span className="min-w-0 break-all whitespace-pre-wrap">
      {line.stream !== 'stdout' && <span className="sr-only">{line.stream}: </span>}
      <Printable text={line.text} />
    </span>
  );
}

function Event({ event }: { event: RunEvent }): ReactElement {
  return (
    <span className="flex min-w-0 flex-wrap items-baseline gap-x-2 gap-y-0.5 py-0.5">
      <span className="sr-only">event: </span>
      <Badge tone={TONES[event.severity] ?? 'neutral'} className="font-sans">
        {event.severity}
      </Badge>
      <span className="font-semibold break-all">{event.name}</span>
      {event.milliseconds !== null && (
        <span className="tabular text-muted">{lasting(event.milliseconds)}</span>
      )}
      {event.body !== '' && (
        <span className="min-w-0 break-all whitespace-pre-wrap">
          <Printable text={event.body} />
        </span>
      )}
      {event.attributes.map(([key, value]) => (
        <span key={key} className="min-w-0 break-all whitespace-pre-wrap">
          <span className="text-muted">{key}=</span>
          <Printable text={value} />
        </span>
      ))}
      {event.dropped > 0 && (
        <span className="font-sans text-muted">
          {event.dropped} {event.dropped === 1 ? 'attribute' : 'attributes'} once it has ended
        </span>
      )}
    </span>
  );
}
