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
}): ReactElement | null {
  const [verdict, setVerdict] = useState<Intent>();
  const [first] = lines;
  if (first === undefined) return null;
  const alike = lines.filter((line) => rulesOf(line) === rulesOf(first));
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
          Keep the {alike.length} under {rulesOf(first)}
        </Button>
      ) : (
        <>
          <Button
            className="text-bad"
            onClick={() => {
              setVerdict('reject');
            }}
          >
            <X aria-hidden />
            Reject {lines.length}…
          </Button>
          <Button
            variant="primary"
            onClick={() => {
              setVerdict('approve');
            }}
          >
            <Check aria-hidden />
            Approve {lines.length}…
          </Button>
        </>
      )}
      {verdict !== undefined && (
        <BatchDialog
          lines={lines}
          verdict={verdict}
          onClose={(decided) => {
            setVerdict(undefined);
            if (decided) onClear();
          }}
        />
      )}
    </div>
  );
}

function rulesOf(line: ApprovalLine): string {
  return line.rules.join(', ');
}
