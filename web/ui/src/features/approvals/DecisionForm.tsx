import { useEffect, useId, useRef, useState, type ReactElement } from 'react';
import type { Checked } from './approval';
import { decidedToast } from './decided-toast';
import { DecisionButtons } from './DecisionButtons';
import { DecisionProblem } from './DecisionProblem';
import { draftOf, linkOf } from './draft';
import { OnBehalf } from './OnBehalf';
import { PresetReasons } from './PresetReasons';
import { asksReason, rejectReasons, rulesIn } from './requirement';
import type { Intent } from './search';
import { useDecide } from './decide';
import { useWithdraw } from './withdraw';
import { Label } from '@/shared/components/ui/label';
import { Button } from '@/shared/components/ui/button';
import { Textarea } from '@/shared/components/ui/textarea';

const LONGEST_REASON = 2_000;

/**
 * Approve or reject what is shown, by its digest. Nothing can be decided before this browser has
 * computed that digest itself; a reject takes a second press, where its reason is said.
 */
export function DecisionForm({
  checked,
  intent: asked,
  onDecided,
}: {
  checked: Checked;
  /** What the person came to do: its button or field takes the focus. */
  intent?: Intent | undefined;
  onDecided?: () => void;
}): ReactElement {
  const { approval, check } = checked;
  const rules = rulesIn(approval.requirement);
  const [draft] = useState(() => draftOf(approval.id, approval.digest));
  const [rejecting, setRejecting] = useState((draft?.intent ?? asked) === 'reject');
  const [reason, setReason] = useState(draft?.reason ?? '');
  const [preset, setPreset] = useState(draft?.preset);
  const [behalf, setBehalf] = useState(draft?.onBehalfOf ?? ownOrFirst(checked));
  const [wantsReason, setWantsReason] = useState(reason !== '');
  const [missing, setMissing] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const approve = useRef<HTMLButtonElement>(null);
  const ids = useId();
  const withdraw = useWithdraw();
  const decide = useDecide(approval.id, (voted, verdict) => {
    decidedToast(voted, verdict, () => {
      withdraw.mutate(voted.id);
    });
    onDecided?.();
  });
  const required = asksReason(rules);
  const blocked = check.state !== 'matches';

  useEffect(() => {
    if (asked === undefined || blocked) return;
    const first = rejecting || required ? field.current : approve.current;
    first?.focus({ preventScroll: false });
    // Once, when it opens: later the person moves by themselves.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [asked, blocked]);

  const send = (verdict: Intent): void => {
    if (required && reason.trim() === '') {
      setMissing(true);
      field.current?.focus();
      return;
    }
    decide.mutate({
      verdict,
      digest: approval.digest,
      reason: reason.trim(),
      preset: verdict === 'reject' ? preset : undefined,
      onBehalfOf: behalf,
    });
  };

  return (
    <div className="space-y-3">
      {draft !== undefined && (
        <p role="status" className="rounded-md bg-info-soft px-3 py-2 text-sm text-info">
          You are back from signing in. Nothing was decided yet: look again, then{' '}
          {draft.intent === 'approve' ? 'approve' : 'reject'}.
        </p>
      )}
      {linkOf(approval.id) !== undefined && (
        <p className="rounded-md bg-info-soft px-3 py-2 text-sm text-info">
          You came by a link that was made for you. Deciding uses it up.
        </p>
      )}
      <DecisionProblem error={decide.error} id={approval.id} />
      <OnBehalf position={approval.me} value={behalf} onChange={setBehalf} />
      {rejecting && (
        <PresetReasons reasons={rejectReasons(rules)} value={preset} onChange={setPreset} />
      )}
      {required || rejecting || wantsReason ? (
        <div>
          <Label htmlFor={ids}>
            {rejecting ? 'Why not' : 'Why'}
            <span className="font-normal text-muted">
              {required ? ' (the rule asks for a reason)' : ' (optional)'}
            </span>
          </Label>
          <Textarea
            id={ids}
            ref={field}
            rows={2}
            maxLength={LONGEST_REASON}
            value={reason}
            aria-required={required}
            aria-invalid={missing}
            aria-describedby={missing ? `${ids}-missing` : undefined}
            className="mt-1 min-h-14"
            onChange={(event) => {
              setReason(event.target.value);
              setMissing(false);
            }}
          />
          {missing && (
            <p id={`${ids}-missing`} className="text-sm text-bad">
              Say why first: it is kept with your vote.
            </p>
          )}
        </div>
      ) : (
        <Button
          variant="link"
          className="h-auto min-h-6 p-0 text-sm"
          onClick={() => {
            setWantsReason(true);
          }}
        >
          Add a reason
        </Button>
      )}
      <DecisionButtons
        approveRef={approve}
        rejecting={rejecting}
        disabled={blocked || decide.isPending}
        onApprove={() => {
          send('approve');
        }}
        onReject={() => {
          if (rejecting) send('reject');
          else setRejecting(true);
        }}
        onBack={() => {
          setRejecting(false);
        }}
      />
    </div>
  );
}

/** Whose vote it would be: one's own where that counts, else the first that was lent. */
function ownOrFirst({ approval }: Checked): string | undefined {
  return approval.me.itself ? undefined : approval.me.via[0]?.lender_id;
}
