import { ArrowDownToLine, Terminal } from 'lucide-react';
import { useEffect, useRef, useState, type ReactElement } from 'react';
import { LINES_AT_MOST, useRunLog, type Log } from './run-log';
import { RunLogLine } from './RunLogLine';
import { EmptyState } from '@/shared/components/empty-state';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import { SkeletonLines } from '@/shared/components/ui/skeleton';

const LINES_AT_ONCE = 1_000;
const NEAR_THE_END = 24;

/** What the agent printed, as it prints it. It is a stranger's: every character is shown. */
export function RunLog({
  run,
  execution,
}: {
  run: string;
  execution: string | undefined;
}): ReactElement {
  const query = useRunLog(run, execution);
  if (query.isPending) return <SkeletonLines lines={6} />;
  if (query.data === undefined) {
    return <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />;
  }
  const log = query.data;
  if (log.executionId === null) {
    return (
      <EmptyState icon={Terminal} title="Nothing has run">
        What an agent prints appears here while it runs.
      </EmptyState>
    );
  }
  return <Lines key={log.executionId} log={log} />;
}

function Lines({ log }: { log: Log }): ReactElement {
  const box = useRef<HTMLDivElement>(null);
  const [follow, setFollow] = useState(!log.ended);
  const [shown, setShown] = useState(LINES_AT_ONCE);
  const count = log.lines.length;
  useEffect(() => {
    const element = box.current;
    if (follow && element !== null) element.scrollTop = element.scrollHeight;
  }, [follow, count]);
  const scrolled = (): void => {
    const element = box.current;
    if (element === null || log.ended) return;
    const left = element.scrollHeight - element.scrollTop - element.clientHeight;
    setFollow(left < NEAR_THE_END);
  };
  const lines = log.lines.slice(-shown);
  return (
    <div className="space-y-2">
      <Bar
        log={log}
        follow={follow}
        onFollow={() => {
          setFollow(!follow);
        }}
      />
      {/* It scrolls, so the keyboard must reach it. */}
      <div
        ref={box}
        role="region"
        aria-label="Log"
        tabIndex={0}
        onScroll={scrolled}
        className="max-h-[32rem] overflow-auto rounded-md border border-line bg-sunken py-2 font-mono text-sm"
      >
        {count > shown && (
          <Button
            size="small"
            variant="ghost"
            onClick={() => {
              setShown(shown + LINES_AT_ONCE);
            }}
          >
            Show {Math.min(LINES_AT_ONCE, count - shown)} earlier lines
          </Button>
        )}
        {count === 0 && (
          <p className="px-3 text-muted">It has printed nothing{log.ended ? '' : ' yet'}.</p>
        )}
        {lines.map((line) => (
          <RunLogLine key={line.sequence} line={line} />
        ))}
        {log.truncated && <End text="The agent printed more than is kept; the rest is gone." />}
        {log.cut && <End text={`Only the first ${LINES_AT_MOST} lines are shown here.`} />}
      </div>
    </div>
  );
}

function Bar({
  log,
  follow,
  onFollow,
}: {
  log: Log;
  follow: boolean;
  onFollow: () => void;
}): ReactElement {
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-sm text-muted">
      <span role="status">
        {log.lines.length} {log.lines.length === 1 ? 'line' : 'lines'}
        {log.ended ? '' : ', more may come'}
      </span>
      <span className="inline-flex items-center gap-1.5">
        <span aria-hidden className="h-3 w-1 rounded bg-control" /> stdout
        <span aria-hidden className="ml-2 h-3 w-1 rounded bg-bad" /> stderr
        <span aria-hidden className="ml-2 h-3 w-1 rounded bg-info" /> event
      </span>
      {log.truncated && <Badge tone="wait">cut</Badge>}
      {!log.ended && (
        <Button size="small" className="ml-auto" aria-pressed={follow} onClick={onFollow}>
          <ArrowDownToLine aria-hidden />
          {follow ? 'Following' : 'Follow'}
        </Button>
      )}
    </div>
  );
}

function End({ text }: { text: string }): ReactElement {
  return <p className="mt-1 px-3 font-sans text-wait">— {text}</p>;
}
