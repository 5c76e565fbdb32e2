import { Check, X } from 'lucide-react';
import type { ReactElement, Ref } from 'react';
import { Button } from '@/shared/components/ui/button';

export function DecisionButtons({
  approveRef,
  rejecting,
  disabled,
  onApprove,
  onReject,
  onBack,
}: {
  approveRef: Ref<HTMLButtonElement>;
  rejecting: boolean;
  disabled: boolean;
  onApprove: () => void;
  onReject: () => void;
  onBack: () => void;
}): ReactElement {
  if (rejecting) {
    return (
      <div className="grid grid-cols-2 gap-2">
        <Button size="large" onClick={onBack}>
          Back
        </Button>
        <Button size="large" variant="danger" disabled={disabled} onClick={onReject}>
          <X aria-hidden />
          Reject
        </Button>
      </div>
    );
  }
  return (
    <div className="grid grid-cols-2 gap-2">
      <Button size="large" disabled={disabled} className="text-bad" onClick={onReject}>
        <X aria-hidden />
        Reject…
      </Button>
      <Button
        ref={approveRef}
        size="large"
        variant="primary"
        disabled={disabled}
        onClick={onApprove}
      >
        <Check aria-hidden />
        Approve
      </Button>
    </div>
  );
}
