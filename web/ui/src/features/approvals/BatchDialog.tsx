import { useQueries } from '@tanstack/react-query';
import { useId, useState, type ReactElement } from 'react';
import { approvalQuery, type Checked } from './approval';
import type { ApprovalLine } from './approvals';
import { useDecideAlike, type BatchOutcome } from './batch';
import { BatchItem } from './BatchItem';
import { PresetReasons } from './PresetReasons';
import { asksReason, rejectReasons, rulesIn } from './requirement';
import type { Intent } from './search';
import { ProblemNotice } from '@/shared/components/problem-notice';
import { Button } from '@/shared/components/ui/button';
import {
  Dialog,
  DialogContent,
  DialogDescription,
  DialogFooter,
  DialogHeader,
  DialogTitle,
} from '@/shared/components/ui/dialog';
import { Label } from '@/shared/components/ui/label';
import { Textarea } from '@/shared/components/ui/textarea';
import { toast } from '@/shared/components/ui/toast';
import { useTenant } from '@/shared/session/tenant';

/** Each of them once more, with its digest as this browser computed it, before all are decided. */
export function BatchDialog({
  lines,
  verdict,
  onClose,
}: {
  /** What was selected when it opened: the list behind goes on changing. */
  lines: readonly ApprovalLine[];
  verdict: Intent;
  onClose: (decided: boolean) => void;
}): ReactElement {
  const tenant = useTenant();
  const looked = useQueries({ queries: lines.map((line) => approvalQuery(tenant, line.id)) });
  const decide = useDecideAlike();
  const outcomes = decide.data?.items;
  // What was decided or asked anew since it was selected is left out, and says so.
  const left = lines.filter((_, at) => isStillAsked(looked[at]?.data));
  const ready = left.every((line) => isAsSelected(looked[lines.indexOf(line)]?.data, line));
  const rules = rulesIn(looked[0]?.data?.approval.requirement ?? {});
  const send = (reason: string, preset: string | undefined): void => {
    const approvals = left.map(({ id, digest }) => ({ id, digest }));
    decide.mutate(
      { verdict, approvals, reason, reject_reason: verdict === 'reject' ? (preset ?? null) : null },
      {
        onSuccess: ({ items }) => {
          if (items.some((each) => each.outcome === 'refused')) return;
          toast({ tone: 'ok', title: summary(items, verdict) });
          onClose(true);
        },
      },
    );
  };
  return (
    <Dialog
      open
      onOpenChange={() => {
        onClose(outcomes !== undefined);
      }}
    >
      <DialogContent className="max-w-2xl">
        <DialogHeader>
          <DialogTitle>
            {verdict === 'approve' ? 'Approve' : 'Reject'} {plural(lines.length, 'run')}?
          </DialogTitle>
          <DialogDescription>
            {outcomes === undefined
              ? 'Each is decided by itself, by the digest shown here.'
              : 'Not all could be decided.'}
          </DialogDescription>
        </DialogHeader>
        {decide.error !== null && <ProblemNotice error={decide.error} />}
        <ul className="divide-y divide-line rounded-md border border-line">
          {lines.map((line, at) => (
            <BatchItem
              key={line.id}
              line={line}
              checked={looked[at]?.data}
              outcome={outcomes?.find((each) => each.id === line.id)}
              meanwhile={decide.isIdle && !left.includes(line)}
            />
          ))}
        </ul>
        {outcomes === undefined ? (
          <Answer
            count={decide.isPending ? decide.variables.approvals.length : left.length}
            verdict={verdict}
            required={asksReason(rules)}
            presets={verdict === 'reject' ? rejectReasons(rules) : []}
            disabled={!ready || left.length === 0 || decide.isPending}
            onSend={send}
            onCancel={() => {
              onClose(false);
            }}
          />
        ) : (
          <DialogFooter>
            <Button
              variant="primary"
              onClick={() => {
                onClose(true);
              }}
            >
              Done
            </Button>
          </DialogFooter>
        )}
      </DialogContent>
    </Dialog>
  );
}

function Answer({
  count,
  verdict,
  required,
  presets,
  disabled,
  onSend,
  onCancel,
}: {
  count: number;
  verdict: Intent;
  required: boolean;
  presets: readonly string[];
  disabled: boolean;
  onSend: (reason: string, preset: string | undefined) => void;
  onCancel: () => void;
}): ReactElement {
  const [reason, setReason] = useState('');
  const [preset, setPreset] = useState<string>();
  const id = useId();
  return (
    <>
      <PresetReasons reasons={presets} value={preset} onChange={setPreset} />
      <div>
        <Label htmlFor={id}>
          Why, for all of them
          <span className="font-normal text-muted">{required ? ' (required)' : ' (optional)'}</span>
        </Label>
        <Textarea
          id={id}
          rows={2}
          maxLength={2_000}
          className="mt-1 min-h-14"
          aria-required={required}
          value={reason}
          onChange={(event) => {
            setReason(event.target.value);
          }}
        />
      </div>
      <DialogFooter>
        <Button onClick={onCancel}>Cancel</Button>
        <Button
          variant={verdict === 'approve' ? 'primary' : 'danger'}
          disabled={disabled || (required && reason.trim() === '')}
          onClick={() => {
            onSend(reason.trim(), preset);
          }}
        >
          {verdict === 'approve' ? 'Approve' : 'Reject'} {count}
        </Button>
      </DialogFooter>
    </>
  );
}

/** Open, or not known yet. */
function isStillAsked(checked: Checked | undefined): boolean {
  return checked === undefined || checked.approval.status === 'open';
}

/** Loaded, computed, and by the digest that was in the list. */
function isAsSelected(checked: Checked | undefined, line: ApprovalLine | undefined): boolean {
  return checked?.check.state === 'matches' && checked.approval.digest === line?.digest;
}

function summary(items: readonly BatchOutcome[], verdict: Intent): string {
  const decided = items.every((each) => each.outcome === 'decided');
  if (!decided) return `${plural(items.length, 'vote')} given`;
  return `${plural(items.length, 'run')} ${verdict === 'approve' ? 'approved' : 'rejected'}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
