import type { ReactElement } from 'react';
import { useCancelRun } from './cancel-run';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { Button } from '@/shared/components/ui/button';

export function CancelRun({ run }: { run: string }): ReactElement {
  const cancel = useCancelRun(run);
  return (
    <ConfirmDialog
      trigger={<Button size="small">Cancel the run…</Button>}
      title="Cancel the run?"
      confirm="Cancel the run"
      danger
      onConfirm={() => cancel.mutateAsync()}
    >
      Nothing runs, and nobody is asked any more. This cannot be undone; whoever asked may ask
      again.
    </ConfirmDialog>
  );
}
