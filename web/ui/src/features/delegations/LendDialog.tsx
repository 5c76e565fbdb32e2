import { HandHelping } from 'lucide-react';
import { useId, useState, type ReactElement } from 'react';
import { useLend } from './delegations';
import { GroupChoice } from './GroupChoice';
import { inDays, toLocalInput } from './moments';
import { PersonChoice } from './PersonChoice';
import type { Person } from './persons';
import { ProblemNotice } from '@/shared/components/problem-notice';
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
import { Input } from '@/shared/components/ui/input';
import { Label } from '@/shared/components/ui/label';
import { Textarea } from '@/shared/components/ui/textarea';
import { toast } from '@/shared/components/ui/toast';
import { useMe } from '@/shared/session/me';
import { useTenant } from '@/shared/session/tenant';

export function LendDialog(): ReactElement {
  const [open, setOpen] = useState(false);
  return (
    <Dialog open={open} onOpenChange={setOpen}>
      <DialogTrigger asChild>
        <Button variant="primary">
          <HandHelping aria-hidden />
          Lend my vote
        </Button>
      </DialogTrigger>
      <DialogContent>
        <DialogHeader>
          <DialogTitle>Lend my vote</DialogTitle>
          <DialogDescription>
            It says in the trail who voted for whom. Four eyes hold for both of you.
          </DialogDescription>
        </DialogHeader>
        <LendForm
          onClose={() => {
            setOpen(false);
          }}
        />
      </DialogContent>
    </Dialog>
  );
}

const WEEK_DAYS = 7;

function LendForm({ onClose }: { onClose: () => void }): ReactElement {
  const me = useMe();
  const tenant = useTenant();
  const mine = me.tenants.find((each) => each.tenant === tenant)?.voting_groups ?? [];
  const [to, setTo] = useState<Person>();
  const [groups, setGroups] = useState<readonly string[]>(mine);
  const [start, setStart] = useState('');
  const [end, setEnd] = useState(() => toLocalInput(inDays(WEEK_DAYS)));
  const [reason, setReason] = useState('');
  const id = useId();
  const lend = useLend();
  const ready = to !== undefined && groups.length > 0 && end !== '';
  const send = (): void => {
    if (to === undefined) return;
    lend.mutate(
      {
        to: to.id,
        groups: [...groups],
        ends_at: new Date(end).toISOString(),
        starts_at: start === '' ? null : new Date(start).toISOString(),
        reason: reason.trim(),
      },
      {
        onSuccess: (loan) => {
          toast({ tone: 'ok', title: `Your vote is lent to ${loan.to_name}` });
          onClose();
        },
      },
    );
  };
  return (
    <>
      {lend.error !== null && <ProblemNotice error={lend.error} />}
      <PersonChoice subject={me.subject} value={to} onChange={setTo} />
      <GroupChoice groups={mine} value={groups} onChange={setGroups} />
      <div className="grid gap-3 sm:grid-cols-2">
        <div>
          <Label htmlFor={`${id}-start`}>
            From <span className="font-normal text-muted">(now, if empty)</span>
          </Label>
          <Input
            id={`${id}-start`}
            type="datetime-local"
            className="mt-1"
            value={start}
            onChange={(event) => {
              setStart(event.target.value);
            }}
          />
        </div>
        <div>
          <Label htmlFor={`${id}-end`}>
            Until <span className="font-normal text-muted">(90 days at most)</span>
          </Label>
          <Input
            id={`${id}-end`}
            type="datetime-local"
            required
            className="mt-1"
            value={end}
            onChange={(event) => {
              setEnd(event.target.value);
            }}
          />
        </div>
      </div>
      <div>
        <Label htmlFor={`${id}-reason`}>
          Why <span className="font-normal text-muted">(optional)</span>
        </Label>
        <Textarea
          id={`${id}-reason`}
          rows={2}
          maxLength={2_000}
          className="mt-1 min-h-14"
          value={reason}
          onChange={(event) => {
            setReason(event.target.value);
          }}
        />
      </div>
      <DialogFooter>
        <Button onClick={onClose}>Cancel</Button>
        <Button variant="primary" disabled={!ready} busy={lend.isPending} onClick={send}>
          Lend my vote
        </Button>
      </DialogFooter>
    </>
  );
}
