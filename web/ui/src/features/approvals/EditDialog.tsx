import { useNavigate } from '@tanstack/react-router';
import { PencilLine } from 'lucide-react';
import { useId, useState, type ReactElement } from 'react';
import type { Approval } from './approval';
import { fromBase64, textIn } from './bytes';
import { DecisionProblem } from './DecisionProblem';
import { useEdit } from './edit';
import { parseExact, prettyExact } from './exact-json';
import { jsonFault } from './json-fault';
import { showHidden } from './hidden';
import { DiffView } from '@/shared/components/diff-view';
import { Button } from '@/shared/components/ui/button';
import {
  Dialog,
  DialogContent,
  DialogDescription,
  DialogFooter,
  DialogHeader,
  DialogTitle,
  DialogTrigger,
} from '@/shared/components/ui/dialog';
import { Label } from '@/shared/components/ui/label';
import { Textarea } from '@/shared/components/ui/textarea';
import { toast } from '@/shared/components/ui/toast';
import { useTenant } from '@/shared/session/tenant';
import { toBase64 } from '@/shared/text/base64';

/** Change the payload before anybody approves it: first the text, then the difference, then ask. */
export function EditDialog({ approval }: { approval: Approval }): ReactElement | null {
  const [open, setOpen] = useState(false);
  const before = editable(approval.payload.base64);
  if (before === undefined) return null;
  return (
    <Dialog open={open} onOpenChange={setOpen}>
      <DialogTrigger asChild>
        <Button size="small">
          <PencilLine aria-hidden />
          Edit…
        </Button>
      </DialogTrigger>
      <DialogContent className="max-w-3xl">
        <Edit
          approval={approval}
          before={before.text}
          isJson={before.isJson}
          onClose={() => {
            setOpen(false);
          }}
        />
      </DialogContent>
    </Dialog>
  );
}

function Edit({
  approval,
  before,
  isJson,
  onClose,
}: {
  approval: Approval;
  before: string;
  isJson: boolean;
  onClose: () => void;
}): ReactElement {
  const [text, setText] = useState(before);
  const [reviewing, setReviewing] = useState(false);
  const tenant = useTenant();
  const navigate = useNavigate();
  const edit = useEdit(approval.id, (asked) => {
    toast({ tone: 'ok', title: 'Asked anew', detail: 'You edited it, so others decide.' });
    onClose();
    void navigate({
      to: '/t/$tenant/approvals/$approval',
      params: { tenant, approval: asked.id },
      search: { payload: 'edit' },
    });
  });
  const id = useId();
  const fault = isJson ? jsonFault(text) : undefined;
  const send = (): void => {
    edit.mutate({
      digest: approval.digest,
      payload_base64: toBase64(new TextEncoder().encode(text)),
    });
  };
  return (
    <>
      <DialogHeader>
        <DialogTitle>{reviewing ? 'Ask with this payload?' : 'Edit the payload'}</DialogTitle>
        <DialogDescription>
          {reviewing
            ? 'The votes so far become void, the question gets a new digest, and you cannot vote on it.'
            : 'Nothing changes before you have seen the difference and asked anew.'}
        </DialogDescription>
      </DialogHeader>
      <DecisionProblem error={edit.error} id={approval.id} />
      {reviewing ? (
        <DiffView label="The edit" before={showHidden(before)} after={showHidden(text)} />
      ) : (
        <div>
          <Label htmlFor={id}>Payload</Label>
          <Textarea
            id={id}
            spellCheck={false}
            className="mt-1 min-h-72 font-mono text-sm"
            value={text}
            aria-invalid={fault !== undefined}
            aria-describedby={`${id}-fault`}
            onChange={(event) => {
              setText(event.target.value);
            }}
          />
          <p id={`${id}-fault`} role="status" className="min-h-5 text-sm text-bad">
            {fault}
          </p>
        </div>
      )}
      <DialogFooter>
        <Button
          onClick={() => {
            if (reviewing) setReviewing(false);
            else onClose();
          }}
        >
          {reviewing ? 'Back' : 'Cancel'}
        </Button>
        {reviewing ? (
          <Button variant="primary" busy={edit.isPending} onClick={send}>
            Ask anew
          </Button>
        ) : (
          <Button
            variant="primary"
            disabled={fault !== undefined || text === before}
            onClick={() => {
              setReviewing(true);
            }}
          >
            See the difference
          </Button>
        )}
      </DialogFooter>
    </>
  );
}

function editable(base64: string): { text: string; isJson: boolean } | undefined {
  const text = textIn(fromBase64(base64));
  if (text === undefined) return undefined;
  const json = parseExact(text);
  return json === undefined
    ? { text, isJson: false }
    : { text: prettyExact(json.value), isJson: true };
}
