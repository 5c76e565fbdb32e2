import { Check, X } from 'lucide-react';
import { useState, type ReactElement } from 'react';
import type { ApprovalLine } from './approvals';
import { BatchDialog } from './BatchDialog';
import type { Intent } from './search';
import { Button } from '@/shared/components/ui/button';

/** What can be done with those that are selected. Only what asks for the same rules goes together. */
export function BatchBar({
  lines,
  onClear,
  onKeep,
}: {
  lines: readonly ApprovalLine[];
  onClear: () => void;
  onKeep: (ids: readonly string[]) => void;
}): ReactElement {
  // The dialog outlives the bar: what was just decided is no longer there to be selected.
  const [deciding, setDeciding] = useState<{ verdict: Intent; lines: readonly ApprovalLine[] }>();
  return (
    <>
      <Bar
        lines={lines}
        onClear={onClear}
        onKeep={onKeep}
        onDecide={(verdict) => {
          setDeciding({ verdict, lines });
        }}
      />
      {deciding !== undefined && (
        <BatchDialog
          lines={deciding.lines}
          verdict={deciding.verdict}
          onClose={(decided) => {
            setDeciding(undefined);
            if (decided) onClear();
          }}
        />
      )}
    </>
  );
}

function Bar({
  lines,
  onClear,
  onKeep,
  onDecide,
}: {
  lines: readonly ApprovalLine[];
  onClear: () => void;
  onKeep: (ids: readonly string[]) => void;
  onDecide: (verdict: Intent) => void;
}): ReactElement | null {
  const [first] = lines;
  if (first === undefined) return null;
  const alike = largest(lines, first);
  const [kept = first] = alike;
  const mixed = alike.length < lines.length;
  return (
    <div
      role="region"
      aria-label="Selected approvals"
      className="sticky bottom-20 z-20 flex flex-wrap items-center gap-2 rounded-lg border border-line bg-raised p-3 shadow-raised md:bottom-4"
    >
      <p role="status" className="min-w-0 flex-1 text-sm">
        <span className="font-medium">{lines.length} selected</span>
        <span className="text-muted">
          {mixed
            ? ' · they ask for different rules, so they are decided apart'
            : ` · all under ${rulesOf(first)}`}
        </span>
      </p>
      <Button variant="ghost" onClick={onClear}>
        Clear
      </Button>
      {mixed ? (
        <Button
          onClick={() => {
            onKeep(alike.map((line) => line.id));
          }}
        >
          Keep the {alike.length} under {rulesOf(kept)}
        </Button>
      ) : (
        <>
          <Button
            className="text-bad"
            onClick={() => {
              onDecide('reject');
            }}
          >
            <X aria-hidden />
            Reject {lines.length}…
          </Button>
          <Button
            variant="primary"
            onClick={() => {
              onDecide('approve');
            }}
          >
            <Check aria-hidden />
            Approve {lines.length}…
          </Button>
        </>
      )}
    </div>
  );
}

/** The most of them that ask for the same rules. */
function largest(lines: readonly ApprovalLine[], first: ApprovalLine): readonly ApprovalLine[] {
  const under = (rules: string): readonly ApprovalLine[] =>
    lines.filter((line) => rulesOf(line) === rules);
  return [...new Set(lines.map(rulesOf))]
    .map(under)
    .reduce((best, each) => (each.length > best.length ? each : best), under(rulesOf(first)));
}

function rulesOf(line: ApprovalLine): string {
  return line.rules.join(', ');
}
